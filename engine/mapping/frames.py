"""
Rules of one record whose fields hardly differ from message to message, looked up together.

What is filled in a segment says which rules of a record are asked (engine/mapping/needs.py). Of those, some meet a handful of
different fields ever: the sending system, the sex, the class of a visit. When such a filling was met often enough, all of them
are read with one lookup, which gives the record with what they made in it, in its order; the others fill in what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.fhir.doubts import DOUBTS
from engine.formats import NULL, Scope, Shape
from engine.formats.hl7v2 import presence
from engine.mapping.kept import Kept, is_told
from engine.mapping.language import Needs, Reads, Run
from engine.mapping.rules import FieldError

#: So often a filling is met before it is known which of its rules hardly differ; and so often of these it is looked at what their
#: fields say, for of fillings that are seldom met nothing need be held.
_RIPE, _WATCHED = 300, 200
#: So many different things a rule and all that are looked up together may make to be such rules.
_FEW, _TOGETHER = 20, 200


Element = Callable[[Scope], dict[str, Any] | None]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a record, as it is made."""

    name: str
    run: Run
    needs: Needs = None
    reads: Reads = None
    plainly: Run | None = None
    """Makes it without looking up what it made before, where that is done."""
    seldom: Callable[[], bool] = lambda: False
    """Whether so little was found there that nobody looks any more."""


class Bare(msgspec.Struct, frozen=True, kw_only=True):
    """A record before a rule was asked."""

    begin: dict[str, Any]
    """Its fields that are always the same."""
    least: int
    """With so many fields it says nothing yet."""
    stays: bool
    """Whether it is made even so."""
    shape: Shape
    """Of what it is made."""


class Way:
    """How a record is made of things in which the same is filled."""

    __slots__ = ("_bare", "_met", "_parts", "_there", "framed", "left", "runs")

    def __init__(self, bare: Bare, there: bytes | None, parts: Sequence[Part]) -> None:
        self._bare, self._there, self._parts = bare, there, parts
        self.runs = tuple((part.name, part.run) for part in parts)
        """The fields that may give something, in order."""
        self._met: list[_Met] = []
        self.left = _RIPE
        """How often it is still watched."""
        self.framed: Element | None = None
        """The quicker way, once that is known."""

    def watch(self, scope: Scope) -> None:
        """One more was made; once it is known, look up together what hardly differs."""
        for each in self._met:
            if len(each.read) <= _FEW:
                each.read.add(each.said(scope))
        self.left -= 1
        if self.left == _WATCHED:
            self._met = [
                _Met(part, self._said(part.reads))
                for part in self._parts
                if is_told(part.reads, self._bare.shape)
            ]
        elif not self.left:
            self._settle()

    def _settle(self) -> None:
        steady = _steady(self._met)
        self._met = []
        self.runs = tuple(
            (part.name, part.plainly or part.run if part.seldom() else part.run)
            for part in self._parts
        )
        read = frozenset[str]().union(*(part.reads or () for part in steady))
        also = [p for p in self._parts if p.reads is not None and p.reads <= read]
        if not steady or len(also) < 2:
            return
        names = frozenset(part.name for part in also)
        self.framed = framed(self._bare, self.runs, names, self._said(read), Kept())

    def _said(self, reads: Reads) -> Callable[[Scope], Any]:
        return presence.said(
            sorted(presence.filled(reads or (), self._there, self._bare.shape))
        )


class _Met:
    """What the fields of one rule said while they were watched."""

    __slots__ = ("part", "read", "said")

    def __init__(self, part: Part, said: Callable[[Scope], Any]) -> None:
        self.part, self.said = part, said
        self.read: set[Any] = set()


def _steady(met: Sequence[_Met]) -> list[Part]:
    """The rules whose fields said few different things, as many as may say few together."""
    found, together = [], 1
    for each in sorted(met, key=lambda each: len(each.read)):
        together *= len(each.read)
        if len(each.read) > _FEW or together > _TOGETHER:
            break
        found.append(each.part)
    return found


def framed(
    bare: Bare,
    runs: Sequence[tuple[str, Run]],
    names: frozenset[str],
    said: Callable[[Scope], Any],
    kept: Kept,
) -> Element:
    """Makes the record with one lookup for all rules of these names."""
    begin, least, stays = bare.begin, bare.least, bare.stays
    rest = tuple(each for each in runs if each[0] not in names)

    def make(scope: Scope) -> dict[str, Any] | None:
        separated, found = kept.now
        if found is None:
            made = filled(begin.copy(), runs, scope)
            return made if stays or len(made) > least else None
        marks = scope.node.marks
        if marks is not separated:
            found = kept.begin(marks)
        read = said(scope)
        frame = found.get(read)
        if frame is not None:
            kept.hits += 1
            made = filled(frame.copy(), rest, scope)
        else:
            doubts = DOUBTS.count
            made = filled(begin.copy(), runs, scope)
            kept.keep(found, read, doubts, _frame(begin, runs, names, made))
        return made if stays or len(made) > least else None

    return make


def filled(
    made: dict[str, Any], runs: Sequence[tuple[str, Run]], scope: Scope
) -> dict[str, Any]:
    """The record with what the rules make in it, and nothing in the place of those that make nothing."""
    name = ""
    try:
        for name, run in runs:
            found = run(scope)
            if found is not None and found is not NULL:
                made[name] = found
            elif name in made:
                del made[name]
    except MessageError as error:
        raise FieldError(error, name) from None
    return made


def _frame(
    begin: dict[str, Any],
    runs: Sequence[tuple[str, Run]],
    names: frozenset[str],
    made: dict[str, Any],
) -> dict[str, Any]:
    """What rules of these names made, and room for what the others make."""
    frame = begin.copy()
    for name, _ in runs:
        if name not in names:
            frame[name] = None
        elif name in made:
            frame[name] = made[name]
    return frame
