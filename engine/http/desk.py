"""What passes between a listener and the source behind it."""

from __future__ import annotations

from typing import Protocol

import msgspec

from engine.http.answers import Page


class Head(msgspec.Struct, frozen=True):
    """The head of one request."""

    method: str
    path: str
    """Without the query."""
    headers: dict[str, str]
    """By lower-case name; repeated ones joined by commas (RFC 9110 section 5.3)."""
    peer: str
    query: str = ""
    """Behind the question mark, as it came. It may name patients: it never reaches a log."""


class Request(msgspec.Struct, frozen=True):
    """One whole request."""

    head: Head
    chunks: list[bytes]
    size: int
    keep: bool
    """Whether the connection stays open after it."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of a connection, in bytes and seconds."""

    body: int
    request: float
    idle: float


class Guest(Protocol):
    """A connection, as the source sees it."""

    def drain(self) -> None:
        """Take no more requests; close once what is under way is answered."""

    def abort(self) -> None:
        """Close without another word."""


class Desk(Protocol):
    """Who decides and works behind the listener."""

    limits: Limits

    def arrived(self, connection: Guest) -> None:
        """A connection was let in."""

    def left(self, connection: Guest) -> None:
        """A connection is gone."""

    def greets(self, peer: str) -> bool:
        """Whether this peer may connect at all, now."""

    def admit(self, head: Head) -> Page | None:
        """None, or why the request is refused before its body is read."""

    def refuse(self, status: int, peer: str) -> Page:
        """The answer to what broke a limit (408, 413, 431) or is not HTTP (400)."""

    async def answer(self, request: Request) -> Page | None:
        """The answer to a whole request; None = close without one."""
