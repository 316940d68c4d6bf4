"""
The types of FHIR R4 (4.0.1): their elements, how often, of which type, bound to which codes. Read from data/ as they are asked for.

Elements stand in the order that XML wants (FHIR R4, 2.6.1.1): inherited ones first.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import msgspec

from engine.hints import nearest

_DATA = Path(__file__).parent / "data"
#: The base of those inner types that have no file of their own.
_NESTED = frozenset({"BackboneElement", "Element"})
_TYPE = re.compile(r"(?P<code>[A-Za-z0-9]+)(?:\((?P<targets>[^)]*)\))?(?:<(?P<profile>\w+)>)?")


class Element(msgspec.Struct, frozen=True, kw_only=True):
    """One element of a type; each type of a choice is an element of its own (`valueQuantity`)."""

    name: str
    """As JSON writes it."""
    type: str
    """`HumanName`, `code`, `Reference`, `Resource` for any; `Patient.contact` for what is defined in place."""
    least: int = 0
    most: int = 1
    """0 = any number."""
    choice: str = ""
    """`value[x]` where only one of several may stand."""
    codes: frozenset[str] = frozenset()
    """Of a required binding; empty = any, or too many to list."""
    system: str = ""
    """The value set of a required binding."""
    targets: tuple[str, ...] = ()
    """What a Reference, or a canonical, may point to; empty = anything."""
    profile: str = ""
    """`SimpleQuantity`: a Quantity without comparator."""


class Constraint(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of the standard, in FHIRPath."""

    key: str
    severity: str
    """`error` or `warning`."""
    human: str
    expression: str
    path: str
    """Of the element that it is said of: `Patient.contact`."""


class Type(msgspec.Struct, frozen=True, kw_only=True):
    """A resource, a complex or a primitive type, or what is defined in place as part of one."""

    name: str
    kind: str
    """`resource`, `complex`, `primitive`."""
    base: str = ""
    elements: Mapping[str, Element] = MappingProxyType({})
    """By JSON name, inherited ones included, in the order of XML."""
    constraints: tuple[Constraint, ...] = ()
    """Inherited ones included."""
    pattern: str = ""
    """What the whole text of a primitive must match."""


@cache
def of(name: str) -> Type:
    """
    A type by its name. LookupError, naming near ones, where R4 has none.

    >>> of("Patient").elements["deceasedBoolean"].choice, of("Patient.contact").elements["name"].type
    ('deceased[x]', 'HumanName')
    """
    file = name.partition(".")[0]
    found = _types(file).get(name) if file in names() else None
    if found is None:
        hint = "".join(f"; did you mean '{like}'?" for like in _near(name))
        raise LookupError(f"FHIR R4 has no type '{name}'{hint}")
    return found


def within(name: str) -> tuple[Type, ...]:
    """A type and all that is defined in it: Patient, Patient.contact, ..."""
    return tuple(_types(name).values())


def _near(name: str) -> list[str]:
    lower = {each.lower(): each for each in names()}
    return [lower[each] for each in difflib.get_close_matches(name.lower(), lower, n=1)]


@cache
def names() -> frozenset[str]:
    """Every type that has a name of its own."""
    return frozenset(each.stem for each in (_DATA / "types").iterdir())


@cache
def resources() -> tuple[str, ...]:
    """
    The names of all resources that can be sent.

    >>> len(resources()), is_resource("Patient"), is_resource("HumanName")
    (146, True, False)
    """
    every = (name for name in sorted(names()) if _kind(name) == "resource")
    return tuple(name for name in every if name not in ("Resource", "DomainResource"))


def is_primitive(element: Element) -> bool:
    """Whether its values are texts, numbers and truths."""
    return element.type != "Resource" and of(element.type).kind == "primitive"


def is_resource(name: str) -> bool:
    """Whether this is the name of a resource."""
    return name in _resources()


@cache
def _resources() -> frozenset[str]:
    return frozenset(resources())


