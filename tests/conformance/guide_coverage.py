"""
HL7's v2-to-FHIR guide: which of the rows of its tables our mappings cover, table by table and in sum.

A row names a field (or a component of a datatype) and an element of FHIR. It is covered where a mapping writes that element of
that resource and reads that field for it: as its value, in its condition, or in what it walks; mappings that are used are read
through. A constant is covered where it is written beside what reads the field. A row of a message is covered where the mapping of that message makes its resource and reads its segment for it. Names
are compared, not what is done with them: the samples of other projects are for that.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from engine.fhir import definitions
from engine.placed import Items, Mistakes, Node, Record, Scalar, read_file

ROOT = Path(__file__).parents[2]
TABLES = "v2-to-fhir/mappings"
#: What is read: segment (or datatype), field, components; field 0 where the segment as a whole is walked or asked for.
Read = tuple[str, int, tuple[int, ...]]
#: Columns of the tables.
IDENTIFIER, NARRATIVE, ATTRIBUTE, DATATYPE_MAP, ASSIGNMENT = 1, 8, 9, 14, 16
_TITLE = re.compile(r"_ (\w+)(?:\[([^\]]+)\])? - ")
#: Elements that FHIR R4 has under another name or in another place than the guide writes.
SPELT = {
    r"occur(en|nec|rence)eTi": "occurrenceTi",
    r"occurrenceTIming": "occurrenceTiming",
    r"occurrenceTiming\.(?=bounds|duration)": "occurrenceTiming.repeat.",
    r"^payer": "payor",
    r"doseForm": "form",
    r"coding\.uri": "coding.system",
    r"coding\.(?:value|sytem)$": "coding.code",
    r"extension\.uri$": "extension.url",
    r":[\w-]+": "",
    r"SampedData": "SampledData",
    r"coveragePeriod": "period",
    r"organziation": "organization",
    r"Practioner\.": "Practitioner.",
    r"\(Annotation\.text": ".text",
    r"\.reference\(Location$": "",
    r"^content\.(?=data|url|contentType)": "content.attachment.",
}
#: The same, where it depends on the resource.
ELSEWHERE = {
    "MedicationRequest": (r"^occurrenceTiming\.repeat", "dosageInstruction.timing.repeat")
}
#: Datatypes that are read by the mappings of another.
SAME = {"CNE": "CWE", "CF": "CWE", "CE": "CWE"}
#: Tables whose message mapping has another name.
MESSAGES = {"ADT_A17": "hl7v2_adt_a17_to_fhir"}


def run(fixtures: Path) -> dict[str, tuple[int, int]]:
    """The rows covered, by kind of table; the uncovered ones are printed by table."""
    folder = fixtures / TABLES
    if not folder.is_dir():
        return {}
    facts = Facts(ROOT / "mappings", _uses(folder))
    marks: dict[str, tuple[int, int]] = {}
    kinds = {"segments": _segment, "datatypes": _datatype, "messages": _message}
    for kind, covered in kinds.items():
        good = total = 0
        for path in sorted((folder / kind).glob("*.csv")):
            title = _title(path)
            told = [(name, covered(facts, title, row)) for name, row in _rows(path, kind)]
            good += sum(one for _, one in told)
            total += len(told)
            _print(kind, title, told)
        marks[f"rows of {kind}"] = good, total
    marks["rows in sum"] = sum(g for g, _ in marks.values()), sum(t for _, t in marks.values())
    return marks


def _title(path: Path) -> tuple[str, str]:
    """`PID[Patient]` of a file's name, as its two parts."""
    found = _TITLE.search(path.name)
    assert found is not None, path.name
    return found[1], found[2] or ""


def _print(kind: str, title: tuple[str, str], told: list[tuple[str, bool]]) -> None:
    name = f"{title[0]}[{title[1]}]" if title[1] else title[0]
    missing = [row for row, one in told if not one]
    good = len(told) - len(missing)
    print(f"  {kind}: {name}: {good} of {len(told)}" + (":" if missing else ""))
    for row in missing:
        print(f"      {row}")


