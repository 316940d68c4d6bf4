"""
`use:` in a mapping: another mapping makes a part, so that segments, datatypes and parties are written once.

    name: {use: hl7v2_xpn_to_person_name, of: PID-5}
    names: {use: hl7v2_xpn_to_person_name, each: PID-5(*)}

The used mapping sees what it is handed, what the channel's `let` names, and nothing around it, but that a segment of HL7 is
read inside its message, as in `each`. It is compiled once for all that use it; its hash is a part of theirs, so that a change in it is a change in them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from engine.fhir.lifting import ANYWHERE, Places
from engine.formats import Scope, Structure
from engine.mapping import resource_types, trace
from engine.mapping.choices import value
from engine.mapping.kept import of_segment
from engine.mapping.language import Expression, Language, Needs, Reads, Term, suggestion
from engine.mapping.prints import Prints
from engine.mapping.repeats import Repeats
from engine.mapping.rules import Block, Slots
from engine.mapping.sources import Source
from engine.mapping.tables import Tables
from engine.placed import Node, Record, Scalar
from engine.records.types import FieldType

if TYPE_CHECKING:
    from engine.mapping.shelf import Shelf

Things = Callable[[Scope], Sequence[Any]]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a mapping asks for while it runs, those that it uses included; each sorted by name."""

    tables: tuple[str, ...] = ()
    """Code tables and lookup tables."""
    lookups: tuple[str, ...] = ()
    """Those of them that are data in the store."""
    sequences: tuple[str, ...] = ()
    recalls: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    def with_(self, other: Asked) -> Asked:
        """Both together."""
        both = {
            name: tuple(sorted({*getattr(self, name), *getattr(other, name)}))
            for name in self.__struct_fields__
        }
        return Asked(**both)


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping compiled to be used by others."""

    name: str
    file: str
    source: Source
    to: str
    struct: Any
    """The class of what its fields make; None where it makes JSON, or fills a group."""
    block: Block
    content: Any
    """What it writes into a group of a build (engine/mapping/builds.py); None where it has fields."""
    reads: tuple[str, ...]
    """Names of the channel that it reads; its first slots."""
    count: int
    """Its slots."""
    prints: Prints
    asked: Asked
    places: Places = ANYWHERE
    """Where in what it makes resources may stand that become entries of their own."""
    repeats: Repeats | None = None
    """What it made before, where it makes the same of the same."""
    made_of: Reads = None
    """What all is read that it makes something of; None where that is not known."""


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A group of a build that mappings fill."""

    format_name: str
    path: str
    """The structure and the groups down to it: `005010/850/PO1`."""
    structure: Structure


def repeats(source: Source, to: str, tables: Tables, uses: Uses) -> Repeats | None:
    """Where to keep what a mapping of a datatype makes; None where that may be another thing each time."""
    reads = tables.lookups or tables.sequences or tables.recalls or tables.changes
    same = not reads and not tables.facts
    inner = all(used.repeats is not None for used in uses.found.values())
    is_datatype = (source.shape.format, source.shape.kind) == ("hl7v2", "repetition")
    return Repeats() if same and inner and is_datatype and to.startswith("fhir/") else None


def asked(tables: Tables, uses: Uses, prints: Prints) -> Asked:
    """What a mapping asks for, those that it uses included; the prints of all that become a part of its own."""
    own = Asked(
        tables=tuple(sorted(tables.used)),
        lookups=tuple(sorted(tables.lookups)),
        sequences=tuple(sorted(tables.sequences)),
        recalls=tuple(sorted(tables.recalls)),
        changes=tuple(sorted(tables.changes)),
    )
    prints.files.update(tables.files)
    for table, hashed in sorted(tables.used.items()):
        prints.update(table.encode() + hashed)
    for name, used in sorted(uses.found.items()):
        prints.update(name.encode() + used.prints.digest())
        prints.files.update(used.prints.files)
        own = own.with_(used.asked)
    return own


class Uses:
    """The mappings that one mapping uses, as they are found."""

    def __init__(
        self, shelf: Shelf, zone: str, known: dict[str, Expression], around: tuple[str, ...]
    ) -> None:
        self.shelf, self.zone, self.known = shelf, zone, known
        self.around = around
        """The mapping itself and those that use it, outermost first."""
        self.found: dict[str, Used] = {}
        self.broken = False
        """Whether one of them cannot be used; why was noted."""

    def find(self, node: Node, group: Filled | None = None) -> Used | None:
        """The mapping that `use:` names, as a maker of records or for a group; None where mistakes were noted."""
        mistakes, broken, self.broken = self.shelf.mistakes, self.broken, True
        if not isinstance(node, Scalar) or not node.text:
            mistakes.add(node, "'use' names a mapping", "use: hl7v2_xpn_to_person_name")
            return None
        name = node.text
        if name in self.around:
            chain = " -> ".join([*self.around[self.around.index(name) :], name])
            mistakes.add(node, f"the mapping would use itself: {chain}")
            return None
        try:
            used = self.shelf.part(name, self.zone, self.known, self.around, group)
        except LookupError:
            near = suggestion(name, self.shelf.names())
            problem = f"there is no mapping '{name}' (the file mappings/{name}.yaml){near}"
            mistakes.add(node, problem)
            return None
        if used is not None:
            self.found[name], self.broken = used, broken
        return used


