"""What a replay would do, and in which steps it goes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from engine.handling.choosing import search
from engine.store import Archive, Found

#: Messages in one order; between two orders people see how far it is.
STEP = 50
#: Newer messages of a channel that the preview looks through.
LOOKED_AT = 2000

Place = tuple[str, str]


class Went(msgspec.Struct, frozen=True, kw_only=True):
    """What went to one destination of a channel."""

    channel: str
    destination: str
    deliveries: int
    """How many deliveries the messages had there."""
    newer: int
    """Newer deliveries of other messages that went out since in the same lanes: a replay comes behind them."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay would touch."""

    messages: int
    first: float
    """When the oldest was received, seconds since 1970."""
    last: float
    places: list[Went]


def preview(archive: Archive, found: Sequence[Found], to: Sequence[str] = ()) -> Preview:
    """Counts by channel and destination, and what newer deliveries went out in the same lanes since. `found` is not empty, oldest first."""
    counts: Counter[Place] = Counter()
    lanes: dict[Place, dict[int, int]] = {}
    for message in found:
        for row in archive.deliveries(message.id):
            if not to or row["destination"] in to:
                place = (message.channel, row["destination"])
                counts[place] += 1
                oldest = lanes.setdefault(place, {})
                for lane in row["lanes"]:
                    oldest[lane] = min(oldest.get(lane, row["id"]), row["id"])
    times = [message.received_at for message in found]
    newer = newer_ones(archive, {message.id for message in found}, lanes, min(times))
    places = [
        Went(
            channel=place[0], destination=place[1], deliveries=count, newer=newer.get(place, 0)
        )
        for place, count in sorted(counts.items())
    ]
    return Preview(messages=len(found), first=times[0], last=times[-1], places=places)


def newer_ones(
    archive: Archive, chosen_ids: set[int], lanes: dict[Place, dict[int, int]], since: float
) -> dict[Place, int]:
    """
    How many newer deliveries, of other messages, were delivered in the lanes where older ones are to be sent again.
    `lanes`: by channel and destination the lanes, each with its oldest delivery that is meant.
    """
    found: dict[Place, int] = {}
    for channel in sorted({channel for channel, _ in lanes}):
        newest = search(archive, LOOKED_AT, channel=channel, state="delivered", since=since)
        for message in newest:
            if message.id in chosen_ids:
                continue
            for row in archive.deliveries(message.id):
                place = (channel, row["destination"])
                meant = lanes.get(place, {})
                passed = any(lane in meant and row["id"] > meant[lane] for lane in row["lanes"])
                if row["state"] == "delivered" and passed:
                    found[place] = found.get(place, 0) + 1
    return found


def paced(
    numbers: Sequence[int], rate: float, wait: Callable[[float], object] = time.sleep
) -> Iterator[Sequence[int]]:
    """The numbers in steps, each handed out when the rate allows it; a rate of 0 waits for nothing."""
    step = min(STEP, max(1, int(rate / 4))) if rate > 0 else STEP
    due = time.monotonic()
    for at in range(0, len(numbers), step):
        some = numbers[at : at + step]
        if rate > 0:
            wait(max(0.0, due - time.monotonic()))
            due = max(due, time.monotonic()) + len(some) / rate
        yield some
