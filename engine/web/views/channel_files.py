"""What a channel is made of: its files as they stand, what they were before, and what changed between two releases."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.errors import ConfigError
from engine.handling.releases import Changed, changed
from engine.web.asked import Asked
from engine.web.problem import unknown
from engine.web.views.channel_line import one

#: In place of a release: the files of the home as they stand now, put to use or not.
DISK = "files"


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One release of a channel, as it was put to use."""

    id: str
    """What every message of that time carries."""
    at: float
    """Since when, seconds since 1970."""
    who: str
    """Who ordered the reload; empty = the engine was started, or a file was edited."""
    current: bool
    """Whether it is the newest."""
    changed: tuple[str, ...]
    """The files that differ from the release before; of the first one all."""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a release."""

    path: str
    """Below the home."""
    text: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two releases of a channel."""

    a: str
    b: str
    files: list[Changed]
    """Empty where the texts are the same: then a setting of config.yaml made the other release."""


def releases(asked: Asked[Any, Any]) -> list[Release]:
    """The releases of the channel of the path, newest first."""
    kept = asked.house.archive.releases(one(asked).name)
    found = []
    for at, each in enumerate(kept):
        before = kept[at + 1].files if at + 1 < len(kept) else {}
        paths = {*before, *each.files}
        differing = sorted(path for path in paths if before.get(path) != each.files.get(path))
        found.append(
            Release(
                id=each.release,
                at=each.at,
                who=each.who,
                current=at == 0,
                changed=tuple(differing),
            )
        )
    return found


def files(asked: Asked[Any, Any], release: str) -> list[File]:
    """The files of a release, the channel's own first; Problem where there is no such release."""
    found = _texts(asked, release)
    return [
        File(path=path, text=text.decode("utf-8", "replace")) for path, text in found.items()
    ]


def difference(asked: Asked[Any, Any], a: str, b: str) -> Difference:
    """What differs; Problem where there is no such release."""
    return Difference(a=a, b=b, files=changed(_texts(asked, a), _texts(asked, b)))


def unused(asked: Asked[Any, Any], releases: list[Release]) -> bool:
    """Whether the files of the home make another release than the one that was put to use last."""
    try:
        bound = asked.house.loaded.home().channels.get(asked.path["channel"])
    except ConfigError:
        return False
    return bound is not None and bool(releases) and bound.release != releases[0].id


def _texts(asked: Asked[Any, Any], release: str) -> dict[str, bytes]:
    name = one(asked).name
    if release == DISK:
        _, bound = asked.house.loaded.channel(name)
        return dict(bound.texts)
    found = asked.house.archive.release(name, release)
    if found is None:
        raise unknown("release of that number")
    return found
