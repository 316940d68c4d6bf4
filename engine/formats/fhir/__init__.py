"""
FHIR R4 resources and Bundles, JSON or XML by how they begin, NDJSON as a batch. `format: fhir` in a channel.

Paths are those of records, checked by the types of R4; `Patient/name[0].family` reads the first Patient of a Bundle,
`subject.resolve(Patient)` follows a Reference inside it, `fhirpath("...")` is FHIRPath itself. The answer is an OperationOutcome.
"""

from __future__ import annotations

from engine.formats.fhir.answers import acknowledge, refuse
from engine.formats.fhir.checks import (
    findings,
    level,
    levels,
    of_parts,
    usual_level,
    validate,
)
from engine.formats.fhir.document import Document, parse
from engine.formats.fhir.opening import opened, shape
from engine.formats.fhir.paths import FhirPaths
from engine.formats.fhir.splitting import parts, split, splits
from engine.formats.fhir.tree import tree
from engine.records.lines import in_blocks, parted_blocks, survey

paths = FhirPaths()

#: A repeat of a resource is an update; what makes two messages the same one a channel says.
unique: tuple[str, ...] = ()

__all__ = [
    "Document",
    "acknowledge",
    "findings",
    "in_blocks",
    "level",
    "levels",
    "of_parts",
    "opened",
    "parse",
    "parted_blocks",
    "parts",
    "paths",
    "refuse",
    "shape",
    "split",
    "splits",
    "survey",
    "tree",
    "unique",
    "usual_level",
    "validate",
]
