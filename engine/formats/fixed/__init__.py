"""
Files of fixed fields: each value has its place in the record, as mainframes and banks write them.

A layout is a file of the release, `mappings/layouts/NAME.yaml`. `format: fixed/NAME` in a channel and `from: fixed/NAME`
in a mapping read files of it, `to: fixed/NAME` writes records of it.

    layout   the keys of a layout; checks, what they cannot be
    fields   what stands in a field, read and written; cobol, numbers as COBOL keeps them
    marks    how one record is told from the next
    reader   a file taken apart (engine/rows puts it together: documents, parts, totals, snapshots)
    writing  records
    rejects  records that were rejected
    building whole files
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from engine.formats import Blocks, Part, Parting, Reading, Surveyed
from engine.formats.fixed.building import whole_file
from engine.formats.fixed.checks import layout, problem
from engine.formats.fixed.fields import Field
from engine.formats.fixed.layout import Layout, Record, Type, When
from engine.formats.fixed.reader import Reader
from engine.formats.fixed.rejects import rejects
from engine.formats.fixed.writing import line
from engine.message import Receipt
from engine.rows import assembly, blocks, parting
from engine.rows import snapshot as snapshots
from engine.rows.paths import RowPaths
from engine.rows.snapshot import Snapshot
from engine.rows.table import RowsDocument, tree
from engine.rows.totals import Count, Total, Trailer

__all__ = [
    "KEYS",
    "Layout",
    "Part",
    "acknowledge",
    "layout",
    "line",
    "parse",
    "parted",
    "parted_blocks",
    "parts",
    "paths",
    "problem",
    "refuse",
    "rejects",
    "snapshot",
    "split",
    "splits",
    "survey",
    "tree",
    "unique",
    "whole_file",
]

paths = RowPaths()
unique: tuple[str, ...] = ()

#: The keys of a layout and what stands under them, for the reference.
KEYS = {
    "": Layout,
    "fields.NAME": Field,
    "record": Record,
    "types.NAME": Type,
    "types.NAME.when": When,
    "trailer": Trailer,
    "trailer.count": Count,
    "trailer.total": Total,
    "snapshot": Snapshot,
}


def parse(raw: bytes, reading: Reading) -> RowsDocument:
    """
    Bytes to rows; MessageError names the record that cannot be read.

    >>> from engine.formats.fixed.fields import Field
    >>> layout = Layout(fields={"number": Field(length=4), "amount": Field(length=7)})
    >>> parse(b"A1  0001250\\n", Reading(layout=layout)).rows("rows")[0].values
    ['A1  ', '0001250']
    """
    return assembly.document(Reader(raw, reading))


def parts(raw: bytes, reading: Reading) -> Sequence[bytes] | None:
    """A file is one message, unless the channel splits it."""
    return None


def splits(by: str, layout: object = None) -> str:
    """What is wrong with `split: BY`; empty where it can be."""
    return "" if by == "record" else "a file of fixed fields is split by 'record'"


def parted(raw: bytes, reading: Reading, by: str) -> Iterator[Part]:
    """The parts with what is known of them: the record where each begins in the file, and its key from file to file."""
    return parting.parts(Reader(raw, reading))


def split(raw: bytes, reading: Reading, by: str) -> Iterator[bytes]:
    """One file for each record with those inside it, or for each group (`group_by`), made while they are asked for."""
    return (part.raw for part in parted(raw, reading, by))


def survey(
    body: Blocks, reading: Reading, by: str, met: Callable[[str | None], None]
) -> Surveyed:
    """See Format.survey: header, trailer and control totals, and the keys where the layout says `snapshot:`."""
    return blocks.survey(body, *_opened(body, reading), met)


def parted_blocks(
    body: Blocks, reading: Reading, by: str, known: bytes, position: bytes
) -> Parting:
    """See Format.parted_blocks."""
    return blocks.parted(body, *_opened(body, reading), known, position)


def _opened(body: Blocks, reading: Reading) -> tuple[blocks.Opening, blocks.Window]:
    """What reads a block as a file, and what reads blocks in the character set of the file."""
    window = blocks.window(body, reading, lines=reading.layout.lines)
    return lambda raw, recoded: Reader(raw, reading, recoded), window


def snapshot(previous: Mapping[str, bytes], raw: bytes, reading: Reading) -> tuple[Part, ...]:
    """
    The parts that the last file had and this one has not (engine/rows/snapshot.py: vanished).

    `previous` are the last file's parts by their keys, as `parted` gave them; without `snapshot:` in the layout nothing
    vanishes.
    """
    reader = Reader(raw, reading)
    settings = reader.layout.snapshot
    if settings is None:
        return ()
    return snapshots.vanished(previous, parting.parts(reader), settings.stop_at)


def acknowledge(raw: bytes, receipt: Receipt, reading: Reading, now: float) -> bytes:
    """Files of rows are not answered."""
    return b""


def refuse(raw: bytes, reading: Reading, now: float, why: str) -> bytes:
    """Files of rows are not answered."""
    return b""
