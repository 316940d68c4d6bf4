"""A file of fixed fields taken apart: its records, their types and values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.formats import Reading
from engine.formats.fixed import fields, marks
from engine.formats.fixed.fields import Field
from engine.formats.fixed.layout import Layout, When, spans
from engine.rows import encodings
from engine.rows.kinds import Kind, Piece

_BOM = b"\xef\xbb\xbf"


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """How the records of one type are cut."""

    kind: Kind
    known: tuple[tuple[int, int, str | bytes], ...]
    """Begin, end and content of what makes it this type; empty = everything else does."""
    spans: tuple[tuple[int, int, bool], ...]
    """Begin and end of each field with a value, and whether it is no text."""
    width: int
    """Where the last field ends."""


class Reader:
    """One file (engine/rows/kinds.py: Source)."""

    def __init__(self, raw: bytes, reading: Reading, recoded: bool = False) -> None:
        """`recoded`: the bytes are UTF-8 already, whatever the character set of the file."""
        layout = reading.layout
        if not isinstance(layout, Layout):
            raise MessageError("no_layout", "a file of fixed fields is read by its layout")
        self.layout, self.name = layout, layout.name
        self.kinds, self.totals = layout.kinds, layout.totals
        self.encoding = reading.encoding or layout.encoding
        if not encodings.known(self.encoding):
            raise MessageError("bad_encoding", f"there is no character set {self.encoding}")
        lenient = "replace" in (layout.unmappable, reading.unmappable)
        self.errors = "replace" if lenient or reading.unmappable == "ascii" else "strict"
        self.direct = not layout.lines or encodings.direct(self.encoding)
        self.codec = encodings.plain(self.encoding) if self.direct else "utf-8"
        if not (self.direct or recoded):
            raw = encodings.recoded(raw, self.encoding, self.errors)
        self.raw = raw
        self.group_by, self.key = layout.grouping, layout.key
        self.cuts = cuts_of(layout, self.codec)
        self._begin()

    def _begin(self) -> None:
        """Pass over what stands before the first record."""
        self.start, self.first = 0, 1
        self.blank = " ".encode(self.codec)
        if self.layout.lines:
            end = encodings.ENDS.get(self.layout.end, self.layout.end)
            at = len(_BOM) if self.raw[:3] == _BOM and self.codec == "utf-8" else 0
            try:
                self.marks = marks.Lines(self.layout, end, self.codec)
            except UnicodeError:
                rule = f"{self.encoding} lacks what ends a line"
                raise MessageError("bad_encoding", rule) from None
            self.start, self.first = self.marks.skip(self.raw, at, self.layout.skip)
        self.prefix = bytes(self.raw[: self.start])

    def pieces(self) -> Iterator[Piece]:
        """The records in order."""
        for content, whole, end, number, wrong in self._records():
            try:
                if wrong:
                    raise MessageError("bad_record", wrong)
                kind, values = self._read(content)
            except MessageError as error:
                error = MessageError(error.code, error.rule, self.place(number))
                yield Piece(number, whole, end, error=error)
            else:
                yield Piece(number, whole, end, kind, values)

    def records(self) -> Iterator[tuple[int, bytes, int]]:
        """Number, bytes and end of each record."""
        return ((number, whole, end) for _, whole, end, number, _ in self._records())

    def lines_of(self, raw: bytes) -> int:
        """How many lines (or records) the bytes of a record are: one."""
        return 1

    def _records(self) -> Iterator[marks.Found]:
        record = self.layout.record
        if record.length:
            return marks.by_length(self.raw, self.start, record.length)
        if record.prefix:
            return marks.by_prefix(self.raw, self.start)
        return (
            (self.raw[at:stop], self.raw[at:after], after, number, "")
            for at, stop, after, number in self.marks.lines(self.raw, self.start, self.first)
        )

    def encoded(self, raw: bytes) -> bytes:
        """A part in the character set of the file."""
        return raw if self.direct else raw.decode().encode(self.encoding, "replace")

    def _read(self, content: bytes) -> tuple[Kind, list[Any]]:
        layout = self.layout
        record: Any = self._text(content) if layout.lines else content
        cut = self._cut(record)
        if len(record) != cut.width:
            record = self._fitted(record, cut)
        if layout.lines:
            return cut.kind, [record[begin:end] for begin, end, _ in cut.spans]
        return cut.kind, [
            record[begin:end] if raw else self._text(record[begin:end])
            for begin, end, raw in cut.spans
        ]

    def _text(self, raw: bytes) -> str:
        try:
            return raw.decode(self.codec, self.errors)
        except UnicodeError:
            rule = f"a byte stands in it that {self.encoding} does not have"
            raise MessageError("bad_encoding", rule) from None

    def _cut(self, record: Any) -> Cut:
        for cut in self.cuts:
            if not cut.known:
                return cut
            for begin, end, said in cut.known:
                if record[begin:end] == said:
                    return cut
        raise MessageError("unknown_record", "it is of no type that the layout has")

    def _fitted(self, record: Any, cut: Cut) -> Any:
        """The record with the length that its fields need."""
        blank: Any = " " if self.layout.lines else self.blank
        if len(record) < cut.width:
            if self.layout.short_lines != "pad":
                rule = (
                    f"it has {len(record)} characters, and its fields need {cut.width}; "
                    "`short_lines: pad` takes what is missing for blanks"
                )
                raise MessageError("ragged_line", rule)
            missing = cut.width - len(record)
            return record + blank * (missing // len(blank) + 1)
        if not self.layout.record.length and record[cut.width :].strip(blank):
            rule = f"it has {len(record)} characters, and its fields end at {cut.width}"
            raise MessageError("ragged_line", rule)
        return record

    def place(self, line: int) -> str:
        """`line 17`, or `record 17` where there are no lines."""
        return f"line {line}" if self.layout.lines else f"record {line}"

    def rewritten(self, trailer: Piece, said: dict[str, Any]) -> bytes:
        """The trailer with other figures; as it was where they have no room."""
        assert trailer.kind is not None
        given = self.layout.fields_of(trailer.kind.name)
        lines = self.layout.lines
        record: Any = trailer.raw.decode(self.codec) if lines else trailer.raw
        shift = 4 if self.layout.record.prefix else 0
        for name, value in said.items():
            begin, end = spans(given)[name]
            try:
                cell: Any = figure(format(value, "f"), name, given[name])
            except MessageError:
                return trailer.raw
            if lines and isinstance(cell, bytes):
                cell = cell.decode(self.codec)
            elif not lines and isinstance(cell, str):
                cell = cell.encode(self.codec)
            record = record[: begin + shift] + cell + record[end + shift :]
        made: bytes = record.encode(self.codec) if lines else record
        return made


def figure(value: str, name: str, field: Field) -> str | bytes:
    """A figure of the trailer as it stands in its field."""
    if field.numeric or len(value) > field.length:
        return fields.write(value, name, field)
    return value.rjust(field.length, "0")


def cuts_of(layout: Layout, codec: str) -> tuple[Cut, ...]:
    """How the records of each type are cut, made once for a character set; the type without a condition last."""
    made: dict[str, tuple[Cut, ...]] = layout.met
    if codec not in made:
        cuts = [_cut(layout, kind, codec) for kind in layout.kinds.kinds]
        made[codec] = tuple(sorted(cuts, key=lambda cut: not cut.known))
    return made[codec]


def _cut(layout: Layout, kind: Kind, codec: str) -> Cut:
    given = layout.fields_of(kind.name)
    found = spans(given)
    when = layout.types[kind.name].when if layout.types else None
    return Cut(
        kind=kind,
        known=() if when is None else _known(when, layout.lines, codec),
        spans=tuple(
            (*found[name], each.raw) for name, each in given.items() if each.type != "filler"
        ),
        width=max(end for _, end in found.values()),
    )


def _known(when: When, lines: bool, codec: str) -> tuple[tuple[int, int, str | bytes], ...]:
    said = (when.is_,) if isinstance(when.is_, str) else when.is_
    texts = [text if lines else text.encode(codec, "replace") for text in said]
    return tuple((when.at - 1, when.at - 1 + len(text), text) for text in texts)
