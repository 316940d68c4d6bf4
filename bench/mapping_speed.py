"""
How long expressions and mappings take on one core, in microseconds; parsing the message is not counted.

    python bench/mapping_speed.py
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from engine.formats import Reading, Scope, Shape, load
from engine.mapping import Language, expression
from engine.mapping import load as load_mapping
from engine.mapping.tables import Tables
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes, Place, Scalar

MESSAGE = (
    b"MSH|^~\\&|ADT1|MERCY|LAB|CORRIDOR|20261121103000-0600||ADT^A08^ADT_A01|MSG00042|P|2.5.1\r"
    b"EVN|A08|20261121103000\r"
    b"PID|1||100234^^^MERCY^MR~999-11-2222^^^SSA^SS||TEST^ANNA^M||19800102|F|||1 MAIN ST^^CHICAGO^IL^60601\r"
    b"PV1|1|I|4W^401^A^MERCY|||||1234^ADAMS^JOHN||||||||||||V0004711|||||||||||||||||||||||||20261120080000\r"
    b"FT1|1|||20261121101500|20261121|CG|IMP-4471^STEM^LOCAL|||12|4200.00\r"
)
EXPRESSIONS = (
    "MSH-9.1",
    'MSH-9.1 == "ADT" and FT1-10 | decimal > 10',
    'PID-3[.5 == "MR"].1 ?? PID-3.1',
    "FT1-4 | datetime",
)
FIELDS = """from: hl7v2
to: json
fields:
  id: MSH-10
  sender: MSH-3
  facility: MSH-4
  event: MSH-9.2
  at: MSH-7
  version: MSH-12
  mrn: PID-3.1
  family: PID-5.1
  given: PID-5.2
  born: PID-7
  sex: PID-8
  street: PID-11.1
  city: PID-11.3
  zip: PID-11.5
  class: PV1-2
  ward: PV1-3.1
  visit: PV1-19.1
  quantity: FT1-10 | decimal
"""
EDIT = """from: hl7v2
to: hl7v2
keep: [MSH, EVN, PID, PD1, PV1, PV2, OBX, AL1, DG1]
set:
  MSH-5: "DOWNSTREAM"
  MSH-12: "2.3"
edit:
  - {each: OBX, when: OBX-11 == "X", remove: true}
  - {each: OBX, set: {OBX-1: index}}
add:
  - {segment: ZPV, after: PV1, when: exists(PV1-19), set: {ZPV-1: PV1-19.1}}
"""
ADMISSION = Path(__file__).parents[1] / "samples/hl7v2/adt_a01_full.hl7"


def microseconds(run: Callable[[], object], times: int = 20_000) -> float:
    """The best of seven rounds."""
    best = float("inf")
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(times):
            run()
        best = min(best, time.perf_counter() - start)
    return best / times * 1e6


def main() -> None:
    """Print one line per measurement."""
    hl7v2 = load("hl7v2")
    document = hl7v2.parse(MESSAGE, Reading())
    facts = Facts(inbound=Inbound(raw=MESSAGE, received_at=0.0), context=Context(now=0.0))
    scope = Scope(document, facts)
    with tempfile.TemporaryDirectory() as folder:
        home, mistakes = Path(folder), Mistakes()
        language = Language(
            shape=Shape(format="hl7v2"),
            format=hl7v2,
            mistakes=mistakes,
            tables=Tables(home, mistakes),
        )
        for text in EXPRESSIONS:
            scalar = Scalar(text=text, style="plain", place=Place(file="", line=1, column=1))
            found = expression(scalar, language)
            assert found is not None, mistakes.found
            print(f"{microseconds(lambda run=found.run: run(scope)):8.2f} us  {text}")
        (home / "mappings").mkdir()
        (home / "mappings" / "adt.yaml").write_text(FIELDS)
        mapping = load_mapping("adt", home, mistakes)
        assert mapping is not None, mistakes.found
        taken = microseconds(lambda: mapping.apply(document, facts), 3000)
        print(f"{taken:8.2f} us  18 fields to JSON, encoded")
        print(mapping.apply(document, facts)[0].payload.decode())
        (home / "mappings" / "edit.yaml").write_text(EDIT)
        edit = load_mapping("edit", home, mistakes)
        assert edit is not None, mistakes.found
        raw = ADMISSION.read_bytes()

        def edited() -> None:
            edit.apply(hl7v2.parse(raw, Reading()), facts)

        taken = microseconds(edited, 2000)
        taken -= microseconds(lambda: hl7v2.parse(raw, Reading()), 2000)
        print(f"{taken:8.2f} us  an edit of five rules on an ADT of {len(raw)} bytes, rendered")


if __name__ == "__main__":
    main()
