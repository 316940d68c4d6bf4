"""What a mapping makes, by its `to:`: fields, an edited or a built message, a document, or a group of another one's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from engine import formats
from engine.formats import Shape
from engine.mapping import (
    builds,
    edits,
    entities,
    layouts,
    lifted,
    outputs,
    records,
    resource_checks,
    resource_making,
    resource_types,
    resources,
    structures,
    stylesheets,
)
from engine.mapping.builds import Builder
from engine.mapping.choices import BUILDS, EDITS, only
from engine.mapping.filling import Content
from engine.mapping.language import Expression, Language, suggestion
from engine.mapping.prints import Prints
from engine.mapping.rules import Block, Slots
from engine.mapping.sources import Source, dotted
from engine.mapping.tables import Tables
from engine.mapping.uses import Filled, Uses
from engine.markup.namespaces import declared
from engine.placed import Record
from engine.records.types import ANY, FieldType, of

if TYPE_CHECKING:
    from engine.mapping.shelf import File, Shelf

_HEAD = ("description", "from", "to", "each", "let", "when")
#: Formats whose messages are edited in place, and how a new one is written.
_ANEW = {
    "hl7v2": "to: hl7v2/2.5.1/MFN_M16",
    "x12": "to: x12/005010/850",
    "edifact": "to: edifact/D96A/ORDERS",
    "fhir": "to: fhir/Bundle",
}
_STRUCTURED = ("structure", "structured", "whole_file")
_OUTSIDE = (
    "the condition of a place reads what stands there; what else it needs is named by a let"
)


class Making:
    """What is known of a mapping while it is compiled, and the maker of what its `to:` names."""

    def __init__(
        self,
        file: File,
        shelf: Shelf,
        *,
        zone: str,
        reads: tuple[str, ...],
        known: dict[str, Expression],
        around: tuple[str, ...] = (),
    ) -> None:
        self.reads = reads
        """The names of the channel that it may read; the others are known for what they are, and not given."""
        self.name, self.root, self.shelf, self.known = file.name, file.root, shelf, known
        self.mistakes, self.zone, self.file = shelf.mistakes, zone, file.path
        self.prints = Prints(file.path, file.raw)
        self.namespaces = declared(file.root.entries.get("namespaces"), shelf.mistakes)
        self.tables = Tables(shelf.home, shelf.mistakes, shelf.tables)
        self.uses = Uses(shelf, zone, known, (*around, file.name))
        self.slots = Slots(self.uses, reads)
        self.is_part = False
        """Whether what it makes is a part of something."""

    def _builds(self, to: str) -> bool:
        """Whether `groups` are those of a message that is built."""
        if to.partition("/")[0] in ("delimited", "fixed"):
            return "groups" in self.root.entries and "fields" not in self.root.entries
        return to == "xml" or "/" in to

    def _only(self, read: Source, *keys: str) -> None:
        """Note every key that such a mapping does not have."""
        head = (*_HEAD, "groups") if read.name == "hl7v2" else _HEAD
        spaces = ("namespaces",) if read.shape.format == "xml" else ()
        only(self.root, (*head, *spaces, *keys), self.mistakes)

    def _output(
        self, read: Source, to: str, language: Language, top: Block
    ) -> outputs.Make | None:
        """The maker of what `to:` names; None where mistakes were noted."""
        head, _, rest = to.partition("/")
        is_xml = head == "xml" or "xslt" in self.root.entries
        if is_xml or to in _ANEW:
            make = self._xml if is_xml else self._edit
            return make(read, to, language, top)
        if (wanted := self._wanted(to)) is not None:
            return self._record(read, to, wanted, language, top)
        if to == "bytes":
            self._only(read, "value")
            return outputs.plain(self.root, language, top)
        if head in ("delimited", "fixed") and not self._builds(to):
            self._only(read, "fields")
            home, prints = self.shelf.home, self.prints
            return outputs.laid_out(head, rest, self.root, home, language, top, prints)
        if head in formats.names() and rest and head != "fhir":
            return self._build(head, rest, language, top)
        known = [
            "json",
            "bytes",
            *formats.names(),
            "delimited/LAYOUT",
            "fixed/LAYOUT",
            *entities.names(),
        ]
        near = suggestion(to, known) or f"; there is {', '.join(dict.fromkeys(known))}"
        problem = (
            resource_types.unknown(rest)
            if head == "fhir"
            else f"there is no output '{to}'{near}"
        )
        self.mistakes.add(self.root.entries["to"], problem)
        return None

    def _record(
        self, read: Source, to: str, wanted: FieldType, language: Language, top: Block
    ) -> outputs.Make | None:
        """What is made of `fields`: an entity, JSON, or a resource of FHIR."""
        if to == "fhir/Bundle":
            return self._bundle(read, wanted, language, top)
        fields = self._fields(read, wanted, language, top)
        if wanted.form == "fhir":
            self.is_part = not resource_types.is_resource(wanted)
            if not (self.is_part or read.part):
                self._whole(wanted)
            return resource_making.resource(to, fields, lifted.of_rules(top.rules))
        self.is_part = to in entities.parts()
        return (
            outputs.json(fields)
            if wanted.struct is None
            else outputs.entity(wanted.struct, fields)
        )

    def _whole(self, wanted: FieldType) -> None:
        """Note what the standard requires of the resource and no rule gives, unless others use it and lay more over it."""
        fields = self.root.entries.get("fields")
        if not isinstance(fields, Record) or not resource_checks.lacking(
            fields.entries, wanted
        ):
            return
        if not self.shelf.is_laid_over(self.name):
            at = self.root.keys["fields"]
            resource_checks.missing(fields.entries, wanted, at, self.mistakes)

    def _wanted(self, to: str) -> FieldType | None:
        """What `fields:` make, as a type; None where `to` names nothing that is made of fields."""
        if to == "json":
            return ANY
        struct = entities.find(to)
        return of(struct) if struct is not None else resource_types.find(to)

    def _bundle(
        self, read: Source, wanted: FieldType, language: Language, top: Block
    ) -> outputs.Make | None:
        """A Bundle: `resources` in their order, and `fields` of its own that may name them."""
        self._only(read, "fields", "resources")
        node = self.root.entries.get("resources")
        if node is None:
            problem = "a Bundle has 'resources'"
            self.mistakes.add(self.root, problem, "resources: {patient: {use: ..., of: PID}}")
            return None
        into, rules, inside = resources.made(node, language, self.slots)
        node = self.root.entries.get("fields")
        if node is None:
            problem = "Bundle needs 'type', and no rule gives it"
            self.mistakes.add(self.root, problem, 'fields: {type: "transaction"}')
            return None
        if isinstance(node, Record):
            at = self.root.keys["fields"]
            resource_checks.missing(node.entries, wanted, at, self.mistakes)
        make, own = records.content(node, self.root, wanted, inside, self.slots)
        top.rules = [*rules, *own]
        return resource_making.bundle(make, into)

    def _fields(self, read: Source, wanted: FieldType, language: Language, top: Block) -> Any:
        self._only(read, "fields")
        node = self.root.entries.get("fields")
        top.make, top.rules = records.content(node, self.root, wanted, language, self.slots)
        return top.make

    def _edit(
        self, read: Source, to: str, language: Language, top: Block
    ) -> outputs.Make | None:
        if read.name != to and (to, read.shape.format, read.part) != ("fhir", "fhir", False):
            problem = f"'to: {to}' edits a message in place, and this mapping reads {read.name}"
            self.mistakes.add(self.root.entries["to"], f"{problem}; a new message says of which kind it is", _ANEW[to])  # fmt: skip
            return None
        self._only(read, *(("set", "remove", "edit") if to == "fhir" else EDITS))
        return edits.edited(self.root, language, self.slots, top)

    def _xml(
        self, read: Source, to: str, language: Language, top: Block
    ) -> outputs.Make | None:
        """A document by a stylesheet, edited in place, or built."""
        if "xslt" in self.root.entries:
            self._only(read, "xslt", "parameters")
            if read.name != "xml" or to not in ("xml", "bytes"):
                problem = "a stylesheet makes XML or bytes of XML"
                self.mistakes.add(self.root.keys["xslt"], problem, "from: xml, to: xml")
                return None
            found = stylesheets.transformed(self.root, self.shelf.home, language, top)
            self.prints.file(stylesheets.path_of(self.root), found[1] if found else b"")
            return found[0] if found else None
        if to != "xml" or read.name != "xml":
            return self._build("xml", to.removeprefix("xml").lstrip("/"), language, top)
        self._only(read, "set", "remove", "edit")
        return edits.edited(self.root, language, self.slots, top)

    def _build(
        self, head: str, rest: str, language: Language, top: Block
    ) -> outputs.Make | None:
        format_: Any = formats.load(head)
        node = self.root.entries["to"]
        if not any(hasattr(format_, each) for each in _STRUCTURED):
            self.mistakes.add(
                node, f"{head} messages are not built by a standard", f"to: {head}"
            )
            return None
        structure, said = self._structure(format_, rest)
        if structure is None:
            problem = f"there is no {head} '{rest}'"
            self.mistakes.add(node, f"{problem}: {said}" if said else problem)
            return None
        self.is_part = bool(said)
        structures.note(structure, self.prints)
        group = Filled(format_name=head, path=rest, structure=structure)
        return builds.built(group, self._content(group, language, top))

    def _structure(self, format_: Any, rest: str) -> tuple[Any, str]:
        to, home = self.root.entries["to"], self.shelf.home
        return structures.found(format_, rest, to, home, self.namespaces, self.mistakes)

    def _filling(
        self, group: Filled, to: str, language: Language, top: Block
    ) -> Content | None:
        """What it writes into a group of another mapping's message."""
        head, wanted = group.format_name, group.structure.name
        said, _, rest = to.partition("/")
        mine, _ = self._structure(formats.load(head), rest) if said == head else (None, "")
        inside = getattr(group.structure, "is_part", False)
        if mine is None or not _suits(mine, group.structure):
            here = f"{wanted} of {head} is made"
            if not inside:
                here = f"the group {wanted} of {head} is filled"
            problem = f"the mapping '{self.name}' makes {to}, and here {here}"
            self.mistakes.add(self.root.entries["to"], problem)
            return None
        if inside:
            group = msgspec.structs.replace(group, structure=mine)
        if hasattr(mine, "way"):  # its own prefixes, and its own order
            structures.note(mine, self.prints)
            group = msgspec.structs.replace(group, structure=mine)
        return self._content(group, language, top)

    def _content(self, group: Filled, language: Language, top: Block) -> Content:
        head, structure = group.format_name, group.structure
        spaces = ("namespaces",) if head == "xml" else ()
        only(self.root, (*_HEAD, *spaces, *BUILDS), self.mistakes)
        if not self.root.entries.keys() & set(BUILDS):
            problem = f"a build has one of {', '.join(BUILDS)}"
            self.mistakes.add(self.root, problem, "set: {BEG03: number}")
        target = msgspec.structs.replace(
            language,
            shape=Shape(format=head, kind="structure", name=structure.name),
            format=dotted(formats.load(head), _OUTSIDE),
        )
        builder = Builder(self.slots, layouts.conditions(target))
        return builder.content(self.root, group, language, top)


def _suits(mine: Any, wanted: Any) -> bool:
    """Whether a mapping that makes the one may be used for the other: a datatype also where a later or earlier one stood."""
    if not getattr(wanted, "is_part", False):
        return bool(mine.name == wanted.name)
    return getattr(mine, "is_part", False) and (not wanted.name or mine.name in wanted.alike)
