"""Message formats. `format: hl7v2` in a channel is `engine/formats/hl7v2/`; the folder is the registry."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast

from engine.edi.partner import Answered, Sealed, Sealing, Sent, Verdicts
from engine.findings import Finding
from engine.message import Receipt
from engine.paths import CompileCondition, Match, PathProblem, Paths, Scope, Shape, Target
from engine.reading import (
    NULL,
    Blocks,
    Null,
    Part,
    Parting,
    Reading,
    Rejected,
    Surveyed,
)

__all__ = [
    "NULL",
    "Answered",
    "Blocks",
    "CompileCondition",
    "Document",
    "Format",
    "Match",
    "Null",
    "Part",
    "Parting",
    "PathProblem",
    "Paths",
    "Place",
    "Reading",
    "Rejected",
    "Scope",
    "Sealed",
    "Sealing",
    "Sent",
    "Shape",
    "Structure",
    "Surveyed",
    "Target",
    "Verdicts",
    "load",
    "names",
]


class Place(Protocol):
    """A place in a structure, compiled: what `set:` of a build writes to."""

    text: str
    """As written."""

    def set(self, group: Any, scope: Scope, value: Any) -> None:
        """Write a value (text, NULL, None = nothing is written, a list = repetitions, or nodes of the same format copied)."""


class Structure(Protocol):
    """
    The shape of a message to be built, or of one of its groups (X12 loops, HL7 groups and segments), known at load.

    Order, mandatory segments, counts and trailers come from the structure; the mapping names values only.
    """

    name: str
    """`005010/850`, `MFN_M16`, or the group's own name: `PO1`, `2300`, `OBR`."""

    def place(self, text: str, condition: CompileCondition) -> Place:
        """`BEG03`, `REF[.01 == "CO"]02`, `ORC-3.1`: a place in this group; PathProblem where there is none."""

    def group(self, name: str) -> Structure:
        """A group inside this one; LookupError (its text names what there is) where there is none."""

    def pairs(self, first: str) -> Callable[[Any, Sequence[tuple[str, str]]], None]:
        """Writes qualifier and value pairs from an element on (`PO106`): (group, pairs). PathProblem where that cannot be."""

    def new(self, facts: Any) -> Any:
        """
        A message being built; `facts` is engine.message.Facts. What it makes has `group(name) -> Any` (one more occurrence
        of a group, inside whichever it is called on), `render() -> bytes` and `document() -> Document` (on the whole).
        render raises MessageError naming what is missing.
        """


class Document(Protocol):
    """A parsed message; immutable. Its paths do the reading."""

    def kind(self) -> str:
        """What it is, for people: `DFT^P03`."""

    def control(self) -> str:
        """The sender's own number for it, empty where it has none."""

    def processing(self) -> str:
        """`production`, `test`, `debugging`, or empty where the format does not say."""

    def edit(self) -> Any:
        """A copy that Targets may write to; it has `render() -> bytes` and `document() -> Document`."""


