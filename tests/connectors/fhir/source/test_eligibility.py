"""A coverage question in FHIR, answered in real time by a payer that speaks X12: 270 out, 271 back."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from engine.fhir import checking
from tests.connectors.fhir.source.conftest import Home

ROOT = Path(__file__).parents[4]
CHANNEL = """
description: Coverage questions, answered by the payer while the caller waits
source:
  fhir: {{port: {port}, resources: [CoverageEligibilityRequest], interactions: [create]}}
  answer:
    from: payer
    within: 5s
    otherwise: 504
    transform: {{use: x12_271_to_eligibility_response, then: response_to_fhir}}
format: fhir
let:
  asked_by: patient.reference
transform: fhir_to_request
destinations:
  payer:
    http: {{url: "http://127.0.0.1:{payer}/eligibility", content_type: application/edi-x12}}
    render: eligibility_request_to_x12_270
    order_by: none
    reply: {{format: x12}}
"""
REQUEST = """
from: fhir
to: EligibilityRequest
fields:
  source_id: meta.id
  number: identifier[0].value
  asked_at: created | datetime
  payer: insurer.identifier.value
  provider.role: "billing"
  provider.npi: provider.identifier.value
  provider.organisation: provider.display
  subscriber.name.family: patient.display
  subscriber.member_id: insurance[0].coverage.identifier.value
"""
RESPONSE = """
from: EligibilityResponse
to: json
fields:
  resourceType: "CoverageEligibilityResponse"
  status: "active"
  purpose: split("benefits", ",")
  outcome: "complete"
  created: answered_at | format("%Y-%m-%d")
  patient.reference: asked_by
  request.identifier.value: number
  insurer.display: payer_name
  disposition: status
"""
QUESTION = {
    "resourceType": "CoverageEligibilityRequest",
    "identifier": [{"value": "Q-1001"}],
    "status": "active",
    "purpose": ["benefits"],
    "created": "2026-03-02",
    "patient": {"reference": "Patient/p1", "display": "Testcase"},
    "provider": {"identifier": {"value": "1234567893"}, "display": "GENERAL HOSPITAL"},
    "insurer": {"identifier": {"value": "PLAN01"}},
    "insurance": [{"coverage": {"identifier": {"value": "W200300400"}}}],
}


@asynccontextmanager
async def payer(answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length: ")[1].split(b"\r")[0])
                asked.append(await reader.readexactly(length))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/edi-x12\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(answer), answer))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()


async def test_a_coverage_question_is_a_270_and_its_271_the_answer(home: Home) -> None:
    shutil.copytree(ROOT / "mappings/tables", home.folder / "mappings/tables")
    for name in ("eligibility_request_to_x12_270", "x12_271_to_eligibility_response"):
        home.write(f"mappings/{name}.yaml", (ROOT / f"mappings/{name}.yaml").read_text())
    home.write("mappings/fhir_to_request.yaml", REQUEST)
    home.write("mappings/response_to_fhir.yaml", RESPONSE)
    answer = (ROOT / "samples/x12/cover.271").read_bytes()
    async with payer(answer) as (port, asked):
        home.channel(text=CHANNEL, payer=port)
        await home.start()
        made = await home.call("POST", "/CoverageEligibilityRequest", QUESTION)
    assert made.status == 200, made.body
    said = made.json
    assert (
        said["resourceType"] == "CoverageEligibilityResponse"
        and said["disposition"] == "active"
    )
    assert said["patient"] == {"reference": "Patient/p1"}, "the reply repeats what was asked"
    assert list(checking.findings(said)) == []
    assert made.headers["x-message-id"]
    assert b"ST*270*" in asked[0] and b"W200300400" in asked[0]
