"""The tree for people, and the standard's names in it."""

from __future__ import annotations

from typing import Any

from engine.formats.hl7v2 import tree
from engine.formats.hl7v2.standard import component_title, field_title, segment_title
from engine.formats.hl7v2.structures import segment_names


def test_every_part_with_its_name(hl7: Any) -> None:
    raw = (
        "MSH|^~\\&|POU\rPID|||7^^^H&1.2~8||DOE\rOBX|1|CWE|||A\\T\\B^text\rOBX|2|||a&b\rZFT|x\r"
    )
    assert list(tree(hl7.document(raw))) == [
        (0, "MSH", "Message Header", ""),
        (1, "MSH-1", "Field Separator", "|"),
        (1, "MSH-2", "Encoding Characters", "^~\\&"),
        (1, "MSH-3", "Sending Application", "POU"),
        (0, "PID", "Patient Identification", ""),
        (1, "PID-3(1)", "Patient Identifier List", ""),
        (2, "PID-3(1).1", "ID Number", "7"),
        (2, "PID-3(1).4", "Assigning Authority", ""),
        (3, "PID-3(1).4.1", "Namespace ID", "H"),
        (3, "PID-3(1).4.2", "Universal ID", "1.2"),
        (1, "PID-3(2)", "Patient Identifier List", "8"),
        (1, "PID-5", "Patient Name", "DOE"),
        (0, "OBX[1]", "Observation/Result", ""),
        (1, "OBX[1]-1", "Set ID - OBX", "1"),
        (1, "OBX[1]-2", "Value Type", "CWE"),
        (1, "OBX[1]-5", "Observation Value", ""),
        (2, "OBX[1]-5.1", "Identifier", "A&B"),
        (2, "OBX[1]-5.2", "Text", "text"),
        (0, "OBX[2]", "Observation/Result", ""),
        (1, "OBX[2]-1", "Set ID - OBX", "2"),
        (1, "OBX[2]-4", "Observation Sub ID", ""),
        (2, "OBX[2]-4.1", "", ""),
        (3, "OBX[2]-4.1.1", "", "a"),
        (3, "OBX[2]-4.1.2", "", "b"),
        (0, "ZFT", "", ""),
        (1, "ZFT-1", "", "x"),
    ]


def test_names_of_all_versions() -> None:
    assert field_title("FT1", 10)[0] == "Transaction Quantity"
    assert field_title("FT1", 43)[0].startswith("NDC")
    assert field_title("PID", 30)[0] == "Patient Death Indicator"
    assert field_title("PID", 2)[0] == "Patient ID"
    assert field_title("PRT", 4)[0] == "Participation"
    assert field_title("PID", 99) == ("", "")
    assert component_title("XPN", 2) == ("Given Name", "ST")
    assert all(segment_title(name) for name in segment_names())
