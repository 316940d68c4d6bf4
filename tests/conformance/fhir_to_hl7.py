"""
The 20 rows of ReportStream that go from FHIR to HL7 v2 (ORU^R01), against ours, leaf by leaf: a leaf is a component or subcomponent of a field.

No row is that product's mapping alone: 19 pass through a transform for their sender and 4 through one for a receiver (they fill the header from the
receiver's settings, name the software, move answers into notes, drop offsets), and the Bundles carry extensions of its own. So there are two
figures. "all" counts every leaf of the expected messages. The others, by segment, count what can be compared: a leaf whose value the Bundle
says in an element that FHIR knows (extensions of ReportStream left out), and every leaf where we say something. Where we say more than is
expected it counts against us in both.

Moments are equal where they are the same second: their receivers write local time, with and without its offset.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from engine import formats, mapping
from engine.errors import MessageError
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes
from engine.reading import Reading
from tests.agreement import leaves

HOME = Path(__file__).parents[2]
KIND = "reportstream config HL7"
THEIRS = "https://reportstream.cdc.gov/"
_MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[T]?(\d\d):?(\d\d):?(\d\d)?(?:\.\d+)?(Z|[-+]\d\d:?\d\d)?"
)
Place = tuple[str, int, int, int, int, int]
"""Segment, which of that name, field, repetition, component, subcomponent."""


def run(fixtures: Path) -> dict[str, tuple[int, int]]:
    """How many leaves agree: all, what can be compared, and of that each segment."""
    counted: dict[str, list[int]] = {"all": [0, 0], "what the Bundle says": [0, 0]}
    for pair in _pairs(fixtures):
        raw = (fixtures / pair["input"]).read_bytes()
        theirs = dict(_leaves((fixtures / pair["expected"]).read_bytes()))
        ours = dict(_leaves(_converted(raw)))
        said = _said(json.loads(raw))
        for place in theirs.keys() | ours.keys():
            names = ["all"]
            if place in ours or _known(theirs[place]) in said:
                names += ["what the Bundle says", place[0]]
            equal = _known(ours.get(place, "")) == _known(theirs.get(place, ""))
            for name in names:
                total = counted.setdefault(name, [0, 0])
                total[0] += equal - (place not in theirs)
                total[1] += place in theirs
    return {name: (max(good, 0), total) for name, (good, total) in counted.items() if total}


def _pairs(fixtures: Path) -> list[dict[str, str]]:
    path = fixtures / "pairs.json"
    pairs = json.loads(path.read_bytes()) if path.is_file() else []
    return [pair for pair in pairs if pair["kind"] == KIND and pair["input"].endswith(".fhir")]


@cache
def _mapping() -> Any:
    mistakes = Mistakes()
    found = mapping.load("fhir_to_hl7v2", HOME, mistakes)
    assert found is not None, mistakes.found
    return found


def _converted(raw: bytes) -> bytes:
    """Our message; nothing where the Bundle is refused."""
    facts = Facts(inbound=Inbound(raw=raw, received_at=0.0), context=Context(now=0.0))
    try:
        (product,) = _mapping().apply(formats.load("fhir").parse(raw, Reading()), facts)
    except MessageError:
        return b""
    return bytes(product.payload)


def _leaves(raw: bytes) -> Iterator[tuple[Place, str]]:
    """Every component or subcomponent that has a value, but MSH-1, MSH-2 and what only numbers segments."""
    seen: dict[str, int] = defaultdict(int)
    for line in re.split(r"[\r\n]+", raw.decode()):
        name, *fields = line.split("|")
        seen[name] += 1
        for field, text in enumerate(fields, 2 if name == "MSH" else 1):
            if field == 1 or (name, field) == ("MSH", 2):
                continue
            for repetition, whole in enumerate(text.split("~")):
                for at, component in enumerate(whole.split("^"), 1):
                    for number, leaf in enumerate(component.split("&"), 1):
                        if leaf:
                            yield (name, seen[name], field, repetition, at, number), leaf


def _said(bundle: Any) -> set[Any]:
    """All that the Bundle says in elements that FHIR knows."""
    return {_known(str(value)) for _, value in leaves(_standard(bundle))}


def _standard(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _standard(each) for name, each in tree.items()}
    if isinstance(tree, list):
        return [
            _standard(each)
            for each in tree
            if not (isinstance(each, dict) and str(each.get("url", "")).startswith(THEIRS))
        ]
    return tree


def _known(text: str) -> Any:
    """A text, or the second that it names; of a moment without an offset its own clock."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return text
    *parts, zone = found.groups()
    clock = "".join(part or "00" for part in parts)
    try:
        at = datetime.strptime(clock + (zone or "Z").replace("Z", "+0000"), "%Y%m%d%H%M%S%z")
    except ValueError:
        return text
    return at.astimezone(UTC) if zone else clock
