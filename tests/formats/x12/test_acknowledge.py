"""What senders are told: 997, 999 and TA1; and what of an interchange is wrong."""

from __future__ import annotations

import pytest
from interchanges import CLAIM, ORDER, PAYMENT, READING, SHIPMENT, interchange, isa, lines

from engine.formats import x12
from engine.message import Receipt, Verdict
from engine.reading import Blocks

NOW = 1767605400.0


def answer(raw: bytes, verdict: Verdict = Verdict.ACCEPTED, **more: object) -> list[str]:
    receipt = Receipt(id=77, verdict=verdict, **more)  # type: ignore[arg-type]
    return lines(x12.acknowledge(raw, receipt, READING, NOW))


def faults(raw: bytes, level: str = "syntax") -> list[tuple[str, str, str, int]]:
    found = x12.check(x12.parse(raw, READING), level)
    return [(one.level, one.code, one.path, one.position) for one in found]


def test_an_order_is_acknowledged_by_a_997() -> None:
    assert answer(ORDER) == [
        "ISA*00*          *00*          *ZZ*SUPPLIER       *ZZ*HOSPITAL       *260105*0930*^*00501*000000077*0*P*:",
        "GS*FA*SUPPLIER*HOSPITAL*20260105*093000*77*X*005010",
        "ST*997*0001", "AK1*PO*17", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1", "SE*6*0001", "GE*1*77",
        "IEA*1*000000077",
    ]  # fmt: skip


def test_a_claim_is_acknowledged_by_a_999() -> None:
    assert answer(CLAIM)[1:-1] == [
        "GS*FA*SUPPLIER*HOSPITAL*20260105*093000*77*X*005010X231A1",
        "ST*999*0001*005010X231A1", "AK1*HC*17*005010X222A1", "AK2*837*0001*005010X222A1",
        "IK5*A", "AK9*A*1*1*1", "SE*6*0001", "GE*1*77",
    ]  # fmt: skip


def test_an_acknowledgement_is_in_order_itself_and_never_acknowledged() -> None:
    for raw in (ORDER, CLAIM, CLAIM.replace(b"CLM*C-1*120", b"CLM**1X0")):
        receipt = Receipt(id=77, verdict=Verdict.ACCEPTED)
        made = x12.acknowledge(raw, receipt, READING, NOW)
        assert not faults(made)
        assert x12.acknowledge(made, receipt, READING, NOW) == b""


def test_what_was_passed_on_is_accepted_with_its_errors_noted() -> None:
    raw = CLAIM.replace(b"CLM*C-1*120", b"CLM**1X0")
    assert answer(raw)[4:-3] == [
        "AK2*837*0001*005010X222A1", "IK3*CLM*15*2300*8", "IK4*1*1028*1", "IK4*2*782*6",
        "IK5*E*5", "AK9*E*1*1*1",
    ]  # fmt: skip


def test_what_was_quarantined_is_rejected() -> None:
    assert answer(ORDER, Verdict.QUARANTINED, reason="bad_value")[5:7] == [
        "AK5*R*5",
        "AK9*R*1*1*0",
    ]
    assert answer(ORDER, Verdict.DUPLICATE, reason="accepted")[5] == "AK5*A"
    assert answer(ORDER, Verdict.DUPLICATE, reason="quarantined: x")[5] == "AK5*R*5"


def test_sets_of_a_split_interchange_are_answered_one_by_one() -> None:
    body = ORDER[ORDER.index(b"ST*") : ORDER.index(b"GE*")]
    raw = ORDER.replace(body, body + body.replace(b"0001", b"0002")).replace(b"GE*1", b"GE*2")
    parts = tuple(
        Receipt(id=78 + at, verdict=verdict)
        for at, verdict in enumerate((Verdict.ACCEPTED, Verdict.QUARANTINED))
    )
    found = answer(raw, Verdict.SPLIT, parts=parts)
    assert [one for one in found if one.startswith(("AK2", "AK5", "AK9"))] == [
        "AK2*850*0001", "AK5*A", "AK2*850*0002", "AK5*R*5", "AK9*P*2*2*1",
    ]  # fmt: skip


