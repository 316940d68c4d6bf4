"""Value sets to codes (FHIR R4, 4.9.8): what their definitions list, include and exclude, as far as it is told in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Record = dict[str, Any]
#: The codes of each code system.
Codes = dict[str, set[str]]


class Expansions:
    """The value sets and code systems that are at hand."""

    def __init__(self, resources: Iterable[Record]) -> None:
        self._known = {
            (each["resourceType"], each["url"]): each for each in resources if "url" in each
        }

    def of(self, url: str, within: frozenset[str] = frozenset()) -> Codes | None:
        """The codes of a value set by system; None where it is unknown, or not every code of it is told."""
        url = url.partition("|")[0]
        value_set = self._known.get(("ValueSet", url))
        if value_set is None or url in within:
            return None
        compose = value_set.get("compose")
        if compose is None:
            return _expanded(value_set)
        found: Codes = {}
        for each in compose.get("include", ()):
            codes = self._included(each, within | {url})
            if codes is None:
                return None
            for system, some in codes.items():
                found.setdefault(system, set()).update(some)
        for each in compose.get("exclude", ()):
            codes = self._included(each, within | {url})
            if codes is None:
                return None
            for system, some in codes.items():
                found.get(system, set()).difference_update(some)
        return found

    def _included(self, part: Record, within: frozenset[str]) -> Codes | None:
        """What one include or exclude names: all its value sets and its system have in common."""
        every: list[Codes | None] = [self.of(each, within) for each in part.get("valueSet", ())]
        if "system" in part:
            every.append(self._of_system(part))
        found: Codes | None = None
        for codes in every:
            if codes is None:
                return None
            found = codes if found is None else _common(found, codes)
        return found

    def _of_system(self, part: Record) -> Codes | None:
        system = part["system"]
        if "concept" in part:
            return {system: {each["code"] for each in part["concept"]}}
        defined = self._known.get(("CodeSystem", system))
        if defined is None or defined.get("content") != "complete":
            return None
        concepts = defined.get("concept", ())
        filters = part.get("filter", ())
        if not filters:
            return {system: {each["code"] for each in _all(concepts)}}
        if len(filters) == 1 and filters[0]["op"] in _BELOW:
            return {system: set(_below(concepts, filters[0]))}
        return None


_BELOW = ("is-a", "descendent-of")


def _all(concepts: Iterable[Record]) -> Iterator[Record]:
    for each in concepts:
        yield each
        yield from _all(each.get("concept", ()))


def _below(concepts: Iterable[Record], rule: Record) -> Iterator[str]:
    """A concept, but for `descendent-of`, and all that are below it: by nesting, or by `subsumedBy`."""
    every = list(_all(concepts))
    below: set[str] = {rule["value"]}
    grown = True
    while grown:
        more = {code for parent, code in _parents(every) if parent in below} - below
        grown = bool(more)
        below |= more
    yield from below if rule["op"] == "is-a" else below - {rule["value"]}


def _parents(concepts: Iterable[Record]) -> Iterator[tuple[str, str]]:
    for each in concepts:
        for child in each.get("concept", ()):
            yield each["code"], child["code"]
        for said in each.get("property", ()):
            if said["code"] in ("subsumedBy", "parent"):
                yield said.get("valueCode", ""), each["code"]


def _common(one: Codes, other: Codes) -> Codes:
    return {system: codes & other[system] for system, codes in one.items() if system in other}


def _expanded(value_set: Record) -> Codes | None:
    expansion = value_set.get("expansion")
    if expansion is None:
        return None
    found: Codes = {}
    for each in expansion.get("contains", ()):
        found.setdefault(each.get("system", ""), set()).add(each["code"])
    return found
