"""A CSV as rows of a table: every problem with its line and column, never with what stands there."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import msgspec

from engine.errors import CommandError
from engine.mapping.lookups import Definition
from engine.store.tables.form import CELL, UNIT

#: Problems that are listed; the rest is counted.
SHOWN = 20
#: Problems after which a sheet is read no further.
ENOUGH = 1000
#: The last day of a row without one.
OPEN = "9999-12-31"
#: Bytes of one cell, at most.
LONGEST = 64 * 1024


class Problem(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One thing that is wrong with a sheet."""

    line: int
    """From 1, the header; 0 = the file as a whole."""
    column: str
    """Name of the column, or `character 12` where the cell cannot be told."""
    what: str

    def __str__(self) -> str:
        return ", ".join(filter(None, (f"line {self.line}", self.column))) + f": {self.what}"


class NotImported(CommandError):
    """The sheet cannot be imported; nothing of it was."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        lines = [f"{path}:{one.line}: {_after(one)}" for one in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            more = "or more " if len(self.problems) >= ENOUGH else ""
            lines.append(f"and {len(self.problems) - SHOWN} {more}problems")
        super().__init__("\n".join([*lines, "nothing was imported"]))


def _after(problem: Problem) -> str:
    return f"{problem.column}: {problem.what}" if problem.column else problem.what


class Cells(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a sheet, checked."""

    line: int
    keys: bytes
    first: str
    last: str
    values: str
    """Joined by U+0000."""


