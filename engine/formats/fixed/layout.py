"""What a file of fixed fields looks like: `mappings/layouts/NAME.yaml`, its keys and what may stand under them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

import msgspec

from engine.formats.fixed import fields
from engine.formats.fixed.fields import Field
from engine.rows import encodings, kinds
from engine.rows.kinds import Kind, Kinds, Role
from engine.rows.snapshot import Snapshot
from engine.rows.table import Column, Level
from engine.rows.totals import Totals, Trailer, totals


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one record is told from the next; without it each line is one."""

    length: int = 0
    """How many bytes each record has: nothing stands between two records."""
    prefix: Literal["", "rdw"] = ""
    """`rdw`: four bytes in front say how long the record is, these included (z/OS record descriptor word)."""


class When(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the records of a type are known."""

    is_: str | tuple[str, ...] = msgspec.field(name="is")
    """The text that stands there, or a list of them."""
    at: int = 1
    """Where it begins in the record, from 1."""


class Type(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One record type."""

    fields: dict[str, Field]
    """The fields, by name."""
    when: When | None = None
    """How its records are known: `{at: 1, is: "H"}`. One type may leave it out: it takes every other record."""
    role: Role = "record"
    """`record`, `header` (before the records) or `trailer` (behind them). Of a header and a trailer there is one each."""
    inside: str = ""
    """The type whose records it belongs to: it stands behind one of them. Empty = the file."""


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """What a file of fixed fields looks like."""

    fields: dict[str, Field] = {}
    """The fields, by name: `{number: {at: 1, length: 10}, name: {length: 30}}`."""
    record: Record = Record()
    """How one record is told from the next: `{length: 80}`, `{prefix: rdw}`; without it each line is one."""
    end: str = "lf"
    """What ends a line: the characters themselves, or `lf`, `crlf`, `cr`. A file read with `lf` may have `crlf` too."""
    encoding: str = "utf-8"
    """Character set of the file: `cp037` is EBCDIC."""
    unmappable: str = "quarantine"
    """A character that the character set lacks: `quarantine` (a MessageError) or `replace` (by a question mark)."""
    short_lines: str = "refuse"
    """A record that ends too early: `refuse` (a MessageError) or `pad` (blanks are what is missing)."""
    skip: int = 0
    """How many lines before the first record are not read."""
    comment: str = ""
    """What a line begins with that is not read; empty = every line is."""
    empty_lines: str = "skip"
    """A line with nothing in it: `skip`, or `keep` (a record)."""
    trim: bool = True
    """Whether blanks around text are taken away; text that is all blanks is nothing then."""
    group_by: str | tuple[str, ...] = ()
    """The field, or fields: consecutive records with the same value there are one, `rows[*]`."""
    types: dict[str, Type] = {}
    """Record types by name, instead of `fields`: `{H: {when: {at: 1, is: "H"}, role: header, fields: {...}}, D: {...}}`."""
    trailer: Trailer | None = None
    """What the record of the type with `role: trailer` says of the others: `{count: records, total: {of: amount, is: sum}}`."""
    snapshot: Snapshot | None = None
    """Every file is the whole truth: `{key: item_number, stop_at: 5%}`. What the last one had and this one has not becomes a part with `meta.vanished`."""
    name: str = ""
    """The layout's name; it is the name of its file."""

    @cached_property
    def kinds(self) -> Kinds:
        """The record types, compiled."""
        return Kinds(list(compiled(self)), simple=not self.types)

    @property
    def level(self) -> Level:
        """What paths may name."""
        return self.kinds.level

    @cached_property
    def totals(self) -> Totals | None:
        """What the trailer says, compiled."""
        return None if self.trailer is None else totals(self.trailer, self.kinds)

    @cached_property
    def met(self) -> dict[Any, Any]:
        """What was worked out of it so far: how its records are cut, by character set."""
        return {}

    @property
    def lines(self) -> bool:
        """Whether each line is a record."""
        return not self.record.length and not self.record.prefix

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the fields that have a value, of a layout without types."""
        return tuple(name for name, each in self.fields.items() if each.type != "filler")

    @cached_property
    def grouping(self) -> tuple[Column, ...]:
        """The columns of `group_by`."""
        return self._of(self.group_by)

    @cached_property
    def key(self) -> tuple[Column, ...]:
        """What identifies a record from file to file."""
        return self._of(self.snapshot.key) if self.snapshot is not None else ()

    def _of(self, names: str | tuple[str, ...]) -> tuple[Column, ...]:
        """Columns of the records by name."""
        wanted = (names,) if isinstance(names, str) else names
        return tuple(self.kinds.level.columns[name] for name in wanted)

    def fields_of(self, type: str) -> dict[str, Field]:
        """The fields of a type; of the layout where the name is empty or `rows`."""
        return self.types[type].fields if self.types else self.fields


CHOICES = {
    "unmappable": ("quarantine", "replace"),
    "short_lines": ("refuse", "pad"),
    "empty_lines": ("skip", "keep"),
}


def spans(given: dict[str, Field]) -> dict[str, tuple[int, int]]:
    """
    Where each field begins and ends, from 0.

    >>> spans({"a": Field(length=3), "b": Field(length=2), "c": Field(at=10, length=1)})
    {'a': (0, 3), 'b': (3, 5), 'c': (9, 10)}
    """
    found, at = {}, 0
    for name, each in given.items():
        begin = each.at - 1 if each.at else at
        at = begin + each.length
        found[name] = (begin, at)
    return found


def compiled(layout: Layout) -> Iterator[Kind]:
    """The record types; one named `rows` where the layout has none."""
    blank = " ".encode(encodings.plain(layout.encoding))
    if not layout.types:
        yield Kind(name=kinds.ROWS, columns=_columns(layout.fields, blank, layout.trim))
    for name, each in layout.types.items():
        columns = _columns(each.fields, blank, layout.trim)
        yield Kind(name=name, columns=columns, role=each.role, inside=each.inside)


def _columns(given: dict[str, Field], blank: bytes, trim: bool) -> tuple[Column, ...]:
    valued = [(name, each) for name, each in given.items() if each.type != "filler"]
    return tuple(
        Column(
            name=name,
            at=at,
            kind=fields.kind(each),
            convert=fields.reads(name, each, blank, trim),
        )
        for at, (name, each) in enumerate(valued)
    )
