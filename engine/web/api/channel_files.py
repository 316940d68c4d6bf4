"""What channels are made of, now and before."""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.people.rights import Right
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get
from engine.web.views import channel_files as views


class Two(msgspec.Struct, frozen=True, kw_only=True):
    """Which two releases."""

    a: Annotated[str, msgspec.Meta(max_length=64)]
    """The one before; `files` = the files as they stand."""
    b: Annotated[str, msgspec.Meta(max_length=64)]
    """The one after; `files` = the files as they stand."""


def releases(asked: Asked[Nothing, Nothing]) -> list[views.Release]:
    """As they were put to use."""
    return views.releases(asked)


def files(asked: Asked[Nothing, Nothing]) -> list[views.File]:
    """All of one release."""
    return views.files(asked, asked.path["release"])


def diff(asked: Asked[Two, Nothing]) -> views.Difference:
    """What differs between two."""
    return views.difference(asked, asked.query.a, asked.query.b)


endpoints = (
    get("/channels/{channel}/releases", releases, Right.VIEW, "The releases of a channel as they were put to use, newest first.", gives=list[views.Release]),
    get("/channels/{channel}/releases/{release}/files", files, Right.VIEW, "The very files that a release of a channel was made of.", gives=list[views.File]),
    get("/channels/{channel}/diff", diff, Right.VIEW, "What differs between two releases of a channel.", query=Two, gives=views.Difference),
)  # fmt: skip
