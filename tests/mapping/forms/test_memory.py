"""`recall(...)` and `changed(...)`: what earlier messages left."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.effects import Remembered
from engine.errors import MessageError
from tests.mapping.forms.conftest import Memory  # type: ignore[import-not-found]

VISIT = {
    "class": "I",
    "unit": "4W",
    "days": 3,
    "price": Decimal("1.50"),
    "x y": "z",
    "none": "",
}


@pytest.fixture
def said(hl7: Any, given: Any) -> Any:
    hl7.language.memories = frozenset({"visit", "order"})
    hl7.facts = given(
        memory=Memory(
            {("visit", "100234"): VISIT, ("visit", "100234\x1fMERCY\x1f12"): {"unit": "5E"}}
        )
    )
    return hl7


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('recall("visit", PID-3.1).class', "I"),
        ('recall("visit", PID-3.1)["x y"]', "z"),
        ('recall("visit", PID-3.1).days + 1', Decimal(4)),
        ('recall("visit", PID-3.1).price', Decimal("1.50")),
        ('recall("visit", PID-3.1).none', None),
        ('recall("visit", PID-3.1).missing', None),
        ('recall("visit", PID-3.1).class | lower', "i"),
        ('recall("visit", PID-3.1, MSH-4, FT1-10 | decimal).unit', "5E"),
        ('recall("visit", MSH-4).class', None),
        ('recall("visit", MSH-4).class ?? PV1-2', "I"),
        ('recall("visit", PID-40).class', None),
        ('recall("visit", PV1-8).class', None),
        ('exists(recall("visit", PID-3.1))', True),
        ('exists(recall("visit", MSH-4))', False),
        ('(recall("visit", MSH-4) ?? recall("visit", PID-3.1)).unit', "4W"),
    ],
)  # fmt: skip
def test_the_record_of_a_key_and_its_fields(said: Any, text: str, value: Any) -> None:
    assert said(text) == value


def test_what_is_recalled_is_noted_for_checks_across_channels(said: Any) -> None:
    said('recall("visit", PID-3.1)')
    assert said.language.tables.recalls == {"visit"}


def remember(said: Any, value: bytes | None, name: str = "visit", key: str = "100234") -> None:
    said.facts.notes.remembers[name] = Remembered(name=name, key=key, value=value, until=0.0)


@pytest.mark.parametrize(
    ("value", "key", "changed"),
    [
        (
            b'{"class":"I","days":3,"none":"","price":1.50,"unit":"4W","x y":"z"}',
            "100234",
            False,
        ),
        (
            b'{"class":"O","days":3,"none":"","price":1.50,"unit":"4W","x y":"z"}',
            "100234",
            True,
        ),
        (b'{"class":"I"}', "100234", True),
        (b'{"class":"I"}', "7", True),
        (None, "100234", True),
        (None, "7", False),
    ],
)
def test_changed_compares_what_would_be_remembered(
    said: Any, value: bytes | None, key: str, changed: bool
) -> None:
    remember(said, value, key=key)
    assert said('changed("visit")') is changed
    assert said('changed("visit") and MSH-9.1 == "DFT"') is changed
    assert said.language.tables.changes == {"visit"}


def test_where_nothing_would_be_remembered_nothing_changes(said: Any) -> None:
    assert said('changed("visit")') is False


def test_where_there_is_no_memory_it_says_so(said: Any, given: Any) -> None:
    said.facts = given()
    remember(said, b"{}")
    for text in ('recall("visit", PID-3.1).class', 'changed("visit")'):
        with pytest.raises(MessageError, match="there is no memory here"):
            said(text)


@pytest.mark.parametrize(
    ("text", "wrong", "place"),
    [
        ('recall("vist", MSH-4)', "no channel here remembers 'vist'; did you mean 'visit'?", '"vist"'),
        ('recall("zzz", MSH-4)', "no channel here remembers 'zzz'; write it into 'remember:' of a channel", '"zzz"'),
        ('recall("visit")', "'recall' takes the memory's name and the key", "recall"),
        ("recall()", "'recall' takes the memory's name", "recall"),
        ("recall(MSH-4, PID-8)", "the name of a memory is a text that is known at load", "MSH-4"),
        ('recall("visit", key=MSH-4)', "'recall' has no 'key='", "MSH-4"),
        ('recall("visit", PID-3(*))', "this is a list, and a part of the key needs one value", "PID-3"),
        ('recall("visit", PID)', "this names a whole segment or group, and a part of the key needs a value", "PID"),
        ('"visit" | recall(MSH-4)', "'recall' takes its values in brackets, not by a pipe", "recall"),
        ('changed("vist")', "this channel does not remember 'vist'; did you mean 'visit'?", '"vist"'),
        ('changed("visit", PID-8)', "'changed' takes the memory's name", "changed"),
        ('changed("visit").class', "'class' is asked of a truth, which has no fields", "class"),
    ],
)  # fmt: skip
def test_what_cannot_be_recalled_is_told(said: Any, text: str, wrong: str, place: str) -> None:
    mistake = said.wrong(text)
    assert wrong in mistake.problem
    assert text[mistake.column - 1 :].startswith(place)


def test_fields_are_checked_where_they_are_known(said: Any) -> None:
    said.language.memories = {"visit": frozenset({"class", "unit"})}
    assert said('recall("visit", PID-3.1).unit') == "4W"
    mistake = said.wrong('recall("visit", PID-3.1).clas')
    assert mistake.problem == "the record has no field 'clas'; did you mean 'class'?"
    assert mistake.column == 26


def test_changed_belongs_to_the_channel_that_remembers(said: Any) -> None:
    said.language.remembers = frozenset({"order"})
    assert said('changed("order")') is False
    assert "this channel does not remember 'visit'" in said.wrong('changed("visit")').problem


def test_where_nothing_is_remembered_it_is_a_mistake(hl7: Any) -> None:
    for text in ('recall("visit", PID-3.1)', 'changed("visit")'):
        assert "nothing is remembered at this place" in hl7.wrong(text).problem
