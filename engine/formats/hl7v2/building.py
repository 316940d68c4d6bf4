"""
A message being built (blueprint.py says of what): values are set in any order, segments come out in the structure's.

    structure = blueprint("2.5.1/ADT_A08")
    message = structure.new(facts)
    structure.place("PID-3.1", condition).set(message, scope, "100234")
    structure.group("DG1").place("DG1-3.1", condition).set(message.group("DG1"), scope, "I10")
    message.render()

A segment or group in which nothing was written is not there. What the structure requires and nobody wrote is a
MessageError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from engine.errors import MessageError
from engine.formats.hl7v2.blueprint import Level, Step
from engine.formats.hl7v2.marks import USUAL, marks_of

#: The delimiters that values are escaped for.
MARKS = marks_of(f"|{USUAL}", "utf-8")
Fields = list[str]
"""A segment: its name, then its fields as written. In MSH the first is the separator itself."""
Entry = Union[Fields, "Built"]


class Built:
    """One occurrence of a group."""

    __slots__ = ("held", "level", "made")

    def __init__(self, level: Level) -> None:
        self.level = level
        self.held: dict[str, list[Any]] = {}
        """Its segments (Fields, or Built where they are groups of themselves) and groups (Built), by name."""
        self.made: list[Entry] | None = None
        """Without a structure: the same in the order in which they came, the segment that it is named by first."""
        if level.loose:
            self.made = []
            self.entry(level.name if level.inside else "MSH")

    def group(self, name: str) -> Built:
        """
        One more occurrence of a group, reached as `Level.group` says: in the last occurrence of the groups around it, or
        in a new one where that has no room.
        """
        level = self.level
        route = level.routes.get(name) or level.route(name)
        return (self if len(route) == 1 else self._around(route)).open(route[-1])

    def _around(self, route: Sequence[str]) -> Built:
        """The occurrence in which the last group of a route has room."""
        nodes = [self]
        for key in route[:-1]:
            nodes.append(nodes[-1].last(key))
        last = nodes[-1]
        inner = last.level.inner.get(route[-1])
        if inner is None or inner.repeats or not last.held.get(route[-1]):
            return last
        for depth in range(len(nodes) - 1, 0, -1):
            if nodes[depth].level.repeats:
                last = nodes[depth - 1]
                for key in route[depth - 1 : -1]:
                    last = last.open(key)
                break
        return last

    def open(self, key: str) -> Built:
        """A new occurrence of a group of its own; a segment that stands once and has been written to is that one."""
        level = self.level
        made = Built(level.inner.get(key) or level.single(key))
        there = self.held.get(key, ())
        if len(there) == 1 and isinstance(there[0], list) and level.places(key) == (1, False):
            made.held[key], there[0] = [there[0]], made
        else:
            self._keep(key, made)
        return made

    def last(self, key: str) -> Built:
        """The last occurrence of a group of its own."""
        found = self.held.get(key)
        return found[-1] if found else self.open(key)

    def only(self, key: str) -> Built:
        """The first occurrence of a group of its own."""
        found = self.held.get(key)
        return found[0] if found else self.open(key)

    def entry(self, name: str, number: int = 0) -> Fields:
        """A segment of its own, by its number from 0; made where it is not there."""
        found = self.held.get(name)
        while found is None or len(found) <= number:
            self._keep(name, [name, MARKS.field, USUAL] if name == "MSH" else [name])
            found = self.held[name]
        one: Entry = found[number]
        return one.entry(name) if isinstance(one, Built) else one

    def _keep(self, key: str, entry: Entry) -> None:
        if key in self.held:
            self.held[key].append(entry)
        else:
            self.held[key] = [entry]
        if self.made is not None:
            self.made.append(entry)

    def lines(self, out: list[Fields]) -> None:
        """Put its segments behind those that are there; MessageError where one is missing or stands too often."""
        if self.made is not None:
            _written(self.made, out)
            return
        level, held = self.level, self.held
        start, behind, missing = len(out), 0, ""
        for step in level.steps:
            entries = held.get(step.key)
            if entries is not None and self._step(step, entries, out):
                if step.level is None:
                    behind = len(out)
            elif not missing and (step.required or step.one_of):
                missing = self._missing(step)
        for key in held:
            if (
                key not in level.keys
            ):  # Z segments: behind the group's own, in the message at its end
                local: list[Fields] = []
                _written(held[key], local)
                place = behind if behind and level.inside else len(out)
                out[place:place] = local
                behind += len(local)
        if missing and (len(out) > start or not level.inside):
            kind = "group" if missing in level.inner else "segment"
            rule = f"{level.title()} has a {kind} {missing}, and nothing is written to it"
            raise MessageError("missing_segment", rule, missing)

    def _step(self, step: Step, entries: Sequence[Entry], out: list[Fields]) -> int:
        if step.takes is not None:
            entries = entries[step.takes]
        count = _written(entries, out)
        if count > 1 and not step.repeats:
            rule = (
                f"{step.key} stands once in {self.level.title()}, and it is made {count} times"
            )
            raise MessageError("too_many_segments", rule, step.key)
        return count

    def _missing(self, step: Step) -> str:
        """What is missing here; empty where one of the alternatives was written."""
        if step.required:
            return step.key
        if any(_written(self.held.get(key, ()), []) for key in step.one_of):
            return ""
        return " or ".join(step.one_of)


def _written(entries: Sequence[Entry], out: list[Fields]) -> int:
    """Put behind what was written; gives how many there were."""
    count = 0
    for entry in entries:
        if isinstance(entry, Built):
            before = len(out)
            entry.lines(out)
            count += len(out) > before
        elif len(entry) > 1:
            out.append(entry)
            count += 1
    return count
