"""Expressions over HL7: what they give, and what nothing and null do in them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.errors import MessageError
from engine.formats import NULL


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("MSH-9.1", "DFT"),
        ('PID-3[.5 == "MR"].1', "100234"),
        ("PID-3(*).1", ["100234", "999-11-2222"]),
        ("FT1[2]-7.1", "SUP-0099"),
        ('MSH-9.1 == "DFT" and FT1-10 | decimal > 10', True),
        ("FT1-10 | decimal > 12", False),
        ('MSH-9.1 in ["ADT", "DFT"]', True),
        ('MSH-9.1 not in ["ADT", "DFT"]', False),
        ('"SSA" in PID-3(*).4', True),
        ("2 + 3 * 4 - 6 / 4", Decimal("12.5")),
        ("(2 + 3) * 4", Decimal(20)),
        ("1 + 1 == 2 and not 1 > 2 or false", True),
        ("true or 1 / 1 == 2", True),
        ('PID-2 ?? PID-4 ?? "none"', "none"),
        ('if(exists(PV1-2), PV1-2, "O")', "I"),
        ("5", Decimal(5)),
        ('"a \\"b\\" \\\\"', 'a "b" \\'),
        ('["a", "b"] | join("-")', "a-b"),
        ("-5 + 2", Decimal(-3)),
        ("-5 | round(0) < 0", True),
        ('FT1[.6 == "CR"]-1', "2"),
        ("count(FT1[*])", Decimal(3)),
        ('count(FT1[*], .6 == "CG")', Decimal(1)),
        ('any(FT1[*], .6 == "PA")', True),
        ("all(FT1[*], exists(.6))", True),
        ("sum(FT1[*], .11 | decimal)", Decimal("4200.00")),
        ("PID-3(*).1 | sort | first", "100234"),
        ('PID-3[it == "100234"].4', "MERCY"),
        ("nth(PID-3(*).4, 2)", "SSA"),
    ],
)
def test_gives(hl7: Any, text: str, value: Any) -> None:
    assert hl7(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('PID-2 == "x"', False),
        ('PID-2 != "x"', True),
        ("PID-2 == PID-4", False),
        ("PID-2 != PID-4", True),
        ('PID-2 < "x"', False),
        ('PID-2 >= "x"', False),
        ('PID-2 in ["x"]', False),
        ('PID-2 not in ["x"]', True),
        ('not contains(PID-2, "x")', True),
        ("PID-2 | upper", None),
        ("PID-2 | decimal", None),
        ("(PID-2 | decimal) + 1", None),
        ("exists(PID-2)", False),
        ('PID-2 | table("sex")', None),
        ('PID-2 ?? "d"', "d"),
        ("exists(PV1-8)", True),
        ("PV1-8", NULL),
        ("PV1-8 == null", True),
        ("MSH-10 == null", False),
        ('PV1-8 == "x"', False),
        ('PV1-8 != "x"', True),
        ('PV1-8 ?? "d"', NULL),
        ("PV1-8 | upper", NULL),
        ("PV1-8 | decimal", NULL),
        ('if(PID-2 == "x", 1, nothing)', None),
    ],
)
def test_nothing_and_null(hl7: Any, text: str, value: Any) -> None:
    found = hl7(text)
    assert found is value if value is None or value is NULL else found == value


def test_nothing_in_a_hole_is_empty(hl7: Any) -> None:
    assert hl7("<{PID-2}|{PV1-8}|{MSH-10}>", "quoted") == "<||MSG00042>"


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ("FT1[2]-10 | decimal", "bad_value", "FT1[2]-10"),
        ("PID-5 | datetime", "bad_value", "PID-5"),
        ('PV1-2 | table("sex")', "unmapped_code", "PV1-2"),
        ("1 / ((FT1-10 | decimal) - 12)", "bad_value", "FT1-10"),
        ("MSH-7 | unbase64", "bad_value", "MSH-7"),
    ],
)
def test_a_message_error_names_the_path_and_never_the_value(
    hl7: Any, text: str, code: str, path: str
) -> None:
    with pytest.raises(MessageError) as caught:
        hl7(text)
    assert (caught.value.code, caught.value.path) == (code, path)
    for value in ("TEST", "'I'", " x"):
        assert value not in str(caught.value)


def test_a_miss_is_caught_by_the_next_question_marks_only(hl7: Any) -> None:
    assert hl7('PV1-2 | table("sex") ?? "other"') == "other"
    assert hl7('PV1-2 | table("sex", otherwise="other")') == "other"
    assert hl7('PID-8 | table("sex") ?? "other"') == "female"
    with pytest.raises(MessageError, match="not a number"):
        hl7("FT1[2]-10 | decimal ?? 1")
    assert hl7("FT1[2]-10 | decimal(otherwise=1)") == 1


def test_facts(hl7: Any) -> None:
    assert hl7(
        "{meta.file_name} {meta.folder} {meta.peer} {meta.id} {meta.line}", "quoted"
    ) == ("a b.csv in 10.2.0.7 774K-6 7")
    assert hl7('meta.header("X-Facility")') == "NORTH"
    assert hl7('meta.header("X-Other")') is None
    assert hl7("meta.line + 1") == 8
    assert hl7("meta.test or meta.replayed") is False
    assert str(hl7("meta.received_at")) == "2026-11-20T23:30:00.500-06:00"
    assert hl7('now() | format("%Y-%m-%d %H:%M")') == "2026-11-20 23:30"


def test_a_slot_of_let_is_read(hl7: Any) -> None:
    from engine.formats import Scope

    hl7.language.lets["mrn"] = 0
    found = hl7.compile('mrn == "7"')
    assert found.run(Scope(hl7.node, None, values=["7"])) is True


def test_what_is_known_of_an_expression(hl7: Any) -> None:
    found = hl7.compile('PID-3[.5 == "MR"].1 ?? MSH-10')
    assert (found.kind, found.many, found.constant) == ("text", False, False)
    assert found.paths == ('PID-3[.5 == "MR"].1', "MSH-10")
    assert hl7.compile("1 + 1").constant
    assert hl7.compile("PID-3(*).1").many


def test_true_is_not_one(json: Any) -> None:
    read = json(b'{"a": true, "b": 1, "c": "1", "list": [true, 0]}')
    assert read("a == 1") is False
    assert read("b == 1") is True
    assert read("a == b") is False
    assert read('c == "1" and c != b') is True
    assert read("b == true") is False
    assert read("b != true") is True
    assert read("a == true") is True
    for text in ("b in [true]", "a in [1]", "b in list", "false in list"):
        assert read(text) is False, text
    assert read("a in list") is True
    assert read("0 in list") is True
    with pytest.raises(MessageError, match="compared"):
        read("c > 0")
