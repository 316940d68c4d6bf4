"""Groups that hold more than the standard says."""

from __future__ import annotations

from typing import Any

import pytest

from engine.formats import Scope
from engine.formats.hl7v2 import Document, holding, paths

HEAD = "MSH|^~\\&|LAB|A|B|C|20261121||{}|R1|P|2.5.1\r"
ORU = HEAD.format("ORU^R01^ORU_R01") + (
    "PID|1\rZDS|0\rOBR|1\rNTE|1\rOBX|1\rNTE|2\rZDS|1\rOBX|2\rDG1|1\rOBR|2\rOBX|3\r"
)
DFT = HEAD.format("DFT^P03") + (
    "EVN|1\rPID|1\rFT1|1\rDG1|1\rZFT|1\rZFI|1\rZFI|2\rZFT|2\rZFI|3\rFT1|2\rDG1|2\rDG1|3\rIN1|1\r"
)
ADT = HEAD.format("ADT^A08") + (
    "EVN|1\rPID|1\rNK1|1\rNTE|1\rZNK|1\rNK1|2\rNTE|2\rPV1|1\rOBR|1\rOBX|1\rOBR|2\rOBX|2\r"
)
ZZZ = HEAD.format("ZZZ^Z01") + "PID|1\rZAA|1\rZBB|1\rZBB|2\rZAA|2\rZBB|3\rOBR|1\rZDS|1\rOBX|1\r"


def belonging(document: Document, name: str) -> list[str]:
    """What belongs to each segment of a name."""
    groups = [document.groups.of(segment) for segment in document.find(name)]
    return [" ".join(one.line[:5] for one in group.segments()) for group in groups]


@pytest.mark.parametrize(
    ("raw", "held", "name", "before", "after"),
    [
        (ORU, {"OBR": ["ZDS", "NTE", "OBX", "DG1"]}, "OBX",
         ["OBX|1 NTE|2 ZDS|1", "OBX|2 DG1|1", "OBX|3"], ["OBX|1 NTE|2", "OBX|2", "OBX|3"]),
        (ORU, {"OBR": ["ZDS", "DG1"]}, "OBR",
         ["OBR|1 NTE|1 OBX|1 NTE|2 ZDS|1 OBX|2 DG1|1", "OBR|2 OBX|3"], ["OBR|1 NTE|1 OBX|1 NTE|2 ZDS|1 OBX|2 DG1|1", "OBR|2 OBX|3"]),
        (ORU, {"OBR": ["ZDS"]}, "ZDS", ["ZDS|0", "ZDS|1"], ["ZDS|0", "ZDS|1"]),
        (DFT, {"FT1": ["DG1"], "ZFT": ["ZFI"]}, "FT1",
         ["FT1|1", "FT1|2"], ["FT1|1 DG1|1 ZFT|1 ZFI|1 ZFI|2 ZFT|2 ZFI|3", "FT1|2 DG1|2 DG1|3"]),
        (DFT, {"FT1": ["DG1"], "ZFT": ["ZFI"]}, "IN1", ["IN1|1"], ["IN1|1"]),
        (ADT, {"NK1": ["NTE", "ZNK"], "OBR": ["OBX"]}, "OBR", ["OBR|1", "OBR|2"], ["OBR|1 OBX|1", "OBR|2 OBX|2"]),
        (ADT, {"NK1": ["NTE", "ZNK"], "OBR": ["OBX"]}, "NK1",
         ["NK1|1 NTE|1 ZNK|1", "NK1|2 NTE|2"], ["NK1|1 NTE|1 ZNK|1", "NK1|2 NTE|2"]),
        (ZZZ, {"ZAA": ["ZBB"]}, "ZAA", ["ZAA|1 ZBB|1 ZBB|2", "ZAA|2 ZBB|3"], ["ZAA|1 ZBB|1 ZBB|2", "ZAA|2 ZBB|3"]),
        (ZZZ, {"OBR": ["ZDS"], "ZDS": ["OBX"]}, "ZDS", ["ZDS|1"], ["ZDS|1 OBX|1"]),
    ],
)  # fmt: skip
def test_what_belongs_to_a_segment(
    hl7: Any,
    raw: str,
    held: dict[str, list[str]],
    name: str,
    before: list[str],
    after: list[str],
) -> None:
    document = hl7.document(raw)
    assert belonging(document, name) == before
    assert belonging(holding(document, held), name) == after
    assert belonging(document, name) == before, "the message itself stays as it was"


def test_paths_see_it(hl7: Any) -> None:
    document = hl7.document(DFT)
    read = ("FT1-1", "DG1[*]-1", "ZFT[*]-1")
    assert hl7.each(document, "FT1", *read) == [
        ["1", ["1", "2", "3"], ["1", "2"]],
        ["2", ["1", "2", "3"], ["1", "2"]],
    ] or hl7.each(document, "FT1", "DG1[*]-1") == [[["1", "2", "3"]], [["1", "2", "3"]]]
    held = holding(document, {"FT1": ("DG1",), "ZFT": ("ZFI",)})
    assert hl7.each(held, "FT1", "DG1[*]-1") == [[["1"]], [["2", "3"]]]
    assert hl7.each(held, "ZFT", "ZFI[*]-1", "FT1-1") == [[["1", "2"], "1"], [["3"], "1"]]


def test_edits_see_it_and_number_in_it(hl7: Any) -> None:
    document = holding(hl7.document(DFT), {"FT1": ("DG1",)})
    editor = document.edit()
    match = hl7.compiled("DG1")
    numbers = [number for number, _ in editor.walk(match.nodes, Scope(document, None))]
    assert numbers == [1, 1, 2]
    paths.target("PID", hl7.message, hl7.condition).remove(editor, Scope(document, None))
    assert [number for number, _ in editor.walk(match.nodes, Scope(document, None))] == [
        1,
        1,
        2,
    ]
    assert belonging(editor.document(), "FT1")[1] == "FT1|2 DG1|2 DG1|3"
    plain = hl7.document(DFT).edit()
    assert [number for number, _ in plain.walk(match.nodes, Scope(plain.source, None))] == [
        1,
        2,
        3,
    ]


def test_nothing_is_laid_out_before_it_is_asked_for(hl7: Any) -> None:
    document = hl7.document(ORU)
    held = holding(document, {"OBR": ("ZDS",)})
    assert held._groups is None
    assert held.segments is document.segments
    assert held.kind() == "ORU^R01"
    assert held.edit().render() == document.raw
