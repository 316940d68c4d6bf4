"""
A simulated payer that answers questions of cover in real time: a 270 over HTTP gets its 271 (005010X279A1) at once.

A member whose number ends in 9 is not covered, one whose number ends in 8 is nobody it knows; anybody else has a gold plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from engine.edi.document import Segment
from engine.simulate.fault import Fault
from engine.simulate.http import HttpPartner, response, whole
from engine.simulate.interchange import Numbers, Set, read, sealed, sets, written
from engine.simulate.partner import Received

_GUIDE = "005010X279A1"
#: Levels of whom a question may be about: the insured person, who is insured with them (HL03).
_PEOPLE = ("22", "23")


class Loop(msgspec.Struct, kw_only=True):
    """One HL loop of a question."""

    level: str
    segments: list[Segment] = []

    def value(self, name: str, element: int) -> str:
        """An element of its first segment of a name; empty where there is none."""
        found = (one.element(element) for one in self.segments if one.name == name)
        return next(found, "")

    def services(self) -> list[str]:
        """The kinds of service that are asked about."""
        return [one.element(1) for one in self.segments if one.name == "EQ"]


class EligibilityPartner(HttpPartner):
    """Answers each POST of a 270 with a 271; what is none gets 400."""

    kind = "eligibility"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._controls = Numbers()
        self.counts: Counter[str] = Counter()
        """How many questions it took, and how they were answered: `active`, `inactive`, `unknown`."""

    def stats(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {**super().stats(), "took": dict(self.counts)}

    def respond(self, method: str, request: Received) -> bytes | None:
        """See HttpPartner.respond."""
        if method != "POST" or self.fault.status:
            return super().respond(method, request)
        document = read(request.body)
        asked = [one for one in sets(document) if one.kind == "270"] if document else []
        if document is None or not asked:
            self.refused += 1
            return response(400, {"error": "a 270 is expected"})
        self.take(request)
        bodies = [list(self._answer(one)) for one in asked]
        said = sealed(document, bodies, _GUIDE, self._controls.take(), _now())
        return None if self.fault is Fault.DROPS else whole(200, said, "application/edi-x12")

    def _answer(self, asked: Set) -> Iterator[str]:
        self.counts["270"] += 1
        yield f"271*{_GUIDE}"
        yield f"BHT*0022*11*{asked.value('BHT', 3)}*{datetime.now(UTC):%Y%m%d*%H%M}"
        member = ""
        for loop in _loops(asked):
            yield "*".join(written(loop.segments[0]))
            if loop.level in _PEOPLE:
                member = loop.value("NM1", 9) or member
                yield from self._person(loop, member)
            else:
                yield from _said(loop, "NM1")

    def _person(self, loop: Loop, member: str) -> Iterator[str]:
        yield from (f"TRN*2*{'*'.join(written(one)[2:])}" for one in _named(loop, "TRN"))
        yield from _said(loop, "NM1")
        asked = loop.services()
        status = {"8": "unknown", "9": "inactive"}.get(member[-1:], "active")
        self.counts.update([status] if asked else [])
        yield from _said(loop, "N3", "N4")
        if asked and status == "unknown":
            yield "AAA*N**75*C"
        yield from _said(loop, "DMG", "INS")
        if asked and status != "unknown":
            yield from _cover(status, asked)


def _cover(status: str, asked: list[str]) -> Iterator[str]:
    yield f"DTP*346*D8*{datetime.now(UTC):%Y}0101"
    if status == "inactive":
        yield "EB*6"
        return
    for service in asked:
        yield f"EB*1*IND*{service}*PR*GOLD PLAN"
        yield f"EB*B*IND*{service}***27*30****N*Y"


def _loops(asked: Set) -> Iterator[Loop]:
    """The HL loops of a question, in their order."""
    loop: Loop | None = None
    for segment in asked.segments[1:-1]:
        if segment.name == "HL":
            if loop is not None:
                yield loop
            loop = Loop(level=segment.element(3))
        if loop is not None:
            loop.segments.append(segment)
    if loop is not None:
        yield loop


def _named(loop: Loop, *names: str) -> Iterator[Segment]:
    return (one for one in loop.segments if one.name in names)


def _said(loop: Loop, *names: str) -> Iterator[str]:
    """Segments as they stood in the question."""
    return ("*".join(written(one)) for one in _named(loop, *names))


def _now() -> float:
    return datetime.now(UTC).timestamp()


def eligibility_partner(
    name: str = "eligibility", port: int = 0, fault: str = Fault.NONE, **options: Any
) -> EligibilityPartner:
    """A payer that answers 270s over HTTP, started by `async with`; port 0 = any free one. Options are Partner's."""
    return EligibilityPartner(name, port, fault, **options)
