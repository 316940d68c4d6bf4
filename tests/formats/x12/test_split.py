"""Parts of an interchange: each a whole one, with one thing in it."""

from __future__ import annotations

import gc
import time

from interchanges import CLAIM, ORDER, PAYMENT, READING, SHIPMENT, interchange, lines, read

from engine.formats import x12
from engine.reading import Blocks


def parts(raw: bytes, by: str) -> list[bytes]:
    return list(x12.split(raw, READING, by))


def test_by_claim_each_part_reads_like_the_whole() -> None:
    first, second = parts(CLAIM, "2300")
    assert read(first, "CLM01") == "C-1"
    assert read(second, "CLM01") == "C-2"
    assert read(first, "2400[*]/LX01") == ["1", "2"]
    assert read(second, "2010CA/NM104") == "TIM"
    assert read(first, "2010BA/NM109") == "M1"
    assert read(second, "2010BA/NM109") == "M2"
    assert read(second, "2010AA/NM103") == "CLINIC"
    for part in (first, second):
        assert not list(x12.check(x12.parse(part, READING)))


def test_levels_are_numbered_again() -> None:
    _, second = parts(CLAIM, "2300")
    assert [one for one in lines(second) if one.startswith("HL")] == [
        "HL*1**20*1", "HL*2*1*22*1", "HL*3*2*23*0",
    ]  # fmt: skip
    _, last = parts(SHIPMENT, "HL:I")
    assert [one for one in lines(last) if one.startswith(("HL", "CTT", "PRF"))] == [
        "HL*1**S*1", "HL*2*1*O*1", "PRF*PO2", "HL*3*2*I*0", "CTT*3",
    ]  # fmt: skip


def test_by_payment_the_header_and_the_summary_stay() -> None:
    for by in ("2100", "CLP"):
        first, second = parts(PAYMENT, by)
        assert read(first, "CLP01") == "C-1"
        assert (read(second, "CLP01"), read(second, "SVC01")) == ("C-2", None)
        assert read(second, "BPR02") == read(second, "TRN02")[1:] + "50" == "150"
        assert read(second, "PLB04") == "-5"


def test_by_line_the_total_is_made_again() -> None:
    first, second = parts(ORDER, "PO1")
    assert read(first, "CTT01") == "1"
    assert read(second, "PO101") == "2"
    assert read(second, "N1[2]/N102") == "Accounts"


def test_by_set() -> None:
    body = ORDER[ORDER.index(b"ST*") : ORDER.index(b"GE*")]
    raw = ORDER.replace(body, body + body.replace(b"0001", b"0002")).replace(b"GE*1", b"GE*2")
    first, second = parts(raw, "ST")
    assert first == ORDER
    assert read(second, "ST02") == "0002"
    assert lines(second)[-2:] == ["GE*1*17", "IEA*1*000000017"]


def test_by_set_each_keeps_its_own_group() -> None:
    other = interchange("ST*810*0001", "BIG*20260105*1", group="IN", version="004010")
    start, stop = other.index(b"GS*"), other.index(b"IEA")
    raw = ORDER.replace(b"IEA*1", other[start:stop] + b"IEA*2")
    first, second = parts(raw, "ST")
    assert (read(first, "GS08"), read(second, "GS08")) == ("005010", "004010")
    assert lines(second)[-1] == "IEA*1*000000017"


def test_a_set_that_has_none_of_it_is_a_part_too() -> None:
    """A payment that only takes back (PLB) beside one with claims: nothing of what came is in no part."""
    body = PAYMENT[PAYMENT.index(b"ST*") : PAYMENT.index(b"GE*")]
    claims = body[
        body.index(b"LX*") if b"LX*" in body else body.index(b"CLP*") : body.index(b"PLB*")
    ]
    bare = body.replace(claims, b"").replace(b"0001", b"0002")
    count = bare.count(b"~")
    bare = bare[: bare.index(b"SE*")] + b"SE*%d*0002~" % count
    raw = PAYMENT.replace(body, bare + body).replace(b"GE*1", b"GE*2")
    for by in ("2100", "CLP"):
        alone, first, second = parts(raw, by)
        assert (read(alone, "ST02"), read(alone, "PLB04"), read(alone, "CLP01")) == (
            "0002",
            "-5",
            None,
        )
        assert [read(first, "CLP01"), read(second, "CLP01")] == ["C-1", "C-2"]
        blocks = Blocks(size=len(raw), read=lambda at, most: raw[at : at + most])
        known = x12.survey(blocks, READING, by, lambda key: None)
        assert known.parts == 3
        large = x12.parted_blocks(blocks, READING, by, known.known, b"")
        assert [one.raw for one in large] == [alone, first, second]


def test_what_has_none_of_it_is_given_whole() -> None:
    assert parts(ORDER, "2300") == [ORDER]


def test_line_breaks_stay() -> None:
    raw = CLAIM.replace(b"~", b"~\r\n")
    for part in parts(raw, "2300"):
        assert part.count(b"~\r\n") == part.count(b"~")


def test_what_cannot_be_split_by_is_said() -> None:
    for by in ("ST", "2000B", "2300", "2100", "CLP", "PO1", "HL:O", "IT1"):
        assert x12.splits(by) == ""
    for by in ("2309", "XX", "message", "record"):
        assert by in x12.splits(by)


def test_many_parts_take_time_in_proportion() -> None:
    start, end = CLAIM.index(b"HL*2*1*22"), CLAIM.index(b"HL*3*1*22")
    took = []
    gc.disable()  # it would walk through all that other tests have left
    try:
        for count in (100, 1600):
            raw = CLAIM[:start] + CLAIM[start:end] * count + CLAIM[end:]
            begun = time.process_time()
            assert len(parts(raw, "2300")) == count + 1
            took.append(time.process_time() - begun)
    finally:
        gc.enable()
    assert took[1] < 16 * 4 * max(took[0], 0.002)
