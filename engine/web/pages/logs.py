"""The logs in the page: the last lines, and those that come."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.concurrency import run_in_threadpool

from engine.log import LEVELS
from engine.people.rights import Right
from engine.web import showing
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get
from engine.web.problem import Problem
from engine.web.views import logs as views
from engine.web.views.messages import visible

#: What people look for most.
EVENTS = ("received", "accepted", "quarantined", "delivered", "waiting", "refused", "uncertain")


def show(asked: Asked[views.Which, Nothing]) -> dict[str, Any]:
    """The page, with the last lines."""
    query, why, lines = asked.query, "", list[views.Line]()
    try:
        lines = views.last(asked, query)
    except Problem as problem:
        why = f"{problem}."
    given = {
        name: value for name, value in msgspec.structs.asdict(query).items() if value != ""
    }
    seen = visible(asked)
    return {
        "query": query,
        "lines": lines,
        "why": why,
        "stream": "" if why else f"/logs/stream?{urlencode(given)}",
        "channels": sorted(name for name in asked.house.stations() if seen is None or name in seen),
        "levels": LEVELS,
        "events": EVENTS,
        "filtered": query != views.Which(),
    }  # fmt: skip


async def stream(asked: Asked[views.Which, Nothing]) -> AsyncGenerator[tuple[str, str]]:
    """The same lines as parts of the page."""
    async for event, value in views.coming(asked, asked.query):
        values = {"lines": value} if isinstance(value, list) else {"lines": (), "skipped": value.skipped}  # fmt: skip
        yield (
            event if event == "first" else "lines",
            await run_in_threadpool(showing.part, asked, "log_lines.html", values),
        )


endpoints = (
    get("/logs", show, Right.VIEW, "The logs.", query=views.Which, template="logs.html"),
    get(
        "/logs/stream",
        stream,
        Right.VIEW,
        "Lines as they come.",
        query=views.Which,
        stream=True,
    ),
)
