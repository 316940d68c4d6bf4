"""
What `to: xml`, `to: xml/po:Order` and `to: xml/SCHEMA` build: places and groups, known at load.

`to: xml` writes from the document on (`po:Order/po:Number`), `to: xml/po:Order` from that element on (`po:Number`), and
`to: xml/purchase_order` from the document on, by the schema mappings/schemas/purchase_order.xsd: its order, its names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from engine.formats.xml.building import Built, Group, Said, Way
from engine.formats.xml.order import Order, of_schema
from engine.formats.xml.schema import FOLDER, Schema, load, names
from engine.markup.namespaces import NAME, Namespaces, of
from engine.paths import CompileCondition, PathProblem, Scope
from engine.placed import Mistakes, Node

_STEP = re.compile(rf"(@?)((?:{NAME}:)?{NAME})(?:\[([^\[\]]*)\])?")
_CODE = re.compile(
    rf"\s*\.(?P<at>@?)(?P<name>(?:{NAME}:)?{NAME})\s*==\s*\"(?P<text>[^\"]*)\"\s*"
)
_WRITE = "po:Order/po:Number"


def structured(
    rest: str, namespaces: Any, home: Path, at: Node, mistakes: Mistakes
) -> Structure:
    """
    What the word behind `xml/` builds; empty = a document whose root the places name.

    Raises LookupError, with what there is, where there is none of that name.
    """
    spaces = of(namespaces)
    head, _, inside = rest.partition("/")
    if not rest:
        return Structure(spaces, Order(), "", None)
    if head in names(home):
        schema = load(head, home, at, mistakes)
        if schema is None:
            raise LookupError(f"the schema {FOLDER}/{head}.xsd has mistakes")
        made = Structure(spaces, of_schema(schema), "", schema)
        return made if not inside else made.group(inside)
    try:
        tag = spaces.tag(rest)
    except PathProblem as problem:
        raise LookupError(problem.problem) from None
    if re.fullmatch(rf"(?:{NAME}:)?{NAME}", rest) is None:
        raise LookupError(f"'{rest}' is no name of an element, and no file of {FOLDER}")
    return Structure(spaces, Order(), tag, None)


class Structure:
    """A document to be built, or an element of it."""

    def __init__(
        self,
        namespaces: Namespaces,
        order: Order,
        name: str,
        schema: Schema | None,
        way: tuple[Way, ...] = (),
    ) -> None:
        self.name = name
        """The element, as lxml writes it; empty for a document."""
        self.way = way
        """How a group is reached from the element around it: what Group.group takes."""
        files = schema.files if schema else ()
        self.files = tuple((f"{FOLDER}/{name}", content) for name, content in files)
        """What decides about it besides the mapping, by path below the home."""
        self._namespaces, self._order, self._schema = namespaces, order, schema

    def place(self, text: str, condition: CompileCondition) -> Place:
        """`po:Header/po:Number`, `po:Line/@id`, `@id`, `.`: a place in this element. PathProblem where there is no such place."""
        if text == ".":
            if not self.name:
                raise PathProblem(
                    0, "the document itself holds no text, its elements do", _WRITE
                )
            return Place(text, (), "", self._order)
        ways, attribute, order = self._ways(text)
        return Place(text, ways, attribute, order)

    def group(self, name: str) -> Structure:
        """An element inside this one, by the way to it; LookupError where there can be none."""
        try:
            ways, attribute, order = self._ways(name)
        except PathProblem as problem:
            raise LookupError(problem.problem) from None
        if attribute:
            raise LookupError("an attribute stands once in its element, it is no group")
        return Structure(self._namespaces, order, ways[-1].tag, self._schema, ways)

    def pairs(self, first: str) -> Callable[[Any, Sequence[tuple[str, str]]], None]:
        """XML has no pairs of its own."""
        problem = "'pairs' belongs to X12; in XML a condition names the place"
        raise PathProblem(0, problem, 'po:Reference[.@type == "VN"]: number')

    def new(self, facts: Any) -> Built:
        """A document being built; `facts` is engine.message.Facts."""
        return Built(self._namespaces, self.name, self._order, self._schema)

    def _ways(self, text: str) -> tuple[tuple[Way, ...], str, Order]:
        """The elements down to a place, the attribute there (empty = none), and what stands in the last element."""
        at, order, ways = 0, self._order, list[Way]()
        start = 2 if text.startswith("./") else 1 if text.startswith(".") else 0
        at = start
        while True:
            found = _STEP.match(text, at)
            if found is None:
                raise PathProblem(at, "the name of an element or attribute stands here", _WRITE)
            tag = self._namespaces.tag(found[2], found.start(2), bool(found[1]))
            end = found.end()
            if found[1]:
                if end != len(text) or found[3] is not None:
                    raise PathProblem(end, "an attribute has nothing inside it")
                if not ways and not self.name:
                    raise PathProblem(at, "the document itself has no attributes", _WRITE)
                self._known(lambda tag=tag, order=order: order.attribute(tag), at)  # type: ignore[misc]
                return tuple(ways), tag, order
            step = order
            order = self._known(lambda step=step, tag=tag: step.step(tag), at)  # type: ignore[misc]
            said, number = _picked(found[3], found.start(3), self._namespaces)
            ways.append(Way(tag=tag, said=said, number=number, order=step))
            if end == len(text):
                return tuple(ways), "", order
            if text[end] != "/":
                raise PathProblem(end, "here the place has ended", text[:end])
            at = end + 1

    def _known(self, ask: Callable[[], Any], at: int) -> Any:
        try:
            return ask()
        except LookupError as error:
            raise PathProblem(at, str(error.args[0])) from None


def _picked(text: str | None, at: int, namespaces: Namespaces) -> tuple[Said, int]:
    """What stands in brackets: what the element has, or its number."""
    if text is None:
        return (), 0
    if text.strip().isdigit() and int(text):
        return (), int(text)
    said = []
    for each in re.split(r"\band\b", text):
        found = _CODE.fullmatch(each)
        if found is None:
            problem = "an element that is built is told by what stands in it, or by its number"
            raise PathProblem(at, problem, 'po:Reference[.@type == "CO"]/po:Number')
        attribute = bool(found["at"])
        said.append((namespaces.tag(found["name"], at, attribute), attribute, found["text"]))
    return tuple(said), 0


class Place:
    """A place in a structure."""

    def __init__(self, text: str, ways: tuple[Way, ...], attribute: str, order: Order) -> None:
        self.text = text
        self._ways, self._attribute, self._order = ways, attribute, order

    def set(self, group: Any, scope: Scope, value: Any) -> None:
        """
        Write a text, NULL (the element is nil), or a list of texts (one element for each). A condition that finds no element
        makes one.

        Raises MessageError `unmappable` where a text holds what XML cannot say.
        """
        if value is None or value == []:
            return
        at: Group = group
        if self._attribute:
            for way in self._ways:
                at = at.only(way)
            at.set_attribute(self._attribute, value, self.text)
            return
        *before, last = self._ways or (None,)
        for way in before:
            if way is not None:
                at = at.only(way)
        values = value if isinstance(value, list | tuple) else [value]
        for number, each in enumerate(values):
            inner = at
            if last is not None:
                inner = at.only(last) if number == 0 else at.more(last)
            inner.set_text(each, self.text)