def making(
    record: Record, made: Block, inner: Language, slots: Slots, wanted: FieldType
) -> tuple[Needs, Reads, Places]:
    """
    Let another mapping make what stands in each scope of a block; what that needs of the thing at hand, all that it reads of it,
    and where resources may stand in what it makes.
    """
    node = record.entries["use"]
    used = slots.uses.find(node)
    things, needed, reads = handed(record, made, inner, used)
    if used is None or things is None or not _fits(used, wanted, node, inner):
        return None, None, {}
    inside, first = entering(used, slots), used.block.first()
    kept = used.repeats

    def make(scope: Scope) -> Any:
        found = things(scope)
        if not found:
            return None
        thing = found[0]
        if kept is None:
            return first(inside(scope, thing))
        return kept.of(thing, lambda: first(inside(scope, thing)))

    made.make = make
    made.told.append(trace.telling(used.block, used.file, first_of(things), inside))
    return needed, reads if kept is not None else _read(record, used, inner), used.places


def _read(record: Record, used: Used, inner: Language) -> Reads:
    """What a mapping of a segment reads of the one that stands around."""
    node = record.entries.get("of")
    return of_segment(used.made_of, node.text if isinstance(node, Scalar) else "", inner.shape)


def handed(
    record: Record, made: Block, inner: Language, used: Used | None
) -> tuple[Things | None, Needs, Reads]:
    """
    What the used mapping is handed in each scope, the first of these: what `of` names, the thing at hand, or the message; what of the thing at
    hand must be there; and in what of it all stands that is handed over.
    """
    if (node := record.entries.get("of")) is not None:
        term = value(node, inner)
        if term is None:
            return None, None, None
        return _things(node, term, used, inner), term.needs, term.reads
    reads = frozenset((".",)) if made.each is not None else None
    return _at_hand(record, made, inner, used), None, reads


def first_of(things: Things) -> Things:
    """The first of the things, or none."""
    return lambda scope: things(scope)[:1]


def _at_hand(record: Record, made: Block, inner: Language, used: Used | None) -> Things | None:
    if used is None:
        return None
    node = record.entries["use"]
    if made.each is not None:
        if not used.source.takes(made.each.shape):
            _reads_other(node, used, inner)
            return None
        return lambda scope: (scope.item,)
    if used.source.part or used.source.shape.format != inner.shape.format:
        problem = f"'{used.name}' reads {used.source.name}, and nothing here says of which"
        inner.mistakes.add(record, problem, f"{{use: {used.name}, of: ...}}")
        return None
    return lambda scope: (_outermost(scope),)


def _outermost(scope: Scope) -> Any:
    while scope.outer is not None:
        scope = scope.outer
    return scope.node


def _things(node: Node, term: Term, used: Used | None, inner: Language) -> Things | None:
    text = node.text if isinstance(node, Scalar) else ""
    nodes = term.nodes
    if nodes is None:
        problem = "'of' names the thing that the other mapping reads, by its path"
        inner.mistakes.add(node, problem, "of: PID-5")
        return None
    if term.many and term.kind != "group":
        problem = "these are several; one record is made for each of them with 'each'"
        inner.mistakes.add(node, problem, f"each: {text}")
        return None
    if used is None:
        return None
    if not used.source.takes(term.shape):
        _reads_other(node, used, inner)
        return None
    return nodes


def _reads_other(node: Node, used: Used, inner: Language) -> None:
    said = f" {node.text}" if isinstance(node, Scalar) and node.text != used.name else " this"
    problem = f"the mapping '{used.name}' reads {used.source.name}, and{said} is something else"
    inner.mistakes.add(node, problem)


def said(wanted: FieldType) -> str:
    """The name of a record's type."""
    return str(getattr(wanted.struct, "name", "") or wanted.struct.__name__)


def _fits(used: Used, wanted: FieldType, node: Node, inner: Language) -> bool:
    if used.struct is wanted.struct or wanted.kind == "any":
        return True
    if wanted.form == "reference" and resource_types.is_named(used.struct, wanted.choices):
        return True
    needed = said(wanted) if wanted.struct is not None else f"a {wanted.kind}"
    if wanted.form == "reference" and wanted.choices:
        needed = f"a Reference to {', '.join(wanted.choices)}"
    inner.mistakes.add(
        node, f"the mapping '{used.name}' makes {used.to}, and the field is {needed}"
    )
    return False


def entering(used: Used, slots: Slots) -> Callable[[Scope, Any], Scope]:
    """Makes the scope in which a used mapping reads the thing it is handed."""
    begin, rest = used.source.thing, used.count - len(used.reads)
    picked = tuple(slots.channel[name] for name in used.reads)
    # References of FHIR lead out of what is handed over; a segment of HL7 is read inside its message, whose header says whose numbers they are
    shape = used.source.shape
    linked = shape.format == "fhir" or (shape.format, shape.kind) == ("hl7v2", "group")

    def inside(scope: Scope, thing: Any) -> Scope:
        values: list[Any] | None = None
        if picked:
            assert scope.values is not None
            values = [scope.values[slot] for slot in picked] + [None] * rest
        elif rest:
            values = [None] * rest
        if begin is not None:
            thing = begin(thing)
        return Scope(
            thing, scope.context, thing, scope.index, scope if linked else None, values
        )

    return inside
