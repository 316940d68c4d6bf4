"""Channels: how they stand."""

from __future__ import annotations

import msgspec

from engine.people.rights import Right
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get
from engine.web.problem import unknown
from engine.web.standing import Channel
from engine.web.views import channels as views


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which channels."""

    tag: str = ""
    """Only with this tag."""
    class_: str = msgspec.field(default="", name="class")
    """Only of this class."""
    owner: str = ""
    """Only of this owner."""


def listed(asked: Asked[Which, Nothing]) -> list[Channel]:
    """All that the person may see."""
    query = asked.query
    return views.channels(asked, tag=query.tag, class_=query.class_, owner=query.owner)


def one(asked: Asked[Nothing, Nothing]) -> Channel:
    """One of them."""
    found = views.channels(asked, name=asked.path["channel"])
    if not found:
        raise unknown("channel of that name")
    return found[0]


endpoints = (
    get("/channels", listed, Right.VIEW, "Channels and how they stand; what needs a person comes first.", query=Which, gives=list[Channel]),
    get("/channels/{channel}", one, Right.VIEW, "One channel and how it stands.", gives=Channel),
)  # fmt: skip
