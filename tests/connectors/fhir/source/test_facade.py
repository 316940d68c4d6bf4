"""A FHIR face for systems that speak something else: questions become messages, partners' answers become FHIR."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine import check
from engine.channel import load_all
from engine.message import number_of
from engine.store.archive import SqliteArchive
from tests.connectors.fhir.source.conftest import PATIENT, Home

CHANNEL = """
description: Who is who, asked of the patient index
source:
  fhir: {{port: {port}, resources: [Patient], interactions: [read, search, create]}}
  answer: {{from: index, within: {within}, otherwise: 504, transform: {transform}}}
format: fhir
let:
  asked: parameter[.name == "search"].part[.name == "identifier"].valueString
destinations:
  index:
    mllp: {{host: 127.0.0.1, port: {index}}}
    when: meta.interaction in ["read", "search"]
    render: question_to_qbp
    order_by: none
  copy:
    file: {{folder: out, name: "{{meta.id}}.json"}}
    when: meta.interaction == "create"
tests:
  - name: a search is a query
    given:
      facts: {{interaction: search}}
      sample: |
        {{"resourceType": "Parameters", "parameter": [
          {{"name": "interaction", "valueCode": "search"}}, {{"name": "type", "valueCode": "Patient"}},
          {{"name": "search", "part": [{{"name": "identifier", "valueString": "1000123"}}]}}]}}
    replies: {{index: samples/rsp.hl7}}
    expect: {{reply: {{total: 1}}}}
"""
QUESTION = """
from: fhir
to: hl7v2/2.5.1/QBP_Q21
set:
  MSH-3: "CORRIDOR"
  MSH-7: now() | format("%Y%m%d%H%M%S")
  MSH-9.1: "QBP"
  MSH-9.2: "Q22"
  MSH-9.3: "QBP_Q21"
  MSH-10: meta.id
  MSH-11: "P"
  MSH-12: "2.5.1"
  QPD-1.1: "Q22"
  QPD-2: meta.id
  QPD-3.1: parameter[.name == "search"].part[.name == "identifier"].valueString ?? parameter[.name == "id"].valueId
  RCP-1: "I"
"""
BUNDLE = """
from: hl7v2
to: json
when: MSA-1 == "AA"
fields:
  resourceType: "Bundle"
  type: "searchset"
  total: count(PID[*]-3.1) ?? 0
  entry:
    each: PID
    fields:
      fullUrl: "urn:uuid:00000000-0000-4000-8000-000000000001"
      search.mode: "match"
      resource.resourceType: "Patient"
      resource.id: PID-3.1
      resource.identifier:
        - fields: {value: asked ?? PID-3.1}
"""
FAULT = """
from: hl7v2
to: json
when: MSA-1 != "AA"
fields:
  resourceType: "OperationOutcome"
  issue:
    - fields: {severity: "error", code: "not-found"}
