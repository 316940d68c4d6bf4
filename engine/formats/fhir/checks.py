"""
`validate:` of a channel that reads FHIR.

    structure     elements, how often, of which type, required codes (the usual one)
    invariants    the rules that R4 states in FHIRPath as well
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from engine import findings as found
from engine.fhir import checking
from engine.findings import Finding
from engine.formats.fhir.document import Document

levels = ("structure", "invariants")
usual_level = "structure"


def findings(document: Document, level: Any) -> Iterator[Finding]:
    """What is wrong: the FHIRPath of the element and the rule."""
    if level == "structure":
        return checking.findings(document.value)
    every: Iterator[Finding] = importlib.import_module("engine.fhir.checking").check(
        document.value, level
    )
    return every


def validate(document: Document, level: Any) -> None:
    """MessageError `invalid` with all that is wrong; quick where all is well."""
    if level == "structure" and checking.valid(document.value):
        return
    found.refuse(findings(document, level))
