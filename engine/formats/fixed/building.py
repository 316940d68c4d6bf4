"""Whole files of a layout, written (engine/rows/building.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.formats import Reading
from engine.formats.fixed.layout import Layout, spans
from engine.formats.fixed.reader import Reader
from engine.formats.fixed.writing import line
from engine.rows import assembly
from engine.rows.building import FileStructure
from engine.rows.table import RowsDocument


class Records:
    """How records of fixed fields are written and read (engine/rows/building.py: Written)."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._reading = layout, Reading(layout=layout)

    def line(self, values: Sequence[str], type: str) -> bytes:
        """See Written.line."""
        return line(values, self._layout, type)

    def names(self) -> bytes:
        """See Written.names: there are none."""
        return b""

    def read(self, raw: bytes) -> Reader:
        """See Written.read."""
        return Reader(raw, self._reading)

    def document(self, raw: bytes) -> RowsDocument:
        """See Written.document."""
        return assembly.document(self.read(raw))

    def known(self, kind: str) -> Mapping[str, str]:
        """See Written.known; the field that begins where the type is told by."""
        type = self._layout.types.get(kind)
        if type is None or type.when is None:
            return {}
        said = type.when.is_ if isinstance(type.when.is_, str) else type.when.is_[0]
        found = spans(type.fields)
        return {name: said for name, (begin, _) in found.items() if begin == type.when.at - 1}


def whole_file(layout: Layout, files: tuple[tuple[str, bytes], ...] = ()) -> FileStructure:
    """What a mapping fills that makes whole files of a layout; `files` are those that decide about it."""
    return FileStructure(layout.name, layout, Records(layout), files=files)
