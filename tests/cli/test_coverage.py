"""`test --coverage`: what no test reaches, by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.coverage import watched
from engine.placed import Place

CHANNEL = """
source:
  mllp: {port: 2575}
format: hl7v2
accept:
  - when: MSH-9.1 == "ADT"
    because: only ADT
  - when: MSH-4 != "X"
    because: not X
transform: [edited]
destinations:
  one:
    file: {folder: out, name: "{MSH-10}.hl7"}
  two:
    when: MSH-4 == "Y"
    file: {folder: out, name: "{MSH-10}.hl7"}
tests:
  - given: |
      MSH|^~\\&|A|B|C|D|20260102||ADT^A08|M1|P|2.5.1
      PID|1||1000123
    expect: {one: {MSH-5: NEW, PID-8: U}}
  - given: |
      MSH|^~\\&|A|B|C|D|20260102||ORU^R01|M2|P|2.5.1
    expect: {verdict: filtered}
"""
EDITED = """
from: hl7v2
to: hl7v2
set:
  MSH-5: "NEW"
  PID-19: PID-18.1
  PID-8:
    - when: PID-8 == "F"
      value: "W"
    - value: "U"
edit:
  - {each: OBX, set: {OBX-1: index}}
"""


@pytest.fixture
def home(corridor) -> Path:
    for name, text in {"channels/feed.yaml": CHANNEL, "mappings/edited.yaml": EDITED}.items():
        (corridor.home / name).parent.mkdir()
        (corridor.home / name).write_text(text)
    home: Path = corridor.home
    return home


def test_what_no_test_reaches_is_named_with_its_line(corridor, home: Path) -> None:
    ran = corridor("test", "--coverage", "--json")
    assert ran.code == 0, ran.out
    found = {
        file["file"]: [(one["line"], one["path"], one["why"]) for one in file["missed"]]
        for file in ran.json["coverage"]
    }
    assert found == {
        "channels/feed.yaml": [
            (8, "accept[1].when", "turns no message away"),
            (15, "destinations.two.when", "never holds"),
            (16, "destinations.two.file.name", "never reached"),
        ],
        "mappings/edited.yaml": [
            (6, "set.PID-19", "is nothing each time"),
            (8, "set.PID-8[0].when", "never holds"),
            (9, "set.PID-8[0].value", "never reached"),
            (12, "edit[0].each", "is nothing each time"),
            (12, "edit[0].set.OBX-1", "never reached"),
        ],
    }


def test_percent_for_people(corridor, home: Path) -> None:
    ran = corridor("test", "--coverage", "feed")
    assert "channels/feed.yaml  50 %  3 of 6 rules" in ran.lines
    assert any(line.split() == ["line", "8", "accept[1].when", "turns", "no", "message", "away"] for line in ran.lines)  # fmt: skip
    assert "%" not in corridor("test").out


def test_nothing_is_wrapped_where_nobody_watches() -> None:
    def run(scope: object) -> int:
        return 1

    assert watched(Place(file="a", line=1, column=1), "a", run) is run