def meant(name: str, type_: Type) -> str:
    """
    A name that a type has no element of, where it looks like one that it has; else empty: a sender may write anything there,
    and where it stands is shown in logs.

    >>> meant("brithDate", of("Patient")), meant("Testcase", of("Patient"))
    ('brithDate', '')
    """
    return name if name.isidentifier() and nearest(name, type_.elements) else ""


@cache
def codings(value_set: str) -> Mapping[str, frozenset[str]]:
    """
    The codes of a required binding by code system; empty where they cannot be listed.

    >>> sorted(codings("http://hl7.org/fhir/ValueSet/link-type")["http://hl7.org/fhir/link-type"])
    ['refer', 'replaced-by', 'replaces', 'seealso']
    """
    lines = _value_sets().get(value_set, ())
    return {line[1]: frozenset(line[2:]) for line in lines}


@cache
def _value_sets() -> Mapping[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for line in (_DATA / "value_sets.tsv").read_text("utf-8").splitlines():
        cells = line.split("\t")
        found.setdefault(cells[0], []).append(cells)
    return found


@cache
def _codes(value_set: str) -> frozenset[str]:
    return frozenset().union(*codings(value_set).values()) if value_set else frozenset()


def _kind(name: str) -> str:
    with (_DATA / "types" / f"{name}.tsv").open(encoding="utf-8") as lines:
        return lines.readline().rstrip("\n").split("\t")[2]


@cache
def _types(file: str) -> Mapping[str, Type]:
    """A type and all that is defined in it."""
    text = (_DATA / "types" / f"{file}.tsv").read_text("utf-8")
    lines = [line.split("\t") for line in text.splitlines()]
    _, name, kind, *more = lines[0]
    base, pattern = (*more, "", "")[:2]
    rows = [(*line[1:], "")[:4] for line in lines if line[0] == "element"]
    inner = {path: types for path, _, types, _ in rows if types in _NESTED}
    bases = {name: base, **inner}
    rules = [_constraint(line) for line in lines if line[0] == "rule"]
    found = {}
    for owner, parent in bases.items():
        own = [row for row in rows if row[0].rpartition(".")[0] == owner]
        elements = {each.name: each for row in own for each in _elements(row, inner)}
        said = tuple(each for each in rules if _owner(each.path, bases) == owner)
        inherited = of(parent) if parent else None
        found[owner] = Type(
            name=owner,
            kind=kind if owner == name else "complex",
            base=parent,
            elements={**(inherited.elements if inherited else {}), **elements},
            constraints=(*(inherited.constraints if inherited else ()), *said),
            pattern=pattern,
        )
    return found


def _constraint(line: list[str]) -> Constraint:
    _, key, severity, path, expression, human = line
    return Constraint(key=key, severity=severity, path=path, expression=expression, human=human)


def _owner(path: str, bases: Mapping[str, str]) -> str:
    """The type that a rule is said of: that of the path, or of which the path is an element."""
    return path if path in bases else path.rpartition(".")[0]


def _elements(row: tuple[str, ...], inner: Mapping[str, str]) -> Iterator[Element]:
    """One element, or one for each type of a choice."""
    path, cardinality, types, value_set = row
    least, _, most = cardinality.partition("..")
    name = path.rpartition(".")[2]
    for each in types.split(" "):
        if path in inner or each.startswith("#"):
            code, targets, profile = path if path in inner else each[1:], "", ""
        else:
            code, targets, profile = _read(each)
        choice = name.endswith("[x]")
        yield Element(
            name=name[:-3] + code[0].upper() + code[1:] if choice else name,
            type=code,
            least=int(least),
            most=0 if most == "*" else int(most),
            choice=name if choice else "",
            codes=_codes(value_set) if code in _CODED else frozenset(),
            system=value_set,
            targets=tuple(targets.split(",")) if targets else (),
            profile=profile,
        )


#: Types that hold a code which can be bound.
_CODED = frozenset({"code", "string", "uri", "Coding", "CodeableConcept", "Quantity"})


def _read(text: str) -> tuple[str, str, str]:
    found = _TYPE.fullmatch(text)
    if found is None:
        raise ValueError("the data of FHIR's types cannot be read")
    return found["code"], found["targets"] or "", found["profile"] or ""
