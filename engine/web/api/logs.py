"""Logs: the last lines, and those that come."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from engine.people.rights import Right
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get
from engine.web.views import logs as views


def last(asked: Asked[views.Which, Nothing]) -> list[views.Line]:
    """The last lines, oldest first."""
    return views.last(asked, asked.query)


def stream(asked: Asked[views.Which, Nothing]) -> AsyncGenerator[tuple[str, Any]]:
    """Events `first` and `lines` with lists of lines as `GET /logs` gives them, and `skipped` where the reader was too slow."""
    return views.coming(asked, asked.query)


endpoints = (
    get("/logs", last, Right.VIEW, "The last lines of the logs.", query=views.Which, gives=list[views.Line]),
    get("/logs/stream", stream, Right.VIEW, "The last lines, and then those that come.", query=views.Which, stream=True),
)  # fmt: skip
