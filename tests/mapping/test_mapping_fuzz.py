"""Whatever stands in a mapping's file: it compiles, or every mistake has its place. Nothing else."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import formats, mapping
from engine.errors import MessageError
from engine.formats import Reading
from engine.mapping import Mapping, layouts
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes

WORDS = [
    "from", "to", "each", "when", "let", "fields", "set", "groups", "pairs", "use", "of", "holds", "keep", "remove",
    "edit", "add", "segment", "after", "before", "value", "description", "OBR", "OBX", "PID-3", "PID-3.1", "MSH-5",
    "N1", "PO1", "BEG03", "REF02", "PO106", "VN", "ST", "ISA", "MSH", "HL:I", "2300", "2300/CLM01", "hl7v2", "json",
    "x12", "ChargeEvent", "PersonName", "Code", "hl7v2/2.5.1/ORU_R01", "hl7v2/2.5.1/ORU_R01/OBR", "x12/005010/850",
    "x12/005010/850/N1", "hl7v2/XPN", "hl7v2/NK1", "x12/005010/835", "delimited/items", "fixed/items", "other", "made",
    "name", "index", "it", ".1", "lines[*]", "item.code", "source_id", "code", "true", "", "-", "a.b", "[0]", '"x"',
    "{MSH-10}", 'REF[.01 == "CO"]02', 'PID-3[.5 == "MR"].1', "first(PID-3)", "PID-3(*)", "OBX[*]", "HL:S/HL:O",
]  # fmt: skip
SEEDS: list[Any] = [
    {"from": "hl7v2", "to": "json", "groups": {"OBR": {"holds": ["ZDS"]}}, "fields": {"a": "MSH-3", "b": {"use": "other", "of": "PID-5"}}},
    {"from": "hl7v2/XPN", "to": "PersonName", "fields": {"family": ".1", "given": ".2"}},
    {"from": "json", "to": "hl7v2/2.5.1/ORU_R01", "let": {"x": "a"}, "set": {"PID-3.1": "x"},
     "groups": {"OBR": {"each": "orders", "when": "exists(code)", "set": {"OBR-4.1": "code"}, "groups": {"OBX": [{"set": {"OBX-5": "x"}}, {"each": "r", "use": "other"}]}}}},
    {"from": "json", "to": "x12/005010/850", "set": {"BEG03": "number"},
     "groups": {"N1": {"each": "parties", "set": {"N101": "role"}}, "PO1": {"each": "lines", "pairs": {"from": "PO106", "of": {"VN": "v"}}}}},
    {"from": "x12", "to": "x12", "each": "ST", "keep": ["BEG"], "set": {"BEG03": "BEG01"}, "edit": [{"each": "PO1", "set": {"PO101": "index"}}],
     "add": [{"segment": "REF", "after": "BEG", "set": {"REF02": "BEG03"}}], "remove": ["DTM"]},
    {"from": "hl7v2", "to": "ChargeEvent", "each": "FT1", "fields": {"item.code": "FT1-7.1", "status": [{"when": "exists(PID-3)", "value": "MSH-3"}],
     "diagnoses": {"each": "FT1-19(*)", "fields": {"code": ".1"}}}},
    {"from": ["ChargeEvent"], "to": "json", "fields": {"n": "count", "lines": {"each": "members[*]", "fields": {"q": "quantity"}}}},
    {"from": "delimited/items", "to": "delimited/items", "fields": {"a": "a", "b": "b"}},
]  # fmt: skip
LAYOUT = "columns: [a, b]\n"


def _paths(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at]
    if isinstance(node, dict):
        for key, inner in node.items():
            found += _paths(inner, (*at, key))
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            found += _paths(inner, (*at, number))
    return found


def _changed(node: Any, path: tuple[Any, ...], how: str, word: Any, key: str) -> Any:
    if not path:
        if how == "record":
            return {key: word}
        if how == "list":
            return [node, word]
        if how == "add" and isinstance(node, dict):
            return {**node, key: word}
        return word
    step, rest = path[0], path[1:]
    if isinstance(node, dict):
        if not rest and how == "drop":
            return {name: inner for name, inner in node.items() if name != step}
        if not rest and how == "rename":
            return {(key if name == step else name): inner for name, inner in node.items()}
        return {
            name: _changed(inner, rest, how, word, key) if name == step else inner
            for name, inner in node.items()
        }
    return [
        _changed(inner, rest, how, word, key) if number == step else inner
        for number, inner in enumerate(node)
    ]


@st.composite
def mappings(draw: Any) -> str:
    node = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(_paths(node)))
        how = draw(st.sampled_from(["word", "drop", "rename", "record", "list", "add"]))
        inner = draw(st.sampled_from(WORDS) | st.sampled_from(SEEDS) | st.just(None))
        node = _changed(node, path, how, inner, draw(st.sampled_from(WORDS)))
    return yaml.safe_dump(node, sort_keys=False)


ORU = (
    b"MSH|^~\\&|LAB|A|B|C|20261121||ORU^R01^ORU_R01|R1|P|2.5.1\rPID|1||10^^^A^MR~2||TEST^ANNA\r"
    b"OBR|1|||a\rOBX|1|NM|x||1\rZDS|1\rFT1|1||||||I^T|||2||||||||||A^B^C~D\r"
)
JSON = b"""{"a": "x", "number": 1, "code": "c", "orders": [{"code": "A", "r": [{"name": "n"}]}, {"code": 2}],
 "parties": [{"role": "BY"}], "lines": [{"v": "1"}, {"v": null}]}"""
X12 = (
    b"ISA*00*          *00*          *ZZ*AA             *ZZ*BB             *261121*1030*^*00501*000000001*0*P*:~"
    b"GS*PO*AA*BB*20261121*1030*1*X*005010~ST*850*0001~BEG*00*SA*1**20261121~REF*CO*C~"
    b"PO1*1*5*EA*9.5**VN*A~CTT*1~SE*6*0001~GE*1*1~IEA*1*000000001~"
)
FACTS = Facts(inbound=Inbound(raw=b"", received_at=0.0), context=Context(now=0.0))


def ran(found: Mapping, home: Path) -> None:
    """What a mapping makes of a message is something, or a MessageError."""
    head, raw = found.from_.partition("/")[0], {"hl7v2": ORU, "json": JSON, "x12": X12}
    if found.part or (head not in raw and head != "delimited"):
        return
    reading = Reading()
    if head == "delimited":
        compiled = layouts.layout("delimited", "items", home, None, Mistakes())
        assert compiled is not None
        reading = Reading(layout=compiled[0])
    document = formats.load(head).parse(raw.get(head, b"1,2\n3,4\n"), reading)
    with suppress(MessageError):
        found.apply(document, FACTS)
    with suppress(MessageError):
        found.trace(document, FACTS)


def load(home: Path, made: str, other: str) -> None:
    (home / "mappings/made.yaml").write_text(made, "utf-8")
    (home / "mappings/other.yaml").write_text(other, "utf-8")
    mistakes = Mistakes()
    found = mapping.load("made", home, mistakes)
    assert (found is None) == bool(mistakes.found), (made, list(mistakes))
    if found is not None:
        ran(found, home)
    for mistake in mistakes:
        assert mistake.problem and mistake.line > 0 and mistake.column > 0
        assert mistake.file.startswith("mappings/"), mistake


@pytest.fixture(scope="module")
def folder() -> Any:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "mappings/layouts").mkdir(parents=True)
        (home / "mappings/layouts/items.yaml").write_text(LAYOUT)
        yield home


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=mappings(), other=mappings())
def test_a_mapping_compiles_or_its_mistakes_have_places(
    folder: Path, made: str, other: str
) -> None:
    load(folder, made, other)


@pytest.mark.slow
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=mappings(), other=mappings())
def test_a_mapping_compiles_or_its_mistakes_have_places_often(
    folder: Path, made: str, other: str
) -> None:
    load(folder, made, other)
