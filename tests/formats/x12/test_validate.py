"""Levels of validation: what each asks, what is told of it, and that quick looks and thorough ones agree."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interchanges import CLAIM, ORDER, PAYMENT, READING, SHIPMENT, lines

from engine.errors import MessageError
from engine.formats import x12
from engine.formats.x12 import book
from engine.message import Receipt, Verdict

SAMPLES = Path(__file__).parents[3] / "samples/x12"


def told(raw: bytes, level: str) -> str:
    try:
        x12.validate(x12.parse(raw, READING), level)
    except MessageError as error:
        assert error.code == "invalid"
        return str(error)
    return ""


def test_each_level_asks_what_those_before_ask() -> None:
    assert x12.levels == ("syntax", "guide", "balance")
    assert [told(CLAIM, level) for level in x12.levels] == [""] * 3
    counted = CLAIM.replace(b"IEA*1", b"IEA*2")
    assert all("TA105 021" in told(counted, level) for level in x12.levels)
    coded = CLAIM.replace(b"HL*2*1*22*0", b"HL*2*7*22*0")
    assert told(coded, "syntax") == ""
    assert "2000B/HL02 (segment 10)" in told(coded, "guide") or "HL02" in told(coded, "guide")
    lacking = re.sub(rb"HI\*[^~]*~", b"", CLAIM, count=1)
    assert told(lacking, "syntax").endswith("[IK502 4]")
    assert "2300/HI" in told(lacking, "guide")


def test_an_error_names_places_and_rules_and_never_a_value() -> None:
    raw = ORDER.replace(b"PO4711", b"SECRET" * 20).replace(b"20260105~CUR", b"SECRETXX~CUR")
    said = told(raw, "syntax")
    assert "BEG03 (segment 2): the value is too long [IK403 5]" in said
    assert "BEG05" in said
    assert "SECRET" not in said


def test_what_is_odd_in_the_header_alone_is_told_and_refuses_nothing() -> None:
    raw = ORDER.replace(b"*ZZ*HOSPITAL", b"*QQ*HOSPITAL").replace(
        b"*260105*0930*^", b"*261305*0930*^"
    )
    assert told(raw, "guide") == ""
    made = x12.acknowledge(raw, Receipt(id=7, verdict=Verdict.ACCEPTED), READING, 0.0)
    assert "TA1*000000017*261305*0930*E*005" in lines(made)


def test_a_rejected_claim_is_told_all_with_its_own_number() -> None:
    raw = CLAIM.replace(b"HL*2*1*22*0", b"HL*2*7*22*0").replace(b"ABK:J459", b"QQQ:J459")
    made = lines(x12.acknowledge(raw, Receipt(id=7, verdict=Verdict.QUARANTINED), READING, 0.0))
    assert [one for one in made if one.startswith(("IK", "CTX"))][-1].startswith("IK5*R*5")
    assert "IK4*2*734*I12" in made
    assert any(one.startswith("CTX*CLM01:C-1") for one in made)
    taken = lines(x12.acknowledge(raw, Receipt(id=7, verdict=Verdict.ACCEPTED), READING, 0.0))
    assert not any(one.startswith("IK4*2*734") for one in taken)


def test_a_part_keeps_a_wrong_count_and_gets_right_ones_again() -> None:
    cut = CLAIM.replace(b"SE*", b"SE*9")
    for by in ("ST", "2300"):
        assert all("IK502 4" in told(part, "syntax") for part in x12.split(cut, READING, by))
        assert [told(part, "syntax") for part in x12.split(CLAIM, READING, by)] == [""] * (
            1 if by == "ST" else len(re.findall(rb"~CLM\*", CLAIM))
        )


def test_the_same_place_may_be_filled_in_any_order() -> None:
    turned = CLAIM.replace(b"REF*G1*AUTH1", b"REF*F8*1~REF*G1*AUTH1~REF*EA*9")
    turned = re.sub(
        rb"SE\*(\d+)", lambda found: b"SE*%d" % (int(found[1]) + 2), turned, count=1
    )
    assert told(turned, "guide") == ""


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    raw=st.sampled_from([ORDER, CLAIM, PAYMENT, SHIPMENT]),
    at=st.integers(0, 10_000),
    put=st.sampled_from(
        [b"", b"*", b":", b"^", b"0", b"99", b"-1", b".5", b"\xc3\xa9", b"A" * 40, b"~"]
    ),
    size=st.integers(0, 3),
)
def test_quick_looks_find_what_thorough_ones_find(
    raw: bytes, at: int, put: bytes, size: int
) -> None:
    """A place that was met often is looked at by a pattern; the faults are the same."""
    at = 110 + at % (len(raw) - 110)
    broken = raw[:at] + put + raw[at + size :]
    for level in ("syntax", "guide"):
        book.book.cache_clear()
        document = x12.parse(broken, READING)
        slow = list(x12.check(document, level))
        for _ in range(20):
            list(x12.check(x12.parse(raw, READING), level))
        assert list(x12.check(document, level)) == slow


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(
    "piece",
    [
        lambda at: f"HL*{at + 5}*{at + 4}*22*1~",
        lambda at: f"HL*{at + 5}*1*I~",
        lambda at: "REF*G1*1^2^3~",
        lambda at: "Q~",
        lambda at: "NM1*85*2~",
        lambda at: f"LX*{at}~",
    ],
)
@pytest.mark.parametrize("raw", [CLAIM, SHIPMENT])
def test_hostile_interchanges_take_time_in_proportion(raw: bytes, piece: object) -> None:
    spent = []
    for count in (2_000, 40_000):
        body = "".join(piece(at) for at in range(count)).encode()  # type: ignore[operator]
        document = x12.parse(raw.replace(b"SE*", body + b"SE*", 1), READING)
        began = time.process_time()
        list(x12.check(document, "guide"))
        spent.append(time.process_time() - began)
    assert spent[1] < 20 * 4 * max(spent[0], 0.01)


def test_many_repetitions_in_one_element_are_one_look() -> None:
    raw = CLAIM.replace(b"REF*G1*AUTH1", b"REF*G1*" + b"1^" * 100_000 + b"1")
    found = [fault.code for fault in x12.check(x12.parse(raw, READING)) if fault.name == "REF"]
    assert "12" in found
    assert len(found) < 10


def test_a_request_holds_no_decision_and_an_answer_may() -> None:
    answer = (SAMPLES / "authorized.278").read_bytes()
    assert [*x12.check(x12.parse(answer, READING), "guide")] == []
    request = answer.replace(b"BHT*0007*11*", b"BHT*0007*13*")
    found = list(x12.check(x12.parse(request, READING), "guide"))
    assert [(fault.code, fault.name) for fault in found] == [("I9", "HCR")] * 3
    assert [*x12.check(x12.parse(request, READING), "syntax")] == []
