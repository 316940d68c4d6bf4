"""Events: what changes, as it changes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from engine.people.rights import Right
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get
from engine.web.views import events as views


async def stream(asked: Asked[views.Which, Nothing]) -> AsyncGenerator[tuple[str, Any]]:
    """Events `channels`: at first all that fit, then those that are not as they were, as `GET /channels` has them, and names of those that are `gone`. At most one a second."""
    async for changed in views.coming(asked, asked.query):
        yield "channels", changed


endpoints = (
    get("/events", stream, Right.VIEW, "Channels as they change.", query=views.Which, stream=True, gives=views.Changed),
)  # fmt: skip
