"""Which form a body has and which one the caller wants: JSON or XML (HL7 FHIR R4 3.1.0.1.9 and 3.1.0.1.11)."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from engine.connectors.fhir.interactions import Refusal
from engine.fhir.outcome import Wire

#: What a body can be: FHIR, a JSON or XML Patch, or a message for `$convert`.
Sent = Literal["json", "xml", "patch", "text"]

JSON, XML = "application/fhir+json", "application/fhir+xml"
#: JSON Patch and XML Patch (RFC 6902, RFC 5261).
PATCHES = ("application/json-patch+json", "application/xml-patch+xml")
_JSON = frozenset({JSON, "application/json", "text/json", "application/json+fhir", "json"})
_XML = frozenset({XML, "application/xml", "text/xml", "application/xml+fhir", "xml"})
_ANY = frozenset({"*/*", "application/*", "text/*", "text/html", "html"})
_VERSIONS = ("4.0", "4.0.1")
#: What bodies of `$convert` may be besides.
MESSAGES = frozenset(
    {
        *("x-application/hl7-v2+er7", "application/hl7-v2", "application/hl7-v2+er7"),
        *("application/edi-x12", "application/edifact", "text/plain"),
    }
)


def type_of(kind: Wire) -> str:
    """The content type of `json` or `xml`."""
    return XML if kind == "xml" else JSON


@lru_cache(maxsize=256)
def wanted(accept: str, format: str, sent: Wire) -> Wire:
    """
    `json` or `xml`: what `_format` says, else the Accept header, else as it was `sent`. Refusal 406 where it is neither.

    >>> wanted("application/fhir+xml, */*;q=0.1", "", "json"), wanted("", "", "xml"), wanted("text/css", "json", "json")
    ('xml', 'xml', 'json')
    """
    if format:
        found = _kind(format.replace(" ", "+"), sent)
        if found is None:
            raise Refusal(406, "not-supported", "_format names neither JSON nor XML")
        return found
    if not accept.strip():
        return sent
    for _, said in sorted(_weighed(accept), key=lambda each: -each[0]):
        if (found := _kind(said, sent)) is not None:
            return found
    raise Refusal(406, "not-supported", "the answers here are FHIR R4 in JSON or XML")


def _weighed(accept: str) -> list[tuple[float, str]]:
    """Media types with what they weigh (RFC 9110 12.5.1), those that are refused left out."""
    found = []
    for said in accept.split(","):
        weight = next((each for each in _parameters(said) if each.startswith("q=")), "q=1")
        try:
            value = float(weight[2:])
        except ValueError:
            value = 0.0
        if value > 0:
            found.append((value, said))
    return found


def _parameters(said: str) -> list[str]:
    return [each.strip().lower() for each in said.split(";")[1:]]


def _kind(said: str, usual: Wire) -> Wire | None:
    name = said.partition(";")[0].strip().lower()
    for each in _parameters(said):
        if each.startswith("fhirversion=") and each[12:].strip('"') not in _VERSIONS:
            return None
    if name in _JSON:
        return "json"
    if name in _XML:
        return "xml"
    return usual if name in _ANY else None


@lru_cache(maxsize=256)
def sent(content_type: str, more: bool = False) -> Sent:
    """
    `json` or `xml`; with `more` also `patch` and `text`. A body that does not say is JSON. Refusal 415 for any other.

    >>> sent("application/fhir+json;charset=utf-8"), sent(""), sent("application/json-patch+json", more=True)
    ('json', 'json', 'patch')
    """
    name = content_type.partition(";")[0].strip().lower()
    found = _kind(content_type, "json") if name else "json"
    if found is not None and name not in _ANY:
        return found
    if more and name in PATCHES:
        return "patch"
    if more and name in MESSAGES:
        return "text"
    raise Refusal(415, "not-supported", "a body here is FHIR R4 in JSON or XML")