class Format(Protocol):
    """What every module in this folder offers."""

    paths: Paths
    unique: tuple[str, ...]
    """The paths of the default duplicate key; empty = none."""

    def parse(self, raw: bytes, reading: Reading) -> Document:
        """Bytes to document; MessageError where the bytes are not this format."""

    def parts(self, raw: bytes, reading: Reading) -> Sequence[bytes] | None:
        """The messages inside a batch, in order; None where it is one message."""

    def acknowledge(self, raw: bytes, receipt: Receipt, reading: Reading, now: float) -> bytes:
        """
        The answer the format prescribes; empty where it prescribes none. Works on any bytes, also
        unreadable ones. `now` is wall clock seconds.
        """

    def refuse(self, raw: bytes, reading: Reading, now: float, why: str) -> bytes:
        """The answer when nothing was kept (store refused, queue full): the sender must try again."""

    # Formats may offer these besides; where one is missing, the mapping or channel that asks gets a mistake.

    def acknowledge_blocks(
        self, blocks: Blocks, receipt: Receipt, reading: Reading, now: float
    ) -> bytes:
        """The same as `acknowledge` of a large body, in the memory of a block; not for the event loop."""

    def splits(self, by: str, layout: Any = None) -> str:
        """What is wrong with `split: BY` in this format, in words; empty where it can be."""

    def split(self, raw: bytes, reading: Reading, by: str) -> Iterable[bytes]:
        """
        The parts of a message, in order: each is a whole message of the format with one BY in it and everything that
        stands around them (envelope, header), so that paths mean in a part what they mean in the whole.
        """

    def parted(self, raw: bytes, reading: Reading, by: str) -> Iterable[Any]:
        """
        The same parts with what is known of each (engine/reading.py: Part): `raw`, `line` (where it begins in the
        message, for `meta.line`) and `key` (what identifies it from message to message, None where that is not known).
        """

    def survey(
        self, blocks: Blocks, reading: Reading, by: str, met: Callable[[str | None], None]
    ) -> Surveyed:
        """
        A look at a whole body that is too large to be held, in the memory of one block, before its first part counts:
        MessageError where it is to be quarantined whole (no header, control totals that differ). `met` hears the key of
        each part where the layout says `snapshot:`; None for one that cannot be read. Blocks: not for the event loop.
        """

    def parted_blocks(
        self, blocks: Blocks, reading: Reading, by: str, known: bytes, position: bytes
    ) -> Parting:
        """
        The parts that `parted` gives, byte for byte, in the memory of one block, from a position on (empty = the
        beginning). `known` is what `survey` brought. A format that has both takes bodies over 256 KB apart in chunks that
        are committed one by one (docs/guide/flat-files.md); of one without them a body is planned whole.
        """

    def snapshot(
        self, previous: Mapping[str, bytes], raw: bytes, reading: Reading
    ) -> Sequence[Any]:
        """
        The parts that the last message had (by key, as `parted` gave them) and this one has not, where the layout says
        `snapshot:`; MessageError `snapshot_stopped` where these are too many.
        """

    def rejects(self, rejected: Iterable[Rejected], reading: Reading) -> Iterator[bytes]:
        """
        A file of the records that were rejected, as they came, each with its reason, line and what is wrong where the
        format has room for them; in pieces, so that nobody holds it (`of: rejects`).
        """

    levels: tuple[str, ...]
    """What `validate:` of a channel may say, least first; each includes those before."""

    usual_level: str
    """What holds where a channel does not say; messages of a format without it are not validated then."""

    def parted_totals(self, by: str) -> str:
        """What is wrong with checking totals (`validate: balance`) of parts that `split: BY` makes; empty where nothing is."""

    def of_parts(self, level: Any) -> Any:
        """The level as it is asked of what `split:` makes, where a part cannot keep all that a whole message must."""

    def level(self, node: Any, home: Path, mistakes: Any) -> Any:
        """
        What `validate:` says where it is more than a word (`{xsd: purchase_order}`), compiled and picklable, with the `files`
        it is made of; None where mistakes were noted.
        """

    def declared(self, node: Any, mistakes: Any) -> Any:
        """`namespaces:` of a channel, compiled and picklable: its paths' Shape.type and Reading.layout."""

    def validate(self, document: Any, level: Any) -> None:
        """MessageError `invalid` that names every fault's place and rule, never a value, where the message breaks the rules."""

    EnvelopeSettings: Any
    """What `envelope` reads, as a struct with a docstring under each field: the reference shows it."""

    def findings(self, document: Any, level: str) -> Iterator[Finding]:
        """The same, one by one: place and rule."""

    def envelope(self, node: Any, mistakes: Any) -> Any:
        """
        What stands around what a partner is sent (`partners: {medline: {x12: {...}}}`), a Record compiled; picklable. None
        where mistakes were noted.
        """

    def seal(self, payloads: Sequence[bytes], sealing: Sealing) -> Sealed:
        """
        Interchanges that mappings built, as the one that leaves: the partner's envelope, control numbers and delimiters,
        what they hold in groups of one kind and version, in order. MessageError with the place where a value does not fit.
        """

    def acknowledged(
        self, raw: bytes, reading: Reading, verdicts: Verdicts, sealing: Sealing
    ) -> bytes:
        """
        What says what became of one interchange here, with control numbers of its own (`of: acknowledgement`); empty where
        none is due, or the bytes have no readable envelope.
        """

    def sets(self, raw: bytes, reading: Reading) -> Sequence[tuple[str, str]]:
        """The control numbers of an interchange's transaction sets, in order: of the group, and its own."""

    def sent(self, raw: bytes, reading: Reading) -> Sequence[Sent]:
        """What a partner will speak of when it acknowledges an interchange: the interchange, its sets, claims in them."""

    def answers(self, document: Any) -> Sequence[Answered]:
        """What a message says became of things that were sent before (`expect_ack`); empty where it is no acknowledgement."""

    def structure(self, name: str) -> Structure:
        """What `to: FORMAT/NAME` of a mapping builds; LookupError, with what there is, where there is none."""

    def structured(
        self, name: str, namespaces: Any, home: Path, at: Any, mistakes: Any
    ) -> Structure:
        """The same, where prefixes and files of the home decide, also without a name (`to: xml`)."""

    def whole_file(self, layout: Any, files: tuple[tuple[str, bytes], ...] = ()) -> Structure:
        """What a mapping fills that makes whole files of a layout (`to: FORMAT/LAYOUT` with `groups:`)."""

    def layout(self, name: str, node: Any, mistakes: Any) -> Any:
        """A layout (a Record of `mappings/layouts/NAME.yaml`, engine/placed.py) compiled; None where mistakes were noted."""

    def tree(self, document: Document) -> Iterator[tuple[int, str, str, str]]:
        """For people: depth, path, the standard's name, value."""


@cache
def names() -> list[str]:
    """The formats there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(name: str) -> Format:
    """The format a channel names; LookupError where there is none of that name."""
    if name not in names():
        raise LookupError(name)
    return cast(Format, importlib.import_module(f"{__name__}.{name}"))