def _rows(path: Path, kind: str) -> Iterator[tuple[str, list[str]]]:
    """The rows that name a target, with what they are called; each once."""
    seen = set()
    with path.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.reader(lines)):
            cells = [" ".join(cell.split()) for cell in row] + [""] * 20
            if number < 2 or not cells[ATTRIBUTE] or not cells[IDENTIFIER]:
                continue
            beside = cells[10] if kind == "messages" else _condition(cells)
            name = f"{cells[IDENTIFIER]} -> {cells[ATTRIBUTE]}" + (
                f" [{beside}]" if beside else ""
            )
            if name not in seen:
                seen.add(name)
                yield name, cells


def _condition(cells: list[str]) -> str:
    return cells[6] or cells[NARRATIVE][:60]


# -- segments ---------------------------------------------------------------------------------------------------


def _segment(facts: Facts, title: tuple[str, str], row: list[str]) -> bool:
    segment, target = title
    segment = row[IDENTIFIER].partition("-")[0] or segment
    field = _field(segment, row)
    element = _element(row[ATTRIBUTE], target.partition("-")[0])
    here = facts.every(element[2][0] if element[2][1] else element[0])
    written = [fact for fact in here if _writes(fact, *element)]
    if any(_takes(fact, segment, field) for fact in written):
        return True
    if not written or not row[ASSIGNMENT].startswith(('"', "#", "http")):
        return False
    beside = element[1].rpartition(".")[0]
    return beside != "" and any(
        _writes(fact, element[0], beside, element[2]) and _takes(fact, segment, field)
        for fact in here
    )


def _field(segment: str, row: list[str]) -> int:
    """The number of the field; 0 where the row is of the whole segment."""
    found = re.match(r"[A-Z][A-Z0-9]{2}[-.](\d+)", row[IDENTIFIER])
    if found:
        return int(found[1])
    return int(row[0]) if row[0].isdigit() and row[IDENTIFIER] == segment else 0


#: Rows that begin with a bracket are of this resource.
BRACKETS = {"PractitionerRole": "Location"}


def _element(attribute: str, resource: str) -> tuple[str, str, tuple[str, str]]:
    """
    The resource and the element of a row, and for what stands in parentheses the resource there and its element.

    >>> _element("participant[1].actor(Location.identifier)", "Appointment")
    ('Appointment', 'participant.actor', ('Location', 'identifier'))
    """
    if attribute.startswith("["):
        resource = BRACKETS.get(resource, resource)
    text = re.sub(r"\[[^\]]*\]|=.*$|\s|\)|\$this|\$value", "", attribute).strip(".")
    for wrong, right in [*SPELT.items(), ELSEWHERE.get(resource, ("$^", ""))]:
        text = re.sub(wrong, right, text)
    head, *behind = text.split("(")
    inner = ("", "")
    for each in behind:
        type_, _, deeper = each.partition(".")
        if deeper and "|" not in each:
            inner = type_, deeper
    return resource, head.removeprefix(f"{resource}.").rstrip("."), inner


def _writes(fact: Fact, resource: str, path: str, inner: tuple[str, str]) -> bool:
    if inner[1]:
        return fact.resource == inner[0] and _below(fact.path, inner[1])
    return fact.resource == resource and _below(fact.path, path)


def _below(ours: str, theirs: str) -> bool:
    """Whether a path of ours is theirs or lies in it; `medication` is `medicationReference` too (FHIR R4, 2.1.0.3)."""
    if not theirs:
        return True
    one, other = ours.split("."), theirs.split(".")
    if len(one) < len(other):
        return False
    return all(
        mine.lstrip("_") == name or (mine.startswith(name) and mine[len(name) :][:1].isupper())
        for mine, name in zip(one, other, strict=False)
    )


def _takes(fact: Fact, segment: str, field: int) -> bool:
    return any(read[0] == segment and field in (0, read[1]) for read in fact.reads)


