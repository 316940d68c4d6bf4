"""
The data of this package from HL7's own files, once for each release: `python -m engine.fhir.making FOLDER`.

FOLDER holds `profiles-types.json` and the others as HL7 publishes them; data/README.md tells where they came from.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from engine.fhir.expansion import Expansions

Record = dict[str, Any]

_DATA = Path(__file__).parent / "data"
_HL7 = "http://hl7.org/fhir/StructureDefinition/"
_PRIMITIVE = "http://hl7.org/fhirpath/System."
_FHIR_TYPE = f"{_HL7}structuredefinition-fhir-type"
_REGEX = f"{_HL7}regex"
_KINDS = frozenset({"resource", "complex-type", "primitive-type"})
#: Said of every type anyway.
_OF_ALL = frozenset({"ele-1", "ext-1"})
_ANY_CONTROL = r"[^\x00-\x08\x0b\x0c\x0e-\x1f]+"
_NO_BLANK = r"[^ \t\r\n]+"
#: `\s` is a blank of XML here, not one of Unicode: the expressions as written would refuse a non-breaking space (R4, 2.24.0.1).
_PATTERNS = {
    "string": _ANY_CONTROL,
    "markdown": _ANY_CONTROL,
    "uri": _NO_BLANK,
    "url": _NO_BLANK,
    "canonical": _NO_BLANK,
    "code": rf"{_NO_BLANK}([ \t\r\n]{_NO_BLANK})*",
}
#: `Resource.id` is of type id (R4, 2.26.3.1); the file says string.
_TYPES = {"Resource.id": "id"}


def make(source: Path) -> None:
    """Writes data/types/*.tsv and data/value_sets.tsv anew."""
    expansions = Expansions(
        [
            *_resources(source / "valuesets.json"),
            *_resources(source / "v3-codesystems.json"),
        ]
    )
    bound: set[str] = set()
    for name in ("profiles-types", "profiles-resources"):
        for each in _resources(source / f"{name}.json"):
            if _belongs(each):
                lines = list(_lines(each, bound))
                (_DATA / "types" / f"{each['name']}.tsv").write_text("\n".join(lines) + "\n")
    written = [line for url in sorted(bound) for line in _codes(url, expansions)]
    (_DATA / "value_sets.tsv").write_text("\n".join(written) + "\n")


def _resources(path: Path) -> Iterator[Record]:
    bundle: Record = msgspec.json.decode(path.read_bytes())
    for entry in bundle["entry"]:
        yield entry["resource"]


def _belongs(resource: Record) -> bool:
    return (
        resource["resourceType"] == "StructureDefinition"
        and resource.get("derivation") != "constraint"
        and resource["kind"] in _KINDS
    )


def _lines(definition: Record, bound: set[str]) -> Iterator[str]:
    name, base = definition["name"], definition.get("baseDefinition", "").removeprefix(_HL7)
    elements = definition["snapshot"]["element"]
    kind = definition["kind"].removesuffix("-type")
    pattern = _PATTERNS.get(name) or _pattern(elements) if kind == "primitive" else ""
    yield _line("type", name, kind, base, pattern)
    for element in elements:
        for rule in element.get("constraint", ()):
            own = rule.get("source", _HL7 + name) == _HL7 + name
            if own and (rule["key"] not in _OF_ALL or element is elements[0]):
                said = (element["path"], rule.get("expression", ""), rule["human"])
                yield _line("rule", rule["key"], rule["severity"], *said)
    for element in elements[1:]:
        if element["base"]["path"] == element["path"] and kind != "primitive":
            cardinality = f"{element['min']}..{element['max']}"
            binding = _binding(element, bound)
            types = _TYPES.get(element["path"]) or _types(element)
            yield _line("element", element["path"], cardinality, types, binding)


def _line(*cells: str) -> str:
    return "\t".join(" ".join(cell.split()) for cell in cells).rstrip("\t")


def _pattern(elements: list[Record]) -> str:
    """The regular expression of a primitive type, as its own definition gives it."""
    return str(_extension(elements[-1]["type"][0], _REGEX))


def _extension(element: Record, url: str) -> str:
    for each in element.get("extension", ()):
        if each["url"] == url:
            return str(next(value for name, value in each.items() if name != "url"))
    return ""


def _types(element: Record) -> str:
    """`Reference(Patient|Group)|boolean`; `#Bundle.link` for what has the content of another element."""
    if "contentReference" in element:
        return str(element["contentReference"])
    return " ".join(_type(each) for each in element["type"])


def _type(given: Record) -> str:
    code = str(given["code"])
    if code.startswith(_PRIMITIVE):
        code = _extension(given, _FHIR_TYPE) or code.removeprefix(_PRIMITIVE).lower()
    targets = [each.removeprefix(_HL7) for each in given.get("targetProfile", ())]
    profiles = [each.removeprefix(_HL7) for each in given.get("profile", ())]
    return (
        code
        + (f"({','.join(targets)})" if targets else "")
        + "".join(f"<{p}>" for p in profiles)
    )


def _binding(element: Record, bound: set[str]) -> str:
    binding = element.get("binding", {})
    if binding.get("strength") != "required":
        return ""
    canonical = str(binding["valueSet"]).partition("|")[0]
    bound.add(canonical)
    return canonical


def _codes(url: str, expansions: Expansions) -> Iterator[str]:
    systems = expansions.of(url)
    if systems is None:
        print(f"not enumerable: {url}", file=sys.stderr)
        return
    for system, codes in sorted(systems.items()):
        yield "\t".join((url, system, *sorted(codes)))


if __name__ == "__main__":
    make(Path(sys.argv[1]))
