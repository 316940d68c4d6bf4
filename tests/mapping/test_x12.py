"""X12 in mappings: read by loops, built by its map, edited in place."""

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
ORDER = b"""{"number": "4500017", "date": "2026-11-21", "contract": "C-77", "due": "2026-11-30",
 "parties": [{"role": "BY", "name": "GENERAL HOSPITAL", "street": "1 MAIN ST", "city": "CHICAGO"}, {"role": "SE", "name": "MEDSUP"}],
 "lines": [{"quantity": 5, "unit": "EA", "price": 12.50, "vendor": "V-1", "upc": "012345678905", "text": "SUTURE"},
           {"quantity": 2, "unit": "CS", "price": 100, "vendor": "V-2", "ship": [{"quantity": 1, "on": "2026-12-01"}, {"quantity": 1, "on": "2026-12-08"}]}]}"""
BUILD = """
from: json
to: x12/005010/850
set:
  ISA06: "GENHOSP"
  ISA08: "MEDSUP"
  GS02: "GENHOSP"
  GS03: "MEDSUP"
  BEG01: "00"
  BEG02: "SA"
  BEG03: number
  BEG05: date | date | format("%Y%m%d")
  REF[.01 == "CO"]02: contract
  REF[.01 == "ZZ"]02: nowhere
  DTM[.01 == "002"]02: due | date | format("%Y%m%d")
groups:
  N1:
    each: parties
    set: {N101: role, N102: name, N301: street, N401: city}
  PO1:
    each: lines
    set: {PO101: index, PO102: quantity, PO103: unit, PO104: price}
    pairs: {from: PO106, of: {VN: vendor, UP: upc}}
    groups:
      PID: {when: exists(text), set: {PID01: "F", PID05: text}}
      SCH:
        each: ship
        set:
          SCH01: quantity
          SCH02: "EA"
          SCH05: "002"
          SCH06: on | date | format("%Y%m%d")
"""


def segments(product: Any) -> list[str]:
    text = product.payload.decode()
    end = text[105]
    return [each.strip() for each in text.split(end) if each.strip()]


def built(mapping: Any, raw: bytes = ORDER) -> list[str]:
    (product,) = mapping.apply(load("json").parse(raw, Reading()), FACTS)
    assert product.of == "x12"
    return segments(product)


def test_an_order_is_built(make: Any) -> None:
    found = built(make(BUILD))
    at = next(at for at, each in enumerate(found) if each.startswith("BEG"))
    assert found[at:-3] == [
        "BEG*00*SA*4500017**20261121",
        "REF*CO*C-77",
        "DTM*002*20261130",
        "N1*BY*GENERAL HOSPITAL",
        "N3*1 MAIN ST",
        "N4*CHICAGO",
        "N1*SE*MEDSUP",
        "PO1*1*5*EA*12.5**VN*V-1*UP*012345678905",
        "PID*F****SUTURE",
        "PO1*2*2*CS*100**VN*V-2",
        "SCH*1*EA***002*20261201",
        "SCH*1*EA***002*20261208",
        "CTT*2",
    ]
    assert found[-3].startswith(f"SE*{len(found) - 4}*")


def test_what_is_built_is_read_back(make: Any) -> None:
    (product,) = make(BUILD).apply(load("json").parse(ORDER, Reading()), FACTS)
    back = make(
        """
from: x12/005010/850
to: json
let: {number: BEG03}
fields:
  number: BEG03
  buyer: N1[.01 == "BY"]02
  lines:
    each: PO1
    fields:
      quantity: PO102 | decimal
      vendor: qualified(PO106, "VN")
      text: PID05
      of: number
      ship: {each: SCH, value: SCH06}
  total: sum(PO1[*]/PO102 | decimal)
""".replace("  total: sum(PO1[*]/PO102 | decimal)\n", "")
        .replace('N1[.01 == "BY"]02', '>-\n    N1[.01 == "BY"]02')
        .replace('qualified(PO106, "VN")', '>-\n        qualified(PO106, "VN")')
    )
    assert back.from_ == "x12/005010/850"
    (read,) = back.apply(product.node, FACTS)
    assert read.payload == (
        b'{"number":"4500017","buyer":"GENERAL HOSPITAL","lines":['
        b'{"quantity":5,"vendor":"V-1","text":"SUTURE","of":"4500017"},'
        b'{"quantity":2,"vendor":"V-2","of":"4500017","ship":["20261201","20261208"]}]}'
    )


