"""What tells the slices of an element apart (FHIR R4, 5.1.0.14): a value, a type, a profile, or that something is there."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from engine.fhir.held import Held, inside
from engine.fhir.profiles import Package, Profile, Rule
from engine.fhir.references import Index

Keeps = Callable[[Profile, Held], bool]
_STEP = re.compile(
    r"extension\('(?P<url>[^']*)'\)|ofType\((?P<type>\w+)\)|(?P<resolve>resolve\(\))|(?P<name>\w+)"
)


def tells(
    kind: str, path: str, sliced: Rule, held: Held, package: Package, index: Index, keeps: Keeps
) -> bool:
    """Whether a discriminator says that an occurrence belongs to a slice."""
    found = list(_at(held, path, index))
    rules = list(_rules(sliced, path, package))
    if kind == "exists":
        wanted = not any(rule.most == 0 for rule in rules)
        return bool(found) is wanted
    if kind == "type":
        types = {type_ for rule in rules for type_ in rule.types} - {"Resource"}
        pointed = {url.rpartition("/")[2] for rule in rules for url in rule.profiles}
        return any(each.type in (types or pointed) for each in found)
    if kind == "profile":
        profiles = [
            p for rule in rules for url in rule.profiles if (p := package.of(url)) is not None
        ]
        return any(p.type == each.type and keeps(p, each) for each in found for p in profiles)
    return any(_said(rule, found, package) for rule in rules)


def _said(rule: Rule, found: list[Held], package: Package) -> bool:
    """A value, or pattern: what the slice itself fixes there, or binds."""
    if rule.fixed is not None:
        return any(each.value == rule.fixed for each in found)
    if rule.pattern is not None:
        return any(fits(each.value, rule.pattern) for each in found)
    if rule.value_set:
        codes = package.codes(rule.value_set)
        return bool(codes) and any(coded(each.value, codes) for each in found)
    inner = [child for child in rule.children.values() if child.least]
    return bool(inner) and all(
        any(_said(child, list(inside(each, child.name)), package) for each in found)
        for child in inner
    )


def _at(held: Held, path: str, index: Index) -> Iterator[Held]:
    """What stands at the path of a discriminator (5.1.0.14.2: names, extension(url), ofType(), resolve())."""
    every = [held]
    for step in _STEP.finditer("" if path == "$this" else path):
        if step["resolve"]:
            every = [found for each in every if (found := _resolved(each, index)) is not None]
        elif step["type"]:
            every = [each for each in every if each.type == step["type"]]
        else:
            every = [inner for each in every for inner in _stepped(each, step)]
    yield from every


def _stepped(held: Held, step: re.Match[str]) -> Iterator[Held]:
    if step["url"] is None:
        yield from inside(held, step["name"])
        yield from inside(held, f"{step['name']}[x]")
        return
    for each in inside(held, "extension"):
        if isinstance(each.value, dict) and each.value.get("url") == step["url"]:
            yield each


def _resolved(held: Held, index: Index) -> Held | None:
    """The resource that a Reference points to; only its type where it is not in the document."""
    value = held.value if isinstance(held.value, dict) else {}
    found = index.resolve(value)
    if found is not None:
        return Held(value=found, type=str(found.get("resourceType", "")), place=held.place)
    named = re.search(r"([A-Z][A-Za-z]+)/[^/]+$", str(value.get("reference", "")))
    type_ = str(value.get("type", "")) or (named[1] if named else "")
    return Held(value={}, type=type_, place=held.place) if type_ else None


def _rules(sliced: Rule, path: str, package: Package) -> Iterator[Rule]:
    """What a slice says at the path of a discriminator, itself or by the profile of its type."""
    every = [sliced]
    for step in _STEP.finditer("" if path == "$this" else path):
        if step["resolve"] or step["type"]:
            continue
        name = "extension" if step["url"] is not None else step["name"]
        every = [child for each in every for child in _below(each, name, package)]
    yield from every


def _below(rule: Rule, name: str, package: Package) -> Iterator[Rule]:
    for key in (name, f"{name}[x]"):
        if key in rule.children:
            child = rule.children[key]
            yield child
            yield from child.slices
            return
    if rule.pattern is not None and isinstance(rule.pattern, dict) and name in rule.pattern:
        yield Rule(name=name, pattern=rule.pattern[name])
    for url in rule.profiles:
        profile = package.of(url)
        if profile is not None:
            yield from _below(profile.rule, name, package)
        elif name == "url" and "Extension" in rule.types:
            yield Rule(name="url", fixed=url.partition("|")[0])


def fits(value: Any, pattern: Any) -> bool:
    """
    Whether a value has all that a pattern has (5.3.0.3: lists in any order, more is allowed).

    >>> fits({"coding": [{"code": "a"}, {"code": "b"}]}, {"coding": [{"code": "b"}]}), fits("a", "b")
    (True, False)
    """
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            key in value and fits(value[key], each) for key, each in pattern.items()
        )
    if isinstance(pattern, list):
        every = value if isinstance(value, list) else [value]
        return all(any(fits(each, wanted) for each in every) for wanted in pattern)
    if isinstance(value, list):
        return any(fits(each, pattern) for each in value)
    return bool(value == pattern)


def coded(value: Any, codes: Mapping[str, Collection[str]]) -> bool:
    """Whether a code, a Coding, a CodeableConcept or a Quantity is among the codes; also where these are not known."""
    if not codes:
        return True
    if value is None:
        return True
    if not isinstance(value, dict):
        return any(value in each for each in codes.values())
    every = value.get("coding") if "coding" in value else [value]
    return any(
        isinstance(each, dict) and each.get("code") in codes.get(str(each.get("system")), ())
        for each in (every if isinstance(every, list) else ())
    )
