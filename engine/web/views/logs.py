"""Lines of the logs: the last ones, and those that come."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any, Literal

import msgspec
from starlette.concurrency import run_in_threadpool

from engine.errors import MessageError
from engine.handling.follow import Fact, Follower
from engine.handling.follow import Which as Wanted
from engine.handling.lines import from_log
from engine.message import number_of, short_id
from engine.web.asked import Asked
from engine.web.hub import Hub
from engine.web.problem import Problem
from engine.web.views.messages import visible

Text = Annotated[str, msgspec.Meta(max_length=100)]
#: Seconds after which it is looked again which channels somebody may see.
SEEN = 5.0


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines; what is left out does not count."""

    channel: Text = ""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """At least this."""
    event: Text = ""
    """Only what became this: delivered, waiting, refused."""
    message: Text = ""
    """Only about this message: 774K-6."""
    last: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 100
    """Begin with this many lines."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line."""

    at: float
    """Seconds since 1970."""
    level: str
    channel: str
    """Empty where the engine says it of itself."""
    message: str
    """Short id; empty where it is not about a message."""
    event: str
    destination: str
    text: str
    """What else it says, in words; no content, and keys by their names only."""
    took: str
    """How long it took, and names of keys with masked values."""


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that a slow viewer did not get."""

    skipped: int


def wanted(which: Which) -> Wanted:
    """The lines that are meant. Problem where the message's id is none."""
    try:
        message = short_id(number_of(which.message)) if which.message else ""
    except MessageError as error:
        raise Problem(400, "bad_request", str(error)) from None
    return Wanted(channel=which.channel, level=which.level, event=which.event, message=message)


def last(asked: Asked[Any, Any], which: Which) -> list[Line]:
    """The last lines, oldest first."""
    return [line(fact) for fact in _last(asked, which, wanted(which))]


def _last(asked: Asked[Any, Any], which: Which, meant: Wanted) -> list[Fact]:
    may = _may(asked)
    folder, channel = asked.house.hub.folder, _file_of(which.channel)
    follower = Follower(folder, channel, meant.needles)
    return follower.last(which.last, lambda fact: meant.fits(fact) and may(fact))


def _file_of(channel: str) -> str:
    """A channel's own log may be read alone; a name that is no file's name is looked for in all."""
    plain = channel.replace("_", "").replace("-", "").replace(".", "")
    return channel if plain.isalnum() and plain.isascii() and channel[0] != "." else ""


async def coming(
    asked: Asked[Any, Any], which: Which
) -> AsyncGenerator[tuple[str, list[Line] | Skipped]]:
    """`first` with the last lines, then `lines` as they come; `skipped` where a viewer was too slow."""
    hub: Hub = asked.house.hub
    meant, may = wanted(which), await run_in_threadpool(_may, asked)
    viewer = hub.enter(lambda fact: meant.fits(fact) and may(fact))
    try:
        before = await run_in_threadpool(_last, asked, which, meant)
        yield "first", [line(fact) for fact in before]
        known = {msgspec.json.encode(fact) for fact in before}
        while True:
            skipped, facts = await viewer.take()
            if skipped:
                yield "skipped", Skipped(skipped=skipped)
            if known:  # what was written between the two looks is in both
                facts = [fact for fact in facts if msgspec.json.encode(fact) not in known]
                known = set()
            if facts:
                yield "lines", [line(fact) for fact in facts]
    finally:
        hub.leave(viewer)


def line(fact: Fact) -> Line:
    """A line of a log file."""
    try:
        made = from_log(fact)
    except ValueError:
        return Line(at=0.0, level="error", channel="", message="", event="unreadable", destination="", text="", took="")  # fmt: skip
    return Line(
        at=made.at, level=made.level, channel=made.channel, message=made.message, event=made.event,
        destination=made.destination, text=made.text, took=made.right,
    )  # fmt: skip


def _may(asked: Asked[Any, Any]) -> Callable[[Fact], bool]:
    """Whether somebody may see a line: those of channels that they may see; the engine's own where they may see all."""
    names, looked = visible(asked), time.monotonic()

    def may(fact: Fact) -> bool:
        nonlocal names, looked
        if names is not None and time.monotonic() > looked + SEEN:
            names, looked = visible(asked), time.monotonic()
        return names is None or fact.get("channel") in names

    return may