def test_a_broken_envelope_and_a_sender_that_asks_get_a_ta1() -> None:
    broken = ORDER.replace(b"IEA*1*000000017", b"IEA*1*000000018")
    assert "TA1*000000017*260105*0930*E*001" in answer(broken)
    assert "TA1*000000017*260105*0930*R*001" in answer(broken, Verdict.QUARANTINED)
    asking = ORDER.replace(b"*0*P*:", b"*1*P*:")
    assert "TA1*000000017*260105*0930*A*000" in answer(asking)


def test_an_answer_is_in_the_delimiters_of_the_sender() -> None:
    raw = ORDER.replace(b"*", b"|").replace(b"~", b"'\n")
    made = x12.acknowledge(raw, Receipt(id=77, verdict=Verdict.ACCEPTED), READING, NOW)
    assert b"AK2|850|0001'\n" in made
    assert b"~" not in made


def test_what_has_no_header_gets_no_answer_and_nothing_kept_says_nothing() -> None:
    receipt = Receipt(id=77, verdict=Verdict.QUARANTINED)
    for raw in (b"", b"nonsense", b"ISA*00"):
        assert x12.acknowledge(raw, receipt, READING, NOW) == b""
    assert x12.refuse(ORDER, READING, NOW, "queue full") == b""


def test_several_interchanges_are_answered_with_numbers_of_their_own() -> None:
    receipt = Receipt(id=77, verdict=Verdict.ACCEPTED)
    made = x12.acknowledge(ORDER + CLAIM, receipt, READING, NOW)
    found = x12.parts(made, READING)
    assert found is not None
    assert len({x12.parse(one, READING).control() for one in found}) == 2


@pytest.mark.parametrize("raw", [ORDER, CLAIM, SHIPMENT, PAYMENT])
def test_a_good_interchange_has_no_faults(raw: bytes) -> None:
    assert faults(raw) == []


@pytest.mark.parametrize(
    ("raw", "was", "now", "fault"),
    [
        (ORDER, b"IEA*1*000000017~", b"", ("interchange", "023", "", 0)),
        (ORDER, b"IEA*1*", b"IEA*2*", ("interchange", "021", "", 0)),
        (ORDER, b"IEA*1*000000017", b"IEA*1*1", ("interchange", "001", "", 0)),
        (ORDER, b"GE*1*17~", b"", ("group", "3", "", 0)),
        (ORDER, b"GE*1*17", b"GE*1*18", ("group", "4", "", 0)),
        (ORDER, b"GE*1*17", b"GE*2*17", ("group", "5", "", 0)),
        (ORDER, b"SE*18*0001", b"SE*18*0002", ("set", "3", "", 0)),
        (ORDER, b"SE*18", b"SE*19", ("set", "4", "", 0)),
        (ORDER, b"SE*18*0001~", b"", ("set", "2", "", 0)),
        (ORDER, b"BEG*00*SA*PO4711**20260105~", b"", ("segment", "3", "BEG", 2)),
        (ORDER, b"CUR*BY*USD~", b"CUR*BY*USD~CUR*BY*USD~", ("segment", "5", "CUR", 4)),
        (ORDER, b"CUR*BY*USD~", b"QQQ*1~", ("segment", "1", "QQQ", 3)),
        (ORDER, b"CUR*BY*USD~", b"CLM*1~", ("segment", "6", "CLM", 3)),
        (ORDER, b"PID*F****Suture 3-0~", b"PO4*1~LIN**VN*1~", ("segment", "7", "PO1/LIN", 16)),
        (ORDER, b"BEG*00*SA", b"BEG*00*", ("element", "1", "BEG02", 2)),
        (ORDER, b"BEG*00*SA", b"BEG*00*SAS", ("element", "5", "BEG02", 2)),
        (ORDER, b"BEG*00*SA", b"BEG*00*S", ("element", "4", "BEG02", 2)),
        (ORDER, b"**20260105~", b"**20260231~", ("element", "8", "BEG05", 2)),
        (ORDER, b"PO1*1*10", b"PO1*1*1O", ("element", "6", "PO1/PO102", 11)),
        (ORDER, b"CUR*BY*USD", b"CUR*BY:X*USD", ("element", "13", "CUR01", 3)),
        (ORDER, b"CUR*BY*USD", b"CUR*BY^SE*USD", ("element", "12", "CUR01", 3)),
        (ORDER, b"REF*DP*OR3", b"REF*DP*OR3***X", ("element", "3", "REF05", 5)),
        (CLAIM, b"HI*ABK:J069~", b"", ("segment", "3", "2300/HI", 36)),
        (CLAIM, b"11:B:1*Y*A*Y*Y~HI*ABK:J069", b":B:1*Y*A*Y*Y~HI*ABK:J069", ("element", "1", "2300/CLM05-1", 35)),
        (PAYMENT, b"PER", b"PER", None),
    ],
)  # fmt: skip
def test_a_fault_is_named(
    raw: bytes, was: bytes, now: bytes, fault: tuple[str, str, str, int] | None
) -> None:
    found = faults(raw.replace(was, now), "guide")
    if fault is not None:
        assert fault in found
        assert was in raw


