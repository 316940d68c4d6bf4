"""Quicker ways to ask for a leaf give what its value says, whatever stands in the field."""

import pytest

from engine.formats import NULL, Reading, Scope, Shape, load
from engine.formats.hl7v2 import presence
from engine.formats.hl7v2.elements import element
from engine.mapping import resource_values

HL7 = load("hl7v2")
FIELDS = [
    "", "A1", "é", " a ", "  ", '""', "a b", "A^B", "^B", "A&B^C&D&E", "&B^&D", "A~B^C", "~B", "A^ B ^\\T\\",
    "\\H\\", "\\H\\^\\N\\", '""^""', '"" ', "a\x01b", "a  b^c\td", "A^B&\\T\\&C ^D", "^^", "^&x", "x\\X0D\\^y",
]  # fmt: skip
MARKS = ["^~\\&", "^~", "^", "&^\\~", "#@"]
PATHS = ["OBX-5", "OBX-5.1", "OBX-5.2", "OBX-5.3", "OBX-5.1.1", "OBX-9", "PID-3.1", "PID-3.2", "NTE-1"]  # fmt: skip
PARTS = [".1", ".2", ".3", ".1.1", ".1.2", ".2.2", ".2.3", ".9"]


def message(field: str, marks: str = "^~\\&"):
    """A message of which two fields hold this, seen from its OBX."""
    text = f"MSH|{marks}|A|B|C|D|20261121||ORU{marks[0]}R01|1|P|2.5.1\rPID|1||{field}\rOBX|1|ST|||{field}|x\r"
    return HL7.parse(text.encode(), Reading(encoding="utf-8"))


def ways(text: str, shape: Shape):
    found = HL7.paths.match(text, 0, shape, lambda text, at, shape: None)
    assert found.leaf.read is found.read
    return found


def alike(found, scope: Scope) -> None:
    """Each way gives what the value says."""
    value = found.read(scope)
    assert found.leaf.there(NULL)(scope) is (value is not None and value is not NULL)
    assert found.leaf.there(None)(scope) is (value is not None)
    for change in (resource_values.text, resource_values.code):
        wanted = change(value) if isinstance(value, str) else value
        assert found.leaf.changed(change)(scope) == wanted


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("marks", MARKS)
def test_a_field_that_a_group_sees(field, marks):
    document = message(field, marks)
    group = document.things("OBX")[0]
    shape = Shape(format="hl7v2", kind="group", name="OBX", outer=Shape(format="hl7v2"))
    for path in PATHS:
        alike(ways(path, shape), Scope(group, None, group, 1))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("level", ["field", "repetition", "component"])
def test_a_part_of_what_is_at_hand(field, level):
    document = message(field)
    shape = Shape(format="hl7v2", kind=level, outer=Shape(format="hl7v2"))
    for path in PARTS if level != "component" else (".1", ".2"):
        thing = element(field, document.marks, level)
        alike(ways(path, shape), Scope(document, None, thing, 1))


@pytest.mark.parametrize("marks", MARKS)
def test_what_is_filled_and_what_has_parts(marks):
    separators = (*marks[:2], marks[3:4])
    document = message("|".join(FIELDS), marks)
    group = document.things("OBX")[0]
    there = presence.present(Shape(format="hl7v2", kind="group", name="OBX"))
    said = there(Scope(group, None, group, 1))
    fields = document.index["OBX"][0].fields[1:]
    parts = [any(mark and mark in field for mark in separators) for field in fields]
    assert said == bytes(
        (2 if part else 1) if field else 0 for part, field in zip(parts, fields, strict=True)
    )


def test_readers_of_one_path_are_one_object():
    shape = Shape(format="hl7v2", kind="repetition")
    assert ways(".4", shape).read is ways(".4", shape).read
    assert ways(".4", shape).leaf.there(NULL) is ways(".4", shape).leaf.there(NULL)
