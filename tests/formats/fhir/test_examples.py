"""The official examples: through XML and back, and read by paths and by FHIRPath side by side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine.errors import MessageError
from engine.fhir import definitions
from engine.fhir.markup import to_json
from engine.fhir.serializing import to_xml
from engine.formats import fhir
from engine.formats.fhir.opening import shape
from engine.markup import reader
from engine.paths import Match, Scope, Shape
from engine.reading import Reading
from tests.formats.fhir.conftest import FACTS

FIXTURES = Path(__file__).parents[3] / "../shared/fixtures"
EXAMPLES = FIXTURES / "fhir-r4-examples/instances"
CASES = FIXTURES / "fhir-test-cases"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the official examples are not at hand"),
]


def plain(value: Any) -> Any:
    """Values to compare: numbers with their digits, narratives in canonical form."""
    if isinstance(value, dict):
        return {
            name: _canonical(each) if name == "div" and isinstance(each, str) else plain(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [plain(each) for each in value]
    return str(value) if not isinstance(value, bool) else value


def _canonical(text: str) -> bytes:
    return etree.tostring(etree.fromstring(text.encode()), method="c14n")


def test_every_example_is_the_same_resource_after_a_way_through_xml() -> None:
    wrong = []
    every = sorted(EXAMPLES.rglob("*.json"))
    assert len(every) > 700
    for path in every:
        document = fhir.parse(path.read_bytes(), Reading())
        back = to_json(reader.read(to_xml(document.value)).root)
        if plain(back) != plain(document.value):
            wrong.append(path.name)
    assert wrong == []


def test_xml_that_is_read_is_written_and_read_as_the_same() -> None:
    read = 0
    for path in sorted(CASES.rglob("*.xml")):
        try:
            document = fhir.parse(path.read_bytes(), Reading())
        except MessageError:
            continue
        if document.wire == "xml":
            read += 1
            assert to_json(reader.read(to_xml(document.value)).root) == document.value, path
    assert read > 400


def leaves(value: Any, type_name: str, native: str, asked: str) -> Iterator[tuple[str, str]]:
    """Every element that has a value, as a path and as a FHIRPath."""
    elements = definitions.of(type_name).elements
    for name, each in value.items():
        element = elements.get(name)
        if element is None or element.type == "xhtml":
            continue
        kind = definitions.of(element.type).kind
        said = element.choice.removesuffix("[x]") or name
        said = f"`{said}`" if said in ("as", "is", "contains", "in", "div", "mod") else said
        inner = f"{native}.{name}" if native else name
        other = f"{asked}.{said}" if asked else said
        if element.choice:
            other += f".ofType({element.type})"
        if element.most != 1:
            inner += "[*]"
        if kind == "resource":
            continue
        if kind == "primitive":
            yield inner, other
            continue
        for one in each if isinstance(each, list) else [each]:
            if isinstance(one, dict):
                yield from leaves(one, element.type, inner, other)


@cache
def compiled(path: str, name: str) -> Match:
    match = fhir.paths.match(path, 0, shape(name), _no_condition)
    assert match is not None, path
    assert match.end == len(path), path
    return match


def _no_condition(text: str, at: int, around: Shape) -> Any:
    pytest.fail("no condition stands here")


def values(path: str, document: Any, name: str) -> list[Any]:
    match = compiled(path, name)
    found = match.read(Scope(document, FACTS))
    return found if match.many else [] if found is None else [found]


def test_paths_and_fhirpath_read_the_same_of_every_example() -> None:
    met: set[str] = set()
    compared, different = 0, []
    for path in sorted(EXAMPLES.rglob("*.json")):
        document = fhir.parse(path.read_bytes(), Reading())
        name = document.value["resourceType"]
        met.add(name)
        for native, asked in sorted(set(leaves(document.value, name, "", ""))):
            compared += 1
            one = values(native, document, name)
            other = values(f'fhirpath("{name}.{asked}")[*]', document, name)
            if [str(each) for each in one] != [str(each) for each in other]:
                different.append(f"{path.name}: {native}")
    assert different == []
    assert compared > 10_000
    assert len(met) > 130
