"""
Requests without a resource of their own, as messages: a read, a search or a delete becomes a Parameters resource.

    {"resourceType": "Parameters", "parameter": [
      {"name": "interaction", "valueCode": "search"}, {"name": "type", "valueCode": "Patient"},
      {"name": "search", "part": [{"name": "identifier", "valueString": "urn:oid:1.2.3|1000123"}]}]}

Values of search parameters name patients: they stand in the message's content only.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from engine.connectors.fhir.interactions import Asked, Refusal

#: Parameters that say how the answer looks, not what is searched for (FHIR R4 3.1.0.1.11).
_LOOKS = frozenset({"_format", "_pretty"})
#: Parameters that say what comes along, or how much of it, not which resources are meant (FHIR R4 3.1.1.5).
_RESULTS = frozenset(
    {
        *("_sort", "_count", "_include", "_revinclude", "_summary", "_total", "_elements"),
        *("_contained", "_containedType"),
    }
)
#: Writes of a resource that is there already.
_OF_ONE = frozenset({"update", "patch", "delete"})
#: Most parameters of one request.
MOST = 200


def read_query(query: str) -> list[tuple[str, str]]:
    """Names and values of a query or form, decoded. Refusal 400 where there are too many."""
    if not query:
        return []
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MOST)
    except ValueError:
        raise Refusal(
            400, "invalid", "the query cannot be read, or has too many parameters"
        ) from None


def value_of(query: list[tuple[str, str]], name: str) -> str:
    """The value of a parameter; empty where it is not there."""
    return next((value for key, value in query if key == name), "")


def criteria(query: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is searched for: without what says how the answer looks, and without empty ones (FHIR R4 3.1.1.3)."""
    return [(name, value) for name, value in query if name not in _LOOKS and name and value]


def check_meant(asked: Asked, query: list[tuple[str, str]]) -> None:
    """Refusal 400 where a write names neither an id nor a search: it would mean any resource of the type (FHIR R4 3.1.0.4.3)."""
    if asked.interaction not in _OF_ONE or asked.id:
        return
    if not any(name.partition(":")[0] not in _RESULTS for name, _ in criteria(query)):
        why = "the path has no id, and no search says which resource is meant"
        raise Refusal(400, "required", why)


def question(asked: Asked, query: list[tuple[str, str]]) -> bytes:
    """The message that a request without a resource becomes."""
    return msgspec.json.encode(
        {"resourceType": "Parameters", "parameter": [*_said(asked, query)]}
    )


def _said(asked: Asked, query: list[tuple[str, str]]) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = [{"name": "interaction", "valueCode": asked.interaction}]
    if asked.type:
        said.append({"name": "type", "valueCode": asked.inside or asked.type})
    if asked.inside:
        compartment = f"{asked.type}/{asked.id}"
        said.append({"name": "compartment", "valueString": compartment})
    elif asked.id:
        said.append({"name": "id", "valueId": asked.id})
    if asked.version:
        said.append({"name": "version", "valueId": asked.version})
    found = criteria(query)
    if found:
        parts = [{"name": name, "valueString": value} for name, value in found]
        said.append({"name": "search", "part": parts})
    return said


def patch(raw: bytes, content_type: str) -> bytes:
    """A JSON or XML Patch as a Binary, which is how FHIR carries one in a Bundle (HL7 FHIR R4 3.1.0.8)."""
    kind = content_type.partition(";")[0].strip().lower()
    data = base64.b64encode(raw).decode()
    return msgspec.json.encode({"resourceType": "Binary", "contentType": kind, "data": data})
