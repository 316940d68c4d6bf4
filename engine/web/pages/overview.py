"""The overview: every channel, what needs a person first; live."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.concurrency import run_in_threadpool

from engine.people.rights import Right
from engine.web import showing
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get
from engine.web.rows import rows
from engine.web.standing import Channel
from engine.web.views import channels as views
from engine.web.views import events
from engine.web.views.events import Which


def show(asked: Asked[Which, Nothing]) -> dict[str, Any]:
    """The page's values."""
    query = asked.query
    everything = views.channels(asked)
    shown = views.channels(
        asked, name=query.channel, tag=query.tag, class_=query.class_, owner=query.owner
    )
    given = {name: value for name, value in msgspec.to_builtins(query).items() if value}
    return {
        "rows": rows(asked, shown),
        "query": query,
        "stream": f"/overview/rows?{urlencode(given)}",
        "tags": sorted({tag for one in everything for tag in one.tags}),
        "classes": sorted({one.class_ for one in everything if one.class_}),
        "owners": sorted({one.owner for one in everything if one.owner}),
        "engine": asked.house.live(),
    }


async def stream(asked: Asked[Which, Nothing]) -> AsyncGenerator[tuple[str, Any]]:
    """Rows of the table as they change, names of those that are gone, and how the engine stands."""
    before = ""
    async for changed in events.coming(asked, asked.query):
        if changed.channels:
            yield "rows", await run_in_threadpool(_rows, asked, changed.channels)
        if changed.gone:
            yield "gone", changed.gone
        engine = await run_in_threadpool(_engine, asked)
        if engine != before:
            before = engine
            yield "engine", engine


def _rows(asked: Asked[Any, Any], channels: Sequence[Channel]) -> str:
    return "".join(rows(asked, channels))


def _engine(asked: Asked[Any, Any]) -> str:
    return showing.part(asked, "overview_engine.html", {"engine": asked.house.live()})


endpoints = (
    get("/", show, Right.VIEW, "Every channel.", query=Which, template="overview.html"),
    get("/overview/rows", stream, Right.VIEW, "Channels as they change.", query=Which, stream=True),
)  # fmt: skip
