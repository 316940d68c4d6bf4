"""FHIR in front of FHIR: a question goes through to a server, and its answer comes back as it is."""

from __future__ import annotations

from pathlib import Path

from tests.connectors.fhir.source.conftest import PATIENT, Home

FRONT = """
description: The server behind, with a door of ours
source:
  fhir: {{port: {port}, interactions: [create, read, search]}}
  answer: {{from: behind, within: 5s, otherwise: 504}}
format: fhir
destinations:
  behind:
    fhir: {{url: "http://127.0.0.1:{behind}/fhir"}}
    order_by: none
    reply: {{accepted: status != "503"}}
"""


async def test_a_create_and_a_question_go_through_to_the_server_behind(
    home: Home, tmp_path: Path
) -> None:
    behind = Home(tmp_path / "behind")
    behind.channel("resources: [Patient], interactions: [create]")
    await behind.start()
    try:
        home.channel(text=FRONT, behind=behind.port)
        await home.start()
        made = await home.call("POST", "/Patient", PATIENT, Prefer="return=representation")
        assert made.status == 201, made.body
        if made.body and made.json["resourceType"] == "Patient":
            assert (
                made.headers["location"] == f"{home.caller.base_url}Patient/{made.json['id']}"
            )
        assert behind.verdicts() == ["accepted"]
        for path in ("/Patient/7", "/Patient?identifier=7"):
            none = await home.call("GET", path)
            assert none.status in (404, 405) and none.issue["severity"] == "error", none.body
    finally:
        await behind.stop()
