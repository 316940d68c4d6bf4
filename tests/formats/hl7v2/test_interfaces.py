"""Whole mappings from and to HL7, as interfaces are made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import mapping
from engine.formats import Reading, load
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes

A08 = """\
MSH|^~\\&|ADT1|MERCY|LAB|CORRIDOR|20261121103000||ADT^A08^ADT_A01|M42|P|2.5.1
EVN|A08|20261121103000
PID|1||100234^^^MERCY^MR~999-11-2222^^^SSA^SS||TEST^ANNA^M||19800102|F|||1 MAIN^^CHICAGO|||||||AC77
PD1|||X
ROL|1|AD
PV1|1|I|4W^401^A||||1^DOC~2^DOC||||||||||||V77^^^MERCY&1.2&ISO
OBX|1|NM|a||5
ZAA|x
"""

ORU = """\
MSH|^~\\&|LAB|A|B|C|20261121||ORU^R01^ORU_R01|R1|P|2.5.1
PID|1||10^^^H^MR
PV1|1|O
ORC|RE|P1
OBR|1|P1||a^CBC
NTE|1||of the order
OBX|1|NM|x||1||||||X
NTE|1||of a wrong result
OBX|2|NM|x||1||||||F
NTE|1||of a result
ZDS|1.2^A^B
ORC|RE|P2
OBR|2|P2||b
OBX|1|NM|z||3||||||F
OBX|2|ED|pdf^Report||^APPLICATION^PDF^Base64^JVBERi0xLjQK||||||F
"""

ITEMS = """{"items": [
 {"number": "A1", "description": "STEM & CUP", "vendors": [{"id": "V1", "name": "Ortho|Co", "units": ["EA", "BX"]}]},
 {"number": "A2", "description": null, "vendors": []}
]}"""


def facts() -> Facts:
    context = Context(now=1_795_239_000.0, id=236_691)
    return Facts(inbound=Inbound(raw=b"", received_at=0.0), context=context)


@pytest.fixture
def made(tmp_path: Path) -> Any:
    """The messages that a mapping makes of a message, one segment a line."""

    def made(text: str, raw: str, format: str = "hl7v2") -> str:
        (tmp_path / "mappings").mkdir(exist_ok=True)
        (tmp_path / "mappings" / "made.yaml").write_text(text)
        mistakes = Mistakes()
        found = mapping.load("made", tmp_path, mistakes, "America/Chicago")
        assert found is not None, "\n".join(str(each) for each in mistakes)
        body = raw.replace("\n", "\r") if format == "hl7v2" else raw
        document = load(format).parse(body.encode(), Reading())
        products = found.apply(document, facts())
        for product in products:
            again = load("hl7v2").parse(product.payload, Reading())
            assert [one.line for one in again.segments] == [
                one.line for one in product.node.segments
            ]
        return "".join(one.payload.decode().replace("\r", "\n") for one in products)

    return made


def test_a08_to_a_downstream_of_2_3_with_a_built_z_segment(made: Any) -> None:
    text = """
from: hl7v2
to: hl7v2
keep: [MSH, EVN, PID, PV1, OBX]
set:
  MSH-12: "2.3"
  PID-3[.5 == "MR"].4: "GENHOSP"
remove: [MSH-9.3, 'PID-3[.5 == "SS"]']
add:
  - segment: ZPV
    after: PV1
    when: exists(PV1-19)
    set: {ZPV-1: PV1-19.1, ZPV-2: PV1-7, ZPV-3: PID-5.1 | lower}
"""
    assert made(text, A08) == (
        "MSH|^~\\&|ADT1|MERCY|LAB|CORRIDOR|20261121103000||ADT^A08|M42|P|2.3\n"
        "EVN|A08|20261121103000\n"
        "PID|1||100234^^^GENHOSP^MR||TEST^ANNA^M||19800102|F|||1 MAIN^^CHICAGO|||||||AC77\n"
        "PV1|1|I|4W^401^A||||1^DOC~2^DOC||||||||||||V77^^^MERCY&1.2&ISO\n"
        "ZPV|V77|1^DOC~2^DOC|test\n"
        "OBX|1|NM|a||5\n"
    )


def test_the_same_built_from_nothing(made: Any) -> None:
    text = """
from: hl7v2
to: hl7v2/2.3/ADT_A08
set:
  MSH-3: "CORRIDOR"
  MSH-10: MSH-10
  EVN-2: EVN-2
  PID: PID
  PID-3: PID-3[.5 == "MR"]
  PV1-2: PV1-2
  PV1-7: PV1-7
  ZPV-1: PV1-19.1
groups:
  OBX: {each: OBX, set: {OBX-1: index, OBX-5: OBX-5}}
  IN1: {when: exists(PV1-99), set: {IN1-1: "1"}}
