"""
Profiles (FHIR R4, 5.1): StructureDefinitions with a snapshot, read from a folder, as trees of what each element must be.

A folder holds StructureDefinitions, and the ValueSets and CodeSystems of their bindings, as JSON: one a file, or in Bundles; the
`package` folder of a published package is such a one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from engine.fhir import definitions
from engine.fhir.definitions import Constraint
from engine.fhir.expansion import Codes, Expansions

Record = dict[str, Any]
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_TAKEN = frozenset({"StructureDefinition", "ValueSet", "CodeSystem"})


class Rule(msgspec.Struct, kw_only=True, eq=False):
    """What a profile says of one element, or of one slice of it."""

    name: str
    """`identifier`, `value[x]`; of the whole its type."""
    slice: str = ""
    least: int = 0
    most: int | None = None
    """None = any number."""
    types: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    """Profiles of its types: one of them must be kept."""
    fixed: Any = None
    pattern: Any = None
    value_set: str = ""
    """Of a required binding."""
    constraints: tuple[Constraint, ...] = ()
    """Those that R4 itself does not state."""
    children: dict[str, Rule] = {}
    slices: list[Rule] = []
    discriminators: tuple[tuple[str, str], ...] = ()
    """Kind and path of what tells the slices apart."""
    closed: bool = False
    """Whether nothing may stand beside the slices."""


class Profile(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A StructureDefinition, read."""

    url: str
    type: str
    rule: Rule


class Package:
    """The profiles and value sets of a folder, each profile read when first asked for."""

    def __init__(self, resources: Iterable[Record]) -> None:
        every = [each for each in resources if each.get("resourceType") in _TAKEN]
        found = [each for each in every if each["resourceType"] == "StructureDefinition"]
        self._definitions = {each.get("url", ""): each for each in found}
        self._called = {
            str(each.get(key)): each for each in found for key in ("name", "id", "url")
        }
        self._expansions = Expansions(every)
        self._read: dict[str, Profile] = {}
        self._codes: dict[str, Codes] = {}

    def called(self, name: str) -> Profile:
        """
        A profile by its address, with or without a version, its id, its name or that of its file.

        LookupError where there is none, naming a near one, or where it has no snapshot.
        """
        bare = name.partition("|")[0]
        definition = self._called.get(bare)
        if definition is None:
            near = get_close_matches(bare, self._called, n=1)
            raise LookupError(
                f"there is no profile '{name}'"
                + "".join(f"; did you mean '{each}'?" for each in near)
            )
        if "snapshot" not in definition:
            raise LookupError(f"the profile '{name}' has no snapshot; publish it with one")
        return self._profile(definition)

    def of(self, url: str) -> Profile | None:
        """A profile by its address; None where the folder has none, or none with a snapshot."""
        definition = self._definitions.get(url.partition("|")[0])
        if definition is None or "snapshot" not in definition:
            return None
        return self._profile(definition)

    def codes(self, value_set: str) -> Mapping[str, Collection[str]]:
        """The codes of a value set by system; empty where they cannot be listed."""
        url = value_set.partition("|")[0]
        if url not in self._codes:
            known = definitions.codings(url)
            self._codes[url] = (
                {key: set(codes) for key, codes in known.items()}
                or self._expansions.of(url)
                or {}
            )
        return self._codes[url]

    def _profile(self, definition: Record) -> Profile:
        url = str(definition["url"])
        if url not in self._read:
            rule = _tree(definition["snapshot"]["element"])
            self._read[url] = Profile(url=url, type=str(definition["type"]), rule=rule)
        return self._read[url]


def read(folder: Path) -> Package:
    """The package of a folder. OSError or ValueError, naming the file, where one cannot be read."""
    return Package(each for path in sorted(folder.glob("*.json")) for each in _resources(path))


def _resources(path: Path) -> Iterator[Record]:
    try:
        value = _DECODER.decode(path.read_bytes())
    except msgspec.DecodeError:
        raise ValueError(f"{path.name} is not JSON") from None
    if not isinstance(value, dict):
        return
    entries = (
        value.get("entry", [])
        if value.get("resourceType") == "Bundle"
        else [{"resource": value}]
    )
    for each in entries:
        if isinstance(each, dict) and isinstance(each.get("resource"), dict):
            yield each["resource"]


def _tree(elements: list[Record]) -> Rule:
    """A snapshot's list as a tree; ids say what is part of what: `Patient.identifier:mrn.system` (5.3.0.2)."""
    root = _rule(elements[0])
    known = {str(elements[0]["id"]): root}
    for element in elements[1:]:
        id_ = str(element["id"])
        above, _, last = id_.rpartition(".")
        parent = known.get(above)
        if parent is None:
            continue
        rule = known[id_] = _rule(element)
        name, _, sliced = last.partition(":")
        if not sliced:
            parent.children[name] = rule
        elif name in parent.children:
            parent.children[name].slices.append(rule)
    return root


def _rule(element: Record) -> Rule:
    slicing = element.get("slicing", {})
    binding = element.get("binding", {})
    most = str(element.get("max", "*"))
    types = element.get("type", [])
    return Rule(
        name=str(element["path"]).rpartition(".")[2],
        slice=str(element.get("sliceName", "")),
        least=int(element.get("min", 0)),
        most=None if most == "*" else int(most),
        types=tuple(str(each["code"]) for each in types),
        profiles=tuple(str(url) for each in types for url in each.get("profile", ())),
        fixed=_valued(element, "fixed"),
        pattern=_valued(element, "pattern"),
        value_set=str(binding.get("valueSet", ""))
        if binding.get("strength") == "required"
        else "",
        constraints=tuple(_constraints(element)),
        children={},
        slices=[],
        discriminators=tuple(
            (each["type"], each["path"]) for each in slicing.get("discriminator", ())
        ),
        closed=slicing.get("rules") == "closed",
    )


def _valued(element: Record, stem: str) -> Any:
    """`fixedUri`, `patternCodeableConcept`: whatever its type is."""
    return next(
        (
            value
            for key, value in element.items()
            if key.startswith(stem) and key[len(stem) :][:1].isupper()
        ),
        None,
    )


def _constraints(element: Record) -> Iterator[Constraint]:
    for each in element.get("constraint", ()):
        expression = each.get("expression", "")
        if each.get("severity") == "error" and expression and each["key"] not in _stated():
            yield Constraint(
                key=each["key"],
                severity="error",
                human=each.get("human", ""),
                expression=expression,
                path=element["path"],
            )


@cache
def _stated() -> frozenset[str]:
    """Keys of the rules of R4 itself."""
    every = (type_ for name in definitions.names() for type_ in definitions.within(name))
    return frozenset(
        {"sqty-1"}.union(each.key for type_ in every for each in type_.constraints)
    )
