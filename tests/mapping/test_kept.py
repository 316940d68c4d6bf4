"""What a rule made is kept by the fields that it reads, and for nothing else: the same in, the same out, each time."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

import pytest

from engine import mapping
from engine.errors import MessageError
from engine.formats import Reading, Shape, load
from engine.formats.hl7v2.elements import element
from engine.formats.hl7v2.marks import marks_of
from engine.mapping import Language, Mapping, frames, kept
from engine.mapping.repeats import Repeats
from engine.mapping.shelf import Shelf
from engine.mapping.tables import Tables
from engine.placed import Mistakes, Place, Scalar

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


def test_rules_that_are_looked_up_together_make_the_same(
    patients: Any, monkeypatch: Any
) -> None:
    text = """fields:
  id: PID-1
  gender: if(PID-8 == "F", "female", nothing)
  birthDate: PID-7 | date
  maritalStatus: {when: PID-16 != "X", fields: {text: PID-16 | upper}}
  language: PID-15 | lower
"""
    sexes, said = "MFMUF", ["||||DE|s", "||||EN|X", "||||DE|m"]
    segments = [
        f"{at}||||||{'' if at % 7 else 20000101}|{sexes[at % 5]}{said[at % 3]}"
        for at in range(700)
    ]
    monkeypatch.setattr(frames, "_RIPE", 0)
    plainly = patients(text, *segments)
    monkeypatch.setattr(frames, "_RIPE", 25)
    monkeypatch.setattr(frames, "_WATCHED", 20)
    made: list[Any] = []
    original = frames.framed
    monkeypatch.setattr(frames, "framed", lambda *all_: made.append(all_) or original(*all_))
    together = patients(text, *segments)
    assert made
    assert [list(each.items()) for each in together] == [list(each.items()) for each in plainly]


def test_what_seldom_repeats_is_no_longer_kept(patients: Any, monkeypatch: Any) -> None:
    made: list[Any] = []
    original = kept.Kept.__init__

    def noted(self: Any) -> None:
        made.append(self)
        original(self)

    monkeypatch.setattr(kept.Kept, "__init__", noted)
    text = 'fields: {language: "x{PID-1}", id: "y{PID-2}"}'
    found = patients(text, *(f"{number}|{number % 3}" for number in range(kept.MOST + 50)))
    assert [each["language"] for each in found[-2:]] == [
        f"x{kept.MOST + 48}",
        f"x{kept.MOST + 49}",
    ]
    assert found[-1]["id"] == f"y{(kept.MOST + 49) % 3}"
    assert sorted(len(each.now[1] or ()) for each in made) == [0, 3]


def test_other_delimiters_in_turns_forget_nothing(patients: Any, monkeypatch: Any) -> None:
    made: list[Any] = []
    original = kept.Kept.keep

    def noted(self: Any, found: Any, said: Any, doubts: int, value: Any) -> Any:
        made.append(value)
        return original(self, found, said, doubts, value)

    monkeypatch.setattr(kept.Kept, "keep", noted)
    found = patients('fields: {language: "x{PID-1.2}"}', *(["a^b&c", "&~\\^@a^b&c"] * 3))
    assert [each["language"] for each in found] == ["xb", "xc"] * 3
    assert made == ["xb", "xc"]


def test_a_datatype_that_seldom_repeats_is_no_longer_kept() -> None:
    def element_of(number: int) -> Any:
        return element(str(number), marks_of("|^~\\&", "ascii"), "repetition")

    rare, frequent = Repeats(), Repeats()
    for number in range(kept.MOST + 50):
        assert rare.of(element_of(number), lambda: [number]) == [number]  # noqa: B023
        for _ in range(2):
            assert frequent.of(element_of(number % 7), lambda: [number % 7]) == [number % 7]  # noqa: B023
    assert rare._kept.now[1] is None
    assert len(frequent._kept.now[1] or ()) == 7


def test_all_rules_together_keep_no_more_than_there_is_room_for(
    patients: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(kept, "ALTOGETHER", 50)
    monkeypatch.setattr(kept, "_EVERY", type(kept._EVERY)())
    text = 'fields: {language: "x{PID-1}", id: "y{PID-2}", maritalStatus.text: "z{PID-3}"}'
    lines = [f"{number}|{number}|{number}" for number in range(300)]
    found = patients(text, *lines)
    assert [each["language"] for each in found] == [f"x{number}" for number in range(300)]
    assert sum(len(each.now[1] or ()) for each in kept._EVERY) <= 50


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


def read(*segments: str) -> Any:
    head = "MSH|^~\\&|A|B|||20260101||ADT|1|P|2.5.1"
    return load("hl7v2").parse("\r".join([head, *segments, ""]).encode(), Reading())


@pytest.fixture
def channels(home: Any) -> Any:
    """The mapping `whole` for channels with a `let` each, off one shelf."""
    shelf = Shelf(home, Mistakes())

    def loaded(**said: str) -> Mapping:
        language = Language(
            shape=Shape(format="hl7v2"),
            format=load("hl7v2"),
            mistakes=shelf.mistakes,
            tables=Tables(home, shelf.mistakes),
        )
        known = {}
        for name, text in said.items():
            style = "quoted" if "{" in text else "plain"
            at = Place(file="f.yaml", line=1, column=1)
            scalar = Scalar(text=text, style=style, place=at)
            value = mapping.expression(scalar, language)
            assert value is not None
            known[name] = value
        found = shelf.find("whole", "UTC", known)
        assert found is not None, "\n".join(map(str, shelf.mistakes.found))
        return found

    return loaded


def told(made: Mapping, facts: Any, *segments: str, lets: tuple[str, ...] = ()) -> list[Any]:
    """The resources of the Bundle."""
    (product,) = made.apply(read(*segments), facts, lets)
    return [each["resource"] for each in product.node.value.get("entry", ())]


def put(home: Any, **texts: str) -> None:
    for name, text in texts.items():
        (home / "mappings" / f"{name}.yaml").write_text(text)


def test_a_name_of_the_channel_is_another_value_in_another_channel(
    home: Any, channels: Any, facts: Any
) -> None:
    pid = 'from: hl7v2/PID\nto: fhir/Patient\nfields: {language: "{sex}-{PID-9}"}'
    put(home, whole=WHOLE, pid=pid)
    one, other = channels(sex="PID-8"), channels(sex="not {PID-8}")
    (first,) = told(one, facts, "PID|1|||||||F", lets=("F",))
    (second,) = told(other, facts, "PID|1|||||||F", lets=("not F",))
    assert (first["language"], second["language"]) == ("F-", "not F-")


def test_a_name_of_the_channel_was_not_read_of_the_segment_at_hand(
    home: Any, channels: Any, facts: Any
) -> None:
    text = "from: hl7v2/OBX\nto: fhir/Observation\nfields: {status: "
    put(home, obx=text + '"final", code.text: "{first} {OBX-1}"}')
    put(home, whole=WHOLE.replace("p: {use: pid, of: PID}", "o: {use: obx, each: OBX}"))
    whole = channels(first="OBX-3")
    for first in "ac":
        found = told(whole, facts, f"OBX|1||{first}", "OBX|2||b", lets=(first,))
        assert [each["code"]["text"] for each in found] == [f"{first} 1", f"{first} 2"]


def test_a_name_of_the_channel_in_a_datatype(home: Any, channels: Any, facts: Any) -> None:
    put(home, xpn='from: hl7v2/XPN\nto: fhir/HumanName\nfields: {text: "{sex} {.1}"}')
    name = "{use: xpn, each: PID-5(*)}"
    put(home, pid=f"from: hl7v2/PID\nto: fhir/Patient\nfields: {{name: {name}}}", whole=WHOLE)
    whole = channels(sex="PID-8")
    for sex in "FMF":
        (found,) = told(whole, facts, f"PID|1||||A^B|||{sex}", lets=(sex,))
        assert found["name"][0]["text"] == f"{sex} A"


def test_a_name_in_brackets_is_that_of_its_own_mapping(
    home: Any, channels: Any, facts: Any
) -> None:
    text = """from: hl7v2/PID
