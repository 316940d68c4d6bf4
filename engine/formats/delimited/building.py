"""Whole files of a layout, written (engine/rows/building.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.formats import Reading
from engine.formats.delimited.layout import Layout
from engine.formats.delimited.reader import Reader
from engine.formats.delimited.writing import line
from engine.rows import assembly
from engine.rows.building import FileStructure
from engine.rows.table import RowsDocument


class Lines:
    """How delimited records are written and read (engine/rows/building.py: Written)."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._reading = layout, Reading(layout=layout)

    def line(self, values: Sequence[str], type: str) -> bytes:
        """See Written.line."""
        return line(values, self._layout, type)

    def names(self) -> bytes:
        """See Written.names; with several types, those of the records."""
        sole = self._layout.kinds.sole
        if self._layout.header == "false" or sole is None:
            return b""
        names = [column.name for column in sole.columns]
        return line(names, self._layout, sole.name if self._layout.types else "")

    def read(self, raw: bytes) -> Reader:
        """See Written.read."""
        return Reader(raw, self._reading)

    def document(self, raw: bytes) -> RowsDocument:
        """See Written.document."""
        return assembly.document(self.read(raw))

    def known(self, kind: str) -> Mapping[str, str]:
        """See Written.known."""
        type = self._layout.types.get(kind)
        if type is None or type.when is None:
            return {}
        said = type.when.is_
        return {type.columns[type.when.column - 1]: said if isinstance(said, str) else said[0]}


def whole_file(layout: Layout, files: tuple[tuple[str, bytes], ...] = ()) -> FileStructure:
    """What a mapping fills that makes whole files of a layout; `files` are those that decide about it."""
    return FileStructure(layout.name, layout, Lines(layout), files=files)
