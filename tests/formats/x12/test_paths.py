"""Paths: what they read, where they look, and which fail at load."""

from __future__ import annotations

from typing import Any

import pytest
from interchanges import CLAIM, ORDER, PAYMENT, SHIPMENT, match, read, walk

from engine.formats import PathProblem, Shape


@pytest.mark.parametrize(
    ("raw", "path", "value"),
    [
        (ORDER, "BEG03", "PO4711"),
        (ORDER, "BEG04", None),
        (ORDER, "BEG12", None),
        (ORDER, "ISA06", "HOSPITAL"),
        (ORDER, "ISA11", "^"),
        (ORDER, "ISA16", ":"),
        (ORDER, "GS08", "005010"),
        (ORDER, "ST02", "0001"),
        (ORDER, 'REF[.01 == "DP"]02', "OR3"),
        (ORDER, "REF[2]02", "OR3"),
        (ORDER, "REF[*]01", ["CO", "DP"]),
        (ORDER, "DTM[*]02", ["20260112"]),
        (ORDER, 'N1[.01 == "ST"]/N301', "1 Hill Road"),
        (ORDER, 'qualified(PO106, "UP")', "0001"),
        (ORDER, 'qualified(PO1[2]06, "VN")', "V-2"),
        (ORDER, 'qualified(PO1[*]06, "VN")', ["V-1", "V-2"]),
        (ORDER, 'qualified(PO106, "XX")', None),
        (ORDER, "PO1[2]/PID05", "Suture 3-0"),
        (CLAIM, "CLM05-1", "11"),
        (CLAIM, "CLM05", "11"),
        (CLAIM, "CLM05-3", "1"),
        (CLAIM, "2300/CLM01", "C-1"),
        (CLAIM, "2300[*]/CLM01", ["C-1", "C-2"]),
        (CLAIM, "2010AA/NM109", "1999999984"),
        (CLAIM, "2000B[2]/2000C/2300/CLM01", "C-2"),
        (CLAIM, "2010CA/NM104", "TIM"),
        (CLAIM, "HL:23/PAT01", "19"),
        (SHIPMENT, "HL:O/PRF01", "PO1"),
        (SHIPMENT, "HL:O[*]/PRF01", ["PO1", "PO2"]),
        (PAYMENT, "DTM02", "20260105"),
        (PAYMENT, "PLB03-1", "WO"),
    ],
)
def test_a_path_reads(raw: bytes, path: str, value: Any) -> None:
    assert read(raw, path) == value


def test_a_line_sees_itself_then_what_is_around_it() -> None:
    found = walk(ORDER, "PO1", "PO101", "PID05", "DTM02", "BEG03", ".02", 'qualified(.06, "VN")', "N102", "GS06")  # fmt: skip
    assert found == [
        ["1", "Gloves, sterile", "20260110", "PO4711", "10", "V-1", None, "17"],
        ["2", "Suture 3-0", None, "PO4711", "4", "V-2", "Warehouse East", "17"],
    ]


def test_what_the_header_does_not_say_is_not_taken_from_a_line() -> None:
    raw = ORDER.replace(b"DTM*002*20260112~", b"")
    assert read(raw, "PO1/DTM02") == "20260110"
    assert read(raw, "DTM02") is None
    assert walk(raw, "DTM", ".02") == []


def test_parties_of_the_order_are_those_of_its_header() -> None:
    assert walk(ORDER, "N1", ".01", "N401") == [["ST", "Dallas"], ["BT", None]]


def test_a_service_line_knows_its_claim_and_its_subscriber() -> None:
    found = walk(
        CLAIM, "2400", "LX01", "SV101-2", "CLM01", "2010BA/NM109", "2010AA/NM103", "PAT01"
    )
    assert found == [
        ["1", "99213", "C-1", "M1", "CLINIC", None],
        ["2", "90471", "C-1", "M1", "CLINIC", None],
        ["1", "99212", "C-2", "M2", "CLINIC", "19"],
    ]


