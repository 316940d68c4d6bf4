"""`sequence(...)`: numbers that are given out once."""

from __future__ import annotations

from typing import Any

import pytest

from engine.effects import Numbered
from engine.errors import MessageError
from tests.mapping.forms.conftest import Numbers  # type: ignore[import-not-found]


@pytest.fixture
def said(hl7: Any, given: Any) -> Any:
    hl7.facts = given(numbers=Numbers())
    return hl7


def test_numbers_count_up_and_are_noted(said: Any) -> None:
    assert [said('sequence("po_file")') for _ in range(3)] == ["1", "2", "3"]
    assert said.facts.notes.numbers == [
        Numbered(sequence="po_file\x1f\x1f", value=value) for value in (1, 2, 3)
    ]
    assert said.language.tables.sequences == {"po_file"}


def test_a_width_fills_up_and_never_cuts(said: Any) -> None:
    said.facts.context.numbers.last["n\x1f\x1f"] = 98
    assert [said('sequence("n", width=2)') for _ in range(2)] == ["99", "100"]


def test_each_value_of_by_is_counted_on_its_own(said: Any) -> None:
    assert said('sequence("n", by=MSH-4)') == "1"
    assert said('sequence("n", by=MSH-6)') == "1"
    assert said('sequence("n", by=FT1-10 | decimal)') == "1"
    assert list(said.facts.context.numbers.last) == [
        "n\x1fMERCY\x1f",
        "n\x1fCORRIDOR\x1f",
        "n\x1f12\x1f",
    ]


def test_where_by_is_nothing_no_number_is_taken(said: Any) -> None:
    assert said('sequence("n", by=PID-40)') is None
    assert said('sequence("n", by=PV1-8)') is None
    assert said.facts.notes.numbers == []


@pytest.mark.parametrize(
    ("reset", "period"),
    [("never", ""), ("daily", "2026-11-20"), ("monthly", "2026-11"), ("yearly", "2026")],
)
def test_a_period_is_one_of_the_zone(said: Any, reset: str, period: str) -> None:
    """Planned at 05:30 UTC on the 21st, which is the evening of the 20th in Chicago."""
    assert said(f'sequence("n", reset="{reset}")') == "1"
    assert list(said.facts.context.numbers.last) == [f"n\x1f\x1f{period}"]


def test_a_new_period_begins_at_one(said: Any, given: Any) -> None:
    numbers = said.facts.context.numbers
    assert said('sequence("n", reset="daily")') == "1"
    assert said('sequence("n", reset="daily")') == "2"
    said.facts = given(now=said.facts.context.now + 86400, numbers=numbers)
    assert said('sequence("n", reset="daily")') == "1"


def test_it_stands_in_texts(said: Any) -> None:
    assert said('po_{sequence("n", width=4)}.edi', "quoted") == "po_0001.edi"


def test_where_no_numbers_are_given_out_it_says_so(said: Any, given: Any) -> None:
    said.facts = given()
    with pytest.raises(MessageError, match="the sequence 'n' has none"):
        said('sequence("n")')


def test_a_value_with_a_separator_is_no_part_of_a_name(said: Any) -> None:
    found = said.compile(r'sequence("n", by=replace(MSH-4, "R", "' + "\x1f" + '"))')
    assert found is not None
    with pytest.raises(MessageError, match="separator") as error:
        said(r'sequence("n", by=replace(MSH-4, "R", "' + "\x1f" + '"))')
    assert "ME" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "wrong", "place"),
    [
        ("sequence()", "'sequence' takes its name; everything else is given by name", "sequence"),
        ('sequence("n", MSH-4)', "'sequence' takes its name; everything else is given by name", "sequence"),
        ('sequence(MSH-4)', "the name of a sequence is a text that is known at load, in double quotes", "MSH-4"),
        ('sequence("")', "the name of a sequence is a text that is known at load, in double quotes", '""'),
        ('sequence("n", widht=4)', "'sequence' has no 'widht='; did you mean 'width'?", "4"),
        ('sequence("n", width=0)', "'width=' is a number from 1 to 18", "0"),
        ('sequence("n", width=2.5)', "'width=' is a number from 1 to 18", "2.5"),
        ('sequence("n", width="4")', "'width=' is a number from 1 to 18", '"4"'),
        ('sequence("n", reset="dayly")', "a sequence is not reset 'dayly'; did you mean 'daily'?", '"dayly"'),
        ('sequence("n", reset="hourly")', "a sequence is not reset 'hourly'", '"hourly"'),
        ('sequence("n", by=PID-3(*))', "this is a list, and 'by=' needs one value", "PID-3"),
        ('"n" | sequence', "'sequence' takes its values in brackets, not by a pipe", "sequence"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_told(said: Any, text: str, wrong: str, place: str) -> None:
    mistake = said.wrong(text)
    assert wrong in mistake.problem
    assert text[mistake.column - 1 :].startswith(place)
