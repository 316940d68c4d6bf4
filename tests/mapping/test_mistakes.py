"""What cannot work is a placed mistake at load, with something to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from engine.mapping import expression
from engine.placed import Record, read


@pytest.mark.parametrize(
    ("text", "column", "problem", "write"),
    [
        ("FT1-10 | decimel > 0", 10, "there is no function 'decimel'; did you mean 'decimal'?", ""),
        ("uper(PID-5)", 1, "there is no function 'uper'; did you mean 'upper'?", ""),
        ("FT1-10 > 5", 1, "a text is compared with a number", "| decimal"),
        ('FT1-10 | decimal == "5"', 21, "a number is compared with a text", ""),
        ("FT1-4 | datetime > FT1-5", 20, "a moment is compared with a text", "| datetime"),
        ('PID-3(*).1 == "x"', 1, "this is a list", "first"),
        ('PID-8 == ""', 10, "an empty field is nothing", "not exists(...)"),
        ("upper()", 1, "'upper' needs 'value'", "upper(value)"),
        ("PID-5 | upper(1, 2)", 9, "'upper' takes 1 values", "upper(value)"),
        ('PID-5 | left("x")', 14, "'count' is a whole number", ""),
        ("PID-5 | left(width=2)", 20, "has no 'width='", ""),
        ("FT1-10 | round(2)", 1, "'value' is a number, this is a text", "| decimal"),
        ('PID-7 | format("%Y")', 1, "'value' is a moment, this is a text", "| datetime"),
        ('PID-7 | date | format("%Q")', 23, "there is no '%Q'", ""),
        ('PID-5 | matches("(")', 17, "not a regular expression", ""),
        ('FT1-4 | datetime(zone="Mars/Olympus")', 23, "there is no such time zone", ""),
        ('FT1-4 | datetime(least="hours")', 24, "'least' is one of year, month, day", 'least="hour"'),
        ("PID-5 | matches(PID-3)", 17, "'pattern' is a text that is known at load", ""),
        ("PID-5 + PID-3", 7, "holes", '"{a}{b}"'),
        ("PID-5", 0, "", ""),
        ("EVN-2 ?? MSH-7 | datetime", 1, "of two kinds (text ?? moment)", "(a ?? b) | datetime"),
        ("MSH-10 and true", 1, "a condition is true or false, this is a text", "exists(...)"),
        ("a < b < c", 1, "a is not a name here", '"a"'),
        ("1 < 2 < 3", 7, "one comparison at a time", ""),
        ('MSH-9.1 = "ADT"', 9, "there is no '=' here", "=="),
        ("exists(PID-3) && true", 15, "there is no '&&' here", "and"),
        ("exists(PID-3) || true", 15, "there is no '||' here", "or"),
        ("MSH-9.1 == 'ADT'", 12, "text stands in double quotes", '"ADT"'),
        ('MSH-9.1 == "ADT', 12, "no closing quote", ""),
        ("(1 + 2", 7, "expected ')'", ""),
        ("1 -2", 3, "a minus has spaces on both sides", ""),
        ("PID-3.1 PID-5", 9, "nothing can follow here", ""),
        ("1 / 0", 1, "this can never work", ""),
        ('"x" | decimal', 1, "this can never work: not a number", ""),
        ('lookup("cdm", "code")', 8, "there is no lookup table 'cdm'", ""),
        ('fhirpath("name")', 1, "'fhirpath' is not in this release", ""),
        ('qualified(PID-3, "VN")', 1, "'qualified' reads elements of X12", ""),
        ("FT1", 1, "FT1 names a whole segment here, not a value", '"FT1"'),
        ("ERP", 1, "ERP is not a name here; did you mean the text?", '"ERP"'),
        ('PID-8 | table("sexx")', 15, "there is no table 'sexx'; did you mean 'sex'?", ""),
        ('PID-8 | table("sex", from="our")', 15, "has no column 'our'; did you mean 'ours'?", ""),
        ("index", 1, "inside an each, a filter", ""),
        (".3", 1, "reads the thing at hand", ""),
        ("meta.filename", 6, "meta has no 'filename'; did you mean 'file_name'?", ""),
        ("PID-0", 5, "HL7 counts from 1", ""),
        ('"a" in "abc"', 8, "behind 'in' stands a list", ""),
        ("upper", 1, "is a function", ""),
        ("", 1, "an expression is missing", ""),
        ("[1, \"a\"]", 1, "of one kind", ""),
        ('if(true, 1)', 1, "'if' takes 3 values", "if(condition, a, b)"),
    ],
)  # fmt: skip
def test_is_told(hl7: Any, text: str, column: int, problem: str, write: str) -> None:
    if not column:
        assert hl7.compile(text) is not None
        return
    mistake = hl7.wrong(text)
    assert problem in mistake.problem
    assert mistake.column == column
    assert write in mistake.write


@pytest.mark.parametrize(
    ("text", "problem", "write"),
    [
        ("no", "'no' may be a truth or a text", 'false, or "no"'),
        ("yes", "'yes' may be a truth or a text", 'true, or "yes"'),
        ("on", "'on' may be a truth or a text", 'true, or "on"'),
        ("010", "'010' may be a number or a text", '10, or "010"'),
        ("12:30:00", "a time without quotes", '"12:30:00"'),
        ("2026-11-21", "a date without quotes", '"2026-11-21", or date("2026-11-21")'),
        ("2.5.1", "this is no number", '"2.5.1"'),
        ("~", "'~' means nothing here", "nothing"),
    ],
)
def test_yaml_traps(hl7: Any, text: str, problem: str, write: str) -> None:
    mistake = hl7.wrong(text)
    assert problem in mistake.problem
    assert write in mistake.write


def test_ten_is_a_number_and_null_is_null(hl7: Any) -> None:
    assert hl7("10") == 10
    assert hl7("0") == 0
    assert hl7("0.5") == hl7("1 / 2")
    assert repr(hl7("null")) == "null"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "this hole is not closed"),
        ("{}", "there is nothing in this hole"),
        ("{MSH-10", "this hole is not closed"),
        ("{MSH-10 x}", "nothing can follow here"),
        ("{PID-3(*).1}", "this is a list"),
        ("a {FT1} b", "names a whole segment"),
        ("{upr(MSH-10)}", "did you mean 'upper'?"),
    ],
)
def test_holes(hl7: Any, text: str, problem: str) -> None:
    assert problem in hl7.wrong(text, "quoted").problem


def test_nesting_and_length_are_bounded(hl7: Any) -> None:
    assert "nested more than" in hl7.wrong("(" * 100 + "1" + ")" * 100).problem
    assert "nested more than" in hl7.wrong("not " * 100 + "true").problem
    assert "at most" in hl7.wrong("1" + " + 1" * 400).problem
    assert "at most" in hl7.wrong('"' + "x" * 5000 + '"').problem
    assert hl7("1" + " + 1" * 100) == 101


def test_a_mistake_in_a_block_names_its_own_line(hl7: Any) -> None:
    text = 'a: 1\nwhen: >-\n  MSH-9.1 == "ADT" and\n  uper(PID-5) == "X"\n'
    root = read(text, "f.yaml", hl7.mistakes)
    assert isinstance(root, Record)
    assert expression(root.entries["when"], hl7.language) is None
    (mistake,) = hl7.mistakes.found
    assert (mistake.line, mistake.column) == (4, 3)
    assert "there is no function 'uper'" in mistake.problem
