"""Groups of the standard: what belongs to an FT1, an OBX, an OBR, and what is looked up around it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.formats.hl7v2.layout import layout
from engine.formats.hl7v2.structures import facts, structure, structure_name

DFT = (
    "MSH|^~\\&|A|B|C|D|2026||DFT^P03^DFT_P03|1|P|2.5.1\rEVN|P03\rPID|1||7\rZPI|pat\rPV1|1|I\r"
    "FT1|1|a\rNTE|1||first\rZFT|z1\rPR1|1||p1\rFT1|2|b\rFT1|3|c\rZFT|z3\rDG1|1||d1\rDG1|2||d2\rZDG|zd\r"
)
ORU = (
    "MSH|^~\\&|A|B|C|D|2026||ORU^R01|1|P|2.3\rPID|1||7\rNTE|1||of patient\rPV1|1|I\r"
    "ORC|RE|o1\rOBR|1|r1\rNTE|1||of r1\rOBX|1|ST|x1\rNTE|1||of x1\rOBX|2|ST|x2\rZDS|z\r"
    "OBR|2|r2\rOBX|1|ST|x3\rNTE|1||of x3\rORC|RE|o3\rOBR|3|r3\r"
)


def test_inside_an_ft1_its_group_is_read_and_nothing_else(hl7: Any) -> None:
    rows = hl7.each(hl7.document(DFT), "FT1", "FT1-2", "NTE-3", "ZFT-1", "PR1-3", ".2")
    assert rows == [
        ["a", "first", "z1", "p1", "a"],
        ["b", None, None, None, "b"],
        ["c", None, "z3", None, "c"],
    ]


def test_what_is_not_its_own_is_looked_up_outward(hl7: Any) -> None:
    rows = hl7.each(
        hl7.document(DFT), "FT1", "PID-3", "DG1-3", "DG1[2]-3", "ZPI-1", "ZDG-1", "MSH-10"
    )
    assert rows == [["7", "d1", "d2", "pat", "zd", "1"]] * 3


def test_where_the_standard_has_diagnoses_under_the_charge(hl7: Any) -> None:
    raw = DFT.replace("DFT^P03^DFT_P03", "DFT^P11^DFT_P11")
    assert hl7.each(hl7.document(raw), "FT1", "DG1-3") == [[None], [None], ["d1"]]


def test_observations_orders_and_their_notes(hl7: Any) -> None:
    document = hl7.document(ORU)
    assert hl7.each(document, "OBR", "OBR-2", "ORC-2", "NTE-3", "OBX-3", "ZDS-1", "PID-3") == [
        ["r1", "o1", "of r1", "x1", "z", "7"],
        ["r2", None, None, "x3", None, "7"],
        ["r3", "o3", None, None, None, "7"],
    ]
    assert hl7.each(document, "OBX", "OBX-3", "NTE-3", "OBR-2", "ORC-2", "ZDS-1", "PV1-2") == [
        ["x1", "of x1", "r1", "o1", None, "I"],
        ["x2", None, "r1", "o1", "z", "I"],
        ["x3", "of x3", "r2", None, None, "I"],
    ]


def test_an_order_sees_its_own_and_not_what_came_before(hl7: Any) -> None:
    head = "MSH|^~\\&|A|B|C|D|2026||OML^O21^OML_O21|1|P|2.5.1\rPID|1||7\r"
    order = "ORC|NW|o1\rTQ1|1||Once\rOBR|1|r1\rOBX|1|ST|x1\r"
    prior = "PV1|1|I\rORC|RE|p1\rOBR|1|q1\rOBX|1|ST|y1\r"
    for raw in (head + order, head + order + prior):
        asked = ("ORC-2", "TQ1-3", "OBX-3", "OBX[2]-3", "PID-3", "PV1-2")
        found = hl7.each(hl7.document(raw), "OBR", *asked)
        assert found[0] == ["o1", "Once", "x1", None, "7", None]


def test_an_each_in_an_each(hl7: Any) -> None:
    document = hl7.document(ORU)
    found = []
    for scope in hl7.scopes(document, "OBR"):
        inner = hl7.compiled("OBX", hl7.compiled("OBR").shape)
        found.append([str(node.segment.fields[3]) for node in inner.nodes(scope)])
    assert found == [["x1", "x2"], ["x3"], []]
    counts = hl7.each(document, "OBR", "OBX[*]-3", "OBX[2]-3")
    assert counts == [[["x1", "x2"], "x2"], [["x3"], None], [[], None]]


def test_a_segment_that_repeats_in_its_group_is_read_alone(hl7: Any) -> None:
    document = hl7.document(DFT)
    assert hl7.each(document, "DG1", "DG1-3", "ZDG-1", "PID-3") == [
        ["d1", "zd", "7"],
        ["d2", "zd", "7"],
    ]
    assert hl7.each(document, "ZFT", "ZFT-1", "FT1-2") == [["z1", "a"], ["z3", "c"]]


def test_messages_with_the_same_segments_are_read_each_for_itself(hl7: Any) -> None:
    """What was found of one layout is used again, also where blank lines stand between the segments."""
    other = DFT.replace("z3", "Z3").replace("FT1|2|b", "FT1|2|B")
    for text in (
        other,
        DFT,
        other.replace("\rFT1", "\r\rFT1"),
        DFT.replace("\rEVN", "\r\r\rEVN"),
    ):
        document = hl7.document(text)
        b, z3 = ("B", "Z3") if "Z3" in text else ("b", "z3")
        assert hl7.each(document, "FT1", "FT1-2", "NTE-3", "ZFT-1", "PID-3") == [
            ["a", "first", "z1", "7"],
            [b, None, None, "7"],
            ["c", None, z3, "7"],
        ]
        assert hl7.each(document, "ZFT", "ZFT-1", "FT1-2") == [["z1", "a"], [z3, "c"]]
        assert hl7.each(document, "DG1", "DG1-3", "ZDG-1") == [["d1", "zd"], ["d2", "zd"]]


def test_a_message_of_unknown_structure_is_grouped_by_what_may_stand_under_what(
    hl7: Any,
) -> None:
    for kind in ("ZZZ^Z01", "", "DFT^P99"):
        raw = DFT.replace("DFT^P03^DFT_P03", kind)
        rows = hl7.each(hl7.document(raw), "FT1", "FT1-2", "NTE-3", "ZFT-1", "PID-3", "ZPI-1")
        assert rows[0] == ["a", "first", "z1", "7", "pat"]
        assert rows[1] == ["b", None, None, "7", "pat"]
    raw = ORU.replace("ORU^R01", "ZZZ^Z01")
    rows = hl7.each(hl7.document(raw), "OBX", "OBX-3", "NTE-3", "OBR-2")
    assert rows == [["x1", "of x1", "r1"], ["x2", None, "r1"], ["x3", "of x3", "r2"]]


@pytest.mark.parametrize(
    ("code", "event", "said", "name"),
    [
        ("ADT", "A04", "", "ADT_A01"),
        ("ADT", "A40", "", "ADT_A39"),
        ("ADT", "A11", "ADT_A09", "ADT_A09"),
        ("ADT", "A08", "nonsense", "ADT_A01"),
        ("SIU", "S14", "", "SIU_S12"),
        ("DFT", "P03", "", "DFT_P03"),
        ("ACK", "A01", "ACK", "ACK"),
        ("ACK", "", "", "ACK"),
        ("ZZZ", "Z01", "ZZZ_Z01", ""),
    ],
)
def test_the_structure_of_an_event(code: str, event: str, said: str, name: str) -> None:
    assert structure_name(code, event, said) == name


def test_every_structure_can_be_read_and_places_its_own_segments() -> None:
    for name in sorted(facts().structures):
        part = structure(name)
        assert part is not None, name
        names = tuple(sorted(part.all))
        made = layout(name, names)
        assert not made.foreign, name
        assert sorted(made.root.every) == list(range(len(names))), name


def test_out_of_order_and_misplaced_segments_still_find_a_home() -> None:
    names = ("MSH", "PID", "AL1", "PV1", "EVN", "FT1", "PV1", "ZFT", "NTE", "FT1")
    made = layout("DFT_P03", names)
    assert made.foreign == {2, 7}
    assert [node.part.name for node in made.home] == [
        *["DFT_P03"] * 5,
        "FINANCIAL",
        "DFT_P03",
        "DFT_P03",
        "FINANCIAL",
        "FINANCIAL",
    ]
