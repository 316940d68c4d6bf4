"""Channels as the overview and the API show them: how each stands, and what needs a person."""

from __future__ import annotations

from typing import Any

from engine.people.rights import Right
from engine.web.asked import Asked
from engine.web.standing import Channel


def channels(
    asked: Asked[Any, Any], *, tag: str = "", class_: str = "", owner: str = "", name: str = ""
) -> list[Channel]:
    """Those that the person may see and the filters name; what needs a person comes first."""
    return [
        one
        for one in asked.house.standing()
        if (not name or name == one.name)
        and (not tag or tag in one.tags)
        and (not class_ or class_ == one.class_)
        and (not owner or owner == one.owner)
        and seen(asked, one)
    ]


def seen(asked: Asked[Any, Any], channel: Channel) -> bool:
    """Whether the person may see it."""
    return asked.person.may(Right.VIEW, channel.tags)
