"""What a route is. Routes stand in tables (`endpoints = (...)`) so that rights, the API's description and tests read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from engine.people.rights import Right


class Nothing(msgspec.Struct, frozen=True):
    """No query, or no body."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path. The handler is a plain function of an `Asked`; it runs in a thread."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    """Below /api/v1 of an API, below / of a page: `/channels/{channel}`."""
    handler: Callable[[Any], Any]
    right: Right | None
    """What it asks for; None = anybody who is signed in, and `open` says whether those who are not."""
    summary: str
    query: type = Nothing
    body: type = Nothing
    gives: Any = None
    """What it answers, as a type that msgspec encodes; None = nothing (204)."""
    status: int = 200
    template: str = ""
    """Of a page: what shows the handler's values."""
    stream: bool = False
    """Whether it answers server-sent events: the handler is an async generator of (event, value)."""
    open: bool = False
    """Whether people who are not signed in may ask: the sign-in page, `/live`."""
    heavy: bool = False
    """Whether it costs much, as a password does: two at a time, and none of the threads that the others need."""
    harmless: bool = False
    """Of a POST: whether it only reads, with something in its body that no address should carry. No Idempotency-Key is kept for it."""
    raw: str = ""
    """Media type where the handler gives the answer's bytes themselves: a download. Where it gives one of several: all of them."""

    @property
    def changes(self) -> bool:
        """Whether it does something."""
        return self.method != "GET"


def get(path: str, handler: Callable[[Any], Any], right: Right | None, summary: str, **more: Any) -> Endpoint:  # fmt: skip
    """`GET path`."""
    return Endpoint(
        method="GET", path=path, handler=handler, right=right, summary=summary, **more
    )


def post(path: str, handler: Callable[[Any], Any], right: Right | None, summary: str, **more: Any) -> Endpoint:  # fmt: skip
    """`POST path`."""
    return Endpoint(
        method="POST", path=path, handler=handler, right=right, summary=summary, **more
    )


def delete(path: str, handler: Callable[[Any], Any], right: Right | None, summary: str, **more: Any) -> Endpoint:  # fmt: skip
    """`DELETE path`."""
    return Endpoint(method="DELETE", path=path, handler=handler, right=right, summary=summary, **more)  # fmt: skip
