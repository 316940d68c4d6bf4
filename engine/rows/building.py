"""
A whole file of rows being built: header, records, records inside records, and a trailer that says what the layout says of it.

A column by which a type is known has its value by itself, and so have the figures of the trailer; header and trailer are there
also where a mapping does not name them. A column that is not set is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from engine.errors import MessageError
from engine.hints import meant
from engine.paths import CompileCondition, PathProblem, Scope
from engine.reading import NULL
from engine.rows.assembly import Order
from engine.rows.kinds import ROWS, Kind, Source
from engine.rows.totals import Totals


class Written(Protocol):
    """How a format writes and reads what is built."""

    def line(self, values: Sequence[str], type: str) -> bytes:
        """One record of a type; empty type where the layout has none."""

    def names(self) -> bytes:
        """What stands before the first record: the line of column names; empty where there is none."""

    def read(self, raw: bytes) -> Source:
        """A whole file."""

    def document(self, raw: bytes) -> Any:
        """The same, parsed."""

    def known(self, kind: str) -> Mapping[str, str]:
        """The columns by which a type is known, with what stands there."""


class FileStructure:
    """A file, or a record type in it (engine/formats: Structure)."""

    def __init__(
        self,
        name: str,
        layout: Any,
        written: Written,
        kind: Kind | None = None,
        files: tuple[tuple[str, bytes], ...] = (),
    ) -> None:
        self.name, self.files = name, files
        self._layout, self._written, self._kind = layout, written, kind

    def place(self, text: str, condition: CompileCondition) -> Cell:
        """A column; PathProblem where there is none of that name."""
        if self._kind is None:
            names = [kind.name for kind in self._layout.kinds.kinds]
            problem = f"columns are set in their records: {', '.join(names)}, under 'groups'"
            raise PathProblem(0, problem)
        columns = {column.name: column.at for column in self._kind.columns}
        if text not in columns:
            there = meant(text, columns)
            raise PathProblem(0, f"'{self._kind.name}' has no column '{text}'{there}")
        return Cell(text)

    def group(self, name: str) -> FileStructure:
        """The records of a type; LookupError, with what there is, where they do not stand here."""
        around = self._kind.name if self._kind is not None else ""
        kinds = {kind.name: kind for kind in self._layout.kinds.kinds if kind.inside == around}
        if name not in kinds:
            there = meant(name, kinds)
            where = f"inside '{around}'" if around else f"in the layout '{self._layout.name}'"
            raise LookupError(f"there is no type '{name}' {where}{there}")
        return FileStructure(f"{self.name}/{name}", self._layout, self._written, kinds[name])

    def pairs(self, first: str) -> Callable[[Any, Sequence[tuple[str, str]]], None]:
        """PathProblem: files of rows have none."""
        raise PathProblem(0, "files of rows have columns, no pairs")

    def new(self, facts: Any) -> FileMade:
        """A file being built."""
        return FileMade(self._layout, self._written)


class Cell:
    """One column of a record type (engine/formats: Place)."""

    def __init__(self, text: str) -> None:
        self.text = text

    def set(self, group: RecordMade, scope: Scope, value: Any) -> None:
        """Write a text; MessageError for several."""
        if isinstance(value, list | tuple):
            raise MessageError("bad_value", "a column takes one value", self.text)
        group.values[self.text] = "" if value is NULL else str(value)


class RecordMade:
    """A record being built, and those inside it."""

    __slots__ = ("inner", "kind", "values")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.values: dict[str, str] = {}
        self.inner: list[RecordMade] = []

    def group(self, name: str) -> RecordMade:
        """One more record inside it."""
        made = RecordMade(name)
        self.inner.append(made)
        return made


class FileMade(RecordMade):
    """The file."""

    __slots__ = ("_layout", "_raw", "_written")

    def __init__(self, layout: Any, written: Written) -> None:
        super().__init__("")
        self._layout, self._written = layout, written
        self._raw = b""

    def render(self) -> bytes:
        """Its bytes; MessageError names the type and column whose value does not fit."""
        headers, records, trailers = (
            self._of(role) for role in ("header", "record", "trailer")
        )
        lines = [self._written.names()]
        for made in (*headers, *records):
            lines += self._lines(made)
        raw = b"".join(lines)
        for made in trailers:
            raw += b"".join(self._lines(made))
        if trailers and self._layout.totals is not None:
            raw = self._told(b"".join(lines), trailers, raw)
        self._raw = raw
        return raw

    def document(self) -> Any:
        """What was rendered, as it is read."""
        return self._written.document(self._raw)

    def _of(self, role: str) -> list[RecordMade]:
        """The records of a role, in the order in which they were made; headers and trailers are always there, once."""
        kinds = [
            kind for kind in self._layout.kinds.kinds if not kind.inside and kind.role == role
        ]
        names = {kind.name for kind in kinds}
        found = [made for made in self.inner if made.kind in names]
        if role == "record":
            return found
        for kind in kinds:
            several = [made for made in found if made.kind == kind.name]
            if len(several) > 1:
                raise MessageError("bad_value", f"a file has one {role}", kind.name)
            found += [] if several else [RecordMade(kind.name)]
        return found

    def _lines(self, made: RecordMade) -> Iterator[bytes]:
        yield self._line(made, {})
        for inner in made.inner:
            yield from self._lines(inner)

    def _line(self, made: RecordMade, said: Mapping[str, str]) -> bytes:
        kind = self._layout.kinds.by_name[made.kind]
        given = {**self._written.known(made.kind), **made.values, **said}
        values = [given.get(column.name, "") for column in kind.columns]
        try:
            return self._written.line(values, "" if made.kind == ROWS else made.kind)
        except MessageError as error:
            path = f"{made.kind}.{error.path}" if error.path else made.kind
            raise MessageError(error.code, error.rule, path) from None

    def _told(self, before: bytes, trailers: list[RecordMade], draft: bytes) -> bytes:
        """The file with what its trailer says of it."""
        totals: Totals = self._layout.totals
        order = Order(self._written.read(draft))
        for piece in order.source.pieces():
            if piece.error is not None:
                raise piece.error
            order.take(piece)
        assert order.tally is not None
        said = {name: format(found, "f") for name, found in order.tally.said().items()}
        lines = [
            self._line(made, said if made.kind == totals.trailer else {}) for made in trailers
        ]
        return before + b"".join(lines)