to: fhir/Patient
let: {WANTED, number: "{PID-3[.2 == kind].1}"}
fields: {language: number, gender: "GENDER"}
"""
    put(home, pid=text.replace("WANTED", 'kind: "MR"').replace("GENDER", "male"))
    other = text.replace("WANTED", 'none: "0", kind: "SS"').replace("GENDER", "female")
    put(home, other=other)
    both = "p: {use: pid, of: PID}, q: {use: other, of: PID}"
    put(home, whole=WHOLE.replace("p: {use: pid, of: PID}", both))
    found = told(channels(), facts, "PID|1||x^MR~y^SS")
    assert [each["language"] for each in found] == ["x", "y"]


@pytest.mark.parametrize(
    "when", ["exists(PID-3[.2 == kind])", "count(PID[.8 == kind][*]) == 1"]
)
def test_a_name_in_brackets_is_read_before_the_condition(
    home: Any, channels: Any, facts: Any, when: str
) -> None:
    put(home, pid="from: hl7v2/PID\nto: fhir/Patient\nfields: {language: PID-3.1}")
    head = f"let: {{kind: PID-8}}\nwhen: {when}\nresources:"
    put(home, whole=WHOLE.replace("resources:", head))
    assert told(channels(), facts, "PID|1||x^M|||||M") == [
        {"resourceType": "Patient", "id": ANY, "language": "x"}
    ]
