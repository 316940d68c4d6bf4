"""A FHIR endpoint of ours in front of a simulated FHIR server."""

from __future__ import annotations

from typing import Any

from tests.connectors.fhir.source.conftest import PATIENT, Home

FRONT = """
description: The record system behind a door of ours
source:
  fhir: {{port: {port}{settings}}}
  {answer}
format: fhir
{more}
destinations:
  ehr:
    fhir: {{url: "{url}"{sent}}}
    order_by: none
    retry: {{first_wait: 30s}}
"""
ANSWER = "answer: {from: ehr, within: 20s, otherwise: 503}"
WHO = "identifier=urn:mrn|A-7"
SALLY: dict[str, Any] = {**PATIENT, "identifier": [{"system": "urn:mrn", "value": "A-7"}]}
STEPS = b'[{"op": "replace", "path": "/gender", "value": "other"}]'
JSON_PATCH = {"Content_Type": "application/json-patch+json"}
FHIRPATH = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
    {"name": "type", "valueCode": "replace"}, {"name": "path", "valueString": "Patient.gender"},
    {"name": "value", "valueCode": "unknown"}]}]}  # fmt: skip


async def begin(
    home: Home, url: str, answer: str = ANSWER, sent: str = "", **more: str
) -> None:
    home.channel(text=FRONT, url=url, answer=answer, sent=sent, **more)
    await home.start()
