"""Batches: with and without headers and trailers, in any line ends; and the one answer they get."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.formats import Reading
from engine.formats.hl7v2 import acknowledge, envelope, parse, parts
from engine.message import Receipt, Verdict

ONE = "MSH|^~\\&|A|B|C|D|2026||ADT^A01|m1|P|2.5.1\rPID|1||7\r"
TWO = "MSH|^~\\&|A|B|C|D|2026||ADT^A08|m2|P|2.3\rPID|1||8\r"
FHS, BHS = "FHS|^~\\&|A|B|C|D|2026||||f1\r", "BHS|^~\\&|A|B|C|D|2026||||b1\r"
READING = Reading()
SAMPLES = Path(__file__).parents[3] / "samples/hl7v2"


def receipts(*reasons: str) -> Receipt:
    """One part for each: empty = accepted, else the reason for its quarantine."""
    made = [
        Receipt(
            id=at,
            verdict=Verdict.QUARANTINED if reason else Verdict.ACCEPTED,
            reason=reason,
            detail=f"PID-3: {reason}",
        )
        for at, reason in enumerate(reasons, 11)
    ]
    return Receipt(id=10, verdict=Verdict.SPLIT, parts=tuple(made))


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize(
    "raw",
    [
        f"{FHS}{BHS}{ONE}{TWO}BTS|2\rFTS|1\r",
        f"{FHS}{BHS}{ONE}{TWO}",
        f"{BHS}{ONE}{TWO}BTS\r",
        f"{FHS}{ONE}{TWO}FTS",
        f"{ONE}{TWO}",
        f"\ufeff \r{FHS}{BHS}{ONE}BTS|1\r{BHS}{TWO}BTS|1\rFTS|2\r",
    ],
)
def test_messages_are_found_as_they_came(raw: str, end: str) -> None:
    found = parts(raw.replace("\r", end).encode(), READING)
    assert found == (ONE.replace("\r", end).encode(), TWO.replace("\r", end).encode())


def test_one_message_is_no_batch() -> None:
    assert parts(ONE.encode(), READING) is None
    assert parts((ONE + "NTE|1||MSH|^~ and \\MSH|").encode(), READING) is None
    assert parts(b"", READING) is None
    assert parts(b"ISA*00", READING) is None


def test_a_batch_of_one_and_of_none() -> None:
    assert parts(f"{FHS}{BHS}{ONE}".encode(), READING) == (ONE.encode(),)
    assert parts(f"{FHS}{BHS}BTS|0\rFTS|1\r".encode(), READING) == ()


def test_in_a_wide_set() -> None:
    raw = f"{FHS}{BHS}{ONE.replace('7', 'ü')}{TWO}BTS|2\rFTS|1\r".encode("utf-16")
    found = parts(raw, READING)
    assert found is not None
    assert [parse(one, READING).control() for one in found] == ["m1", "m2"]
    answer = acknowledge(raw, receipts("", ""), READING, 0.0)
    assert b"M\0S\0A\0|\0A\0A\0" in answer


def test_one_answer_for_all() -> None:
    raw = f"{FHS}{BHS}{ONE}{TWO}BTS|2\rFTS|1\r".encode()
    answer = acknowledge(raw, receipts("", "missing"), READING, 0.0)
    assert answer.decode().split("\r") == [
        "FHS|^~\\&|C|D|A|B|19700101000000+0000||||F10-0|f1",
        "BHS|^~\\&|C|D|A|B|19700101000000+0000||||B10-1|b1",
        "MSH|^~\\&|C|D|A|B|19700101000000+0000||ACK^A01^ACK|A11|P|2.5.1",
        "MSA|AA|m1",
        "MSH|^~\\&|C|D|A|B|19700101000000+0000||ACK^A08|A12|P|2.3",
        "MSA|AE|m2|PID-3: missing",
        "ERR|PID^1^3^101&Required field missing&HL70357",
        "BTS|2",
        "FTS|1",
        "",
    ]
    assert acknowledge(envelope(raw), receipts("", "missing"), READING, 0.0) == answer
    assert parts(answer, READING) is not None


def test_the_answer_has_the_shape_of_what_came() -> None:
    bare = acknowledge(f"{ONE}{TWO}".encode(), receipts("", ""), READING, 0.0).decode()
    assert [line[:3] for line in bare.split("\r")] == ["MSH", "MSA", "MSH", "MSA", ""]
    raw = f"{FHS}{BHS}{ONE}{BHS}{TWO}"
    answer = acknowledge(raw.encode(), receipts("", ""), READING, 0.0).decode()
    names = [line[:3] for line in answer.split("\r")]
    assert names == ["FHS", "BHS", "MSH", "MSA", "BTS", "BHS", "MSH", "MSA", "BTS", "FTS", ""]
    assert answer.endswith("BTS|1\rFTS|2\r")


def test_a_batch_that_wants_no_answer_gets_none() -> None:
    quiet = ONE.replace("2.5.1\r", "2.5.1|||NE|NE\r")
    raw = f"{BHS}{quiet}{quiet}BTS|2\r".encode()
    assert acknowledge(raw, receipts("", ""), Reading(mode="by_message"), 0.0) == b""


def test_the_sample() -> None:
    raw = (SAMPLES / "batch_dft.hl7").read_bytes()
    found = parts(raw, READING)
    assert found is not None
    assert [parse(one, READING).kind() for one in found] == ["DFT^P03", "DFT^P03"]


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    for one in (raw, b"FHS|" + raw, ONE.encode() + raw):
        found = parts(one, READING)
        envelope(one)
        acknowledge(one, receipts("", ""), READING, 0.0)
        for part in found or ():
            assert part in one or b"\0" in one
