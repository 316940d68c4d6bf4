"""A delimited file taken apart: its column names, its records, their types and values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engine.errors import MessageError
from engine.formats import Reading
from engine.formats.delimited.layout import Layout, When
from engine.formats.delimited.marks import Marks
from engine.formats.delimited.writing import row
from engine.rows import encodings
from engine.rows.kinds import Kind, Piece

_BOM = b"\xef\xbb\xbf"


class Reader:
    """One file (engine/rows/kinds.py: Source)."""

    def __init__(self, raw: bytes, reading: Reading, recoded: bool = False) -> None:
        """`recoded`: the bytes are UTF-8 already, whatever the character set of the file."""
        layout = reading.layout
        if not isinstance(layout, Layout):
            raise MessageError("no_layout", "a delimited file is read by its layout")
        self.layout, self.name = layout, layout.name
        self.kinds, self.totals = layout.kinds, layout.totals
        self.marks = marks_of(layout, reading.encoding or layout.encoding)
        lenient = "replace" in (layout.unmappable, reading.unmappable)
        self.errors = "replace" if lenient or reading.unmappable == "ascii" else "strict"
        if not (self.marks.direct or recoded):
            raw = encodings.recoded(raw, self.marks.encoding, self.errors)
        self.raw = raw
        self.group_by, self.key = layout.grouping, layout.key
        self.types = types_of(layout) if layout.types else []
        self._begin()

    def _begin(self) -> None:
        """Pass over what stands before the first record."""
        layout, raw, marks = self.layout, self.raw, self.marks
        at = len(_BOM) if raw[:3] == _BOM and marks.codec == "utf-8" else 0
        number = 1
        for _ in range(layout.skip):
            end = raw.find(marks.end, at)
            at = len(raw) if end < 0 else end + len(marks.end)
            number += 1
        self.order: Callable[[Sequence[str]], Sequence[str]] | None = None
        if layout.header != "false":
            at, number = self._header(at, number)
        self.start, self.first = at, number
        self.prefix = bytes(raw[:at])

    def _header(self, at: int, number: int) -> tuple[int, int]:
        """Read the line of column names; the offset and the number of the line behind it."""
        found = next(self.marks.lines(self.raw, at, number), None)
        if found is None:
            raise MessageError("bad_header", "the file has no line of column names")
        begin, stop, after, line = found
        if self.layout.header == "names":
            self.order = self._order(bytes(self.raw[begin:stop]), self.place(line))
        return after, line + self.raw[begin:stop].count(self.marks.end) + 1

    def _order(self, header: bytes, place: str) -> Any:
        """What puts values into the order of the layout."""
        met = self.layout.met.get("header")
        if met is not None and met[0] == (header, self.marks.codec):
            return met[1]
        text = encodings.decoded(header, self.marks.codec, self.errors, place)
        order = columns(self.marks.values(text), self.layout.columns, place)
        self.layout.met["header"] = (header, self.marks.codec), order
        return order

    def pieces(self) -> Iterator[Piece]:
        """The records in order."""
        raw, codec, errors = self.raw, self.marks.codec, self.errors
        values, kind_of, order = self.marks.values, self.kind_of, self.order
        for at, stop, after, number in self.marks.lines(raw, self.start, self.first):
            whole = raw[at:after]
            try:
                found: Sequence[str] = values(raw[at:stop].decode(codec, errors))
                kind = kind_of(found)
                if order is not None:
                    found = order(found)
            except UnicodeDecodeError:
                rule = f"a byte stands in it that {self.marks.encoding} does not have"
                error = MessageError("bad_encoding", rule, self.place(number))
                yield Piece(number, whole, after, error=error)
            except MessageError as error:
                error = MessageError(error.code, error.rule, self.place(number))
                yield Piece(number, whole, after, error=error)
            else:
                yield Piece(number, whole, after, kind, found)

    def records(self) -> Iterator[tuple[int, bytes, int]]:
        """Line, bytes and end of each record."""
        raw = self.raw
        for at, _, after, number in self.marks.lines(raw, self.start, self.first):
            yield number, raw[at:after], after

    def lines_of(self, raw: bytes) -> int:
        """How many lines the bytes of a record are."""
        return raw.count(self.marks.end)

    def encoded(self, raw: bytes) -> bytes:
        """A part in the character set of the file."""
        return raw if self.marks.direct else raw.decode().encode(self.marks.encoding, "replace")

    def kind_of(self, values: Sequence[str]) -> Kind:
        """The type of a record; MessageError where it has none, or not as many values as that has columns."""
        kind = self.kinds.sole if not self.types else self._typed(values)
        if kind is None:
            raise MessageError("unknown_record", "it is of no type that the layout has")
        if len(values) != len(kind.columns):
            rule = f"it has {len(values)} values, and {len(kind.columns)} columns are expected"
            raise MessageError("ragged_line", rule)
        return kind

    def _typed(self, values: Sequence[str]) -> Kind | None:
        for column, said, kind in self.types:
            if not said or (column < len(values) and values[column] in said):
                return kind
        return None

    def place(self, line: int) -> str:
        """`line 17`."""
        return f"line {line}"

    def rewritten(self, trailer: Piece, said: dict[str, Any]) -> bytes:
        """The trailer with other figures."""
        assert trailer.kind is not None
        names = [column.name for column in trailer.kind.columns]
        values = [
            format(said[name], "f") if name in said else value
            for name, value in zip(names, trailer.values, strict=True)
        ]
        return row(values, names, self.layout, self.marks.codec)


def marks_of(layout: Layout, encoding: str) -> Marks:
    """The marks of a layout in a character set, made once."""
    found = layout.met.get(encoding)
    if found is None:
        found = layout.met[encoding] = Marks(layout, encoding)
    made: Marks = found
    return made


def types_of(layout: Layout) -> list[tuple[int, tuple[str, ...], Kind]]:
    """The types with their conditions, made once: column from 0, values; the one without a condition last."""
    made: list[tuple[int, tuple[str, ...], Kind]] | None = layout.met.get("types")
    if made is not None:
        return made
    found = []
    for name, each in layout.types.items():
        when = each.when or When(is_=())
        said = (when.is_,) if isinstance(when.is_, str) else when.is_
        found.append((when.column - 1, said, layout.kinds.by_name[name]))
    made = layout.met["types"] = sorted(found, key=lambda each: not each[1])
    return made


#: What may stand between values where a layout expects something else, in words.
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}


def columns(
    names: Sequence[str], wanted: Sequence[str], place: str
) -> Callable[[Sequence[str]], Sequence[str]]:
    """
    What puts the values of a line into the order of the layout, by the line of column names.

    MessageError `bad_header` names a column that is missing, and where none is missing the place of one that is not
    known: its name may be somebody's data, where a file came without its first line.

    >>> columns(["b", " a "], ["a", "b"], "line 1")(["1", "2"])
    ['2', '1']
    """
    there = [name.strip() for name in names]
    for name in wanted:
        if name not in there:
            other = (
                "" if len(there) > 1 else next((one for one in ";\t|," if one in there[0]), "")
            )
            hint = (
                f"; the line looks as if {_SEPARATORS[other]} separated its values"
                if other
                else ""
            )
            raise MessageError("bad_header", f"the column '{name}' is missing{hint}", place)
    for at, name in enumerate(there):
        if name not in wanted:
            rule = f"column {at + 1} of {len(there)} has a name that is none of the layout's"
            raise MessageError("bad_header", rule, place)
        if name in there[:at]:
            raise MessageError("bad_header", f"the column '{name}' stands there twice", place)
    at_of = [there.index(name) for name in wanted]
    if at_of == list(range(len(at_of))):
        return _same
    return lambda values: [values[at] for at in at_of]


def _same(values: Sequence[str]) -> Sequence[str]:
    return values
