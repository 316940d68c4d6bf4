"""A document being built: elements as they are filled, put in order when rendered."""

from __future__ import annotations

from typing import Any

import msgspec
from lxml import etree

from engine.errors import MessageError
from engine.formats.xml.document import Document, parse
from engine.formats.xml.order import Order
from engine.formats.xml.schema import Schema, validate
from engine.markup.characters import checked
from engine.markup.namespaces import NIL, XML, XSI, Namespaces
from engine.markup.reader import shown
from engine.reading import NULL, Reading

#: What an element that is asked for has: (tag, whether it is an attribute, text).
Said = tuple[tuple[str, bool, str], ...]

_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_TYPE = f"{{{XSI}}}type"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One step down to a place."""

    tag: str
    said: Said
    number: int
    """The one of this number; 0 = not said."""
    order: Any
    """What stands in the element in which it is taken."""


class Group:
    """An element being built."""

    def __init__(self, built: Built, element: Any) -> None:
        self.built, self.element = built, element

    def __str__(self) -> str:
        return shown(self.element)

    def group(self, ways: tuple[Way, ...]) -> Group:
        """One more element at the end of a way; those in front of it are made where they are not there yet."""
        *before, last = ways
        at: Group = self
        for way in before:
            at = at.only(way)
        return at.more(last)

    def only(self, way: Way) -> Group:
        """The element of a step; made where it is not there yet."""
        found = [one for one in self.element.iterchildren(way.tag) if _has(one, way.said)]
        wanted = way.number or 1
        if len(found) >= wanted:
            return Group(self.built, found[wanted - 1])
        made = self
        for _ in range(wanted - len(found)):
            made = self.more(way)
        return made

    def more(self, way: Way) -> Group:
        """One more element of a step."""
        self.built.orders.setdefault(self.element, way.order)
        made = Group(self.built, etree.SubElement(self.element, way.tag))
        for tag, attribute, text in way.said:
            if attribute:
                made.element.set(tag, text)
            else:
                etree.SubElement(made.element, tag).text = text
        return made

    def set_text(self, value: Any, place: str) -> None:
        """Write the text of the element."""
        if value is NULL:
            self.element.set(NIL, "true")
        else:
            self.element.text = checked(str(value), place)

    def set_attribute(self, tag: str, value: Any, place: str) -> None:
        """Write an attribute; null is nothing."""
        if isinstance(value, list | tuple):
            raise MessageError("bad_value", "an attribute takes one value", place)
        if value is not NULL:
            self.element.set(tag, checked(str(value), place))
            if tag == _TYPE and ":" in str(value):
                self.built.kept.add(str(value).partition(":")[0])


class Built(Group):
    """A whole document being built."""

    def __init__(
        self, namespaces: Namespaces, root: str, order: Order, schema: Schema | None
    ) -> None:
        # the elements of a document stand in this one, so that its root is made like any other
        self._namespaces, self._schema = namespaces, schema
        known: dict[str | None, str] = {}
        if namespaces.default:
            known[None] = namespaces.default
        known |= {prefix: uri for prefix, uri in namespaces.all().items() if uri != XML}
        holder = etree.Element("holder", nsmap=known)
        element = etree.SubElement(holder, root) if root else holder
        super().__init__(self, element)
        self._holder = holder
        self.orders: dict[Any, Order] = {element: order}
        self.kept: set[str] = set()
        """Prefixes that values name."""
        self._rendered: bytes | None = None

    def render(self) -> bytes:
        """
        The document as UTF-8, indented.

        Raises MessageError where it has no root element or two, or where it breaks the schema it is built by.
        """
        if self._rendered is None:
            roots = list(self._holder)
            if len(roots) != 1:
                said = ", ".join(shown(one) for one in roots) or "nothing was written"
                rule = f"a document has one root element; here {said}"
                raise MessageError("missing_field", rule)
            for element, order in self.orders.items():
                if element is not self._holder and len(element) > 1:
                    _sort(element, order)
            self._rendered = self._written(roots[0])
        return self._rendered

    def _written(self, root: Any) -> bytes:
        own = etree.Element(root.tag, nsmap=self._holder.nsmap)
        for name, text in root.attrib.items():
            own.set(name, text)
        own.text = root.text
        own.extend(list(root))
        etree.cleanup_namespaces(own, keep_ns_prefixes=sorted(self.kept))
        etree.indent(own)
        return _HEAD + bytes(etree.tostring(own, encoding="utf-8")) + b"\n"

    def document(self) -> Document:
        """The document, to be read."""
        found = parse(self.render(), Reading(encoding="utf-8"))
        if self._schema is not None:
            validate(found, self._schema)
        return found


def _sort(element: Any, order: Order) -> None:
    at = order.positions()
    element.extend(sorted(element, key=lambda one: at.get(one.tag, len(at))))


def _has(element: Any, said: Said) -> bool:
    return all(
        element.get(tag) == text
        if attribute
        else any((one.text or "") == text for one in element.iterchildren(tag))
        for tag, attribute, text in said
    )