def test_levels_find_their_nearest_ancestors() -> None:
    found = walk(SHIPMENT, "HL:I", 'qualified(LIN02, "VN")', "SN102", "HL:O/PRF01", "HL:P/MAN02", "HL:S/TD102", "BSN02")  # fmt: skip
    assert found == [
        ["V-1", "5", "PO1", "00001", "3", "S-1"],
        ["V-2", "7", "PO2", None, "3", "S-1"],
    ]


def test_a_level_goes_where_its_parent_is_not_where_it_stands() -> None:
    moved = SHIPMENT.replace(b"HL*6*5*I*0", b"HL*6*2*I*0")
    assert walk(moved, "HL:I", "HL:O/PRF01") == [["PO1"], ["PO1"]]


def test_a_loop_answers_to_the_segment_that_begins_it() -> None:
    assert walk(PAYMENT, "CLP", ".01", "NM104", "SVC02", "2110/CAS03") == [
        ["C-1", "ANN", "200", "100"],
        ["C-2", "TIM", None, None],
    ]
    assert walk(PAYMENT, "2100", "CLP01") == [["C-1"], ["C-2"]]


def test_loops_in_a_loop_are_its_own() -> None:
    found = walk(CLAIM, "2300", "2400[*]/LX01", "HI02-2", "2310B/NM103")
    assert found == [[["1", "2"], "E119", "HOUSE"], [["1"], None, None]]


def test_repetitions_of_an_element() -> None:
    raw = ORDER.replace(b"BEG*00*SA", b"BEG*00*SA^NE")
    assert read(raw, "BEG02") == "SA"
    assert read(raw, "BEG02(2)") == "NE"
    assert read(raw, "BEG02(*)") == ["SA", "NE"]


def test_a_set_without_a_map_is_read_flat() -> None:
    raw = ORDER.replace(b"ST*850", b"ST*999", 1).replace(b"ST*999", b"ST*214", 1)
    assert read(raw, "BEG03") == "PO4711"
    assert [row[0] for row in walk(raw, "PO1", ".01")] == ["1", "2"]
    assert walk(raw, "PO1", "PID05")[1] == ["Suture 3-0"]


@pytest.mark.parametrize(
    ("path", "write"),
    [
        ("CLM99", "CLM20"),
        ("CLM.05.1", "CLM05-1"),
        ("CLM-5", "CLM05"),
        ("CLM01-2", "CLM01"),
        ("BGE03", "BEG03"),
        ("REF(2)02", "REF[2]"),
        ("REF[0]02", ""),
        ("CLM05-0", ""),
        ("ISA05-1", "ISA05"),
        ("qualified(PO1, 5)", 'qualified(PO106, "VN")'),
        (".01", "CLM01"),
    ],
)
def test_what_cannot_be_a_path_is_said_at_load(path: str, write: str) -> None:
    with pytest.raises(PathProblem) as caught:
        match(path)
    assert caught.value.write == write


@pytest.mark.parametrize(
    "path", ["2310/NM101", "2300/PO101", "BEG03", "CLP01", "2300/2300X", "HL:20/BEG01"]
)
def test_a_named_set_knows_its_loops(path: str) -> None:
    with pytest.raises(PathProblem):
        match(path, Shape(format="x12", name="005010/837P"))
    assert match("2300/2310B/NM103", Shape(format="x12", name="005010/837P"))


def test_a_number_is_a_loop_only_where_it_cannot_be_a_number() -> None:
    from interchanges import condition

    from engine.formats import x12

    def found(text: str, at: int = 0) -> Any:
        return x12.paths.match(text, at, Shape(format="x12"), condition)

    assert found("2300").group
    assert found("2300/CLM01")
    assert found("count(2400)", 6).group
    assert found("CLM02 > 2300", 8) is None
    assert found("2300 + 1") is None
