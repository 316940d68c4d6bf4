"""The trail of a message as it is told: what was only on the way is left out, and nothing is said twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from engine.store import Step

#: Steps that say nothing once the next one is there.
_PASSING = ("queued", "sending")


def reason_of(event: str, status: str) -> str:
    """
    A duplicate's status is the verdict of the message it repeats.

    >>> reason_of("duplicate", "accepted"), reason_of("delivered", "201")
    ('the first was accepted', '201')
    """
    return f"the first was {status}" if event == "duplicate" and status else status


def story(steps: Sequence[Step]) -> list[Step]:
    """
    The steps worth telling: the acceptance names its destinations, and what was only on the way to the next step of
    the same delivery is left out, unless a person did it.
    """
    last = {step.delivery: step for step in steps}
    bound: dict[int, dict[str, None]] = {}
    for step in steps:
        if step.what == "queued":
            bound.setdefault(step.message, {})[step.destination] = None
    told = []
    for step in steps:
        if step.what in _PASSING and not step.who and last[step.delivery] is not step:
            continue
        if step.what == "accepted" and step.message in bound:
            detail = f"{step.detail}; to {', '.join(bound[step.message])}".removeprefix("; ")
            told.append(msgspec.structs.replace(step, detail=detail))
        else:
            told.append(step)
    return _without_repeats(told)


def _without_repeats(steps: list[Step]) -> list[Step]:
    """Of equal waits of one delivery on end the first and the last, which says how many there were."""
    runs: dict[int, list[int]] = {}
    ended: list[list[int]] = []
    for at, step in enumerate(steps):
        run = runs.setdefault(step.delivery, [])
        if run and _wait(step) and _wait(step) == _wait(steps[run[-1]]):
            run.append(at)
        else:
            ended.append(run)
            runs[step.delivery] = [at]
    told: dict[int, Step] = dict(enumerate(steps))
    for run in [*ended, *runs.values()]:
        if len(run) > 2:
            last = told[run[-1]]
            detail = f"{last.detail}, {len(run)} times on end".removeprefix(", ")
            told[run[-1]] = msgspec.structs.replace(last, detail=detail)
            for at in run[1:-1]:
                del told[at]
    return list(told.values())


def _wait(step: Step) -> tuple[str, str, str] | None:
    return (step.status, step.detail, step.who) if step.what == "waiting" else None


def joined(parts: Iterable[object]) -> str:
    """What was said, each thing once: a status that the detail repeats is left out."""
    said = [text for part in parts if (text := str(part or ""))]
    return ", ".join(
        text
        for at, text in enumerate(said)
        if not any(text in other for other in said[at + 1 :])
    )
