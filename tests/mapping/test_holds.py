"""Groups that hold more than the standard says, in mappings that read HL7."""

from __future__ import annotations

from typing import Any

import pytest

from engine.formats import Reading, load

ORU = (
    b"MSH|^~\\&|LAB|A|B|C|20261121||ORU^R01^ORU_R01|R1|P|2.5.1\rPID|1||10\r"
    b"OBR|1|||a\rOBX|1|NM|x||1\rZDS|1.1\rOBX|2|NM|x||1\rOBR|2|||b\rOBX|1|NM|z||3\rZDS|2.1\r"
)
TEXT = """
from: hl7v2
to: json
groups: {OBR: {holds: [ZDS]}}
fields:
  orders:
    each: OBR
    fields:
      code: OBR-4.1
      study: ZDS-1
      own: {each: OBX, value: ZDS-1}
"""


def orders(mapping: Any, facts: Any) -> bytes:
    document = load("hl7v2").parse(ORU, Reading())
    (product,) = mapping.apply(document, facts)
    payload: bytes = product.payload
    return payload


def test_a_group_holds_what_the_mapping_says(make: Any, facts: Any) -> None:
    assert orders(make(TEXT), facts) == (
        b'{"orders":[{"code":"a","study":"1.1","own":["1.1","1.1"]},{"code":"b","study":"2.1","own":["2.1"]}]}'
    )
    plain = orders(make(TEXT.replace("groups: {OBR: {holds: [ZDS]}}\n", "")), facts)
    assert b'"own":["1.1","1.1"]' not in plain, (
        "by itself a Z segment belongs to the one before it"
    )


def test_a_used_mapping_has_groups_of_its_own(make: Any, home: Any, facts: Any) -> None:
    (home / "mappings" / "inner.yaml").write_text(TEXT)
    text = "from: hl7v2\nto: json\nfields:\n  all: {use: inner}\n"
    assert b'"own":["1.1","1.1"]' in orders(make(text), facts)


def test_an_edit_walks_such_groups(make: Any, facts: Any) -> None:
    text = "from: hl7v2\nto: hl7v2\ngroups: {OBR: {holds: [ZDS]}}\nedit:\n  - {each: OBR, set: {ZDS-2: OBR-4}}\n"
    assert b"ZDS|1.1|a\r" in orders(make(text), facts)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("{OBR: {holds: [ZDS]}}", "OBR"),
            "4:9 'groups' says which segments belong to a group",
        ),
        (("OBR: {holds: [ZDS]}", "OBRX: {holds: [ZDS]}"), "4:10 "),
        (("OBR: {holds: [ZDS]}", "OBQ: {holds: [ZDS]}"), "there is no segment 'OBQ'"),
        (("[ZDS]", "[ZDS-1]"), "4:24 'ZDS-1' is no name of a segment"),
        (("[ZDS]", "{a: b}"), "'holds' lists segments"),
        (("holds: [ZDS]", "hold: [ZDS]"), "there is no key 'hold' here; did you mean 'holds'?"),
        (("holds: [ZDS]", "set: {ZDS-1: MSH-3}"), "a group is filled where a message is built"),
        (("from: hl7v2", "from: json"), "4:1 'groups' belongs to a build"),
    ],
)
def test_mistakes(mistakes_of: Any, change: tuple[str, str], said: str) -> None:
    assert change[0] in TEXT
    found = mistakes_of(TEXT.replace(*change, 1))
    assert any(said in each for each in found), found
