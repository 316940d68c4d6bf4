"""Messages built by their standard: places, groups in each other, lists of things, mappings that fill a group."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import MessageError
from engine.formats import Reading, load
from engine.message import Context, Facts, Inbound

FACTS = Facts(
    inbound=Inbound(raw=b"", received_at=1_795_239_000.0),
    context=Context(now=1_795_239_000.0, id=236_691),
)
ORDERS = b"""{
 "patient": {"mrn": "100234", "family": "TEST", "given": "ANNA", "other": [{"id": "9", "of": "SSA"}, {"id": "8", "of": "PI"}]},
 "orders": [
  {"code": "CBC", "results": [
    {"code": "718-7", "value": 13.5, "notes": ["a", "b"], "final": true}, {"code": "789-8", "value": 4, "final": false}]},
  {"code": "NA", "stat": true, "results": []},
  {"code": "X", "skip": true}]
}"""
ORU = """
from: json
to: hl7v2/2.5.1/ORU_R01
let: {sender: "LIS"}
set:
  MSH-3: sender
  MSH-10: "R1"
  PID-3.1: patient.mrn
  PID-3[.5 == "SSA"].1: patient.other[0].id
  PID-5.1: patient.family
  PID-5.2: patient.given
  PID-8: null
  PID-9: patient.alias
groups:
  OBR:
    each: orders
    when: not exists(skip)
    let: {order: code}
    set:
      OBR-1: index
      OBR-4.1: order
      OBR-5:
        - when: stat == true
          value: "S"
    groups:
      OBX:
        each: results
        set:
          OBX-1: index
          OBX-3.1: code
          OBX-5: value
          OBX-11: if(final == true, "F", "P")
          OBX-4: order
        groups:
          NTE: {each: notes, set: {NTE-1: index, NTE-3: it}}
"""


def built(mapping: Any, raw: bytes = ORDERS) -> list[str]:
    document = load("json").parse(raw, Reading())
    (product,) = mapping.apply(document, FACTS)
    again = load("hl7v2").parse(product.payload, Reading())
    assert [one.line for one in again.segments] == [one.line for one in product.node.segments]
    assert (product.of, product.shows) == ("hl7v2", "ORU^R01")
    return product.payload.decode().rstrip("\r").split("\r")


def test_groups_in_groups(make: Any) -> None:
    lines = built(make(ORU))
    assert lines[0].startswith("MSH|^~\\&|LIS|")
    assert "|ORU^R01^ORU_R01|R1|" in lines[0] and lines[0].split("|")[11] == "2.5.1"
    assert lines[1:] == [
        'PID|||100234~9^^^^SSA||TEST^ANNA|||""',
        "OBR|1|||CBC",
        "OBX|1||718-7|CBC|13.5||||||F",
        "NTE|1||a",
        "NTE|2||b",
        "OBX|2||789-8|CBC|4||||||P",
        "OBR|2|||NA|S",
    ]


def test_a_group_can_be_filled_in_several_ways(make: Any) -> None:
    text = ORU.replace(
        "      OBX:\n        each: results\n",
        '      OBX:\n       - set: {OBX-3.1: "HEAD", OBX-1: "0"}\n       - when: stat == true\n'
        '         set: {OBX-3.1: "STAT"}\n       - set: {OBX-3.1: missing}\n       - each: results\n',
    )
    at = text.index("       - each: results\n") + len("       - each: results\n")
    text = text[:at] + text[at:].replace("\n        ", "\n         ").replace(
        "        set:", "         set:", 1
    )
    lines = built(make(text))
    assert [line.split("|")[3] for line in lines if line.startswith("OBX")] == [
        "HEAD", "718-7", "789-8", "HEAD", "STAT",
    ]  # fmt: skip


def test_fields_are_copied_as_they_stand(make: Any) -> None:
    text = """
from: hl7v2
to: hl7v2/2.5.1/ADT_A08
set: {MSH-3: MSH-4, MSH-10: MSH-10, EVN-2: MSH-7, PID-3: PID-3, PID-5: PID-5, PID-7: PID-7 | date, PV1-2: PV1-2}
groups:
  DG1: {each: DG1, set: {DG1-1: index, DG1-3: DG1-3, DG1-6: "A"}}
