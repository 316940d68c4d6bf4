"""What a mapping reads: `from:` a format, a part of a message, an entity, or a list of entities that waited in a group."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgspec

from engine import formats
from engine.fhir.definitions import resources
from engine.formats import CompileCondition, Format, Match, PathProblem, Paths, Shape, Target
from engine.formats.hl7v2.elements import Element, element
from engine.formats.json import JsonDocument
from engine.grouping import listed
from engine.mapping import entities, layouts
from engine.mapping.language import suggestion
from engine.markup.namespaces import Namespaces
from engine.placed import Items, Mistakes, Record, Scalar
from engine.records.types import FieldType

_DATATYPE = re.compile(r"[A-Z]{2}[A-Z0-9]?")
_DATA = ("field", "repetition", "component")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a mapping reads, as far as it is known at load."""

    name: str
    """As written: `hl7v2`, `hl7v2/XPN`, `[ChargeEvent]`."""
    shape: Shape
    format: Format
    part: bool = False
    """Whether it is a part of something, which only a mapping that is used by another one reads."""
    file: bytes = b""
    """The layout's bytes, where it has one."""
    thing: Callable[[Any], Any] | None = None
    """Makes of what it is handed what its paths look into, where that is another thing."""

    def takes(self, shape: Shape | None) -> bool:
        """Whether `use ... of` may hand it a thing of that shape."""
        mine = self.shape
        if shape is None:
            return mine.format == "json" and mine.type is None
        if mine.kind == "repetition":
            return shape.format == mine.format and shape.kind in _DATA
        if mine.kind == "group":
            return shape.format == mine.format and (shape.kind, shape.name) == (
                "group",
                mine.name,
            )
        if mine.format in ("xml", "fhir"):
            return mine.format == shape.format and _is_one(mine, shape)
        if mine.format == "canonical":
            return mine.type is not None and mine.type is _struct(shape)
        return (
            mine.format == "json"
            and shape.format in ("json", "canonical")
            and not _struct(shape)
        )


def _is_one(mine: Shape, given: Shape) -> bool:
    """Whether it is an element of that name, or of that type of FHIR; a resource of no known type says itself what it is."""
    if mine.format == "xml":
        return given.kind == "element" and given.name in ("", mine.name)
    wanted, there = _struct(mine), _struct(given)
    if wanted is None or there is None:
        return mine.kind == "message" and (there is None or there.name in resources())
    return bool(wanted.name == there.name)


def _struct(shape: Shape) -> Any:
    """The class of the record at hand; None where it has none."""
    return shape.type.struct if isinstance(shape.type, FieldType) else shape.type


def source(
    root: Record, home: Path, mistakes: Mistakes, namespaces: Namespaces
) -> Source | None:
    """What `from:` names; None where mistakes were noted."""
    node = root.entries.get("from")
    if isinstance(node, Items) and len(node.items) == 1:
        return _group(node, mistakes)
    if not isinstance(node, Scalar) or not node.text:
        mistakes.add(node or root, "a mapping says 'from': what it reads", "from: hl7v2")
        return None
    head, _, rest = node.text.partition("/")
    if head in formats.names():
        if head in ("xml", "fhir"):
            is_xml = head == "xml"
            return _xml(rest, node, namespaces, mistakes) if is_xml else _fhir(rest, node, mistakes)  # fmt: skip
        return _format(head, rest, node, home, mistakes)
    if (struct := entities.find(node.text)) is not None:
        shape = Shape(format="canonical", kind="record", name=node.text, type=struct)
        part = node.text not in entities.names()
        return Source(name=node.text, shape=shape, format=formats.load("json"), part=part)
    known = [*formats.names(), *entities.names()]
    near = (
        suggestion(node.text, [*known, *entities.parts()]) or f"; there is {', '.join(known)}"
    )
    mistakes.add(node, f"there is no format and no entity '{node.text}'{near}")
    return None


def _group(node: Items, mistakes: Mistakes) -> Source | None:
    """`from: [ChargeEvent]`: what waited in a group (engine/grouping.py)."""
    (item,) = node.items
    name = item.text if isinstance(item, Scalar) else ""
    struct = (
        dict if name == "json" else entities.find(name) if name in entities.names() else None
    )
    if struct is None:
        known = ["json", *entities.names()]
        near = suggestion(name, known) or f"; there is {', '.join(known)}"
        mistakes.add(item, f"a group holds entities, and there is none '{name}'{near}")
        return None
    shape = Shape(format="canonical", kind="record", name=f"[{name}]", type=listed(struct))
    return Source(name=f"[{name}]", shape=shape, format=formats.load("json"))


def _xml(name: str, node: Scalar, namespaces: Namespaces, mistakes: Mistakes) -> Source | None:
    """`xml`, or `xml/po:Line`: an element that another mapping hands over."""
    around, format_ = Shape(format="xml", type=namespaces), formats.load("xml")
    if not name:
        return Source(name="xml", shape=around, format=format_)
    try:
        tag = namespaces.tag(name, len("xml/"))
    except PathProblem as problem:
        mistakes.add(node, problem.problem, problem.write, problem.offset)
        return None
    shape = Shape(format="xml", kind="element", name=tag, type=namespaces)
    return Source(name=node.text, shape=shape, format=format_, part=True)


