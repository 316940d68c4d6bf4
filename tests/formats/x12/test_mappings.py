"""The paths and structures of this format in the language that analysts write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from interchanges import CLAIM, ORDER, READING, SHIPMENT, facts, lines

from engine import mapping
from engine.formats import json as json_format
from engine.formats import x12
from engine.placed import Mistakes


def made(home: Path, text: str, document: Any) -> list[bytes]:
    (home / "mappings").mkdir(exist_ok=True)
    (home / "mappings/it.yaml").write_text(text, "utf-8")
    mistakes = Mistakes()
    loaded = mapping.load("it", home, mistakes)
    assert not mistakes.found, "\n".join(map(str, mistakes.found))
    assert loaded is not None
    return [product.payload for product in loaded.apply(document, facts())]


def test_claims_are_read_one_by_one(tmp_path: Path) -> None:
    text = """
from: x12/005010/837P
to: json
each: 2300
fields:
  id: CLM01
  provider: 2010AA/NM109
  authorization: REF[.01 == "G1"]02
  count: count(2400)
  lines:
    each: 2400
    fields:
      code: SV101-2
      claim: 2300/CLM01
"""
    found = [json.loads(one) for one in made(tmp_path, text, x12.parse(CLAIM, READING))]
    assert found[0] == {
        "id": "C-1",
        "provider": "1999999984",
        "authorization": "AUTH1",
        "count": 2,
        "lines": [{"code": "99213", "claim": "C-1"}, {"code": "90471", "claim": "C-1"}],
    }
    assert found[1]["id"] == "C-2"


def test_levels_are_read_with_their_ancestors(tmp_path: Path) -> None:
    text = """
from: x12
to: json
fields:
  items:
    each: HL:I
    fields:
      order: HL:O/PRF01
      number: qualified(LIN02, "VN")
"""
    (found,) = made(tmp_path, text, x12.parse(SHIPMENT, READING))
    assert json.loads(found) == {
        "items": [{"order": "PO1", "number": "V-1"}, {"order": "PO2", "number": "V-2"}]
    }


def test_an_order_is_built(tmp_path: Path) -> None:
    text = """
from: json
to: x12/004010/850
set:
  ISA06: "ME"
  BEG01: "00"
  BEG02: "SA"
  BEG03: number
  BEG05: now() | format("%Y%m%d")
  REF[.01 == "CO"]02: contract
groups:
  N1: {each: parties, set: {N101: role, N102: name}}
  PO1:
    each: lines
    set: {PO101: index, PO102: quantity, PO103: unit, PO104: price}
    pairs: {from: PO106, of: {VN: number, UP: upc}}
"""
    raw = b"""{"number": "PO1", "contract": "C-1", "parties": [{"role": "ST", "name": "Main"}],
      "lines": [{"quantity": 10.50, "unit": "EA", "price": 2.50, "number": "V1", "upc": "01"}]}"""
    (found,) = made(tmp_path, text, json_format.parse(raw, READING))
    assert lines(found)[3:-3] == [
        "BEG*00*SA*PO1**20260105", "REF*CO*C-1", "N1*ST*Main", "PO1*1*10.5*EA*2.5**VN*V1*UP*01", "CTT*1",
    ]  # fmt: skip


def test_an_order_is_edited(tmp_path: Path) -> None:
    text = """
from: x12
to: x12
set:
  BEG03: "NEW"
  N1[.01 == "ST"]/N301: "9 Road"
remove: [CUR]
edit:
  - {each: PO1, when: PO103 == "BX", remove: true}
"""
    (found,) = made(tmp_path, text, x12.parse(ORDER, READING))
    was, now = lines(ORDER), lines(found)
    assert [one for one in now if one not in was] == [
        "BEG*00*SA*NEW**20260105", "N3*9 Road", "CTT*1", "SE*14*0001",
    ]  # fmt: skip
