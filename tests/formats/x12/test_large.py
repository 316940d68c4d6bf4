"""Large interchanges: in the memory of a slice, with the parts and faults that a whole file has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interchanges import CLAIM, ORDER, PAYMENT, READING, SHIPMENT, interchange

from engine.errors import MessageError
from engine.formats import x12
from engine.formats.x12 import large, slicing
from engine.message import Receipt, Verdict
from engine.reading import Blocks, Part

MANY = interchange(
    "ST*837*0001*005010X222A1", "BHT*0019*00*1*20260105*0930*CH", "NM1*41*2*SENDER*****46*S1",
    "HL*1**20*1", "NM1*85*2*CLINIC*****XX*1999999984",
    *[
        line
        for number in range(40)
        for line in (f"HL*{number + 2}*1*22*0", "SBR*P*18", f"CLM*C-{number}*120", "LX*1", "LX*2")
    ],
    group="HC", version="005010X222A1",
)  # fmt: skip
LINES = interchange(
    "ST*850*0001", "BEG*00*SA*1**20260105", *[f"PO1*{at}*1*EA*2" for at in range(30)], "CTT*30"
)


def blocks(raw: bytes) -> Blocks:
    return Blocks(size=len(raw), read=lambda at, most: raw[at : at + most])


_SIZES = (300, *[pytest.param(size, marks=pytest.mark.slow) for size in (1, 5_000, 256 * 1024)])


@pytest.mark.parametrize("size", _SIZES)
def test_the_parts_are_those_of_a_whole_file_and_go_on_anywhere(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(slicing, "SLICE", size)
    wrong = MANY.replace(b"SE*", b"SE*9")
    both = CLAIM + b"\r\n" + MANY.replace(b"~", b"~\r\n")
    seen = 0
    for raw in (
        MANY,
        LINES,
        wrong,
        both,
        ORDER,
        PAYMENT,
        SHIPMENT,
        CLAIM + SHIPMENT + ORDER + SHIPMENT,
        MANY.replace(b"IEA*1*000000017~", b""),
    ):
        for by in ("ST", "2000B", "2300", "2400", "2100", "PO1", "HL:I"):
            whole = list(x12.parted(raw, READING, by))
            surveyed = x12.survey(blocks(raw), READING, by, lambda key: None)
            known = surveyed.known
            parts = list(x12.parted_blocks(blocks(raw), READING, by, known, b""))
            assert surveyed.parts == len(parts)
            if whole == [Part(raw=raw, line=1)]:  # no set holds any of it: each is a part
                whole = list(x12.parted(raw, READING, "ST"))
            assert parts == whole, by
            taken = x12.parted_blocks(blocks(raw), READING, by, known, b"")
            for _ in range(len(parts) // 2):
                next(taken)
            rest = x12.parted_blocks(blocks(raw), READING, by, known, taken.position())
            assert list(rest) == parts[len(parts) // 2 :]
            seen += len(parts)
    assert seen > 300


def test_faults_are_those_of_a_whole_file() -> None:
    for raw in (MANY, CLAIM.replace(b"CLM*C-1*120", b"CLM**1X0"), ORDER + PAYMENT):
        found = [
            fault
            for one in large.inspected_blocks(blocks(raw), "guide")
            for fault in one.found()
        ]
        assert found == list(x12.check(x12.parse(raw, READING), "guide"))


def test_what_is_no_interchange_or_has_nothing_to_split_by_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slicing, "LONGEST", 1_000)
    monkeypatch.setattr(large, "LONGEST", 1_000)
    with pytest.raises(MessageError, match="an X12 interchange begins with ISA"):
        list(x12.parted_stream(blocks(b"nonsense" * 100), READING, "ST"))
    for by in ("ST", "2320"):
        with pytest.raises(MessageError):
            list(x12.parted_stream(blocks(MANY), READING, by))


@pytest.mark.parametrize("most", [6, pytest.param(200, marks=pytest.mark.slow)])
def test_whatever_comes_in_blocks_is_taken_apart_and_answered_or_refused(most: int) -> None:
    """Broken files of any kind, in slices of any size: MessageError or the parts of the whole, and never an endless look."""
    pieces = st.sampled_from(
        [b"", b"~", b"*", b"ISA*", b"~ST*837*2*005010X222A1~", b"~HL*9*1*22*0~", b"~SE*1*1~", b"~GE*1*1~",
         b"BIN*3*a~b~", b"\xff", b"\r\n", b"~CLM*9*1~", b"~IEA*1*1~", b"~GS*HC*A*B~"]
    )  # fmt: skip
    cuts = st.tuples(st.floats(0, 1), st.integers(0, 40), pieces)

    @settings(max_examples=most, deadline=None, derandomize=True, database=None)
    @given(
        st.sampled_from([MANY, ORDER, PAYMENT, CLAIM]),
        st.lists(cuts, min_size=1, max_size=4),
        st.integers(1, 3_000),
        st.sampled_from(["ST", "2000B", "2300", "2100", "HL:I"]),
    )
    def holds(raw: bytes, changes: list[tuple[float, int, bytes]], size: int, by: str) -> None:
        for at, length, new in changes:
            start = int(at * len(raw))
            raw = raw[:start] + new + raw[start + length :]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(slicing, "SLICE", size)
            _both(raw, by)

    holds()


def _both(raw: bytes, by: str) -> None:
    read = blocks(raw)
    x12.acknowledge_blocks(read, Receipt(id=7, verdict=Verdict.QUARANTINED), READING, 0.0)
    try:
        known = x12.survey(read, READING, by, lambda key: None).known
        parts = [part.raw for part in x12.parted_blocks(read, READING, by, known, b"")]
        again = [part.raw for part in x12.parted_blocks(read, READING, by, known, b"")]
    except MessageError:
        return
    assert parts == again
    for part in parts:
        assert x12.parse(part, READING).kind()


_RUN = """
import os, sys
from engine.formats.x12 import large
from engine.reading import Blocks, Reading
file = os.open(sys.argv[1], os.O_RDONLY)
blocks = Blocks(size=os.path.getsize(sys.argv[1]), read=lambda at, most: os.pread(file, most, at))
if sys.argv[2] == "check":
    print(sum(1 for one in large.inspected_blocks(blocks, "guide") for _ in one.found()))