def test_a_loop_that_repeats_too_often() -> None:
    claim = CLAIM.replace(b"NM1*82*1*HOUSE*GREG****XX*1234567893~", b"NM1*82*1*A~" * 3)
    assert ("segment", "4", "2310B/NM1", 19) in faults(claim, "guide")


def test_a_version_without_a_map_is_checked_in_its_envelope() -> None:
    raw = interchange("ST*850*0001", "XYZ*1", version="003010")
    assert faults(raw) == []
    assert faults(raw.replace(b"SE*3", b"SE*4")) == [("set", "4", "", 0)]


def test_faults_hold_no_values() -> None:
    raw = ORDER.replace(b"PO4711", b"SECRET" * 20)
    for fault in x12.check(x12.parse(raw, READING)):
        assert "SECRET" not in str(fault)
    assert b"SECRET" not in x12.acknowledge(
        raw, Receipt(id=1, verdict=Verdict.ACCEPTED), READING, NOW
    )


def test_the_tree_names_what_people_know() -> None:
    rows = list(x12.tree(x12.parse(CLAIM, READING)))
    assert any(path == "2300" for _, path, _, _ in rows)
    assert any(path == "CLM05-1" and value == "11" for _, path, _, value in rows)
    assert isa()[:3] == "ISA"


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        (b"*^*00501*", b"*Q*00400*", "002"),
        (b"*00501*", b"*00901*", "003"),
        (b"~", b"-", "004"),
        (b"*", b".", "026"),
        (b"*0*P*:~", b"*0*P*.~", "027"),
        (b"GS*PO", b"ISB*12~GS*PO", "031"),
        (b"GS*PO", b"ISE*260231*0515*04~GS*PO", "028"),
        (b"GS*PO", b"ISE*260228*2515*04~GS*PO", "029"),
        (b"GS*PO", b"ISE*260228*0515*4~GS*PO", "030"),
    ],
)
def test_an_odd_header_is_told_by_its_code(was: bytes, now: bytes, code: str) -> None:
    raw = ORDER.replace(b"-", b" ")
    assert was in raw
    raw = raw.replace(was, now) if len(was) == 1 else raw.replace(was, now, 1)
    assert ("interchange", code, "", 0) in faults(raw)
    assert not any(fault[1] == code for fault in faults(ORDER))


def test_what_partners_agree_on_is_told_to_those_who_ask() -> None:
    raw = ORDER.replace(b"*00*          *00*", b"*03*          *01*", 1)
    assert not any(line.startswith("TA1") for line in answer(raw))
    assert "TA1*000000017*260105*0930*E*011" in answer(raw.replace(b"*0*P*:", b"*1*P*:"))


def test_a_large_file_is_answered_as_a_whole_one_is() -> None:
    wrong = CLAIM.replace(b"CLM*C-1*120", b"CLM**1X0").replace(b"HI*ABK:J069~", b"")
    bad = tuple(
        Receipt(id=80 + at, verdict=verdict)
        for at, verdict in enumerate((Verdict.ACCEPTED, Verdict.QUARANTINED))
    )
    for raw in (ORDER, wrong, ORDER + wrong, ORDER.replace(b"~", b"'\n"), b"nonsense", b""):
        for receipt in (
            Receipt(id=77, verdict=Verdict.ACCEPTED),
            Receipt(id=77, verdict=Verdict.QUARANTINED),
            Receipt(id=77, verdict=Verdict.SPLIT, parts=bad),
        ):
            blocks = Blocks(size=len(raw), read=lambda at, most, raw=raw: raw[at : at + most])  # type: ignore[misc]
            said = x12.acknowledge(raw, receipt, READING, NOW)
            assert x12.acknowledge_blocks(blocks, receipt, READING, NOW) == said