PARTY = """
from: json
to: x12/005010/850/N1
set: {N101: role, N102: name, N301: street, N401: city}
"""


def test_a_party_is_written_once(make: Any, home: Any, mistakes_of: Any) -> None:
    (home / "mappings" / "party.yaml").write_text(PARTY)
    text = BUILD.replace(
        "  N1:\n    each: parties\n    set: {N101: role, N102: name, N301: street, N401: city}\n",
        "  N1: {use: party, each: parties}\n",
    )
    assert built(make(text)) == built(make(BUILD))
    wrong = mistakes_of(
        text.replace("N1: {use", "PO1: {use").replace(
            "  PO1:\n    each: lines", "  N1:\n    each: lines"
        )
    )
    assert any(
        "'party' makes x12/005010/850/N1, and here the group PO1 of x12 is filled" in each
        for each in wrong
    ), wrong


def test_levels_of_a_shipment(make: Any) -> None:
    text = """
from: json
to: x12/005010/856
set:
  ISA06: "AA"
  ISA08: "BB"
  GS02: "AA"
  GS03: "BB"
  BSN01: "00"
  BSN02: number
  BSN03: "20261121"
  BSN04: "1030"
groups:
  HL:S:
    set: {TD501: "B", TD503: "UPS"}
    groups:
      HL:O:
        each: orders
        set: {PRF01: number}
        groups:
          HL:I:
            each: items
            set: {LIN02: "VN", LIN03: code, SN102: quantity, SN103: "EA"}
"""
    raw = b"""{"number": "S1", "orders": [{"number": "P1", "items": [{"code": "A", "quantity": 1}, {"code": "B", "quantity": 2}]}, {"number": "P2", "items": [{"code": "C", "quantity": 3}]}]}"""
    found = built(make(text), raw)
    assert [each for each in found if each.startswith(("HL", "CTT", "PRF"))] == [
        "HL*1**S*1", "HL*2*1*O*1", "PRF*P1", "HL*3*2*I*0", "HL*4*2*I*0", "HL*5*1*O*1", "PRF*P2", "HL*6*5*I*0", "CTT*6",
    ]  # fmt: skip


EDIT = """
from: x12
to: x12
set:
  ISA08: "OTHER"
  BEG03: "{BEG03}-A"
  REF[.01 == "CO"]02: "C-78"
remove: [DTM]
edit:
  - {each: PO1, when: PO103 == "CS", remove: true}
  - {each: PO1, set: {PO101: index, PO104: PO104}}
  - {each: N1, when: N101 == "SE", set: {N102: "MEDSUP INC"}}
add:
  - {segment: REF, after: REF, when: exists(BEG03), set: {REF01: "ZZ", REF02: BEG03}}
"""


def edited(make: Any, text: str) -> list[list[str]]:
    text = text.replace('REF[.01 == "CO"]02: "C-78"', '\'REF[.01 == "CO"]02\': "C-78"')
    (product,) = make(BUILD).apply(load("json").parse(ORDER, Reading()), FACTS)
    made = make(text).apply(product.node, FACTS)
    assert {each.of for each in made} <= {"x12"}
    return [segments(each) for each in made]


