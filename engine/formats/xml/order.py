"""In which order the elements of a build stand: as a schema says, else as the mapping writes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.formats.xml.schema import Schema
from engine.hints import meant
from engine.markup.reader import hardened

_XS = "{http://www.w3.org/2001/XMLSchema}"
_HOLDS = ("sequence", "choice", "all", "complexContent", "simpleContent", "complexType")


class Order:
    """What stands in an element, by tag, in order; grows with the places of a mapping that follows no schema."""

    def __init__(self) -> None:
        self.inner: dict[str, Order] = {}
        self.attributes: frozenset[str] | None = None
        """The attributes that a schema knows here; None = any."""

    def step(self, tag: str) -> Order:
        """What stands in a child. LookupError, with what there is, where a schema has no such child."""
        if tag not in self.inner:
            self.inner[tag] = Order()
        return self.inner[tag]

    def attribute(self, tag: str) -> None:
        """LookupError where a schema has no such attribute."""

    def positions(self) -> dict[str, int]:
        """Where each child stands among the others."""
        return {tag: at for at, tag in enumerate(self.inner)}


class _Known(Order):
    """What a schema says of an element; read when it is first asked, as schemas may go round in circles."""

    def __init__(self, reader: _Reader, node: Any) -> None:
        super().__init__()
        self._reader, self._node = reader, node
        self._read = False
        self._open = False

    def step(self, tag: str) -> Order:
        self._fill()
        if tag not in self.inner and not self._open:
            local = [_local(each) for each in self.inner]
            near = meant(_local(tag), local)
            there = near or (
                f"; there is {', '.join(local)}" if local else "; it holds no elements"
            )
            raise LookupError(f"the schema has no element '{_local(tag)}' here{there}")
        return super().step(tag)

    def attribute(self, tag: str) -> None:
        self._fill()
        if (
            self.attributes is not None
            and tag not in self.attributes
            and not tag.startswith("{")
        ):
            near = meant(tag, list(self.attributes))
            there = near or f"; there is {', '.join(sorted(self.attributes)) or 'none'}"
            raise LookupError(f"the schema has no attribute '{tag}' here{there}")

    def positions(self) -> dict[str, int]:
        self._fill()
        return super().positions()

    def _fill(self) -> None:
        if self._read:
            return
        self._read = True
        attributes: set[str] = set()
        for kind, node in self._reader.content(self._node):
            if kind == "any":
                self._open = True
            elif kind == "attribute":
                attributes.add(self._reader.tag(node, "attribute"))
            elif (tag := self._reader.tag(node)) not in self.inner:
                self.inner[tag] = _Known(self._reader, node)
        self.attributes = None if self._open else frozenset(attributes)


def of_schema(schema: Schema) -> Order:
    """The elements that a document of a schema begins with."""
    reader = _Reader(schema)
    made = _Top(reader, None)
    for (kind, tag), node in reader.named.items():
        if kind == "element":
            made.inner[tag] = _Known(reader, node)
    return made


class _Top(_Known):
    def _fill(self) -> None:
        self._read = True


class _Reader:
    """Reads the particles of a schema (XSD 1.0 part 1, 3.4 to 3.9), as far as names and order go."""

    def __init__(self, schema: Schema) -> None:
        self.named: dict[tuple[str, str], Any] = {}
        """Top-level elements, types, groups and attribute groups, by their tags."""
        self.space: dict[Any, str] = {}
        files, met = dict(schema.files), set[str]()
        self._load(schema.files[0][0], files, met, "")

    def _load(self, name: str, files: dict[str, bytes], met: set[str], around: str) -> None:
        if name in met or name not in files:
            return
        met.add(name)
        root = etree.fromstring(files[name], hardened())
        space = root.get("targetNamespace", around)
        self.space[root] = space
        for node in root.iterchildren("*"):
            kind = _local(node.tag)
            if kind in ("import", "include", "redefine"):
                location = (node.get("schemaLocation") or "").rpartition("/")[2]
                self._load(location, files, met, "" if kind == "import" else space)
            elif node.get("name"):
                kind = "type" if kind in ("complexType", "simpleType") else kind
                self.named[kind, _tag(space, node.get("name"))] = node

    def tag(self, node: Any, kind: str = "element") -> str:
        """The name of an element or attribute that is declared or referred to."""
        if (ref := node.get("ref")) is not None:
            return self._qualified(node, ref)
        root = node.getroottree().getroot()
        default = "unqualified" if node.getparent() is not root else "qualified"
        form = node.get("form") or root.get(f"{kind}FormDefault") or default
        if node.getparent() is root:
            form = "qualified"
        return _tag(self.space[root] if form == "qualified" else "", node.get("name"))

    def content(self, node: Any) -> Iterator[tuple[str, Any]]:
        """The elements and attributes of an element's type, in order, those of the types it extends first."""
        if node is not None and (ref := node.get("ref")) is not None:
            node = self.named.get(("element", self._qualified(node, ref)))
        if node is None:
            return
        if (type_ := node.get("type")) is not None:
            found = self.named.get(("type", self._qualified(node, type_)))
            if found is not None:
                yield from self._particles(found)
            elif type_.rpartition(":")[2] == "anyType":
                yield "any", node
        yield from self._particles(node)

    def _particles(self, node: Any) -> Iterator[tuple[str, Any]]:
        for child in node.iterchildren("*"):
            kind = _local(child.tag)
            if kind in ("element", "attribute"):
                yield kind, child
            elif kind in ("any", "anyAttribute"):
                yield "any", child
            elif kind in ("group", "attributeGroup"):
                found = self.named.get((kind, self._qualified(child, child.get("ref"))))
                if found is not None:
                    yield from self._particles(found)
            elif kind in ("extension", "restriction"):
                base = self.named.get(("type", self._qualified(child, child.get("base", ""))))
                if base is not None and kind == "extension":
                    yield from self._particles(base)
                yield from self._particles(child)
            elif kind in _HOLDS:
                yield from self._particles(child)

    def _qualified(self, node: Any, name: str) -> str:
        prefix, _, local = name.rpartition(":")
        uri = node.nsmap.get(prefix or None, "")
        return _tag(uri or ("" if prefix else self.space[node.getroottree().getroot()]), local)


def _tag(space: str, local: str) -> str:
    return f"{{{space}}}{local}" if space else local


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]
