"""The overview: every channel, what needs a person first."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.people.rights import Right
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get
from engine.web.views import channels as views


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which channels."""

    tag: str = ""
    class_: str = msgspec.field(default="", name="class")
    owner: str = ""


def show(asked: Asked[Which, Nothing]) -> dict[str, Any]:
    """The page's values."""
    query = asked.query
    everything = views.channels(asked)
    shown = [
        one
        for one in everything
        if (not query.tag or query.tag in one.tags)
        and (not query.class_ or query.class_ == one.class_)
        and (not query.owner or query.owner == one.owner)
    ]
    return {
        "channels": shown,
        "query": query,
        "tags": sorted({tag for one in everything for tag in one.tags}),
        "classes": sorted({one.class_ for one in everything if one.class_}),
        "owners": sorted({one.owner for one in everything if one.owner}),
        "engine": asked.house.live(),
    }


endpoints = (
    get("/", show, Right.VIEW, "Every channel.", query=Which, template="overview.html"),
)