def _uses(tables: Path) -> dict[str, list[Use]]:
    """Where segments and datatypes are mapped by a table of a datatype, by its name in small letters: `cwe[codeableconcept`."""
    found: dict[str, list[Use]] = {}
    for kind in ("segments", "datatypes"):
        for path in sorted((tables / kind).glob("*.csv")):
            title = _title(path)
            for _, row in _rows(path, kind):
                table = row[DATATYPE_MAP].rstrip("]").lower()
                found.setdefault(table, []).append(_use(kind, title, row))
    return found


def _use(kind: str, title: tuple[str, str], row: list[str]) -> Use:
    resource, element, _ = _element(row[ATTRIBUTE], title[1].partition("-")[0])
    if kind == "segments":
        return Use(title[0], _field(title[0], row), (), resource, element)
    return Use(title[0], 0, (_component(row),), resource, element)


def _component(row: list[str]) -> int:
    found = re.match(r"[A-Z]+[-.](\d+)", row[IDENTIFIER])
    return int(found[1]) if found else 0


# -- datatypes --------------------------------------------------------------------------------------------------


def _datatype(facts: Facts, title: tuple[str, str], row: list[str]) -> bool:
    """Where a mapping of the datatype writes it, or one of a field for which the guide names this table."""
    type_ = title[1].partition("-")[0]
    type_, path, inner = _element(row[ATTRIBUTE], type_)
    own = Use(SAME.get(title[0], title[0]), 0, (), type_, "")
    if _written(
        facts.of_datatype(own.segment, title[1].partition("-")[0]),
        own,
        (type_, path, inner),
        row,
    ):
        return True
    for use in facts.uses.get("[".join(title).lower(), ()):
        here = (
            (type_, path)
            if _is_resource(type_)
            else (use.resource, f"{use.path}.{path}".strip("."))
        )
        told = (
            facts.of_datatype(SAME.get(use.segment, use.segment), use.resource)
            if use.inside
            else facts.every(inner[0] if inner[1] else here[0])
        )
        if _written(told, use, (*here, inner), row):
            return True
    return False


def _written(
    facts: tuple[Fact, ...], use: Use, wanted: tuple[str, str, tuple[str, str]], row: list[str]
) -> bool:
    """Whether one of them writes the element out of the component."""
    component = _component(row)
    return any(
        _writes(fact, *wanted) and any(_is_of(read, use, component) for read in fact.reads)
        for fact in facts
    )


def _is_of(read: Read, use: Use, component: int) -> bool:
    segment, field, components = read
    if (segment, field) != (SAME.get(use.segment, use.segment), use.field):
        return False
    wanted = (*use.inside, component) if component else use.inside
    return components[: len(wanted)] == wanted or (component == 1 and components == use.inside)


# -- messages ---------------------------------------------------------------------------------------------------


def _message(facts: Facts, title: tuple[str, str], row: list[str]) -> bool:
    name = MESSAGES.get(title[0], f"hl7v2_{title[0][:3].lower()}_to_fhir")
    segment = row[2].strip("[]{} ")
    target = re.split(r"[\[(.\s-]", row[ATTRIBUTE])[0]
    return any(
        fact.resource == target and any(read[0] == segment for read in fact.reads)
        for fact in facts.of(name)
    )


# -- what mappings write, and what they read for it ---------------------------------------------------------------


class Use(NamedTuple):
    """A row of a segment, or of another datatype, for which the guide names a table of a datatype."""

    segment: str
    field: int
    inside: tuple[int, ...]
    """The component of that datatype."""
    resource: str
    path: str


class Fact(NamedTuple):
    """One element that a mapping writes."""

    resource: str
    path: str
    via: str
    """The element of another resource that points at this one."""
    reads: frozenset[Read]


class At(NamedTuple):
    """Where the walk through a mapping is."""

    resource: str = ""
    path: str = ""
    via: str = ""
    reads: frozenset[Read] = frozenset()
    """What was walked and asked on the way."""
    thing: frozenset[Read] = frozenset()
    """What a leading dot reads."""
    names: Mapping[str, frozenset[Read]] = MappingProxyType({})
    """What the names of `let` and of resources were made of."""

    def below(self, name: str) -> At:
        """At an element."""
        return self._replace(path=f"{self.path}.{name}".strip("."))


