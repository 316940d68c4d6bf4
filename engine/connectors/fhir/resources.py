"""Resources as dicts, from JSON or XML and back. Numbers keep their digits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from lxml import etree

from engine.connectors.fhir.interactions import Refusal
from engine.errors import MessageError
from engine.fhir.markup import to_json
from engine.fhir.outcome import Wire, render

_JSON = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_NOT_FHIR = "what should be a FHIR resource cannot be read as one"


def as_json(raw: bytes, kind: str) -> dict[str, Any]:
    """A resource. Refusal 400 where the bytes are none."""
    try:
        if kind == "xml":
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
            return to_json(etree.fromstring(raw, parser))
        found = _JSON.decode(raw)
    except (
        msgspec.DecodeError,
        UnicodeError,
        RecursionError,
        etree.XMLSyntaxError,
        MessageError,
    ):
        raise Refusal(400, "structure", _NOT_FHIR) from None
    if not isinstance(found.get("resourceType"), str):
        raise Refusal(400, "structure", _NOT_FHIR)
    return found


def as_kind(raw: bytes, sent: str, kind: Wire) -> bytes:
    """A resource in the form that is wanted."""
    return raw if sent == kind else render(as_json(raw, sent), kind)
