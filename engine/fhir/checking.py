"""What is wrong with a resource, as findings with the FHIRPath of each element: nothing, and in microseconds, where all is well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.fhir import shape, structure
from engine.findings import Finding


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