_FIELD = re.compile(
    r"\b([A-Z][A-Z0-9]{2})(?:\[[^\]]*\])?(?:\(\*\))?-(\d+)((?:\([^)]*\)|\.\d+)*)"
)
_SEGMENT_ONLY = re.compile(r"\b([A-Z][A-Z0-9]{2})\b(?![-\[(\w])|\b([A-Z][A-Z0-9]{2})\[")
_DOT = re.compile(r"(?<![\w)\]*.])\.(\d+(?:\.\d+)*)")
_WORD = re.compile(r"\b[a-z_]\w*\b")
_MAKING = frozenset({"each", "fields", "use", "parts", "value", "when", "type", "resources"})


class Text(str):
    """A scalar in quotes: text, in which `{...}` is an expression."""


def _plain(node: Node) -> Any:
    """A file's values without their places."""
    if isinstance(node, Record):
        return {name: _plain(each) for name, each in node.entries.items()}
    if isinstance(node, Items):
        return [_plain(each) for each in node.items]
    assert isinstance(node, Scalar)
    return Text(node.text) if node.style == "quoted" else node.text


class Facts:
    """What all mappings out of HL7 v2 into FHIR write."""

    def __init__(self, folder: Path, uses: dict[str, list[Use]]) -> None:
        self.uses = uses
        """Where the guide names a table of a datatype, by its name in small letters: `cwe[codeableconcept`."""
        self.read: dict[str, dict[str, Any]] = {}
        for path in sorted(folder.glob("hl7v2_*.yaml")):
            node, _ = read_file(path, path.name, Mistakes())
            found = _plain(node) if node is not None else {}
            if str(found.get("to", "")).startswith("fhir/"):
                self.read[path.stem] = found

    @cache  # noqa: B019 - one is made, and lives as long as the run
    def of(self, name: str) -> tuple[Fact, ...]:
        """What a mapping writes, those that it uses and those that it chooses from included."""
        found = self.read.get(name)
        if found is None:
            return ()
        source = str(found["from"]).partition("/")[2]
        thing = frozenset({(source, 0, ())}) if source else frozenset()
        return tuple(set(self._mapping(name, At(reads=thing, thing=thing), ())))

    @cache  # noqa: B019
    def every(self, resource: str) -> tuple[Fact, ...]:
        """What is written of a resource for messages and for segments."""
        names = [
            n for n, m in self.read.items() if len(str(m["from"]).partition("/")[2]) in (0, 3)
        ]
        return tuple(
            {fact for name in names for fact in self.of(name) if fact.resource == resource}
        )

    @cache  # noqa: B019
    def of_datatype(self, datatype: str, type_: str) -> tuple[Fact, ...]:
        """What is written of a type out of a datatype."""
        names = [
            name
            for name, m in self.read.items()
            if m["from"] == f"hl7v2/{datatype}" and m["to"].partition("/")[2] == type_
        ]
        return tuple({fact for name in names for fact in self.of(name)})

    # the walk

    def _mapping(self, name: str, at: At, around: tuple[str, ...]) -> Iterator[Fact]:
        found = self.read.get(name)
        if found is None or name in around:
            return
        to = str(found["to"]).partition("/")[2]
        if _is_resource(to):
            at = at._replace(resource=to, path="", via=at.path if at.resource else at.via)
        elif not at.resource:
            at = at._replace(resource=to.partition(".")[0], path=to.partition(".")[2])
        yield from self._record(found, at, (*around, name))

    def _record(self, node: dict[str, Any], at: At, around: tuple[str, ...]) -> Iterator[Fact]:
        """Of a record with `each`, `let`, `when` and what makes something."""
        if "each" in node:
            walked = _reads(node["each"], at)
            at = at._replace(reads=at.reads | walked, thing=walked)
        at = at._replace(names=_named(node, at))
        if "when" in node:
            at = at._replace(reads=at.reads | _reads(node["when"], at))
        for choice in node.get("choose", ()):
            yield from self._record(choice, at, around)
        if "resources" in node:
            at = yield from self._resources(node["resources"], at, around)
        if "use" in node:
            at = yield from self._using(node, at, around)
        if "value" in node:
            yield from self._value(node["value"], at, around)
        for part in node.get("parts", ()):
            yield from self._record(part, at, around)
        for name, value in (node.get("fields") or {}).items():
            yield from self._value(value, at.below(name), around)

    def _using(self, node: dict[str, Any], at: At, around: tuple[str, ...]) -> Any:
        """Of `use`, and of what its Reference says; where `fields` beside it write."""
        handed = _reads(node["of"], at) if "of" in node else at.thing
        inner = At(at.resource, at.path, at.via, at.reads | handed, handed)
        yield from self._mapping(node["use"], inner, around)
        made = self._makes(node["use"])
        if "reference" in node:
            yield from self._record(node["reference"], at._replace(reads=inner.reads), around)
        if at.path and _is_resource(made):
            yield Fact(at.resource, at.path, at.via, inner.reads)
            at = at._replace(resource=made, path="", via=at.path)
        return at._replace(reads=inner.reads)

    def _makes(self, name: str) -> str:
        return str(self.read.get(name, {}).get("to", "")).partition("/")[2]

    def _resources(self, node: Any, at: At, around: tuple[str, ...]) -> Any:
        for name, each in node.items():
            parts = each if isinstance(each, list) else [each]
            made: list[Fact] = []
            for part in parts:
                type_ = self._type(parts)
                made += self._record(part, at._replace(resource=type_, path="", via=""), around)
            yield from made
            known = frozenset(read for fact in made if not fact.via for read in fact.reads)
            at = at._replace(names={**at.names, name: known})
        return at._replace(resource="Bundle")

    def _type(self, parts: list[dict[str, Any]]) -> str:
        for part in parts:
            if "type" in part:
                return str(part["type"])
            if "use" in part:
                return self._makes(part["use"])
            if (inner := self._type(part.get("parts", []))) != "":
                return inner
        return ""

    def _value(self, value: Any, at: At, around: tuple[str, ...]) -> Iterator[Fact]:
        if isinstance(value, dict) and value.keys() & _MAKING:
            yield from self._record(value, at, around)
        elif isinstance(value, list):
            for each in value:
                yield from self._value(each, at, around)
        else:
            yield Fact(at.resource, at.path, at.via, at.reads | _reads(value, at))