"""
    raw = (
        b"MSH|^~\\&|A|B|C|D|20261121||ADT^A08|7|P|2.3\rEVN|A08\r"
        b"PID|1||1^^^X&1&ISO^MR~2^^^Y||T\\T\\V^A||1980\rPV1|1|I\rDG1|9||I10^Hypertension\rDG1|9||Z96\r"
    )
    document = load("hl7v2").parse(raw, Reading())
    (product,) = make(text.replace("PID-7: PID-7 | date", "PID-7: PID-7")).apply(
        document, FACTS
    )
    lines = product.payload.decode().split("\r")
    assert "PID|||1^^^X&1&ISO^MR~2^^^Y||T\\T\\V^A||1980" in lines
    assert lines[-3:] == ["DG1|1||I10^Hypertension|||A", "DG1|2||Z96|||A", ""]


def test_what_the_standard_requires_is_named(make: Any) -> None:
    text = "from: json\nto: hl7v2/2.5.1/ADT_A08\nset: {MSH-3: a, PID-3: b}\n"
    with pytest.raises(MessageError) as caught:
        make(text).apply(load("json").parse(b'{"a": "x", "b": "1"}', Reading()), FACTS)
    assert caught.value.path == "EVN"


def test_an_error_names_group_place_and_item(make: Any) -> None:
    mapping = make(ORU.replace("OBX-5: value", "OBX-5: value | decimal"))
    raw = ORDERS.replace(b'"value": 4,', b'"value": "high",')
    with pytest.raises(MessageError) as caught:
        mapping.apply(load("json").parse(raw, Reading()), FACTS)
    error = caught.value
    assert "(mapping made, OBR.OBX.OBX-5)" in error.rule
    assert error.path == "value in results number 2 in orders number 1"


def test_values_are_written_as_the_standard_does(make: Any) -> None:
    text = """
from: json
to: hl7v2/2.5.1/ADT_A08
let: {now: at | datetime}
set:
  MSH-10: "1"
  EVN-2: now
  PID-3: ids[*]
  PID-7: born | date
  PID-30: dead == true
  PV1-2: "I"
  PV1-45: now
  PV1-19: left
"""
    raw = b'{"at": "2026-11-21T10:30:05.25-06:00", "ids": ["1", "2^3"], "born": "1980-01-02", "dead": true}'
    (product,) = make(text).apply(load("json").parse(raw, Reading()), FACTS)
    lines = {line[:3]: line.split("|") for line in product.payload.decode().split("\r")}
    assert lines["EVN"][2] == "20261121103005.25-0600"
    assert (lines["PID"][3], lines["PID"][7], lines["PID"][30]) == (
        "1~2\\S\\3",
        "19800102",
        "Y",
    )


PARTY = """
from: json
to: hl7v2/2.5.1/ORU_R01/OBX
let: {word: code}
set: {OBX-3.1: word, OBX-4: site}
groups:
  NTE: {each: notes, set: {NTE-3: it}}
