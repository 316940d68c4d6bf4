"""Two outputs compared field by field: pairs by key, what only one has, differences by field."""

from __future__ import annotations

import pytest

from engine.compare.flat import messages
from engine.compare.outputs import Comparison, compared

MSH = "MSH|^~\\&|A|B|C|D|{at}||ORU^R01|{control}|P|2.5.1\r"
ISA = "ISA*00*          *00*          *ZZ*A              *ZZ*B              *260309*2300*^*00501*{control:09}*0*P*:~GS*HC*A*B*20260309*2300*1*X*005010X222A1~"


def hl7(control: str, value: str = "7.1", at: str = "20260101", unit: str = "mmol") -> str:
    return (
        MSH.format(at=at, control=control) + f"OBX|1|NM|A||{value}|{unit}\rOBX|2|NM|B||x^y~z\r"
    )


def of(a: str, b: str, **more: list[str]) -> Comparison:
    return compared([("f", a.encode())], [("f", b.encode())], **more)


def told(found: Comparison) -> dict[str, tuple[int, int, int]]:
    return {each.field: (each.changed, each.missing, each.added) for each in found.fields}


def test_messages_meet_by_their_key_whatever_their_order() -> None:
    found = of(hl7("1") + hl7("2"), hl7("2") + hl7("1", at="20270101"), by=["MSH-10"], ignore=["MSH-7"])  # fmt: skip
    assert (found.same, found.pairs, found.alike) == (True, 2, 2)
    found = of(hl7("1") + hl7("2"), hl7("2") + hl7("1", at="20270101"), by=["MSH-10"])
    assert told(found) == {"MSH-7": (1, 0, 0)}
    assert not of(hl7("1") + hl7("2"), hl7("2") + hl7("1")).same


def test_what_only_one_side_has_is_listed() -> None:
    found = of(hl7("1") + hl7("2") + hl7("2"), hl7("2") + hl7("3") + hl7(""), by=["MSH-10"])
    assert (found.only_a, found.only_b) == (["f number 1"], ["f number 2"])
    assert (found.twice, found.unkeyed) == (["f number 3"], ["f number 3"])


def test_differences_are_grouped_by_field() -> None:
    a = hl7("1") + hl7("2", "7.2") + hl7("3")
    b = hl7("1", "9") + hl7("2", "9") + hl7("3", unit="").replace("x^y~z", "x^q~z~new")
    found = of(a, b, by=["MSH-10"])
    assert told(found) == {
        "OBX-5": (2, 0, 1),
        "OBX-5.2": (1, 0, 0),
        "OBX-6": (0, 1, 0),
    }
    (first, _, third) = found.fields[0].examples
    assert (first.where, first.place, first.a, first.b) == ("f number 1", "OBX-5", "7.1", "9")
    assert (third.place, third.a, third.b) == ("OBX[2]-5(3)", None, "new")


def test_interchanges_by_element() -> None:
    a = ISA.format(control=1) + "ST*837*0001~SV1*HC:96413*612~SE*3*0001~GE*1*1~IEA*1*1~"
    b = a.replace("HC:96413", "HC:96415").replace("~", "~\n")
    assert told(of(a, b, by=["ISA13"])) == {"SV101-2": (1, 0, 0)}
    two = a + ISA.format(control=2) + "ST*837*0002~GE*1*1~"
    assert told(of(two, two, by=["ISA13"])) == {}
    assert of(two, a, by=["ISA13"]).only_a == ["f number 2"]


def test_json_by_path_and_numbers_by_value() -> None:
    a = '{"id": 1, "lines": [{"code": "A", "price": 1.50}, {"code": "B"}]}'
    b = '{"lines": [{"code": "A", "price": 1.5}, {"code": "C"}], "id": 1, "new": true}'
    found = of(a, b, by=["id"])
    assert told(found) == {"lines[*].code": (1, 0, 0), "new": (0, 0, 1)}
    assert found.fields[0].examples[0].place == "lines[1].code"
    rows = '{"id": 1}\n{"id": 2}\n'
    assert of(rows, rows.replace("2", "3"), by=["id"]).only_b == ["f number 2"]


def test_lines_by_column() -> None:
    a, b = "1|A|2\n2|B|3\n", "2|B|4\n1|A|2\n"
    assert told(of(a, b, by=["column 1"])) == {"column 3": (1, 0, 0)}


@pytest.mark.parametrize("content", [b"", b"\r\n", b"MSH", b"ISA", b"{", b"\xff\xfe", b"MSH|"])
def test_whatever_stands_there_can_be_compared(content: bytes) -> None:
    messages(content)
    compared([("f", content)], [("f", b"MSH|^~\\&|A\r")])
