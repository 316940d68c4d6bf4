"""
Whether a resource keeps a profile (FHIR R4, 5.1.0.7 and 5.3): how often, of which type, fixed and required values, slices, extensions.

What R4 itself asks is looked at by `structure` and `invariants`. What a profile leaves to servers (terminology that the folder
does not hold, the targets of references) is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.fhir import invariants, slicing, walking
from engine.fhir.held import Held, inside
from engine.fhir.profiles import Package, Profile, Rule
from engine.fhir.references import Index
from engine.findings import Finding


class Conforming:
    """One document against profiles of a package."""

    def __init__(self, package: Package, document: Mapping[str, Any]) -> None:
        self._package = package
        self._document = document
        self._index = Index(document)

    def findings(
        self, profile: Profile, resource: Mapping[str, Any], place: str
    ) -> Iterator[Finding]:
        """What keeps a resource from being of the profile."""
        held = Held(value=resource, type=profile.type, place=place)
        yield from self._value(profile.rule, held, resource)

    def _value(self, rule: Rule, held: Held, resource: Mapping[str, Any]) -> Iterator[Finding]:
        """One occurrence of an element."""
        if rule.fixed is not None and held.value != rule.fixed:
            yield held.place, "the profile fixes another value here"
        if rule.pattern is not None and not slicing.fits(held.value, rule.pattern):
            yield held.place, "the value does not have what the profile wants of it"
        if rule.value_set and not slicing.coded(
            held.value, self._package.codes(rule.value_set)
        ):
            yield held.place, f"the code must be of the value set {rule.value_set}"
        for constraint in rule.constraints:
            if not self._holds(rule, constraint.key, constraint.expression, held, resource):
                yield held.place, f"{constraint.human} [{constraint.key}]"
        yield from self._typed(rule, held, resource)
        for child in rule.children.values():
            yield from self._element(child, held, resource)

    def _holds(self, rule: Rule, key: str, expression: str, held: Held, resource: Any) -> bool:
        test = invariants.held(key, expression)
        if test is None or held.definition is None:
            return True
        node = walking.Node(
            value=held.value,
            type=held.definition,
            place=held.place,
            path=held.type,
            resource=resource,
        )
        return test(node, self._document, self._index)

    def _typed(self, rule: Rule, held: Held, resource: Mapping[str, Any]) -> Iterator[Finding]:
        """The profile of the type of an element (an extension's, an address's): one of them must be kept."""
        if not rule.profiles or held.type not in rule.types:
            return
        known = [each for url in rule.profiles if (each := self._package.of(url)) is not None]
        if not known or len(known) < len(rule.profiles):
            return
        each_found = [
            list(self._value(each.rule, held, resource))
            for each in known
            if each.type == held.type
        ]
        if each_found and all(each_found):
            yield from each_found[0]

    def _element(
        self, rule: Rule, parent: Held, resource: Mapping[str, Any]
    ) -> Iterator[Finding]:
        """All occurrences of an element."""
        every = list(inside(parent, rule.name))
        yield from _counted(rule, len(every), f"{parent.place}.{rule.name.removesuffix('[x]')}")
        for held in every:
            if rule.types and not _of(held.type, rule.types):
                yield held.place, f"the type must be {' or '.join(rule.types)} in the profile"
            else:
                yield from self._value(rule, held, resource)
        if rule.slices:
            yield from self._sliced(rule, every, parent, resource)

    def _sliced(
        self, rule: Rule, every: list[Held], parent: Held, resource: Mapping[str, Any]
    ) -> Iterator[Finding]:
        """Each occurrence in the slice that it belongs to (5.1.0.14)."""
        taken: dict[str, list[Held]] = {each.slice: [] for each in rule.slices}
        for held in every:
            found = next(
                (each for each in rule.slices if self._belongs(rule, each, held)), None
            )
            if found is not None:
                taken[found.slice].append(held)
            elif rule.closed:
                yield (
                    held.place,
                    "the profile has no slice for this, and takes nothing beside its slices",
                )
        for each in rule.slices:
            place = f"{parent.place}.{rule.name.removesuffix('[x]')}"
            yield from _counted(each, len(taken[each.slice]), place)
            for held in taken[each.slice]:
                yield from self._value(each, held, resource)

    def _belongs(self, rule: Rule, sliced: Rule, held: Held) -> bool:
        """Whether all that tells slices apart says this one; an extension is told by its url, a choice by its type."""
        tells = rule.discriminators or (
            (("type", "$this"),) if rule.name.endswith("[x]") else ()
        )
        if not tells:
            return False
        return all(
            slicing.tells(kind, path, sliced, held, self._package, self._index, self._keeps)
            for kind, path in tells
        )

    def _keeps(self, profile: Profile, held: Held) -> bool:
        return next(self._value(profile.rule, held, held.value), None) is None


def _of(type_: str, types: tuple[str, ...]) -> bool:
    """Whether a type is one of the profile's; those of FHIRPath's own system, and what is defined in place, are not told apart."""
    return any(
        each in (type_, "Resource", "Element", "BackboneElement") or "/" in each
        for each in types
    )


def _counted(rule: Rule, count: int, place: str) -> Iterator[Finding]:
    said = f" as {rule.slice}" if rule.slice else ""
    if count < rule.least:
        times = "" if rule.least == 1 else f" at least {rule.least} times"
        yield place, f"the element must be there{said}{times} in the profile"
    if rule.most is not None and count > rule.most:
        times = "must not be there" if rule.most == 0 else f"stands at most {rule.most} times"
        yield place, f"the element {times}{said} in the profile"


def document(
    resource: Mapping[str, Any], package: Package, profiles: tuple[Profile, ...]
) -> Iterator[Finding]:
    """Each resource of a document against the profiles of its type, and those of the package that it says it keeps."""
    conforming = Conforming(package, resource)
    for node in walking.nodes(resource):
        if node.type.kind != "resource":
            continue
        asked = {each.url: each for each in profiles if each.type == node.type.name}
        for url in _claimed(node.value):
            profile = package.of(url)
            if profile is not None and profile.type == node.type.name:
                asked[profile.url] = profile
        for each in asked.values():
            yield from conforming.findings(each, node.value, node.place)


def _claimed(resource: Mapping[str, Any]) -> Iterator[str]:
    meta = resource.get("meta")
    every = meta.get("profile") if isinstance(meta, dict) else None
    yield from (each for each in every or () if isinstance(each, str))