"""
HEAD = "MSH|^~\\&|INDEX|N|CORRIDOR|N|20260315||RSP^K22^RSP_K21|R1|P|2.5.1\r"
FOUND = HEAD + "MSA|{code}|{control}\rQAK|1|OK\rQPD|Q22|1\r{patients}"
PERSON = "PID|1||{number}^^^N^MR||SAMPLE^SALLY\r"


@asynccontextmanager
async def index(
    answer: Callable[[str], str], delay: float = 0
) -> AsyncIterator[tuple[int, list[str]]]:
    """A patient index that answers queries over MLLP; what it was asked."""
    heard: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                frame = await reader.readuntil(b"\x1c\r")
                heard.append(frame.decode())
                await asyncio.sleep(delay)
                writer.write(b"\x0b" + answer(heard[-1]).encode() + b"\x1c\r")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


def said(*numbers: str, code: str = "AA") -> Callable[[str], str]:
    def answer(query: str) -> str:
        control = query.split("|")[9]
        people = "".join(PERSON.format(number=number) for number in numbers)
        return FOUND.format(code=code, control=control, patients=people)

    return answer


async def begin(
    home: Home,
    port: int,
    within: str = "5s",
    transform: str = "[rsp_to_bundle, rsp_to_outcome]",
) -> None:
    home.write("mappings/question_to_qbp.yaml", QUESTION)
    home.write("mappings/rsp_to_bundle.yaml", BUNDLE)
    home.write("mappings/rsp_to_outcome.yaml", FAULT)
    (home.folder / "samples").mkdir(exist_ok=True)
    (home.folder / "samples/rsp.hl7").write_text(
        said("77")("|" * 10).replace("{control}", "1"), newline=""
    )
    home.channel(text=CHANNEL, index=port, within=within, transform=transform)
    await home.start()


async def test_a_search_is_a_query_and_its_answer_a_bundle(home: Home) -> None:
    async with index(said("1000123")) as (port, heard):
        await begin(home, port)
        made = await home.call("GET", "/Patient?identifier=urn:x|1000123&_format=json")
        assert made.status == 200 and made.headers["content-type"].startswith(
            "application/fhir+json"
        )
        assert made.json["total"] == 1 and made.json["entry"][0]["resource"]["id"] == "1000123"
        assert made.json["entry"][0]["resource"]["identifier"][0]["value"] == "urn:x|1000123", (
            "let"
        )
        assert made.json["link"][0]["relation"] == "self"
        number = made.headers["x-message-id"]
        assert f"|{number}|P|" in heard[0] and "|urn:x\\F\\1000123|" in heard[0].replace(
            "\r", "|"
        )
        posted = await home.call(
            "POST",
            "/Patient/_search",
            b"identifier=7",
            Content_Type="application/x-www-form-urlencoded",
        )
        assert posted.json["total"] == 1
        xml = await home.call("GET", "/Patient?identifier=7", Accept="application/fhir+xml")
        assert b'<total value="1"/>' in xml.body
        assert "1000123" not in home.log()


async def test_a_read_is_answered_with_the_resource_or_with_404(home: Home) -> None:
    found = ["1000123"]
    async with index(lambda query: said(*found)(query)) as (port, _):  # noqa: PLW0108 - it changes
        await begin(home, port)
        made = await home.call("GET", "/Patient/1000123")
        assert made.status == 200 and made.json["resourceType"] == "Patient"
        head = await home.call("HEAD", "/Patient/1000123")
        assert head.status == 200 and head.body == b""
        found.clear()
        none = await home.call("GET", "/Patient/1000123")
        assert none.status == 404 and none.issue["code"] == "not-found"
        found += ["1", "2"]
        assert (await home.call("GET", "/Patient/1000123")).status == 412
        again = await home.call("GET", "/Patient/2")
        assert again.status == 200 and again.json["id"] == "2", (
            "of several the one that was asked for"
        )


async def test_an_outcome_that_a_mapping_makes_decides_the_status(home: Home) -> None:
    async with index(said(code="AE")) as (port, _):
        await begin(home, port)
        made = await home.call("GET", "/Patient?identifier=7")
        assert made.status == 404 and made.issue["code"] == "not-found"


async def test_a_late_answer_is_kept_with_the_message_and_its_sender_told_in_fhir(
    home: Home,
) -> None:
    async with index(said("7"), delay=0.4) as (port, _):
        await begin(home, port, within="100ms")
        made = await home.call("GET", "/Patient?identifier=7")
        assert made.status == 504 and made.issue["code"] == "timeout"
        number = number_of(made.headers["x-message-id"])
        assert made.json["id"] == made.headers["x-message-id"]
        for _ in range(200):
            with SqliteArchive(home.folder) as archive:
                (delivery,) = archive.deliveries(number)
                kept = archive.reply(delivery["id"])
            if kept is not None:
                break
            await asyncio.sleep(0.01)
        assert kept is not None and b"RSP^K22" in kept


async def test_what_asks_nothing_is_told_that_it_is_kept(home: Home) -> None:
    async with index(said("7")) as (port, heard):
        await begin(home, port)
        made = await home.call("POST", "/Patient", PATIENT)
        assert made.status == 201 and heard == []


async def test_an_answer_that_is_no_fhir_is_not_passed_on(home: Home) -> None:
    async with index(said("7", "8")) as (port, _):
        await begin(home, port, transform="[rsp_to_bundle, rsp_to_bundle]")
        made = await home.call("GET", "/Patient?identifier=7")
        assert made.status == 504 and made.issue["severity"] == "error"


def loaded(home: Path) -> Any:
    return check.run_all(load_all(home))


async def test_the_answer_is_tested_and_checked_like_any_mapping(home: Home) -> None:
    await begin(home, 1)
    results = await asyncio.to_thread(loaded, home.folder)
    assert [(result.passed, result.text()) for result in results if not result.passed] == []