else:
    print(sum(1 for _ in large.parted_stream(blocks, Reading(), sys.argv[2])))
# of this program alone: ru_maxrss would count what its parent held before it began
(peak,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(int(peak.split()[1]) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", ["check", "2300"])
def test_a_large_file_costs_no_memory(tmp_path: Path, what: str) -> None:
    """`CORRIDOR_LARGE` megabytes, 8 where nothing is said (200 in a longer run)."""
    wanted = int(os.environ.get("CORRIDOR_LARGE", "8")) * 1_000_000
    path, number = tmp_path / "claims.837", 0
    head, _, tail = MANY.partition(b"HL*2*1*22")
    claim = (
        b"SBR*P*18~"
        + b"CLM*C-%d*120***11:B:1*Y*A*Y*Y~HI*ABK:J459~"
        + b"LX*1~SV1*HC:99213*120*UN*1***1~" * 8
    )
    with path.open("wb") as file:
        file.write(head)
        while file.tell() < wanted:
            number += 1
            file.write(b"HL*%d*1*22*0~" % (number + 1) + claim % number)
        file.write(tail[tail.index(b"SE*") :])
    run = subprocess.run(
        [sys.executable, "-c", _RUN, str(path), what],
        capture_output=True,
        text=True,
        check=True,
        timeout=500,
    )
    count, megabytes = map(int, run.stdout.split())
    assert count >= (1 if what == "check" else number)
    assert megabytes < 200
