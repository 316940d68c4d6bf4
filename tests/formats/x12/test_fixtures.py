"""Real files of partners and of other projects, where they are present: nothing crashes, nothing changes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from interchanges import READING

from engine.errors import MessageError
from engine.formats import x12
from engine.message import Receipt, Verdict

FIXTURES = Path(__file__).parents[4] / "shared/fixtures"
FOLDERS = ("pyx12", "lfh-x12", "staedi", "edi-net", "edi-835-parser")
FILES = [
    path
    for folder in FOLDERS
    for path in sorted((FIXTURES / folder).rglob("*"))
    if path.is_file() and b"ISA" in path.read_bytes()[:200]
]

pytestmark = pytest.mark.skipif(not FILES, reason="../shared/fixtures is absent")


def readable(path: Path) -> x12.Document | None:
    try:
        return x12.parse(path.read_bytes(), READING)
    except MessageError:
        return None


def test_nearly_all_are_read() -> None:
    assert sum(readable(path) is not None for path in FILES) >= len(FILES) - 1


def test_untouched_they_come_back_byte_for_byte() -> None:
    for path in FILES:
        if (document := readable(path)) is not None:
            editor = document.edit()
            editor.changed()
            assert editor.render() == document.raw, path.name
            assert b"".join(x12.parts(document.raw, READING) or [document.raw]) == document.raw


def test_everything_works_on_all_of_them() -> None:
    receipt = Receipt(id=77, verdict=Verdict.QUARANTINED)
    for path in FILES:
        x12.acknowledge(path.read_bytes(), receipt, READING, 0.0)
        if (document := readable(path)) is None:
            continue
        list(x12.check(document))
        list(x12.tree(document))
        for by in ("ST", "2300", "PO1", "2100"):
            for part in x12.split(document.raw, READING, by):
                x12.parse(part, READING)


def test_in_blocks_they_read_the_same() -> None:
    for path in FILES:
        document = readable(path)
        if document is None or document.codec != "utf-8" or b"BIN" in document.raw:
            continue
        try:
            found = [one for _, batch in x12.stream([document.raw]) for one in batch]
        except MessageError:
            continue
        assert found == [segment.elements for segment in document.segments], path.name


def test_segments_are_those_of_pyx12() -> None:
    reader = pytest.importorskip("pyx12.x12file")
    agreed = 0
    for path in FILES:
        if (document := readable(path)) is None:
            continue
        try:
            text = document.text.lstrip("\ufeff")
            count = sum(1 for _ in reader.X12Reader(io.StringIO(text)))
        except Exception:  # it refuses what it does not know
            continue
        ended = document.text.rstrip(" \t").rstrip(
            "\r\n"
        ) != document.text or document.text.endswith(document.marks.segment)
        assert len(document.segments) - (not ended) == count, path.name
        agreed += 1
    assert agreed > 100
