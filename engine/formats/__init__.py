"""Message formats. `format: hl7v2` in a channel is `engine/formats/hl7v2/`; the folder is the registry."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Protocol, cast

import msgspec

from engine.message import Receipt


class Null:
    """HL7's `""`: the sender says the value is to be deleted. Unlike nothing (None): it says something."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "null"

    def __bool__(self) -> bool:
        return False


NULL = Null()


class Scope:
    """
    What an expression can see while it runs. Formats read it, the mapping language makes it.

    Made once per message and once per item of an `each` or a filter; expressions never change it.
    """

    __slots__ = ("context", "index", "item", "node", "outer", "values")

    def __init__(
        self,
        node: Any,
        context: Any,
        item: Any = None,
        index: int = 0,
        outer: Scope | None = None,
        values: list[Any] | None = None,
    ) -> None:
        self.node = node
        """The message, or the group at hand: where an absolute path is looked up first."""
        self.item = item
        """The thing at hand: what a leading dot and `it` read."""
        self.index = index
        """Its position from 1."""
        self.outer = outer
        """The scope around this one; None at the message."""
        self.values = values
        """The slots of `let`, by number; shared with the scopes inside."""
        self.context = context
        """What planning was given: now, tables, facts (engine/pipeline.py: Context)."""

    def child(self, item: Any, index: int, node: Any = None) -> Scope:
        """The scope of one item; `node` where the item is a group of its own."""
        return Scope(
            self.node if node is None else node, self.context, item, index, self, self.values
        )


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What is known at load about the thing an expression reads, so that wrong paths fail at load."""

    format: str
    """The format's name: `hl7v2`, `json`, `canonical`."""
    kind: str = "message"
    """What the thing at hand is, in the format's own terms: `message`, `group`, `segment`, `repetition`, `record`."""
    name: str = ""
    """Its name where it has one: `FT1`."""
    type: Any = None
    """Its type where there is one: a canonical entity's struct class."""
    outer: Shape | None = None
    """The shape around it."""


#: Compiles the condition that starts at an offset of the text and ends before the closing bracket:
#: (text, offset, shape of the candidate) -> (predicate over a scope, offset of the bracket).
CompileCondition = Callable[[str, int, Shape], tuple[Callable[[Scope], bool], int]]


class PathProblem(Exception):
    """A path that cannot be: offset in the text, what is wrong, what to write."""

    def __init__(self, offset: int, problem: str, write: str = "") -> None:
        self.offset, self.problem, self.write = offset, problem, write
        super().__init__(problem)


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A path found in an expression, compiled."""

    text: str
    """The path as written."""
    end: int
    """Offset behind its last character."""
    read: Callable[[Scope], Any]
    """Its value: text, NULL, None (nothing), a number or truth where the format has them, a list where `many`, or an Element."""
    many: bool = False
    """Whether it names several things: `read` gives a list, `each` may walk it."""
    nodes: Callable[[Scope], Sequence[Any]] | None = None
    """The things themselves, for `each` and for copying field to field; None where the path names a value only."""
    shape: Shape | None = None
    """The shape of each of those things."""
    group: bool = False
    """Whether each of those things becomes the node of its scope (`each: FT1`)."""
    kind: str = "text"
    """Static type of its value, or of each of its values: text, number, truth, moment (as ISO 8601 text), record, any."""


class Target(Protocol):
    """A path that is written to."""

    text: str

    def set(self, document: Any, scope: Scope, value: Any) -> None:
        """
        Write the value (text, NULL, None = empty, or nodes of the same format copied as they are)
        into a document being edited. A filter that finds nothing changes nothing.
        """

    def remove(self, document: Any, scope: Scope) -> None:
        """Take away what the path names; nothing there is no error."""


class Paths(Protocol):
    """A format's paths, as the expression language meets them."""

    def match(
        self, text: str, at: int, shape: Shape, condition: CompileCondition
    ) -> Match | None:
        """The path that starts at the offset, or None where none does. PathProblem when it is one but wrong."""

    def target(self, text: str, shape: Shape, condition: CompileCondition) -> Target:
        """The whole text as a place to write to; PathProblem when it is none."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel reads its format: keys beside the connector in `source:`."""

    encoding: str = ""
    """Character set of the bytes, whatever the message says; empty = what the message or the standard says."""
    unmappable: str = "quarantine"
    """What to do with bytes or characters the character set does not have: quarantine, replace, ascii."""
    mode: str = "original"
    """HL7 acknowledgement mode: original, enhanced, by_message."""
    layout: Any = None
    """The compiled layout of a format that needs one (`format: delimited/item_master`); picklable."""


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

    def splits(self, by: str, layout: Any = None) -> str:
        """What is wrong with `split: BY` in this format, in words; empty where it can be."""

    def split(self, raw: bytes, reading: Reading, by: str) -> Iterable[bytes]:
        """
        The parts of a message, in order: each is a whole message of the format with one BY in it and everything that
        stands around them (envelope, header), so that paths mean in a part what they mean in the whole.
        """

    def structure(self, name: str) -> Structure:
        """What `to: FORMAT/NAME` of a mapping builds; LookupError, with what there is, where there is none."""

    def layout(self, name: str, node: Any, mistakes: Any) -> Any:
        """A layout (a Record of `mappings/layouts/NAME.yaml`, engine/placed.py) compiled; None where mistakes were noted."""

    def tree(self, document: Document) -> Iterator[tuple[int, str, str, str]]:
        """For people: depth, path, the standard's name, value."""


#: Formats that this release writes and does not read: a mapping may name them, a channel may not.
WRITTEN = ("delimited",)


@cache
def names() -> list[str]:
    """The formats there are to read."""
    return sorted(
        module.name for module in pkgutil.iter_modules(__path__) if module.name not in WRITTEN
    )


def load(name: str) -> Format:
    """The format a channel names; LookupError where there is none of that name."""
    if name not in names():
        raise LookupError(name)
    return cast(Format, importlib.import_module(f"{__name__}.{name}"))
