"""Messages made to cost more than they are: each ends soon, in parts or in a MessageError that says why."""

from __future__ import annotations

import time
from typing import Any

import pytest

from engine.errors import MessageError
from engine.formats import Reading, delimited, fixed, hl7v2, json, x12
from engine.formats.fixed.fields import Field
from engine.formats.fixed.layout import Record

ISA = (
    "ISA*00*          *00*          *ZZ*S              *ZZ*R              "
    "*261121*0937*^*00501*000000001*0*P*:~"
)
GS = "GS*HC*A*B*20261121*0937*1*X*005010X222A1~"
MSH = b"MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.5.1\rPID|1||X\r"
ROWS = delimited.Layout(columns=("number", "amount"))
RDW = fixed.Layout(fields={"a": Field(length=3)}, record=Record(prefix="rdw"))
#: Seconds that each may take; they take a tenth of it on a slow machine.
SOON = 10.0


def claims(*segments: str) -> bytes:
    body = "".join(f"{segment}~" for segment in segments)
    count = len(segments) + 2
    return f"{ISA}{GS}ST*837*1~{body}SE*{count}*1~GE*1*1~IEA*1*000000001~".encode()


def levels(parent: str) -> list[str]:
    return [f"HL*{at}*{parent.format(at - 1, at, at + 1)}*22*1" for at in range(1, 20_001)]


@pytest.mark.parametrize(
    ("format", "raw", "reading", "by"),
    [
        pytest.param(x12, (ISA + f"{GS}ST*837*1~SE*2*1~GE*1*1~" * 20_000 + "IEA*20000*1~").encode(), Reading(), "ST", marks=pytest.mark.slow),
        pytest.param(x12, claims("BHT*0019", *levels("{0}")), Reading(), "2000B", marks=pytest.mark.slow),
        (x12, claims("BHT*0019", *levels("{1}")), Reading(), "2000B"),
        pytest.param(x12, claims("BHT*0019", *levels("{2}")), Reading(), "2000B", marks=pytest.mark.slow),
        (x12, claims("CLM" + "*" * 3_000_000), Reading(), "ST"),
        (x12, b"ISA" * 1_000_000, Reading(), "ST"),
        (x12, claims(*["BIN*99999999*x"] * 20_000), Reading(), "ST"),
        pytest.param(hl7v2, MSH + b"OBR|1\rOBX|1\r" * 20_000, Reading(), "OBR", marks=pytest.mark.slow),
        pytest.param(hl7v2, MSH + b"ZZZ|1\r" * 60_000, Reading(), "ZZZ", marks=pytest.mark.slow),
        (delimited, b'a,"' + b"x,y\n" * 2_000_000, Reading(layout=ROWS), "record"),
        (delimited, b'a,"x\n' * 200_000, Reading(layout=ROWS), "record"),
        (delimited, b"," * 3_000_000, Reading(layout=ROWS), "record"),
        (fixed, b"\0\0\0\0" * 200_000, Reading(layout=RDW), "record"),
        (fixed, b"\xff\xff\0\0abc", Reading(layout=RDW), "record"),
        (fixed, b"\0\4\0\0" * 200_000, Reading(layout=RDW), "record"),
        (json, b'{"lines":' * 100_000 + b"1" + b"}" * 100_000, Reading(), "lines[*]"),
        (json, b'{"lines":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}", Reading(), "lines[*]"),
    ],
)  # fmt: skip
def test_it_ends_soon(format: Any, raw: bytes, reading: Reading, by: str) -> None:
    before = time.monotonic()
    size = 0
    try:
        format.parse(raw, reading)
    except MessageError as error:
        assert len(str(error)) < 500
    try:
        size = sum(len(part) for part in format.split(raw, reading, by))
    except MessageError as error:
        assert len(str(error)) < 500
    assert time.monotonic() - before < SOON
    assert size < 12 * len(raw) + 65 * 1024 * 1024


@pytest.mark.parametrize(
    ("format", "raw", "reading", "by"),
    [
        (x12, claims("BHT*1", "NTE*ADD*" + "x" * 500_000, "HL*1**20*1", "HL*2*1*22*0", *["CLM*1*5"] * 20_000), Reading(), "2300"),
        (delimited, b"x" * 500_000 + b"\nnumber,amount\n" + b"a,1\n" * 20_000, Reading(layout=delimited.Layout(columns=("number", "amount"), header="true", skip=1)), "record"),
        (json, b'{"h":"' + b"x" * 500_000 + b'","lines":[' + b"1," * 20_000 + b"1]}", Reading(), "lines[*]"),
        (hl7v2, MSH + b"NTE|1||" + b"x" * 500_000 + b"\r" + b"OBR|1\r" * 20_000, Reading(), "OBR"),
    ],
)  # fmt: skip
def test_what_stands_around_is_not_copied_without_end(
    format: Any, raw: bytes, reading: Reading, by: str
) -> None:
    with pytest.raises(MessageError, match="so large that") as caught:
        for _ in format.split(raw, reading, by):
            pass
    assert caught.value.code == "too_large"


@pytest.mark.parametrize(
    "text", ["1e999999999", "1E-999999999", "0e999999999", "1e99999999999999999999", "-1.5e401"]
)
def test_a_number_beyond_all_measure_is_no_json(text: str) -> None:
    """Eleven characters, and a gigabyte as soon as somebody writes it out."""
    with pytest.raises(MessageError, match="beyond 1e400"):
        json.parse(f'{{"price": {text}}}'.encode(), Reading())


def test_a_number_of_floating_point_is_one() -> None:
    assert str(json.parse(b"[1.7976931348623157e308]", Reading()).value[0]).startswith("1.79")
