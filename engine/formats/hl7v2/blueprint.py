"""
What `to: hl7v2/2.5.1/MFN_M16` builds: the standard's structure as places to write to.

A group is named by the standard (`ORDER_OBSERVATION`) or by a segment that stands once in it, as paths do (`OBR`); a segment
that stands alone is a group of itself (`DG1`). What lies deeper is reached by its name alone: `OBR` from the message goes
through PATIENT_RESULT, `PID-3` stands where the structure has the patient. A Z segment may stand in any group.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.formats import CompileCondition, PathProblem
from engine.formats.hl7v2.standard import known_datatype
from engine.formats.hl7v2.structures import (
    Part,
    events,
    facts,
    segment_names,
    since,
    structure,
    versions,
)

if TYPE_CHECKING:
    from engine.formats.hl7v2.datatypes import Datatype
    from engine.formats.hl7v2.outgoing import Message
    from engine.formats.hl7v2.places import Place, Whole

#: The structure that is none: segments come out in the order in which they were set.
ANY = "ANY"


class Step:
    """One thing that a group holds, at its place."""

    __slots__ = ("key", "level", "one_of", "repeats", "required", "takes")

    def __init__(self, part: Part, level: Level | None, required: bool) -> None:
        self.key = part.name
        self.level = level
        """None for a segment."""
        self.required = required
        self.repeats = part.repeats
        self.takes: slice | None = None
        """Of a segment that has several places in its group: which of its occurrences stand here."""
        self.one_of: tuple[str, ...] = ()
        """At the last of several alternatives of which one is required: all of them."""


class Level:
    """A group of a structure, or the whole: engine.formats.Structure."""

    loose = False
    """Whether there is no structure, and segments come out in the order in which they were set."""

    def __init__(self, part: Part, version: str, within: str, event: str = "") -> None:
        self.name = part.name
        self.within = within
        """The message it is of: `ADT_A01`."""
        self.version = version
        self.event = event
        """The trigger event that its name says: `A08`; empty where it says none, and in groups."""
        self.repeats = part.repeats
        self.inside = part.name != within
        """Whether it is a group, and not the whole message."""
        alone = part.parts is not None and [one.name for one in part.parts] == [part.name]
        self.common = f"{version}/{part.name}" if alone else ""
        """Of a segment as a group of itself: what it is in every message of its version."""
        self.part = part
        self.direct: Container[str] = part.direct
        """Segments that are its own."""
        self.steps = tuple(_steps(part.parts or (), version, within))
        _shared(self.steps)
        self.keys = frozenset(step.key for step in self.steps)
        self.inner = {step.key: step.level for step in self.steps if step.level is not None}
        self.alone: dict[str, Level] = {}
        """Its segments, each as a group of itself, once one was asked for."""
        self.routes: dict[str, tuple[str, ...]] = {}
        """How the groups that were asked for are reached: by `Built.group` while a message is built."""

    def title(self) -> str:
        """For people: `ADT_A01`, `INSURANCE of ADT_A01`."""
        return f"{self.name} of {self.within}" if self.inside else self.name

    def place(self, text: str, condition: CompileCondition) -> Place | Whole:
        """`PID-3.1`, `PID-3[.5 == "MR"].1`, `OBX[2]-5`, `ZPV-1`: a place in this group or in one inside it."""
        from engine.formats.hl7v2.places import place  # noqa: PLC0415

        return place(self, text)

    def group(self, name: str) -> Level:
        """A group inside this one; LookupError, with what there is, where there is none."""
        return self.follow(self.route(name))

    def pairs(self, first: str) -> Callable[[Any, Sequence[tuple[str, str]]], None]:
        """HL7 has no pairs of qualifier and value."""
        raise PathProblem(
            0,
            "pairs of qualifier and value are of X12; HL7 has repetitions",
            'PID-3[.5 == "MR"].1',
        )

    def new(self, facts: Any) -> Message:
        """A message to be built (outgoing.py)."""
        from engine.formats.hl7v2.outgoing import Message  # noqa: PLC0415

        return Message(self, facts)

    def route(self, name: str) -> tuple[str, ...]:
        """The groups through which one of that name is reached, itself last."""
        found = self.routes.get(name)
        if found is None:
            found = self.routes[name] = self._search(name)
        return found

    def segment(self, name: str) -> tuple[str, ...]:
        """The groups in which a segment stands, from here; LookupError where there are none or several."""
        return () if name in self.direct or name[0] == "Z" else self._nearest(name)

    def follow(self, route: Sequence[str]) -> Level:
        """The group at the end of a route."""
        level = self
        for key in route:
            level = level.inner.get(key) or level.single(key)
        return level

    def single(self, name: str) -> Level:
        """One of its segments as a group of itself."""
        found = self.alone.get(name)
        if found is None:
            part = Part(name, "*", (Part(name, ""),))
            found = self.alone[name] = Level(part, self.version, self.within)
        return found

    def places(self, name: str) -> tuple[int, bool]:
        """How many places a segment of its own has, and whether it repeats."""
        found = [step for step in self.steps if step.key == name and step.level is None]
        return len(found), not found or any(step.repeats for step in found)

    def _search(self, name: str) -> tuple[str, ...]:
        if name in self.inner or name in self.direct:
            return (name,)
        if name.startswith("Z") and len(name) == 3:
            return (name,)
        named = [route for route, level in _below(self) if level.name == name]
        route = _only(named, name, self) if named else self._nearest(name)
        if named or _names(self.follow(route).part, name):
            return route
        return (*route, name)

    def _nearest(self, name: str) -> tuple[str, ...]:
        """The nearest group that is named by a segment, else the nearest that holds it."""
        holding = [(route, level) for route, level in _below(self) if name in level.direct]
        naming = [route for route, level in holding if _names(level.part, name)]
        return _only(naming or [route for route, _ in holding], name, self)


def _names(part: Part, segment: str) -> bool:
    """Whether paths name the group by the segment (groups.py: it stands there once)."""
    return segment in part.single


def _only(routes: list[tuple[str, ...]], name: str, level: Level) -> tuple[str, ...]:
    """The one that is nearest."""
    if not routes:
        raise LookupError(_unknown(name, level))
    least = min(len(route) for route in routes)
    nearest = [route for route in routes if len(route) == least]
    if len(nearest) > 1:
        there = ", ".join(route[-1] for route in nearest)
        raise LookupError(
            f"{name} stands in several groups: {there}; say in which: groups: {{{nearest[0][-1]}: ...}}"
        )
    return nearest[0]


def _unknown(name: str, level: Level) -> str:
    there = [
        *level.inner,
        *dict.fromkeys(step.key for step in level.steps if step.level is None),
    ]
    every = set(there)
    for _, one in _below(level):
        every |= {one.name, *one.part.direct}
    near = get_close_matches(name, sorted(every), n=1, cutoff=0.6)
    hint = f"; did you mean '{near[0]}'?" if near else f"; it has {', '.join(there)}"
    return f"there is no '{name}' in {level.title()}{hint}"


def _below(
    level: Level, route: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Level]]:
    for key, inner in level.inner.items():
        yield (*route, key), inner
        yield from _below(inner, (*route, key))


def _steps(parts: Sequence[Part], version: str, within: str) -> Iterator[Step]:
    """The parts of a group in their order; alternatives stand one behind the other."""
    for part in parts:
        if part.choice:
            steps = list(_steps(part.parts or (), version, within))
            for step in steps:
                step.required = False
            if part.required and steps:
                steps[-1].one_of = tuple(step.key for step in steps)
            yield from steps
        else:
            level = None if part.parts is None else Level(part, version, within)
            yield Step(part, level, _demands(part, version))


def _shared(steps: Sequence[Step]) -> None:
    """A segment with several places: each takes one occurrence, the first that repeats takes the rest (ADT_A17 has two PID)."""
    places: dict[str, list[Step]] = {}
    for step in steps:
        places.setdefault(step.key, []).append(step)
    for several in places.values():
        if len(several) == 1:
            continue
        end = next((at for at, step in enumerate(several) if step.repeats), len(several) - 1)
        for at, step in enumerate(several):
            step.takes = (
                slice(at, at + 1) if at < end else slice(at, None) if at == end else slice(0)
            )


def _demands(part: Part, version: str) -> bool:
    """
    Whether something has to be written there. A group in which all is optional may be empty, and what a version did not
    have it cannot require: TQ1 was not before v2.5.
    """
    if not part.required or any(since(name) > versions().index(version) for name in part.first):
        return False
    return (
        part.parts is None or part.choice or any(_demands(one, version) for one in part.parts)
    )


@cache
def blueprint(name: str) -> Level | Datatype:
    """
    The structure of `2.5.1/MFN_M16`; the name is a structure's, or a message's and its event's (`ADT_A08`). `XPN` is a
    datatype (datatypes.py).

    Raises LookupError, with what there is, for what the standard does not have.

    >>> blueprint("2.3/ADT_A08").name, blueprint("2.5.1/ORU_R01").group("OBR").name
    ('ADT_A01', 'ORDER_OBSERVATION')
    """
    version, _, message = name.partition("/")
    if not message and known_datatype(name):
        from engine.formats.hl7v2.datatypes import datatype  # noqa: PLC0415

        return datatype(name)
    if version not in versions() or not message:
        *others, last = versions()
        there = f"{', '.join(others)} and {last}"
        raise LookupError(
            f"to: hl7v2/VERSION/MESSAGE, as in hl7v2/2.5.1/ADT_A08; versions are {there}"
        )
    if message == ANY:
        from engine.formats.hl7v2.loosely import Loose  # noqa: PLC0415

        return Loose(version)
    said = events().get(message, message)
    part = structure(said)
    if part is None:
        every = [*facts().structures, *events(), ANY]
        near = get_close_matches(message.upper(), every, n=1, cutoff=0.6)
        hint = (
            f"; did you mean '{near[0]}'?"
            if near
            else f"; {ANY} takes any segments in any order"
        )
        raise LookupError(f"there is no message '{message}' in HL7 v2{hint}")
    return Level(part, version, said, message.partition("_")[2])


def known(name: str) -> bool:
    """Whether it may be the name of a segment."""
    return name in segment_names() or (
        len(name) == 3 and name.startswith("Z") and name.isalnum()
    )