"""


def test_a_mapping_fills_the_group_of_another(make: Any, home: Any) -> None:
    from engine import mapping
    from engine.mapping import Expression
    from engine.placed import Mistakes

    (home / "mappings" / "result.yaml").write_text(PARTY)
    text = ORU[: ORU.index("      OBX:")] + (
        '      OBX: {use: result, each: results, set: {OBX-1: index, OBX-11: "F"}}\n'
    )
    (home / "mappings" / "made.yaml").write_text(text)
    known = {"site": Expression(run=lambda scope: None, text="site", line=1, kind="text")}
    found = mapping.load("made", home, mistakes := Mistakes(), "UTC", known)
    assert found is not None, list(mistakes)
    document = load("json").parse(ORDERS, Reading())
    (product,) = found.apply(document, FACTS, ["NORTH"])
    lines = product.payload.decode().rstrip("\r").split("\r")
    assert lines[2:] == [
        "OBR|1|||CBC",
        "OBX|1||718-7|NORTH|||||||F",
        "NTE|||a",
        "NTE|||b",
        "OBX|2||789-8|NORTH|||||||F",
        "OBR|2|||NA|S",
    ]
    ((_, rules),) = found.trace(document, FACTS, ["NORTH"])
    shown = {rule.field: (rule.file, rule.value) for rule in rules}
    assert shown["OBR[1].OBX[1].OBX-1"] == ("", "1")
    assert shown["OBR[1].OBX[1].OBX-3.1"] == ("mappings/result.yaml", "718-7")
    assert shown["OBR[1].OBX[1].NTE[2].NTE-3"] == ("mappings/result.yaml", "b")
    before = found.digest
    (home / "mappings" / "result.yaml").write_text(PARTY + "description: other\n")
    again = mapping.load("made", home, Mistakes(), "UTC", known)
    assert again is not None and again.digest != before


def test_a_mapping_for_a_group_is_a_mapping_too(home: Any) -> None:
    from engine import mapping
    from engine.placed import Mistakes

    (home / "mappings" / "result.yaml").write_text(PARTY.replace("site", "code"))
    mistakes = Mistakes()
    found = mapping.load("result", home, mistakes)
    assert found is not None, list(mistakes)
    assert found.part


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("ORU_R01", "ORU_R0"), "3:5 there is no hl7v2 '2.5.1/ORU_R0'"),
        (("2.5.1/ORU_R01", "2.9/ORU_R01"), "3:5 there is no hl7v2 '2.9/ORU_R01'"),
        (("  OBR:", "  OBRX:"), "15:3 there is no 'OBRX' in ORU_R01; did you mean"),
        (("      OBX:", "      PV1x:"), "there is no 'PV1x'"),
        (("PID-8: null", "PDI-8: null"), "there is no segment 'PDI'"),
        (("PID-8: null", "PID: null"), "12:3 "),
        (("OBX-5: value", "OBX-5: valu | upper(1)"), "'upper' takes 1 values"),
        (("set:\n  MSH-3: sender", "set: x\nedit:\n  MSH-3: sender"), "5:6 'set' names places and values"),
        (("groups:\n  OBR:", "groups: x\nset2:\n  OBR:"), "there is no key 'set2' here; did you mean 'set'?"),
        (("groups:\n  OBR:", "groups: x\nkeep:\n  OBR:"), "'groups' names groups and what stands in them"),
        (("    each: orders", "    holds: [NTE]"), "'holds' says which segments belong to a group that is read; here one is built"),
        (("    each: orders", "    every: orders"), "there is no key 'every' here"),
        (("NTE: {each: notes, set: {NTE-1: index, NTE-3: it}}", "NTE: {each: notes}"), "a group has one of set, groups, pairs, use"),
        (("NTE: {each: notes, set: {NTE-1: index, NTE-3: it}}", "NTE: notes"), "'NTE' says what stands in it"),
        (("NTE: {each: notes, set: {NTE-1: index, NTE-3: it}}", "NTE: {each: notes, use: nowhere}"), "there is no mapping 'nowhere'"),
        (("PID-8: null", "PID-8: first(orders) | base64 | unbase64"), "bytes have no text of their own"),
        (("PID-9: patient.alias", "PID-9: patient.alias\npairs: {from: PID-3, of: {VN: sender}}"), "pairs"),
        (("PID-9: patient.alias", "PID-9: patient.alias\npairs: {of: {VN: sender}}"), "'pairs' says from which element on they stand"),
        (("PID-9: patient.alias", "PID-9: patient.alias\npairs: {from: PID-3}"), "'pairs' says which qualifiers have which values"),
        (("PID-9: patient.alias", "PID-9: patient.alias\npairs: PID-3"), "'pairs' says from where on"),
        (("PID-9: patient.alias", "PID-9: patient.alias\nfields: {a: b}"), "there is no key 'fields' here"),
    ],
)  # fmt: skip
def test_mistakes(mistakes_of: Any, change: tuple[str, str], said: str) -> None:
    assert change[0] in ORU
    found = mistakes_of(ORU.replace(*change))
    assert any(said in each for each in found), found


def test_mistakes_of_mappings_that_fill_groups(mistakes_of: Any, home: Any) -> None:
    text = ORU[: ORU.index("      OBX:")] + "      OBX: {use: result, each: results}\n"
    part = PARTY.replace("site", "code")
    entity = "from: ChargeEvent\nto: hl7v2/2.5.1/ORU_R01/OBX\nset: {OBX-3: item.code}\n"
    for broken, said in (
        (part.replace("ORU_R01/OBX", "ORU_R01/OBR"), "the mapping 'result' makes hl7v2/2.5.1/ORU_R01/OBR, and here the group"),
        ("from: json\nto: json\nfields: {a: code}\n", "the mapping 'result' makes json, and here the group"),
        (entity, "the mapping 'result' reads ChargeEvent, and this is something else"),
        (part.replace("OBX-4: code", "fields: {a: code}"), "a whole segment"),
    ):  # fmt: skip
        (home / "mappings" / "result.yaml").write_text(broken)
        found = mistakes_of(text)
        assert found and (said == "a whole segment" or any(said in each for each in found)), (
            found
        )
