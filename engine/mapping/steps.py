"""How much work one message may cause, so that no rule can run away with the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.formats import Scope
from engine.mapping.language import refuse
from engine.message import Facts, Inbound

#: Items looked at by filters, list functions and `each`, together, for one message; and so many more per byte of it.
MOST, PER_BYTE = 1_000_000, 4
#: So few things are walked without being counted: where they are walked often, what is around them is many and is counted.
FEW = 4


class _Counter:
    """Counts down for the message at hand; planning is one message at a time in a process."""

    __slots__ = ("facts", "left")

    def __init__(self) -> None:
        self.facts: Any = None
        self.left = MOST


_COUNTER = _Counter()


def take(scope: Scope, count: int = 1) -> None:
    """Count items that are looked at; MessageError `too_large` when the message's share is used up."""
    counter = _COUNTER
    if scope.context is not counter.facts:
        counter.facts, counter.left = scope.context, _share(scope.context)
    counter.left -= count
    if counter.left < 0:
        refuse("too_large", "the rules look at too many items of this message")


def _share(facts: Any) -> int:
    inbound: Inbound | None = facts.inbound if isinstance(facts, Facts) else None
    if inbound is None:
        return MOST
    raw = inbound.raw
    return MOST + PER_BYTE * (len(raw) if isinstance(raw, bytes) else raw.size)


def counted(condition: Callable[[Scope], bool]) -> Callable[[Scope], bool]:
    """A condition that is asked of many candidates."""

    def ask(scope: Scope) -> bool:
        take(scope)
        return condition(scope)

    return ask


def each_counted(read: Callable[[Scope], Any]) -> Callable[[Scope], Any]:
    """A path that names several things: all of them are looked at, each time it is read."""

    def run(scope: Scope) -> Any:
        found = read(scope)
        if found is not None and len(found) > FEW:
            take(scope, len(found))
        return found

    return run