def _format(
    head: str, rest: str, node: Scalar, home: Path, mistakes: Mistakes
) -> Source | None:
    format_ = formats.load(head)
    if callable(getattr(format_, "layout", None)):
        return _laid_out(head, rest, node, home, mistakes)
    if head == "hl7v2" and rest:
        return _part(rest, node, format_, mistakes)
    if not rest:
        begin = JsonDocument if head == "json" else None
        return Source(name=head, shape=Shape(format=head), format=format_, thing=begin)
    if not hasattr(format_, "structure"):
        mistakes.add(node, f"{head} has no parts of its own", f"from: {head}")
        return None
    try:
        format_.structure(rest)
    except LookupError as error:
        part = _group_of(head, rest, node, format_)
        if part is None:
            said = error.args[0] if error.args else rest
            mistakes.add(node, f"there is no {head} '{rest}': {said}")
        return part
    return Source(name=node.text, shape=Shape(format=head, name=rest), format=format_)


def _fhir(name: str, node: Scalar, mistakes: Mistakes) -> Source | None:
    """`fhir`, any resource; `fhir/Patient`; `fhir/HumanName`, which another mapping hands over."""
    format_ = formats.load("fhir")
    known: Any = format_
    try:
        shape = known.shape(name)
    except LookupError as error:
        mistakes.add(node, error.args[0], "from: fhir/Patient")
        return None
    part = shape.kind != "message"
    thing = None if part else known.opened(name)
    return Source(name=node.text, shape=shape, format=format_, part=part, thing=thing)


def _group_of(head: str, name: str, node: Scalar, format_: Format) -> Source | None:
    """`x12/SAC`, `x12/2300`: a segment or a loop; None where there is none of that name."""
    around = Shape(format=head)
    try:
        match = format_.paths.match(name, 0, around, _no_condition)
    except PathProblem:
        match = None
    if match is None or not match.group or match.end < len(name) or "/" in name:
        return None
    shape = Shape(format=head, kind="group", name=name, outer=around)
    return Source(name=node.text, shape=shape, format=format_, part=True)


def _laid_out(
    head: str, rest: str, node: Scalar, home: Path, mistakes: Mistakes
) -> Source | None:
    if not rest:
        mistakes.add(node, f"{head} files need a layout", f"from: {head}/item_master")
        return None
    found = layouts.layout(head, rest, home, node, mistakes)
    if found is None:
        return None
    layout, raw = found
    shape = Shape(format=head, name=rest, type=layout)
    return Source(name=node.text, shape=shape, format=formats.load(head), file=raw)


def _part(name: str, node: Scalar, format_: Format, mistakes: Mistakes) -> Source | None:
    """`hl7v2/XPN`, `hl7v2/NK1`: a datatype or a segment."""
    around = Shape(format="hl7v2")
    if _SEGMENT.fullmatch(name):
        try:
            match = format_.paths.match(name, 0, around, _no_condition)
        except PathProblem:
            match = None
        if match is not None:
            shape = Shape(format="hl7v2", kind="group", name=name, outer=around)
            return Source(name=node.text, shape=shape, format=format_, part=True)
    if not _DATATYPE.fullmatch(name):
        problem = "behind hl7v2/ stands a segment or a datatype that another mapping hands over"
        mistakes.add(node, problem, "from: hl7v2/XPN")
        return None
    shape = Shape(format="hl7v2", kind="repetition", name=name, outer=around)
    problem = f"this mapping reads the {name} it is given and nothing around it"
    return Source(
        name=node.text, shape=shape, format=dotted(format_, problem), part=True, thing=_datatype
    )


def _datatype(thing: Element) -> Element:
    """A component read as a datatype of its own: its subcomponents are the datatype's components (v2.5.1 ch. 2.5.3)."""
    if thing.level != "component":
        return thing
    marks = thing.marks
    raw = thing.raw.replace(marks.subcomponent, marks.component)
    return element(raw, marks, "repetition")


def _no_condition(text: str, at: int, shape: Shape) -> Any:
    raise PathProblem(at, "no condition stands here")


def dotted(format_: Format, problem: str) -> Format:
    """The format where every path begins with a dot; the problem is what others are told."""
    return cast(Format, _Dotted(format_.paths, problem))


class _Dotted:
    """A format of which only the thing at hand is read."""

    def __init__(self, inner: Paths, problem: str) -> None:
        self.paths, self._inner, self._problem = self, inner, problem

    def match(
        self, text: str, at: int, shape: Shape, condition: CompileCondition
    ) -> Match | None:
        found = self._inner.match(text, at, shape, condition)
        if found is not None and not text.startswith(".", at):
            raise PathProblem(at, self._problem, ".1")
        return found

    def target(self, text: str, shape: Shape, condition: CompileCondition) -> Target:
        return self._inner.target(text, shape, condition)