def test_an_interchange_is_edited_in_place(make: Any) -> None:
    (found,) = edited(make, EDIT)
    at = next(at for at, each in enumerate(found) if each.startswith("BEG"))
    assert found[0].split("*")[8].strip() == "OTHER"
    assert found[at:-3] == [
        "BEG*00*SA*4500017-A**20261121",
        "REF*CO*C-78",
        "REF*ZZ*4500017",
        "N1*BY*GENERAL HOSPITAL",
        "N3*1 MAIN ST",
        "N4*CHICAGO",
        "N1*SE*MEDSUP INC",
        "PO1*1*5*EA*12.5**VN*V-1*UP*012345678905",
        "PID*F****SUTURE",
        "CTT*1",
    ]
    assert found[-3].startswith(f"SE*{len(found) - 4}*")


def test_each_around_an_edit_of_an_interchange(make: Any) -> None:
    made = edited(make, 'from: x12\nto: x12\neach: PO1\nset: {BEG03: "{BEG03}-{index}"}\n')
    assert [[each for each in one if each.startswith(("BEG", "PO1", "SCH", "CTT"))] for one in made] == [
        ["BEG*00*SA*4500017-1**20261121", "PO1*1*5*EA*12.5**VN*V-1*UP*012345678905", "CTT*1"],
        ["BEG*00*SA*4500017-2**20261121", "PO1*2*2*CS*100**VN*V-2", "SCH*1*EA***002*20261201", "SCH*1*EA***002*20261208", "CTT*1"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("850", "851"), "3:5 there is no x12 '005010/851'"),
        (("  PO1:", "  PO2:"), "PO2"),
        (("BEG05: date | date | format(\"%Y%m%d\")", "BEG05: date | date"), "an element takes a text: say how the date is written"),
        (("BEG03: number", "BEG03: number == \"x\""), "an element takes a text, this is a truth"),
        (("BEG03: number", "BEG3: number"), "a place is a segment and two digits"),
        (("BEG03: number", "BEX03: number"), "BEX"),
        (("from: PO106, of", "from: PX106, of"), "PX1"),
        (("from: PO106, of: {VN: vendor", "from: PO106, of: {VN: vender("), "there is no function 'vender'"),
        (("{from: PO106, of: {VN: vendor, UP: upc}}", '\n      from: PO106\n      of:\n        VN: vendor | split(",")'), "a pair has one value"),
        (("from: json", "from: x12/005010/851"), "2:7 there is no x12 '005010/851'"),
    ],
)  # fmt: skip
def test_mistakes(mistakes_of: Any, change: tuple[str, str], said: str) -> None:
    assert change[0] in BUILD
    found = mistakes_of(BUILD.replace(*change))
    assert any(said in each for each in found), found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('keep: [PID-3]', "3:8 'PID-3' is no name of a segment; did you mean 'PID'?"),
        ('remove: [ISA]', "3:10 the envelope of an interchange stays"),
        ('set: {BEG: "x"}', "3:7 a whole segment is not written to, its fields are"),
        ('set: {SE01: "x"}', "SE01 is written by the engine"),
        ('keep: [BEG]\nset: {REF02: "x"}', "4:7 the 'keep' above lets REF leave the message"),
        ('add: [{segment: REF, set: {N101: "x"}}]', "3:28 'N101' is no place of the REF that is added"),
        ('add: [{segment: ST, set: {ST01: "x"}}]', "the envelope of an interchange stays"),
        ('edit: [{each: ST, remove: true}]', "the envelope of an interchange stays"),
        ('edit: [{each: PO102, remove: true}]', "an edit walks segments"),
    ],
)  # fmt: skip
def test_mistakes_of_edits(mistakes_of: Any, text: str, said: str) -> None:
    found = mistakes_of("from: x12\nto: x12\n" + text)
    assert any(said in each for each in found), found


def test_what_the_map_requires_is_named(make: Any) -> None:
    text = BUILD.replace("  BEG03: number\n", "")
    with pytest.raises(MessageError) as caught:
        make(text).apply(load("json").parse(ORDER, Reading()), FACTS)
    assert "BEG" in caught.value.path
