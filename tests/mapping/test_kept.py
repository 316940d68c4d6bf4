"""What a rule made is kept by the fields that it reads, and for nothing else: the same in, the same out, each time."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import MessageError
from engine.formats import Reading, load
from engine.mapping import kept

WHOLE = """
from: hl7v2
to: fhir/Bundle
resources: {p: {use: pid, of: PID}}
fields: {type: "collection"}
"""


@pytest.fixture
def patients(home: Any, make: Any, facts: Any) -> Any:
    """Makes Patients of messages with these PID segments, one mapping for all of them."""

    def made(text: str, *segments: str, marks: str = "^~\\&") -> list[dict[str, Any]]:
        put = home / "mappings"
        put.mkdir(exist_ok=True)
        (put / "pid.yaml").write_text(f"from: hl7v2/PID\nto: fhir/Patient\n{text}")
        mapping = make(WHOLE)
        found = []
        for segment in segments:
            said, _, line = segment.rpartition("@")
            raw = f"MSH|{said or marks}|A|B|||20260101||ADT|1|P|2.5.1\rPID|{line}\r".encode()
            (product,) = mapping.apply(load("hl7v2").parse(raw, Reading()), facts)
            found.append(product.node.value["entry"][0]["resource"])
        return found

    return made


def test_other_delimiters_are_another_text(patients: Any) -> None:
    one, other = patients('fields: {language: "{PID-1.1}|{PID-1.2}"}', "a^b&c", "&~\\^@a^b&c")
    assert (one["language"], other["language"]) == ("a|b", "a|c")


def test_what_brackets_ask_of_another_field_counts(patients: Any) -> None:
    text = 'fields: {language: "{PID-3[.2 == PID-8].1}"}'
    found = patients(text, "||a^X~b^Y|||||X", "||a^X~b^Y|||||Y", "||a^X~b^Y|||||X")
    assert [each["language"] for each in found] == ["a", "b", "a"]


def test_a_name_that_reads_another_field_counts(patients: Any) -> None:
    text = """let: {number: PID-8}
fields:
  name:
    each: PID-5(*)
    fields: {family: .1, text: "{.2} {number} {PID-9}"}
"""
    found = patients(text, "||||N^a|||1|x", "||||N^a|||2|x", "||||N^a|||2|y", "||||N^a|||1|x")
    assert [each["name"][0]["text"] for each in found] == ["a 1 x", "a 2 x", "a 2 y", "a 1 x"]


def test_the_place_in_a_list_counts(patients: Any) -> None:
    text = 'fields: {name: {each: PID-5(*), fields: {text: "{index}", family: .1}}}'
    (found,) = patients(text, "||||a~a~b")
    assert [each["text"] for each in found["name"]] == ["1", "2", "3"]


def test_an_error_is_made_again_each_time(patients: Any) -> None:
    text = "fields: {birthDate: PID-7 | date}"
    for _ in range(2):
        with pytest.raises(MessageError, match="PID-7"):
            patients(text, "||||||x")


def test_what_seldom_repeats_is_no_longer_kept(patients: Any, monkeypatch: Any) -> None:
    made: list[Any] = []
    original = kept._Kept.__init__

    def noted(self: Any) -> None:
        made.append(self)
        original(self)

    monkeypatch.setattr(kept._Kept, "__init__", noted)
    text = 'fields: {language: "x{PID-1}", id: "y{PID-2}"}'
    found = patients(text, *(f"{number}|{number % 3}" for number in range(kept.MOST + 50)))
    assert [each["language"] for each in found[-2:]] == [
        f"x{kept.MOST + 48}",
        f"x{kept.MOST + 49}",
    ]
    assert found[-1]["id"] == f"y{(kept.MOST + 49) % 3}"
    assert sorted(len(each.now[1] or ()) for each in made) == [0, 3]


def test_who_edits_what_was_made_changes_no_other(patients: Any) -> None:
    text = "fields: {maritalStatus.coding: {fields: {code: PID-16, display: PID-16}}}"
    before, after = patients(text, "|" * 15 + "M", "|" * 15 + "M")
    before["maritalStatus"]["coding"][0]["code"] = "changed"
    (again,) = patients(text, "|" * 15 + "M")
    assert (
        after["maritalStatus"]["coding"][0]["code"]
        == again["maritalStatus"]["coding"][0]["code"]
        == "M"
    )
