"""
Paths of resources: those of records (engine/records/paths.py), checked by the types of R4, and what FHIR has besides.

    name[0].family                        of the resource; from position 0, as FHIR counts
    Patient/name[0].family                of the first Patient of the document, a Bundle or a resource
    Observation                           all of them, for `each` and functions of lists
    Observation[.code.coding[0].code == "8867-4"]/valueQuantity.value     the first that fits; with (*) all
    subject.resolve(Patient).birthDate    what a Reference points at, inside the document; .resolve() of the Reference at hand
    fhirpath("name.where(use = 'official').given.first()")
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.fhir import definitions
from engine.formats import CompileCondition, Match, PathProblem, Scope, Shape, Target
from engine.formats.fhir import asking, following, target, types
from engine.records import reading
from engine.records.paths import NAME, Level, RecordPaths, Walk, type_of
from engine.records.paths import names as known_names
from engine.records.types import FieldType, fields

_RESOLVE = re.compile(r"\.\s*resolve\(\s*([A-Za-z]\w*)?\s*(\)?)", re.ASCII)
_BEFORE_SLASH = re.compile(r"[A-Z][A-Za-z]+(?:\[[^\]]*\])?/[A-Za-z_]", re.ASCII)
#: What a value of a kind is in Python.
_SCALARS = {"text": str, "number": Decimal, "truth": bool}


class ResourceWalk(Walk):
    """Reads the steps of one path."""

    resources = ""
    """The type of resource it begins with; empty = none."""

    def other(self) -> bool:
        """`.resolve(Patient)`."""
        found = _RESOLVE.match(self.text, self.at)
        if found is None:
            return False
        if not found[2]:
            problem = "in the brackets of resolve stands a type of resource, or nothing"
            raise PathProblem(found.end(), problem, ".resolve(Patient)", certain=True)
        self.type = following.checked(found[1] or "", found.start(1), self.type, self.at)
        self.found.append(following.step(found[1] or ""))
        self.at = found.end()
        return True

    def single(self, at: int) -> PathProblem:
        """What is said of brackets behind an element that does not repeat."""
        return PathProblem(
            at, f"brackets stand behind what repeats, and '{self.last}' does not"
        )

    def begin(self) -> Callable[[Scope], Any]:
        """The resources of a type, or what paths of records begin at."""
        return following.of_type(self.resources) if self.resources else super().begin()

    def match(self, start: int) -> Match:
        """The path as a whole; values are of the kind that R4 says."""
        found = super().match(start)
        wanted = _SCALARS.get(found.kind)
        if wanted is None:
            return found
        return msgspec.structs.replace(found, read=_checked(found, wanted))


def _checked(found: Match, wanted: type) -> Callable[[Scope], Any]:
    """Reads values of one kind; MessageError where another stands there, as nobody validated the message."""
    read, text, kind = found.read, found.text, found.kind

    def refuse() -> MessageError:
        return MessageError("bad_value", f"a {kind} is expected here, and something else stands there", text)  # fmt: skip

    if found.many:

        def values(scope: Scope) -> Any:
            every = read(scope)
            if any(type(each) is not wanted for each in every):
                raise refuse()
            return every

        return values

    def value(scope: Scope) -> Any:
        one = read(scope)
        if one is None or type(one) is wanted:
            return one
        raise refuse()

    return value


class FhirPaths(RecordPaths):
    """The paths of FHIR."""

    calls = ("fhirpath",)
    """Words that are written like functions and are paths here."""

    meta = frozenset(definitions.of("Meta").elements)
    """What stands behind `meta.` in a resource: else that names facts of the message."""

    def __init__(self) -> None:
        super().__init__(ResourceWalk)

    def match(
        self, text: str, at: int, shape: Shape, condition: CompileCondition
    ) -> Match | None:
        """The path that starts here; None where none does. PathProblem when it is one but wrong."""
        if (asked := asking.match(text, at, shape)) is not None:
            return asked
        if shape.kind != "message" and _RESOLVE.match(text, at):
            here: Callable[[Scope], Any] = lambda scope: scope.item  # noqa: E731
            return self.behind(text, at, at, here, type_of(shape), shape, condition)
        name = NAME.match(text, at)
        if name is not None and definitions.is_resource(name[0]):
            return self._of_type(text, name, shape, condition)
        if name is not None and not text.startswith("(", name.end()):
            _no_resource(text, name)
            _known(name[0], shape, at)
        return super().match(text, at, shape, condition)

    def _of_type(
        self, text: str, name: re.Match[str], shape: Shape, condition: CompileCondition
    ) -> Match:
        """`Patient`, `Patient[0]`, `Patient[*]/name`, `Patient/name[0].family`."""
        level = Level(hops=0, kind="record", type=types.several(name[0]))
        walk = ResourceWalk(text, shape, condition, level)
        walk.resources, walk.last, walk.at = name[0], name[0], name.end()
        if text.startswith("[", walk.at):
            walk.bracket()
        if text.startswith("/", walk.at) and (inner := NAME.match(text, walk.at + 1)):
            if walk.type.kind == "list":
                walk.type = walk.type.item or walk.type
                walk.found.append(reading.position(0))
            walk.field(inner[0], walk.at + 1)
            walk.at = inner.end()
        elif text.startswith(".", walk.at) and NAME.match(text, walk.at + 1):
            write = f"{text[name.start() : walk.at]}/{text[walk.at + 1 :]}"
            problem = "behind a type of resource stands a slash"
            raise PathProblem(walk.at, problem, write, certain=True)
        walk.steps()
        return walk.match(name.start())

    def names(self, shape: Shape) -> list[str]:
        """The names a path may begin with, for what a mistake offers."""
        return [*known_names(shape), *definitions.resources()]

    def target(self, text: str, shape: Shape, condition: CompileCondition) -> Target:
        """A place of the resource to write to."""
        return target.target(self, text, shape, condition)


def _no_resource(text: str, name: re.Match[str]) -> None:
    """PathProblem for `Pateint/name`: elements begin with a small letter, and before a slash stands a type of resource."""
    if not _BEFORE_SLASH.match(text, name.start()):
        return
    if near := get_close_matches(name[0], definitions.resources(), n=1, cutoff=0.75):
        problem = f"FHIR R4 has no resource '{name[0]}'; did you mean '{near[0]}'?"
        raise PathProblem(name.start(), problem, certain=True)


def _known(name: str, shape: Shape, at: int) -> None:
    """
    PathProblem for a name that the thing at hand does not have, nor anything around it. Where what is around it is of no
    known type it may have any name of R4, and no other: that could only be a misspelt one.
    """
    around: Shape | None = shape
    near: FieldType | None = None
    is_open = False
    while around is not None:
        type_ = type_of(around)
        if around.kind == "candidate":
            pass
        elif type_.struct is None:
            is_open = is_open or type_.kind == "any"
        elif name in fields(type_.struct):
            return
        else:
            near = near or type_
        around = around.outer
    if near is None or (is_open and name in following.elements()):
        return
    said: str = near.struct.missing(name)
    raise PathProblem(at, said, certain="did you mean" in said or "one of several" in said)
