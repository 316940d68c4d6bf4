"""
The mapping packs that are shipped: each makes of its sample what stands beside it in samples/expected.

`samples/conversions.yaml` says which; a file of several products is expected as a list.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from engine import canonical, formats, mapping
from engine.formats import Reading
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes

ROOT = Path(__file__).parents[2]
#: 2026-03-05T13:00:00Z.
NOW = 1_772_715_600.0


class Conversion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of samples/conversions.yaml."""

    mapping: str
    of: str
    gives: str


def conversions() -> list[Conversion]:
    text = (ROOT / "samples/conversions.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), list[Conversion])


def converted(name: str, sample: Path) -> list[bytes]:
    """What a mapping makes of a file; of canonical JSON where it reads an entity."""
    mistakes = Mistakes()
    loaded = mapping.load(name, ROOT, mistakes)
    assert not mistakes.found, "\n".join(map(str, mistakes.found))
    assert loaded is not None
    raw = sample.read_bytes()
    facts = Facts(inbound=Inbound(raw=raw, received_at=NOW), context=Context(now=NOW, id=7))
    return [
        each.payload if each.entity is None else canonical.encode(each.entity)
        for node in _read(loaded.from_, raw)
        for each in loaded.apply(node, facts)
    ]


def _read(reads: str, raw: bytes) -> list[Any]:
    if reads in canonical.names():
        found = json.loads(raw)
        entities = found if isinstance(found, list) else [found]
        return [canonical.decode(reads, json.dumps(each).encode()) for each in entities]
    reading = Reading()
    parts = raw.split(b"\r\n\r\n") if reads.startswith("x12") else [raw]
    return [formats.load(reads.partition("/")[0]).parse(part, reading) for part in parts]


def wanted(path: Path) -> list[bytes]:
    """The expected products: JSON documents in a list, or one payload."""
    raw = path.read_bytes()
    if path.suffix != ".json":
        return [raw]
    found = json.loads(raw)
    return [json.dumps(each).encode() for each in (found if isinstance(found, list) else [found])]


@pytest.mark.parametrize("case", conversions(), ids=lambda case: f"{case.mapping}-{Path(case.of).name}")
def test_a_pack_makes_of_its_sample_what_stands_beside_it(case: Conversion) -> None:
    made = converted(case.mapping, ROOT / "samples" / case.of)
    expected = wanted(ROOT / "samples" / case.gives)
    assert len(made) == len(expected)
    for mine, theirs in zip(made, expected, strict=True):
        if theirs[:1] in b"{[":
            assert json.loads(mine) == json.loads(theirs)
        else:
            assert lines(mine) == lines(theirs)
