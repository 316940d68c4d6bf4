"""
Paths of resources: those of records (engine/records/paths.py), checked by the types of R4, and what FHIR has besides.

    name[0].family                        of the resource; from position 0, as FHIR counts
    Patient/name[0].family                of the first Patient of the document, a Bundle or a resource
    Observation                           all of them, for `each` and functions of lists
    Observation[.code.coding[0].code == "8867-4"]/valueQuantity.value     the first that fits; with (*) all
    subject.resolve(Patient).birthDate    what a Reference points at, inside the document
    fhirpath("name.where(use = 'official').given.first()")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.fhir import definitions
from engine.formats import CompileCondition, Match, PathProblem, Scope, Shape, Target
from engine.formats.fhir import asking, following, target, types
from engine.records import reading
from engine.records.paths import NAME, Level, RecordPaths, Walk, type_of
from engine.records.types import FieldType, fields

_RESOLVE = re.compile(r"\.\s*resolve\(\s*([A-Za-z]\w*)?\s*(\)?)", re.ASCII)
_BY_ALL = re.compile(r"\(\s*\*\s*\)")
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
        if self.type.struct is None:
            following.bare(found[1])
        self.found.append(following.step(found[1] or ""))
        self.at = found.end()
        return True

    def single(self, at: int) -> PathProblem:
        """What is said of brackets behind an element that does not repeat."""
        said = self.names[-1] if self.names and not self.found else "this element"
        problem = f"brackets stand behind what repeats, and '{said}' does not"
        return PathProblem(at, problem if self.names else "brackets stand behind what repeats")

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

    def __init__(self) -> None:
        super().__init__(ResourceWalk)

    def match(
        self, text: str, at: int, shape: Shape, condition: CompileCondition
    ) -> Match | None:
        """The path that starts here; None where none does. PathProblem when it is one but wrong."""
        if (asked := asking.match(text, at, shape)) is not None:
            return asked
        name = NAME.match(text, at)
        if name is not None and definitions.is_resource(name[0]):
            return self._of_type(text, name, shape, condition)
        if name is not None:
            _known(name[0], shape, at)
        return super().match(text, at, shape, condition)

    def _of_type(
        self, text: str, name: re.Match[str], shape: Shape, condition: CompileCondition
    ) -> Match:
        """`Patient`, `Patient[0]`, `Patient[*]/name`, `Patient/name[0].family`."""
        level = Level(hops=0, kind="record", type=types.several(name[0]))
        walk = ResourceWalk(text, shape, condition, level)
        walk.resources, walk.at = name[0], name.end()
        if text.startswith("[", walk.at):
            walk.bracket()
        if text.startswith("/", walk.at) and (inner := NAME.match(text, walk.at + 1)):
            if walk.type.kind == "list":
                walk.type = walk.type.item or walk.type
                walk.found.append(reading.position(0))
            walk.field(inner[0], walk.at + 1)
            walk.at = inner.end()
        elif text.startswith(".", walk.at) and NAME.match(text, walk.at + 1):
            if _RESOLVE.match(text, walk.at) is None:
                said = text[name.start() : walk.at]
                problem = "behind a type of resource stands a slash"
                raise PathProblem(walk.at, problem, f"{said}/{text[walk.at + 1 :]}", certain=True)  # fmt: skip
        walk.steps()
        return walk.match(name.start())

    def target(self, text: str, shape: Shape, condition: CompileCondition) -> Target:
        """A place of the resource to write to."""
        return target.target(text, shape, condition)


def _known(name: str, shape: Shape, at: int) -> None:
    """
    PathProblem for a name that the resource at hand does not have, where what is around it is of no known type and no
    resource of R4 has it either: it could only be a misspelt one.
    """
    around: Shape | None = shape
    near: FieldType | None = None
    while around is not None:
        type_ = type_of(around)
        if type_.struct is not None and around.kind != "candidate":
            if name in fields(type_.struct):
                return
            near = near or type_
        around = around.outer
    if near is not None and name not in following.elements():
        raise PathProblem(at, near.struct.missing(name))


def names(shape: Shape) -> Sequence[str]:
    """The names a path may begin with, for what a mistake offers."""
    from engine.records.paths import names as known

    return [*known(shape), *definitions.resources()]
