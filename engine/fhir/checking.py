"""
What is wrong with a resource, as findings with the FHIRPath of each element: nothing, and in microseconds, where all is well.

    structure    elements, how often, of which type, required codes, references, Bundles as a whole
    invariants   also the rules that R4 states in FHIRPath, and what references may point to
    R4B R5 STU3  the structure of another release
    Profiled     also profiles of a folder
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from engine.fhir import entries, shape, structure
from engine.findings import Finding

if TYPE_CHECKING:
    from engine.fhir.profiles import Package, Profile

LEVELS = ("structure", "invariants", "R4B", "R5", "STU3")


class Profiled(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Profiles that resources of their types must keep, and the package that they are of."""

    package: Package
    profiles: tuple[Profile, ...]


def profiled(folder: Path, names: tuple[str, ...]) -> Profiled:
    """
    Profiles of a folder by address, id, name or file name.

    LookupError, ValueError or OSError, telling an analyst what is wrong, where one is not there or cannot be read.
    """
    package = import_module("engine.fhir.profiles").read(folder)
    found = (package.called(name.removesuffix(".json")) for name in names)
    return Profiled(package=package, profiles=tuple(found))


def valid(resource: Any) -> bool:
    """
    Whether a resource, a Bundle with all its entries, keeps to the structure of FHIR R4.

    >>> valid({"resourceType": "Patient", "gender": "male"}), valid({"resourceType": "Patient", "gender": "m"})
    (True, False)
    """
    return shape.surely(resource) or next(structure.resource(resource, ""), None) is None


def findings(resource: Any) -> Iterator[Finding]:
    """
    All that is wrong with the structure of a resource.

    >>> list(findings({"resourceType": "Patient", "contact": [{"gender": "m"}]}))
    [('Patient.contact[0].gender', 'the code must be one of female, male, other, unknown')]
    """
    if not shape.surely(resource):
        yield from structure.resource(resource, "")


def check(resource: Any, level: str | Profiled, apart: bool = False) -> Iterator[Finding]:
    """
    All that is wrong with a resource at one of LEVELS, or by profiles. Rules come once the structure is right. Of a Bundle
    that was taken `apart` references may lead to entries that stand in other parts.

    >>> list(check({"resourceType": "Patient", "contact": [{"gender": "male"}]}, "invariants"))[0][0]
    'Patient.contact[0]'
    """
    if isinstance(level, str) and level not in LEVELS[:2]:
        yield from import_module("engine.fhir.releases").findings(resource, level)
        return
    wrong = False
    for each in findings(resource):
        if apart and each[1] == entries.UNRESOLVED:
            continue
        wrong = True
        yield each
    if wrong or level == "structure":
        return
    yield from import_module("engine.fhir.invariants").findings(resource)
    if isinstance(level, Profiled):
        every = import_module("engine.fhir.conforming").document
        yield from every(resource, level.package, level.profiles)


def advice(resource: Any) -> Iterator[Finding]:
    """Rules of R4 of severity warning that a right resource does not keep: good practice, no reason to refuse it."""
    every: Iterator[Finding] = import_module("engine.fhir.invariants").findings(
        resource, "warning"
    )
    return every
