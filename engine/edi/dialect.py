"""What one family of interchanges calls its things, and what it does its own way: X12 is one, EDIFACT another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from engine.edi.marks import HEADERS
from engine.edi.tokens import Stretch
from engine.paths import Shape

if TYPE_CHECKING:
    from engine.edi.building import Built
    from engine.edi.dictionary import Dictionary
    from engine.edi.document import Document, Segment
    from engine.edi.maps import Guide
    from engine.edi.writer import Writer

#: The families there are: folders beside this file.
NAMES = ("x12", "edifact")
_NOTHING: Mapping[str, tuple[int, ...]] = MappingProxyType({})


class Dialect(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A family of interchanges. A document, a map and a path know theirs; nothing asks for its name."""

    name: str
    """The name of its format, and of the folder of its data beside this file."""
    title: str
    """As people say it."""
    opens: str
    """The segment that begins an interchange."""
    closes: str
    group: str
    """The segment that begins a functional group."""
    group_ends: str
    set: str
    """The segment that begins a transaction set, or a message."""
    set_ends: str
    envelope: frozenset[str]
    """Segments that stand outside all sets."""
    written: tuple[str, ...]
    """Segments of the envelope in which a build may set elements."""
    loop: re.Pattern[str]
    """How a path names a loop by its number."""
    example: str
    """A path, for those who have to write one."""
    advice: str = ""
    """The segment in front of `opens` that says the delimiters in its characters, not in elements."""
    numbers: frozenset[str] = frozenset()
    """Segments that are made with their loop, and numbered."""
    fixed: Mapping[str, tuple[int, ...]] = _NOTHING
    """Elements that an edit leaves to the engine."""
    own: Mapping[str, tuple[int, ...]] = _NOTHING
    """Elements that a build leaves to the engine."""
    widths: tuple[int, ...] = ()
    """Lengths of the elements of `opens`, where they are fixed."""
    is_groupless: bool = False
    """Whether sets may stand in an interchange without a group around them."""
    has_decimal_marks: bool = False
    """Whether a comma may be the decimal mark of a number."""
    numbered: int = 2
    """Which element of `set` is its control number."""
    sections: frozenset[str] = frozenset()
    """Segments that say nothing but where a part of a set begins: a build writes them."""
    read: Callable[[bytes, str], tuple[str, str, Iterable[Stretch]]]
    """Bytes and the encoding that the channel names: text, character set, interchanges."""
    identify: Callable[[Segment, Segment | None], tuple[str, str]]
    """The name of a set and its version, by its first segment and that of its group, or None."""
    resolve: Callable[[str, str], tuple[Guide | None, bool]]
    """The map of a set by these two, and whether it describes that version exactly."""
    named: Callable[[str], tuple[Guide, str]]
    """The map and the version that `to: x12/NAME` means; LookupError, with what there is, where there is none."""
    dictionary: Callable[[], Dictionary]
    """Segments and elements, where no version is known."""
    kind: Callable[[Document], str]
    """What a document is, for people."""
    control: Callable[[Document], str]
    """The sender's number for it."""
    processing: Callable[[Document], str]
    """`production`, `test`, or empty."""
    opening: Callable[[Built, str, Any], tuple[bytes, Writer]]
    """The header of what is built (Built, version, facts), and a writer for the rest."""

    @property
    def stays(self) -> frozenset[str]:
        """Segments that every interchange has: an edit leaves them."""
        return frozenset(
            [self.opens, self.group, self.set, self.set_ends, self.group_ends, self.closes]
        ).union(HEADERS)


@cache
def dialect_of(name: str) -> Dialect:
    """The dialect of a format: `engine/edi/NAME/`."""
    found: Dialect = import_module(f"engine.edi.{name}").DIALECT
    return found


def dialect_in(shape: Shape) -> Dialect:
    """The dialect of what a path is read in: of the nearest shape that has one (a list of texts inside a loop has none)."""
    while shape.outer is not None and shape.format not in NAMES:
        shape = shape.outer
    return dialect_of(shape.format)
