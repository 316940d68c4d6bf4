"""Real files of partners and of other projects, where they are present: nothing crashes, nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from interchanges import READING

from engine.errors import MessageError
from engine.formats import x12
from engine.message import Receipt, Verdict
from tests.conformance import x12 as conformance

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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_marks_that_are_recorded_are_reached() -> None:
    pytest.importorskip("pyx12")
    found = conformance.run(FIXTURES)
    for mark in ("untouched, byte for byte", "rebuilt from parts, byte for byte", "files read"):
        assert found[mark][0] == found[mark][1], mark
    assert (
        found["segments and elements of pyx12"][0] == found["segments and elements of pyx12"][1]
    )
    assert found["faults in the envelope named"][0] == found["faults in the envelope named"][1]
    assert found["answers of pyx12 reproduced"] == (7, 8)
    good, total = found["files known to be valid accepted"]
    assert good >= 0.98 * total
    assert total > 50
