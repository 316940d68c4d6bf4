"""
Code tables: `mappings/tables/NAME.csv`, UTF-8, one code a line.

The header names the columns, by the systems whose codes they hold: `theirs,ours`. `table("sex")` reads the first
column and gives the second; `from=` and `to=` name others. A code stands once in a column that is read; an empty cell
in the column that is given says that the code has no counterpart: its value is nothing.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import msgspec

from engine.errors import Mistake
from engine.mapping import lookups
from engine.mapping.language import Wrong, suggestion
from engine.mapping.lookups import FOLDER, Definition
from engine.placed import Mistakes, Place


class Table(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One file; read once for all that name it, and the same only as itself."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    """Line and cells."""
    digest: bytes
    raw: bytes


class Tables:
    """The code tables and lookup tables of a home, read when they are first named; notes what expressions ask for."""

    def __init__(
        self, home: Path, mistakes: Mistakes, sound: dict[str, Table] | None = None
    ) -> None:
        self.home, self.mistakes = home, mistakes
        self.used: dict[str, bytes] = {}
        """The tables that expressions name, code tables and lookup tables, with the hash of the file of each."""
        self.files: dict[str, bytes] = {}
        """What they were read from, by path below the home."""
        self.lookups: set[str] = set()
        """Those of them that are lookup tables."""
        self.sequences: set[str] = set()
        """The sequences that expressions take numbers from."""
        self.recalls: set[str] = set()
        """The memories that expressions recall."""
        self.changes: set[str] = set()
        """The memories of which expressions ask whether this message changes them."""
        self.facts = False
        """Whether expressions read facts: of the message, the moment, the position."""
        self._read: dict[str, Table | None] = {}
        self._sound = {} if sound is None else sound
        """Tables without mistakes that were read already; many mappings of a home name the same."""
        self._told: set[tuple[str, str]] = set()

    def codes(self, name: str, from_: str, to: str, offset: int) -> dict[str, str]:
        """The codes of two columns; Wrong where there is no such table or column."""
        table = self._table(name, offset)
        if table is None:
            return {}
        self.used[name] = table.digest
        self.files[f"{FOLDER}/{name}.csv"] = table.raw
        source = _column(table, from_ or table.columns[0], offset)
        target = (
            _column(table, to, offset) if to else next(at for at in range(2) if at != source)
        )
        found, again = _pairs(table, source, target)
        for line, first in again:
            self._twice(table, source, line, first)
        return found

    def lookup(self, name: str, offset: int) -> Definition | None:
        """The lookup table of that name; Wrong where none is declared, None where its file has mistakes (noted)."""
        try:
            found = lookups.load(name, self.home, self.mistakes)
        except LookupError:
            raise Wrong(offset, *self._undeclared(name)) from None
        if found is not None:
            self.used[name] = found.digest
            self.files[f"{FOLDER}/{name}.yaml"] = found.raw
            self.lookups.add(name)
        return found

    def _undeclared(self, name: str) -> tuple[str, str]:
        """What is wrong with a name of no lookup table, and what to write."""
        known = lookups.names(self.home)
        if name in {path.stem for path in (self.home / FOLDER).glob("*.csv")}:
            wrong = f"'{name}' is a code table of the release; lookup() reads data in the store"
            return wrong, f'... | table("{name}")'
        near = suggestion(name, known) or f"; it is declared by {FOLDER}/{name}.yaml"
        return f"there is no lookup table '{name}'{near}", ""

    def _table(self, name: str, offset: int) -> Table | None:
        if name in self._read:
            return self._read[name]
        if name in self._sound:
            return self._sound[name]
        path = self.home / FOLDER / f"{name}.csv"
        if "/" in name or name.startswith(".") or not path.is_file():
            raise Wrong(offset, *self._no_table(name))
        found = self._read[name] = read(path, f"{FOLDER}/{name}.csv", self.mistakes)
        if found is not None:
            self._sound[name] = found
        return found

    def _no_table(self, name: str) -> tuple[str, str]:
        """What is wrong with a name of no code table, and what to write."""
        known = sorted(file.stem for file in (self.home / FOLDER).glob("*.csv"))
        if name in lookups.names(self.home):
            wrong = f"'{name}' is a lookup table; table() reads the files of the release"
            return wrong, f'lookup("{name}", ...)'
        near = suggestion(name, known) or f"; it would be the file {FOLDER}/{name}.csv"
        return f"there is no table '{name}'{near}", ""

    def _twice(self, table: Table, column: int, line: int, first: int) -> None:
        place = Place(file=f"{FOLDER}/{table.name}.csv", line=line, column=1)
        if (place.file, f"{column}:{line}") not in self._told:
            self._told.add((place.file, f"{column}:{line}"))
            name = table.columns[column]
            self.mistakes.add(
                place, f"this code stands twice in '{name}'; the first is in line {first}"
            )


def _column(table: Table, name: str, offset: int) -> int:
    if name not in table.columns:
        near = suggestion(name, table.columns) or f"; it has {', '.join(table.columns)}"
        raise Wrong(offset, f"the table '{table.name}' has no column '{name}'{near}")
    return table.columns.index(name)


@lru_cache(1024)
def _pairs(
    table: Table, source: int, target: int
) -> tuple[dict[str, str], list[tuple[int, int]]]:
    """The codes of two columns, and the lines of those that stand twice, each with the first; nobody changes them."""
    found: dict[str, str] = {}
    lines: dict[str, int] = {}
    again: list[tuple[int, int]] = []
    for line, cells in table.rows:
        code = cells[source]
        if not code:
            continue
        if code in found:
            again.append((line, lines[code]))
        found.setdefault(code, cells[target])
        lines.setdefault(code, line)
    return found, again


def read(path: Path, file: str, mistakes: Mistakes) -> Table | None:
    """The table in a file; None, and mistakes, where it is none."""
    table, found = _parsed(path.stem, file, path.read_bytes())
    mistakes.found.extend(found)
    return table


@lru_cache(256)
def _parsed(name: str, file: str, raw: bytes) -> tuple[Table | None, tuple[Mistake, ...]]:
    """The table in a file's bytes, and its mistakes; many mappings name the same tables."""
    mistakes = Mistakes()
    return _table(name, file, raw, mistakes), tuple(mistakes.found)


def _table(name: str, file: str, raw: bytes, mistakes: Mistakes) -> Table | None:
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        mistakes.add(Place(file=file, line=line, column=1), "a table is written in UTF-8")
        return None
    reader = csv.reader(lines, strict=True)
    rows: list[tuple[int, tuple[str, ...]]] = []
    try:
        for cells in reader:
            if cells:
                rows.append((reader.line_num, tuple(cell.strip() for cell in cells)))
    except csv.Error:
        mistakes.add(Place(file=file, line=reader.line_num, column=1), "not CSV: a quote is not closed or stands inside a cell")  # fmt: skip
        return None
    columns = rows[0][1] if rows else ()
    if len(columns) < 2 or len(set(columns)) < len(columns) or "" in columns:
        mistakes.add(Place(file=file, line=1, column=1), "the first line names two columns or more, each once", "theirs,ours")  # fmt: skip
        return None
    for line, row in rows[1:]:
        if len(row) != len(columns):
            mistakes.add(
                Place(file=file, line=line, column=1),
                f"this line has {len(row)} cells, the first names {len(columns)} columns",
            )
            return None
    digest = blake2b(raw, digest_size=16).digest()
    return Table(name=name, columns=columns, rows=tuple(rows[1:]), digest=digest, raw=raw)
