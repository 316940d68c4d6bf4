"""
Places of a resource that are written to: `birthDate`, `name[0].family`, `identifier[.system == "x"].value`, `Patient/gender`.

What stands before the last name is found in the document as it came. Where nothing is found, records are made along plain
names and positions; what a filter does not find is not written, nor a resource that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.errors import MessageError
from engine.formats.fhir.edit import Editor
from engine.paths import CompileCondition, Match, PathProblem, Paths, Scope, Shape
from engine.reading import NULL
from engine.records.types import FieldType, fields

_NAME = re.compile(r"[./]?([A-Za-z_]\w*)|\[\s*\"((?:[^\"\\]|\\.)*)\"\s*\]", re.ASCII)
_AT = re.compile(r"\[\s*(\d{1,6})\s*\]")
_RESOLVE = re.compile(r"\.resolve\([^)]*\)")
_FIRST = re.compile(r"[A-Z]\w*(?=/)", re.ASCII)
_ALL = re.compile(r"\(\s*\*\s*\)")
_TRUTHS = {"true": True, "false": False}


class Piece:
    """One step of a place."""

    def __init__(self, name: str, at: int | None, end: int) -> None:
        self.name, self.at, self.end = name, at, end
        """A name, or a position in a list; neither of a filter and of `resolve`."""


def target(paths: Paths, text: str, shape: Shape, condition: CompileCondition) -> Target:
    """The whole text as a place; PathProblem where it is none."""
    match = None if text.startswith("fhirpath(") else paths.match(text, 0, shape, condition)
    if match is None or match.end != len(text):
        problem = "a place is a path of elements; a FHIRPath is read only"
        raise PathProblem(match.end if match else 0, problem, "name[0].family")
    pieces = _pieces(text)
    last = next((at for at in range(len(pieces) - 1, -1, -1) if pieces[at].name), 0)
    if not pieces[last].name or last < len(pieces) - 2:
        raise PathProblem(0, "a place ends in the name of an element", "name[0].family")
    finders = [_prefix(paths, text, each, shape, condition) for each in pieces[:last]]
    around = finders[-1].shape if finders and finders[-1] is not None else shape
    return Target(text, match, pieces, finders, _repeats(around, pieces[last].name))


def _repeats(shape: Shape | None, name: str) -> bool:
    """Whether R4 says that an element of a record is a list, where that is known."""
    type_ = shape.type if shape is not None else None
    if not isinstance(type_, FieldType) or type_.struct is None:
        return False
    known = fields(type_.struct).get(name)
    return known is not None and known.type.kind == "list"


def _prefix(
    paths: Paths, text: str, piece: Piece, shape: Shape, condition: CompileCondition
) -> Match | None:
    """What a place names up to one of its steps; None where that is no whole path (`Patient` before a slash is the first)."""
    before = text[: piece.end]
    first = _FIRST.match(text)
    if first is not None and first.end() == piece.end:
        before += "[0]"
    try:
        return paths.match(before, 0, shape, condition)
    except PathProblem:
        return None


def _pieces(text: str) -> list[Piece]:
    """The steps of a place that is known to be a path."""
    found: list[Piece] = []
    at = 0
    while at < len(text):
        if step := _RESOLVE.match(text, at):
            found.append(Piece("", None, step.end()))
        elif step := _AT.match(text, at):
            found.append(Piece("", int(step[1]), step.end()))
        elif step := _NAME.match(text, at):
            found.append(Piece(step[1] or step[2], None, step.end()))
        else:
            end = _closed(text, at)
            every = _ALL.match(text, end)
            found.append(Piece("", None, every.end() if every else end))
        at = found[-1].end
    return found


def _closed(text: str, at: int) -> int:
    """Where the bracket that opens here has closed; what stands in quotes does not count."""
    depth, quoted = 0, False
    for here in range(at, len(text)):
        sign = text[here]
        if sign == '"' and text[here - 1] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (sign == "[") - (sign == "]")
            if not depth:
                return here + 1
    return len(text)


class Target:
    """An element of one resource, or of several."""

    def __init__(
        self,
        text: str,
        match: Match,
        pieces: list[Piece],
        finders: list[Match | None],
        repeats: bool,
    ) -> None:
        self.text = text
        self._pieces, self._finders, self._nodes = pieces, finders, match.nodes
        self._before = last = len(finders)
        self._name = pieces[last].name
        self._end = pieces[-1] if last < len(pieces) - 1 else None
        """The bracket behind the last name."""
        self._many = any(found is not None and found.many for found in finders[last - 1 : last])
        self._repeats = repeats and self._end is None
        type_ = match.shape.type if match.shape is not None else None
        self._kind = type_.kind if isinstance(type_, FieldType) else match.kind

    def set(self, document: Editor, scope: Scope, value: Any) -> None:
        """Write a value; nothing and null take the element away. MessageError where it is of another kind than R4 says."""
        if value is None or value is NULL:
            self.remove(document, scope)
            return
        if self._end is not None and self._end.at is None:
            raise MessageError("bad_value", "a place is one element, and this names several", self.text)  # fmt: skip
        values = (
            [self._fit(one) for one in value] if isinstance(value, list) else self._fit(value)
        )
        for record in self._parents(document, scope, makes=True):
            self._put(record, values)

    def _put(self, record: dict[str, Any], value: Any) -> None:
        if self._end is not None:
            held = record.setdefault(self._name, [])
            at = self._end.at or 0
            if not isinstance(held, list) or at > len(held):
                raise MessageError("bad_value", "there is no such position", self.text)
            held[at : at + 1] = [value]
        elif not isinstance(value, list) and (
            self._repeats or isinstance(record.get(self._name), list)
        ):
            record[self._name] = [value]
        else:
            record[self._name] = value

    def remove(self, document: Editor, scope: Scope) -> None:
        """Take away what the path names."""
        if self._end is not None and self._nodes is not None:
            records = document.behind(self._nodes(scope))
            if records:
                document.drop(records)
                return
        for record in self._parents(document, scope, makes=False):
            if self._end is None:
                record.pop(self._name, None)
                record.pop(f"_{self._name}", None)
            elif self._end.at is not None and isinstance(record.get(self._name), list):
                del record[self._name][self._end.at : self._end.at + 1]
        document.sweep()

    def _parents(self, document: Editor, scope: Scope, makes: bool) -> Sequence[dict[str, Any]]:
        """The records in which the last name stands."""
        for count in range(self._before, 0, -1):
            finder = self._finders[count - 1]
            found = document.behind(finder.nodes(scope)) if finder and finder.nodes else []
            if not found:
                continue
            if count == self._before:
                return found if self._many else found[:1]
            return self._made(found[0], self._pieces[count : self._before]) if makes else ()
        if _FIRST.match(self.text):
            return ()
        near = document.behind([scope.node]) or [document.value]
        if not self._before:
            return near
        return self._made(near[0], self._pieces[: self._before]) if makes else ()

    def _made(
        self, record: dict[str, Any], missing: Sequence[Piece]
    ) -> Sequence[dict[str, Any]]:
        """The record down a way of plain names and positions, made where it is not there."""
        at = 0
        while at < len(missing):
            piece = missing[at]
            position = missing[at + 1].at if at + 1 < len(missing) else None
            if not piece.name or (at + 1 < len(missing) and not missing[at + 1].name and position is None):  # fmt: skip
                return ()
            if position is None:
                inner = record.setdefault(piece.name, {})
            else:
                held = record.setdefault(piece.name, [])
                if not isinstance(held, list) or position > len(held):
                    return ()
                if position == len(held):
                    held.append({})
                inner = held[position]
                at += 1
            if not isinstance(inner, dict):
                return ()
            record, at = inner, at + 1
        return [record]

    def _fit(self, value: Any) -> Any:
        """The value as JSON has it."""
        if self._kind == "number" and isinstance(value, str):
            try:
                return Decimal(value)
            except InvalidOperation:
                raise MessageError("bad_value", "the element is a number", self.text) from None
        if self._kind == "truth" and isinstance(value, str):
            return _TRUTHS.get(value, value)
        if self._kind in ("text", "moment") and isinstance(value, Decimal | bool):
            return str(value).lower() if isinstance(value, bool) else str(value)
        return value