"""
    assert made(text, A08) == (
        "MSH|^~\\&|CORRIDOR||||20261121053000+0000||ADT^A08|M42|P|2.3\n"
        "EVN||20261121103000\n"
        "PID|1||100234^^^MERCY^MR||TEST^ANNA^M||19800102|F|||1 MAIN^^CHICAGO|||||||AC77\n"
        "PV1||I|||||1^DOC~2^DOC\n"
        "OBX|1||||5\n"
        "ZPV|V77\n"
    )


ORDERS = """
from: hl7v2
to: hl7v2
groups: {OBR: {holds: [NTE, ZDS, OBX]}}
edit:
  - {each: OBX, when: OBX-11 == "X", remove: [OBX, NTE]}
  - {each: "NUMBERED", set: {OBX-1: index}}
  - {each: OBR, set: {OBR-3: ZDS-1.1}}
"""


@pytest.mark.parametrize(("each", "numbers"), [("OBX", "112"), ("OBX[*]", "123")])
def test_two_orders_with_notes_zds_and_renumbered_results(
    made: Any, each: str, numbers: str
) -> None:
    walk = f"\n  - each: {each}\n    set: {{OBX-1: index}}"
    text = ORDERS.replace('\n  - {each: "NUMBERED", set: {OBX-1: index}}', walk)
    one, two, three = numbers
    assert made(text, ORU).partition("PV1|1|O\n")[2] == (
        "ORC|RE|P1\n"
        "OBR|1|P1|1.2|a^CBC\n"
        "NTE|1||of the order\n"
        f"OBX|{one}|NM|x||1||||||F\n"
        "NTE|1||of a result\n"
        "ZDS|1.2^A^B\n"
        "ORC|RE|P2\n"
        "OBR|2|P2||b\n"
        f"OBX|{two}|NM|z||3||||||F\n"
        f"OBX|{three}|ED|pdf^Report||^APPLICATION^PDF^Base64^JVBERi0xLjQK||||||F\n"
    )


def test_a_pdf_becomes_a_pointer(made: Any) -> None:
    text = """
from: hl7v2
to: hl7v2
edit:
  - each: OBX
    when: OBX-2 == "ED" and OBX-5.4 == "Base64"
    set:
      OBX-2: "RP"
      OBX-5: "reports/{MSH-10}-{OBR-2}.pdf"
      OBX-5.3: OBX-5.2
      OBX-5.4: OBX-5.3
"""
    changed = made(text, ORU)
    pointer = "OBX|2|RP|pdf^Report||reports/R1-P2.pdf^^APPLICATION^PDF||||||F\n"
    assert changed == ORU[: ORU.index("OBX|2|ED")] + pointer


def test_a_master_file_of_items_with_many_units(made: Any) -> None:
    text = """
from: json
to: hl7v2/2.5.1/MFN_M16
set: {MFI-1.1: "INV", MFI-3: "UPD", MFI-6: "NE"}
groups:
  ITM:
    each: items[*]
    set: {MFE-1: "MUP", MFE-4: .number, MFE-5: "CE", ITM-1: .number, ITM-2: .description, ZIT-1: index}
    groups:
      VND:
        each: .vendors[*]
        set: {VND-1: index, VND-2: .id, VND-3: .name}
        groups:
          PKG:
            each: .units[*]
            set: {PKG-1: index, PKG-2: it}
"""
    assert made(text, ITEMS, "json") == (
        "MSH|^~\\&|||||20261121053000+0000||MFN^M16^MFN_M16|774K-6|P|2.5.1\n"
        "MFI|INV||UPD|||NE\n"
        "MFE|MUP|||A1|CE\nITM|A1|STEM \\T\\ CUP\nZIT|1\nVND|1|V1|Ortho\\F\\Co\nPKG|1|EA\nPKG|2|BX\n"
        "MFE|MUP|||A2|CE\nITM|A2\nZIT|2\n"
    )


def test_a_query_is_answered(made: Any) -> None:
    query = (
        "MSH|^~\\&|Q|A|B|C|20261121||QBP^Q22^QBP_Q21|R1|P|2.5.1\n"
        "QPD|Q22^Find^HL7|Q1|@PID.5.1^DOE~@PID.8^F|x\nRCP|I\n"
    )
    text = """
from: hl7v2
to: hl7v2/2.5.1/RSP_K22
set:
  MSH-5: MSH-3
  MSA-1: "AA"
  MSA-2: MSH-10
  QAK-1: QPD-2
  QAK-2: "OK"
  QPD: QPD
groups:
  PID:
    set:
      PID-3[.5 == "MR" and .4 == "H"].1: "77"
      PID-5.1: "DOE"
"""
    assert made(text, query).partition("\n")[2] == (
        "MSA|AA|R1\nQAK|Q1|OK\nQPD|Q22^Find^HL7|Q1|@PID.5.1^DOE~@PID.8^F|x\nPID|||77^^^H^MR||DOE\n"
    )


def test_an_acknowledgement_is_built(made: Any) -> None:
    text = """
from: hl7v2
to: hl7v2/2.5.1/ACK
set: {MSH-9.2: MSH-9.2, MSA-1: "AE", MSA-2: MSH-10, ERR-3.1: "101", ERR-4: "E"}
"""
    lines = made(text, A08).split("\n")
    assert "|ACK^A08^ACK|" in lines[0]
    assert lines[1:] == ["MSA|AE|M42", "ERR|||101|E", ""]
