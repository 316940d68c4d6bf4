"""What is wrong with a message, as a list: for people to read, and as the one error that quarantines it."""

from __future__ import annotations

from collections.abc import Iterable

from engine.errors import MessageError

#: Place and rule, never a value: ("2300/CLM05-1 (segment 14)", "the element must have a value [IK403 1]").
Finding = tuple[str, str]

#: So many are told of one message; the others are counted.
TOLD = 20


def refuse(found: Iterable[Finding]) -> None:
    """
    MessageError `invalid` with all that was found; nothing where nothing was.

    >>> refuse([])
    """
    everything = list(found)
    if not everything:
        return
    (place, rule), rest = everything[0], len(everything) - TOLD
    others = [f"{path}: {said}" if path else said for path, said in everything[1:TOLD]]
    told = "; ".join([rule, *others])
    raise MessageError("invalid", told + (f"; and {rest} more" if rest > 0 else ""), place)