class Sheet:
    """
    A CSV with a header, for one table. Columns are found by name, in any order; those that the table does not declare
    are left alone. Spaces around a cell do not count, empty lines neither.
    """

    def __init__(self, path: Path, definition: Definition, encoding: str = "utf-8") -> None:
        self.path, self.definition = path, definition
        self.encoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
        self.problems: list[Problem] = []
        self.unused: tuple[str, ...] = ()
        """Columns of the file that the table does not declare."""
        self.rows = 0

    def read(self) -> Iterator[Cells]:
        """The rows that are right; the others are noted in `problems`."""
        try:
            codecs.lookup(self.encoding)
            with open(self.path, "rb") as file:
                yield from self._read(file)
        except LookupError:
            self._wrong(0, "", f"there is no character set '{self.encoding}'")
        except OSError as error:
            raise CommandError(f"{self.path}: {error.strerror}") from None

    def done(self) -> None:
        """NotImported where anything was wrong."""
        if self.problems:
            raise NotImported(self.path, self.problems)

    def twice(self, line: int, earlier: int) -> Problem:
        """What is wrong where a row stands for the same key at the same time as an earlier one."""
        dated = self.definition.effective is not None
        told = "holds at the same time as the row in" if dated else "stands in"
        what = f"this key {told} line {earlier} already"
        return Problem(line=line, column=", ".join(self.definition.keys), what=what)

    def _wrong(self, line: int, column: str, what: str) -> None:
        self.problems.append(Problem(line=line, column=column, what=what))

    def _read(self, file: BinaryIO) -> Iterator[Cells]:
        csv.field_size_limit(LONGEST)
        reader = csv.reader(self._lines(file), strict=True)
        try:
            header = next(reader, None)
            places = self._header(header)
            if places is None or header is None:
                return
            take = self._taker(places, len(header))
            for cells in reader:
                if cells and (row := take(reader.line_num, cells)) is not None:
                    self.rows += 1
                    yield row
                if len(self.problems) >= ENOUGH:
                    return
        except csv.Error as error:
            self._wrong(reader.line_num, "", _broken(error))
        except UnicodeDecodeError:
            return  # noted where the line was read

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        """The lines of the file, decoded; a line that is not is noted, and ends the reading."""
        encoding = self.encoding
        for number, raw in enumerate(file, 1):
            try:
                yield raw.decode(encoding)
            except UnicodeDecodeError as error:
                name = encoding.removesuffix("-sig")
                place = f"character {len(raw[: error.start].decode(name, 'replace')) + 1}"
                other = "iso-8859-1" if name == "windows-1252" else "windows-1252"
                hint = f"save it as CSV UTF-8, or name its character set: --encoding {other}"
                self._wrong(number, place, f"this is not {name.upper()}; {hint}")
                raise
            encoding = self.encoding.removesuffix("-sig")

    # -- the header -----------------------------------------------------------------------------------------

    def _header(self, header: list[str] | None) -> list[int] | None:
        """Where each declared column stands: keys, dates, values; None where one is missing."""
        wanted = columns_of(self.definition)
        names = [cell.strip() for cell in header or ()]
        missing = [name for name in wanted if name not in names]
        for name in missing:
            self._wrong(1, name, f"the header has no column '{name}'{_separator(names)}")
        for name in wanted:
            if names.count(name) > 1:
                self._wrong(1, name, f"the header has the column '{name}' twice")
        if self.problems:
            return None
        self.unused = tuple(name for name in names if name not in wanted)
        return [names.index(name) for name in wanted]

    # -- a row ----------------------------------------------------------------------------------------------

    def _taker(self, places: list[int], width: int) -> Callable[[int, list[str]], Cells | None]:
        """What makes the cells of a row of a line; None where something is wrong with it."""
        definition, wrong = self.definition, self._wrong
        keyed, dated = len(definition.keys), len(dates_of(definition))
        names = columns_of(definition)
        most = keyed - 1, len(definition.columns) - 1

        def take(line: int, cells: list[str]) -> Cells | None:
            if len(cells) != width:
                wrong(line, "", f"{len(cells)} cells where the header has {width}")
                return None
            chosen = [cells[place].strip() for place in places]
            keys, rest = chosen[:keyed], chosen[keyed:]
            if "" in keys:
                wrong(line, names[keys.index("")], "a key is empty")
                return None
            period = self._period(line, rest[:dated]) if dated else ("", "")
            if period is None:
                return None
            joined, values = UNIT.join(keys), CELL.join(rest[dated:])
            if (joined.count(UNIT), values.count(CELL)) != most or CELL in joined:
                wrong(line, "", "a cell holds a control character (U+0000 or U+001F)")
                return None
            return Cells(
                line=line,
                keys=joined.encode(),
                first=period[0],
                last=period[1],
                values=values,
            )

        return take

    def _period(self, line: int, said: list[str]) -> tuple[str, str] | None:
        """The first and the last day of a row; None where they are none."""
        before = len(self.problems)
        names = dates_of(self.definition)
        for name, text in zip(names, said, strict=True):
            if text and not is_day(text):
                self._wrong(line, name, "not a date; write it as 2026-01-31")
        first, last = said[0], said[1] if len(said) > 1 else ""
        if len(self.problems) == before and last and last < first:
            self._wrong(line, names[1], f"the last day comes before '{names[0]}'")
        return (first, last) if len(self.problems) == before else None


def dates_of(definition: Definition) -> tuple[str, ...]:
    """The columns that say when a row holds: none, one or two."""
    effective = definition.effective
    if effective is None:
        return ()
    return (effective.from_, effective.to) if effective.to else (effective.from_,)


def columns_of(definition: Definition) -> tuple[str, ...]:
    """All columns that a sheet of the table has: keys, dates, values."""
    return (*definition.keys, *dates_of(definition), *definition.columns)


@lru_cache(8192)
def is_day(text: str) -> bool:
    """
    Whether this is a day of the calendar, as ISO 8601 writes it.

    >>> is_day("2026-02-28"), is_day("2026-02-30"), is_day("20260228")
    (True, False, False)
    """
    try:
        return len(text) == 10 and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _separator(names: list[str]) -> str:
    """What to do about a header that is one cell, because other characters than commas stand between its names."""
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        return (
            "; the cells of this file are not separated by commas: save it as CSV with commas"
        )
    return ""


def _broken(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"a cell is longer than {LONGEST} bytes"
    if "new-line" in str(error):
        return "the lines of this file do not end with a line feed: save it as CSV UTF-8"
    return "not CSV: a quote is not closed or stands inside a cell"