def _named(node: dict[str, Any], at: At) -> Mapping[str, frozenset[Read]]:
    names = at.names
    for name, value in (node.get("let") or {}).items():
        names = {**names, name: _reads(value, at._replace(names=names))}
    return names


def _reads(value: Any, at: At) -> frozenset[Read]:
    """What an expression reads, or a text with holes, or several values with their conditions."""
    if isinstance(value, list | dict):
        inner = value.values() if isinstance(value, dict) else value
        return frozenset(read for each in inner for read in _reads(each, at))
    holes = isinstance(value, Text)
    text = " ".join(re.findall(r"{([^}]*)}", value)) if holes else str(value)
    plain = re.sub(r'"[^"]*"', '""', text)
    found: set[Read] = set()
    for segment, field, rest in _FIELD.findall(plain):
        found.add((segment, int(field), tuple(map(int, re.findall(r"\.(\d+)", rest)))))
    for one, other in _SEGMENT_ONLY.findall(plain):
        found.add((one or other, 0, ()))
    for components in _DOT.findall(_FIELD.sub("", plain)):
        numbers = tuple(map(int, components.split(".")))
        found |= {(s, f or 0, (*c, *numbers)) for s, f, c in at.thing}
    for word in _WORD.findall(plain):
        found |= at.thing if word == "it" else at.names.get(word, frozenset())
    return frozenset(found)


def _is_resource(name: str) -> bool:
    return name in definitions.resources()
