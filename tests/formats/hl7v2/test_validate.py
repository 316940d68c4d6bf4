"""What `corridor validate` finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.formats import Reading
from engine.formats.hl7v2 import findings, parse, parts, remarks

GOOD = "MSH|^~\\&|A|B|C|D|2026||ADT^A01^ADT_A01|1|P|2.5.1\rEVN|A01|2026\rPID|1||7||X\rPV1|1|I\rZPD|x\r"
SAMPLES = sorted((Path(__file__).parents[3] / "samples/hl7v2").glob("*.hl7"))


def test_a_good_one(hl7: Any) -> None:
    assert list(findings(hl7.document(GOOD))) == []


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("ADT^A01^ADT_A01", "", "MSH-9"),
        ("|1|P|", "||P|", "MSH-10"),
        ("|1|P|", "|1|X|", "MSH-11"),
        ("|2.5.1", "|", "MSH-12"),
        ("|2.5.1", "|3.0", "MSH-12"),
        ("^~\\&|A", "^^\\&|A", "MSH-2"),
        ("EVN|A01|2026\r", "", "EVN"),
        ("PID|", "QQQ|1\rPID|", "QQQ"),
        ("PID|", "Some words|1\rPID|", "line 3"),
        ("PV1|1|I\r", "", "PV1"),
    ],
)
def test_each_rule(hl7: Any, old: str, new: str, path: str) -> None:
    assert [place for place, _ in findings(hl7.document(GOOD.replace(old, new)))] == [path]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("|1|P|", "|1||", "MSH-11"),
        ("|2026||ADT", "|||ADT", "MSH-7"),
        ("ADT^A01^ADT_A01", "DFT^P03", "FT1"),
        ("ADT^A01^ADT_A01", "ADT^A01^ADT_A01", None),
    ],
)
def test_what_receivers_live_without_is_remarked_on(
    hl7: Any, old: str, new: str, path: str | None
) -> None:
    document = hl7.document(GOOD.replace(old, new))
    assert list(findings(document)) == []
    assert [place for place, _ in remarks(document)] == ([path] if path else [])


def test_messages_in_a_row_are_not_one_message(hl7: Any) -> None:
    assert ("MSH[2]" in [place for place, _ in findings(hl7.document(GOOD + GOOD))]) is True


def test_no_finding_holds_a_value(hl7: Any) -> None:
    raw = GOOD.replace("2.5.1", "SECRET").replace("|P|", "|SECRET|").replace("PV1", "SECRET")
    assert "SECRET" not in str(list(findings(hl7.document(raw))))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_our_samples_are_good(path: Path) -> None:
    raw = path.read_bytes()
    for one in parts(raw, Reading()) or (raw,):
        document = parse(one, Reading())
        assert [*findings(document), *remarks(document)] == []
