"""Paths: what each form reads, and what is told to who writes one that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from engine.formats import NULL, PathProblem, Scope, Shape
from engine.formats.hl7v2 import paths

RAW = (
    "MSH|^~\\&|POU^1.2^ISO|OR|ENG|HOSP|20260101||ORU^R01^ORU_R01|C-1|P|2.5.1\r"
    'PID|1||10^^^HOSP&1.2&ISO^MR~20^^^STATE^PI~30^^^OTHER^MR||DOE^JANE||1980|F|||||||||""|ACC1\r'
    "OBX|1|NM|8480-6^Systolic^LN||120|mm\r"
    "OBX|2|NM|8462-4^Diastolic^LN||80|mm\r"
    "OBX|3|ST|8480-6^Systolic^LN||a\\T\\b|mm||||N\r"
    "ZPD|x~y~~z^1\r"
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("PID-3.1", "10"),
        ("PID-3", "10"),
        ("PID-3(2).1", "20"),
        ("PID-3(2)", "20"),
        ("PID-3(4).1", None),
        ("PID-3(*).1", ["10", "20", "30"]),
        ("PID-3.4", "HOSP"),
        ("PID-3.4.1", "HOSP"),
        ("PID-3.4.2", "1.2"),
        ("PID-3.4.9", None),
        ("PID-3(2).4.2", None),
        ('PID-3[.5 == "MR"].1', "10"),
        ('PID-3[.5 == "MR"](2).1', "30"),
        ('PID-3[.5 == "MR"](*).1', ["10", "30"]),
        ('PID-3[.5 == "MR" and .4.1 == "OTHER"].1', "30"),
        ('PID-3[.5 == "XX"].1', None),
        ('PID-3[.5 == "XX"](*).1', []),
        ("PID-17", NULL),
        ("PID-18", "ACC1"),
        ("PID-18.2", None),
        ("PID-5.2", "JANE"),
        ("MSH-1", "|"),
        ("MSH-2", "^~\\&"),
        ("MSH-3.2", "1.2"),
        ("MSH-9.2", "R01"),
        ("MSH-10", "C-1"),
        ("OBX-5", "120"),
        ("OBX[2]-5", "80"),
        ("OBX[9]-5", None),
        ("OBX[*]-5", ["120", "80", "a&b"]),
        ('OBX[.3.1 == "8462-4"]-5', "80"),
        ('OBX[.3.1 == "8480-6"](*)-5', ["120", "a&b"]),
        ('OBX[.3.1 == "8480-6"](2)-11', None),
        ('OBX[.3.1 == "8480-6"](2)-10', "N"),
        ("OBX[*]-3(*).1", ["8480-6", "8462-4", "8480-6"]),
        ("ZPD-1(*)", ["x", "y", "z"]),
        ("ZPD-1(4).2", "1"),
        ("NTE-3", None),
        ("NTE[*]-3", []),
    ],
)
def test_what_a_path_reads(hl7: Any, path: str, value: Any) -> None:
    assert hl7.read(RAW, path) == value


@pytest.mark.parametrize(
    ("path", "offset", "said", "write"),
    [
        ("PDI-3", 0, "there is no segment 'PDI' in HL7 v2; did you mean 'PID'?", "PID-3"),
        ("PDI-3.1", 0, "there is no segment 'PDI' in HL7 v2; did you mean 'PID'?", "PID-3.1"),
        ("QQQ-3", 0, "there is no segment 'QQQ'", ""),
        ("PID-3-1", 5, "behind a dot", "PID-3.1"),
        ("PID.3.1", 3, "behind a dash", "PID-3.1"),
        ("PID.5", 3, "behind a dash", "PID-5"),
        ("PID[0]-3", 3, "counts from 1", ""),
        ("PID-3(0)", 5, "counts from 1", ""),
        ("PID-0", 4, "counts from 1", ""),
        ("PID-3.0", 6, "counts from 1", ""),
        ("OBX(2)-5", 3, "in brackets", "OBX[2]-5"),
        ("OBX(*)-5", 3, "in brackets", "OBX[*]-5"),
        ("PID-3[2].1", 5, "in parentheses", "PID-3(2).1"),
        ("PID-3.1.2.3", 9, "nothing", "PID-3.1.2"),
        ("PID-5.family", 5, "by their number", "PID-5.1"),
        (".3.1", 0, "at hand", "PID-3.1"),
    ],
)
def test_what_is_told_about_a_wrong_one(
    hl7: Any, path: str, offset: int, said: str, write: str
) -> None:
    with pytest.raises(PathProblem) as caught:
        paths.match(path, 0, hl7.message, hl7.condition)
    assert said in caught.value.problem
    assert (caught.value.offset, caught.value.write) == (offset, write)


@pytest.mark.parametrize(
    "text", ["mrn", "if(", "PIDX-3", "MAX(1)", "3", '"PID-3"', "pid-3", "Ab1"]
)
def test_what_is_no_path(hl7: Any, text: str) -> None:
    assert paths.match(text, 0, hl7.message, hl7.condition) is None


def test_where_a_path_ends(hl7: Any) -> None:
    match = paths.match('x == PID-3[.5 == "MR"].1 | upper', 5, hl7.message, hl7.condition)
    assert match is not None
    assert (match.text, match.end) == ('PID-3[.5 == "MR"].1', 24)
    minus = paths.match("FT1-10 - 1", 0, hl7.message, hl7.condition)
    assert minus is not None
    assert minus.end == 6


@pytest.mark.parametrize(
    ("path", "many", "kind", "group"),
    [
        ("OBX", True, "group", True),
        ("OBX[2]", False, "group", True),
        ("OBX[*]", True, "group", True),
        ("PID-3", False, "field", False),
        ("PID-3(*)", True, "repetition", False),
        ("PID-3.4", False, "component", False),
        ("PID-3.4.1", False, "subcomponent", False),
        ("OBX[*]-5", True, "field", False),
    ],
)
def test_what_a_path_names(hl7: Any, path: str, many: bool, kind: str, group: bool) -> None:
    match = hl7.compiled(path)
    assert match.shape is not None
    assert (match.many, match.shape.kind, match.group) == (many, kind, group)


def test_things_keep_how_they_stand_in_the_message(hl7: Any) -> None:
    scope = Scope(hl7.document(RAW), None)
    (field,) = hl7.compiled("PID-3").nodes(scope)
    assert field.raw.startswith("10^^^HOSP&1.2&ISO^MR~20")
    assert field == "10"
    (component,) = hl7.compiled("PID-3.4").nodes(scope)
    assert (component.raw, str(component)) == ("HOSP&1.2&ISO", "HOSP")
    (null,) = hl7.compiled("PID-17").nodes(scope)
    assert (null.raw, null.value()) == ('""', NULL)
    assert hl7.compiled("PID-99").nodes(scope) == []


def test_a_leading_dot_reads_the_thing_at_hand(hl7: Any) -> None:
    document = hl7.document(RAW)
    rows = hl7.each(document, "PID-3(*)", ".1", ".4.1", ".4.2", ".9", "PID-18")
    assert rows[0] == ["10", "HOSP", "1.2", None, "ACC1"]
    assert rows[1] == ["20", "STATE", None, None, "ACC1"]
    assert hl7.each(document, "PID-3.4", ".2") == [["1.2"]]
    assert hl7.each(document, "PID-3", ".5") == [["MR"]]
    assert hl7.each(document, 'OBX[.5 == "80"]', ".3.2", ".3(1).1", "OBX-1") == [
        ["Diastolic", "8462-4", "2"]
    ]
    with pytest.raises(PathProblem, match="counts from 1"):
        paths.match(".0", 0, Shape(format="hl7v2", kind="segment"), hl7.condition)


def test_empty_repetitions_are_not_walked(hl7: Any) -> None:
    assert hl7.each(hl7.document(RAW), "ZPD-1(*)", ".1", ".2") == [
        ["x", None],
        ["y", None],
        ["z", "1"],
    ]
