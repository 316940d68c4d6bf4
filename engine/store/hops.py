"""Steps of a message's trail that lead to other messages: groups and confirmations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.message import short_id
from engine.store import Step

Rows = Callable[..., list[Any]]
#: A step and the number of the moment it was written.
Numbered = tuple[int, Step]


def groups(rows: Rows, id: int, channel: str, arrival: int) -> list[Numbered]:
    """The groups that a message joined and what became of it there; the group that it released."""
    steps: list[Numbered] = []

    def step(number: int, at: float, what: str, destination: str, detail: str) -> None:
        told = Step(
            at=at, what=what, message=id, channel=channel, destination=destination, detail=detail
        )  # fmt: skip
        steps.append((number, told))

    for row in rows("joined_groups", id):
        group, destination, at, count, released_at, message, released = row[:7]
        step(arrival, at, "joined", destination, _joined(group, count))
        if message:
            detail = f"group {group} as {short_id(message)}"
            step(released, released_at, "released", destination, detail)
    for group, destination, message, at, number in rows("replaced_members", id):
        detail = f"in group {group} by {short_id(message)}"
        step(number, at, "replaced", destination, detail)
    for group, destination, count, at in rows("released_group", id):
        step(arrival, at, "released", destination, _released(group, count))
    return steps


def _joined(group: int, count: int) -> str:
    return f"group {group}" if count == 1 else f"group {group}, {count} members"


def _released(group: int, count: int) -> str:
    return f"group {group} of 1 member" if count == 1 else f"group {group} of {count} members"


def confirmations(
    rows: Rows, id: int, channel: str, story: tuple[int, float]
) -> list[Numbered]:
    """What a message waits for that must come back, and whether it came; `story` is its arrival and when it came."""
    arrival, received_at = story
    steps: list[Numbered] = []

    def step(number: int, at: float, what: str, due_at: float = 0.0, **more: Any) -> None:
        told = Step(at=at, what=what, message=id, channel=channel, due_at=due_at, **more)
        steps.append((number, told))

    for row in rows("awaited", id):
        destination, awaited, _, due_at, told, told_at, confirmed, number, at = row
        place = {"destination": destination, "detail": f"on {awaited}"}
        step(arrival, received_at, "awaited", due_at, **place)
        if told:
            step(told, told_at, "overdue", **place)
        if confirmed:
            place["detail"] = f"by {short_id(confirmed)} on {awaited}"
            step(number, at, "confirmed", **place)
    for (message,) in rows("confirms", id):
        step(arrival, received_at, "confirms", detail=short_id(message))
    return steps
