"""Steps of a message's trail that lead to other messages: groups and confirmations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engine.effects import OUTCOMES, REJECTED
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

    acknowledged: list[Sequence[Any]] = []
    for row in (*rows("awaited", id), *rows("awaited_of_batch", id)):
        destination, awaited, _, due_at, told, told_at, confirmed, number, at, payload = row[
            :10
        ]
        if payload:
            acknowledged.append(row)
            continue
        place = {"destination": destination, "detail": f"on {awaited}"}
        step(arrival, received_at, "awaited", due_at, **place)
        if told:
            step(told, told_at, "overdue", **place)
        if confirmed:
            place["detail"] = f"by {short_id(confirmed)} on {awaited}"
            step(number, at, "confirmed", **place)
    for number, at, what, due_at, place in _acknowledged(acknowledged, story):
        step(number, at, what, due_at, **place)
    for message, outcome in rows("confirms", id):
        said = f"{short_id(message)} {OUTCOMES[outcome]}".strip()
        what = "rejects" if outcome == REJECTED else "confirms"
        step(arrival, received_at, what, detail=said)
    return steps


def _acknowledged(
    found: list[Sequence[Any]], story: tuple[int, float]
) -> Iterator[tuple[int, float, str, float, dict[str, str]]]:
    """
    What partners acknowledge: what must come and what came, as few steps as it takes. What was rejected is named, one by
    one; of what was accepted, of many claims say, it is enough how many.
    """
    arrival, received_at = story
    told: dict[tuple[Any, ...], list[str]] = {}
    for (
        destination,
        awaited,
        within,
        due_at,
        late,
        late_at,
        by,
        number,
        at,
        _,
        says,
        outcome,
        said,
    ) in found:
        if within:
            told.setdefault(
                (arrival, received_at, "awaited", due_at, destination, f"on {awaited}"), []
            ).append(says)
            if late:
                told.setdefault(
                    (late, late_at, "overdue", 0.0, destination, f"on {awaited}"), []
                ).append(says)
        if outcome:
            words = OUTCOMES[outcome] + (f" ({said})" if said else "")
            where = f"{words}, by {short_id(by)} on {awaited}"
            what = "rejected" if outcome == REJECTED else "confirmed"
            told.setdefault((number, at, what, 0.0, destination, where), []).append(says)
    for (number, at, what, due_at, destination, where), things in told.items():
        about = things[0] if len(things) == 1 else f"{things[0]} and {len(things) - 1} more"
        yield (
            number,
            at,
            what,
            due_at,
            {"destination": destination, "detail": f"{about} {where}"},
        )
