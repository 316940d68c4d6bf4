"""What the Composition of a document points to is in the document (FHIR R4, 3.3.1), found as 2.36.4.1 says: by fullUrl."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.findings import Finding

#: Elements of a Composition whose references belong to the document.
_ONE = ("subject", "encounter", "custodian")
_SERVER = re.compile(r"(https?://[^\s]*/)[A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
_RELATIVE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


def findings(bundle: Mapping[str, Any], place: str) -> Iterator[Finding]:
    """References of the Composition, relative or by urn, that no entry answers to."""
    every = bundle.get("entry") or []
    first = every[0].get("resource") if bundle.get("type") == "document" and every else None
    if not isinstance(first, dict) or first.get("resourceType") != "Composition":
        return
    known = {each.get("fullUrl") for each in every}
    server = _SERVER.fullmatch(str(every[0].get("fullUrl", "")))
    base = server[1] if server is not None else None
    for path, reference in _references(first):
        text = reference.get("reference")
        if isinstance(text, str) and not _answered(text, base, known):
            yield (
                f"{place}.entry[0].resource.{path}",
                "the document must contain what is pointed to",
            )


def _answered(text: str, base: str | None, known: set[Any]) -> bool:
    """A relative reference is of the server that the Composition is of; of none where that has a urn."""
    if text.startswith("urn:"):
        return text in known
    if _RELATIVE.fullmatch(text) is None:
        return True
    return base is not None and base + text in known


def _references(composition: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name in _ONE:
        if name in composition:
            yield name, composition[name]
    for number, each in enumerate(composition.get("author", ())):
        yield f"author[{number}]", each
    for number, each in enumerate(composition.get("attester", ())):
        if "party" in each:
            yield f"attester[{number}].party", each["party"]
    yield from _sections(composition, "")


def _sections(part: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, each in enumerate(part.get("section", ())):
        here = f"{path}section[{number}]"
        for position, entry in enumerate(each.get("entry", ())):
            yield f"{here}.entry[{position}]", entry
        yield from _sections(each, f"{here}.")
