"""Mappings: one file of `mappings/` each, read once and compiled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from engine import canonical, formats
from engine.errors import MessageError
from engine.formats import Format, Scope, Shape
from engine.mapping import edits, layouts, outputs, trace
from engine.mapping.language import Language, Product, Traced, later, refuse, suggestion
from engine.mapping.rules import EDITS, Block, FieldError, Slots, block, only
from engine.mapping.tables import Tables
from engine.message import Facts
from engine.placed import Mistakes, Record, Scalar, read

FOLDER = "mappings"
_HEAD = ("description", "from", "to", "each", "let", "when")
#: What this release reads and makes; the rest of the language page is answered with "not in this release".
_READS = ("hl7v2", "json")
_LATER = ("x12", "fhir", "xml", "fixed", "delimited")
#: Most products of one message.
MOST = 100_000


class Mapping:
    """One file of `mappings/`, compiled."""

    def __init__(
        self, name: str, from_: str, to: str, *, block: Block, make: outputs.Make, slots: Slots
    ) -> None:
        self.name = name
        self.from_ = from_
        """The format or the entity it reads."""
        self.to = to
        """The entity, format or layout it makes."""
        self.digest = b""
        """Of the file and all it uses."""
        self.tables: tuple[str, ...] = ()
        """The code tables it uses."""
        self._block, self._make, self._slots = block, make, slots

    def apply(
        self, node: Any, facts: Facts, lets: Sequence[Any] | None = None
    ) -> list[Product]:
        """
        What the mapping makes of a document, an entity or a list of entities; MessageError where it cannot.

        `lets`: the values of the channel's `let`, by slot.
        """
        made: list[Product] = []
        size = 0
        try:
            for scope in self._scopes(node, facts):
                made.append(product := self._product(scope))
                size += len(product.payload)
                if len(made) > MOST or size > outputs.LARGEST:
                    refuse("too_large", f"mapping {self.name} makes too much of this message")
        except FieldError as error:
            raise self._told(error) from None
        return made

    def trace(self, node: Any, facts: Facts) -> list[tuple[Product, list[Traced]]]:
        """The same, with what each rule made."""
        try:
            return [
                (self._product(scope), list(trace.rules(self._block, scope)))
                for scope in self._scopes(node, facts)
            ]
        except FieldError as error:
            raise self._told(error) from None

    def _scopes(self, node: Any, facts: Facts) -> Iterator[Scope]:
        count = self._slots.count
        scope = Scope(node, facts, values=[None] * count if count else None)
        return self._block.scopes(scope)

    def _product(self, scope: Scope) -> Product:
        if self._block.each is None:
            return self._make(scope)
        try:
            return self._make(scope)
        except MessageError as error:
            raise self._block.located(error, scope.index) from None

    def _told(self, error: FieldError) -> MessageError:
        rule = f"{error.why} (mapping {self.name}, {error.field})"
        return MessageError(error.code, rule, error.path)


def load(name: str, home: Path, mistakes: Mistakes, zone: str = "UTC") -> Mapping | None:
    """The mapping of that name, `mappings/NAME.yaml`; LookupError where there is no such file, None where it has mistakes."""
    file = f"{FOLDER}/{name}.yaml"
    path = home / file
    if "/" in name or name.startswith(".") or not path.is_file():
        raise LookupError(name)
    before = len(mistakes.found)
    raw = path.read_bytes()
    root = read(raw.decode("utf-8", "replace"), file, mistakes)
    if root is None:
        return None
    if not isinstance(root, Record):
        mistakes.add(root, "a mapping names what it reads and what it makes", "from: hl7v2")
        return None
    made = _Loading(name, root, home=home, mistakes=mistakes, zone=zone, raw=raw).mapping()
    return made if len(mistakes.found) == before else None


class _Loading:
    """One file on its way to a mapping."""

    def __init__(
        self, name: str, root: Record, *, home: Path, mistakes: Mistakes, zone: str, raw: bytes
    ) -> None:
        self.name, self.root, self.home, self.mistakes = name, root, home, mistakes
        self.zone = zone
        self.digest = blake2b(raw, digest_size=16)
        self.tables = Tables(home, mistakes)
        self.slots = Slots()

    def mapping(self) -> Mapping | None:
        """The mapping; None where it has mistakes."""
        from_, to = self._word("from", "from: hl7v2"), self._word("to", "to: ChargeEvent")
        if from_ is None or to is None:
            return None
        source = self._source(from_)
        if source is None:
            return None
        shape, format_ = source
        language = Language(
            shape=shape,
            format=format_,
            mistakes=self.mistakes,
            tables=self.tables,
            zone=self.zone,
        )
        top, inside = block(self.root, language, self.slots)
        make = self._output(from_, to, inside, top)
        if make is None:
            return None
        made = Mapping(self.name, from_, to, block=top, make=make, slots=self.slots)
        for table, digest in sorted(self.tables.used.items()):
            self.digest.update(table.encode() + digest)
        made.digest, made.tables = self.digest.digest(), tuple(sorted(self.tables.used))
        return made

    def _word(self, key: str, write: str) -> str | None:
        node = self.root.entries.get(key)
        if isinstance(node, Scalar) and node.text:
            return node.text
        self.mistakes.add(node or self.root, f"a mapping says '{key}'", write)
        return None

    def _source(self, name: str) -> tuple[Shape, Format] | None:
        node = self.root.entries["from"]
        if name in _READS:
            return Shape(format=name), formats.load(name)
        if name in canonical.names():
            shape = Shape(
                format="canonical", kind="record", name=name, type=canonical.load(name)
            )
            return shape, formats.load("json")
        if name.split("/", maxsplit=1)[0] in _LATER:
            self.mistakes.add(node, later(name))
            return None
        known = [*_READS, *canonical.names()]
        near = suggestion(name, known) or f"; there is {', '.join(known)}"
        self.mistakes.add(node, f"there is no format and no entity '{name}'{near}")
        return None

    def _output(
        self, from_: str, to: str, language: Language, top: Block
    ) -> outputs.Make | None:
        node = self.root.entries["to"]
        head, _, rest = to.partition("/")
        if to == "hl7v2" and from_ == "hl7v2":
            return self._edit(language, top)
        if to == "json":
            only(self.root, (*_HEAD, "fields"), self.mistakes)
            return outputs.json(self.root, language, self.slots, top)
        if head == "delimited" and rest:
            return self._line(rest, language, top)
        if to in canonical.names():
            only(self.root, (*_HEAD, "fields"), self.mistakes)
            struct = canonical.load(to)
            return outputs.entity(struct, self.root, language, self.slots, top)
        known = ["json", "hl7v2", "delimited/LAYOUT", *canonical.names()]
        if head in ("x12", "fhir", "xml", "fixed", "hl7v2"):
            self.mistakes.add(
                node, later(f"from: {from_}, to: {to}" if head == "hl7v2" else to)
            )
        elif head == "delimited":
            self.mistakes.add(
                node, "delimited lines need a layout", "to: delimited/nightly_billing"
            )
        else:
            near = suggestion(to, known) or f"; there is {', '.join(known)}"
            self.mistakes.add(node, f"there is no output '{to}'{near}")
        return None

    def _edit(self, language: Language, top: Block) -> outputs.Make:
        only(self.root, (*_HEAD, *EDITS), self.mistakes)
        if "each" in self.root.entries:
            self.mistakes.add(self.root.keys["each"], later("each around an edit"))
        return edits.edited(self.root, language, self.slots, top)

    def _line(self, name: str, language: Language, top: Block) -> outputs.Make | None:
        only(self.root, (*_HEAD, "fields"), self.mistakes)
        found = layouts.layout(name, self.home, self.root.entries["to"], self.mistakes)
        if found is None:
            return None
        layout, raw = found
        self.digest.update(raw)
        return outputs.line(layout, name, self.root, language, top)
