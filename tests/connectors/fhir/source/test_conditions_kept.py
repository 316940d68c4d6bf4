"""When a condition goes along, and what the endpoint says of it; who waits for a server that cannot be reached."""

from __future__ import annotations

import time

import pytest

from engine import simulate
from engine.simulate import FhirPartner
from engine.store import Hold
from tests.connectors.fhir.source.conftest import CHANNEL, PATIENT, Home
from tests.connectors.fhir.source.fronting import (
    JSON_PATCH,
    SALLY,
    STEPS,
    WHO,
    begin,
)

#: Makes a patient of the patient, or something else.
MADE = """
from: fhir
to: json
fields:
  resourceType: "{type}"
  {more}
  identifier:
    - fields:
        system: "urn:mrn"
        value: identifier[0].value
"""
#: One channel hands over to another, which sends.
OVER = "destinations:\n  inner:\n    channel: {{name: inner}}\n"
INNER = """
description: What another channel hands over, for the record system
source:
  channel: {{}}
format: fhir
destinations:
  ehr:
    fhir: {{url: "{url}"}}
"""


@pytest.mark.parametrize(
    ("type_", "transform", "count"),
    [("Patient", "made", 1), ("Observation", "made", 2), ("Patient", "[made, made]", 4)],
)
async def test_a_condition_stays_with_the_resource_it_was_written_for(
    home: Home, ehr: FhirPartner, type_: str, transform: str, count: int
) -> None:
    more = 'status: "final"' if type_ == "Observation" else "gender: gender"
    home.write("mappings/made.yaml", MADE.format(type=type_, more=more))
    await begin(home, ehr.ways()["url"], more=f"transform: {transform}")
    for _ in range(2):
        await home.call("POST", "/Patient", SALLY, If_None_Exist=WHO)
    await home.settled()
    assert len(ehr.resources.kept) == count


async def test_a_destination_that_does_one_thing_takes_no_other(
    home: Home, ehr: FhirPartner
) -> None:
    await begin(home, ehr.ways()["url"], sent=", interaction: create")
    for method, content in (("PATCH", STEPS), ("DELETE", None)):
        said = await home.call(method, "/Patient/1", content, **JSON_PATCH)
        assert said.status == 422, said.body
    assert ehr.resources.kept == {} and home.verdicts() == ["quarantined"] * 2
    made = [await home.call("POST", "/Patient", SALLY, If_None_Exist=WHO) for _ in range(2)]
    assert [each.status for each in made] == [201, 200]


@pytest.mark.parametrize(
    ("more", "sent", "kept"),
    [("", "", "create update delete"), ("", ", interaction: update", "update"), ("transform: made", "", ""),
     ("", ', interaction: conditional_update, match: "identifier=x"', "")],
)  # fmt: skip
async def test_the_capability_statement_promises_conditions_only_where_they_are_kept(
    home: Home, ehr: FhirPartner, more: str, sent: str, kept: str
) -> None:
    made = 'from: fhir\nto: json\nfields:\n  resourceType: "Patient"\n'
    home.write("mappings/made.yaml", made)
    await begin(home, ehr.ways()["url"], sent=sent, more=more, settings="resources: [Patient]")
    (said,) = (await home.call("GET", "/metadata")).json["rest"][0]["resource"]
    assert said["conditionalCreate"] is ("create" in kept)
    assert said["conditionalUpdate"] is ("update" in kept)
    assert said["conditionalDelete"] == ("multiple" if "delete" in kept else "not-supported")
    assert ("versioning" in said) is ("update" not in kept)
    one_thing = bool(sent)
    assert ({"code": "patch"} not in said["interaction"]) is one_thing


async def test_files_decide_no_conditions_and_the_capability_statement_says_so(
    home: Home,
) -> None:
    home.channel("resources: [Patient]")
    await home.start()
    (said,) = (await home.call("GET", "/metadata")).json["rest"][0]["resource"]
    assert (said["conditionalCreate"], said["conditionalUpdate"]) == (False, False)
    assert said["conditionalDelete"] == "not-supported"
    assert {"code": "patch"} in said["interaction"]


async def test_a_server_that_cannot_be_reached_is_told_at_once_and_gets_it_later(
    home: Home,
) -> None:
    async with simulate.fhir_partner() as gone:
        url = gone.ways()["url"]
    await begin(home, url)
    before = time.monotonic()
    for method, path, content in (
        ("POST", "/Patient", SALLY),
        ("PUT", "/Patient/p-7", {**SALLY, "id": "p-7"}),
        ("DELETE", "/Patient/p-8", None),
    ):
        said = await home.call(method, path, content)
        assert said.status == 503 and said.issue["code"] == "transient", said.body
        assert "connection refused" in said.issue["diagnostics"]
        assert "127.0.0.1" not in said.issue["diagnostics"]
        assert said.headers["x-message-id"]
    assert time.monotonic() - before < 5, "nobody waits for what does not come"
    assert home.engine is not None
    lanes = home.engine.stations["endpoint"].lanes["ehr"]
    async with simulate.fhir_partner(port=gone.port) as back:
        lanes.set_hold(Hold(destination=lanes.number, held=False))
        await home.settled()
        assert sorted(back.resources.kept) == ["Patient/1", "Patient/p-7"]
        assert (await home.call("POST", "/Patient", SALLY)).status == 201
        lanes.set_hold(Hold(destination=lanes.number, held=True))
        held = await home.call("POST", "/Patient", SALLY)
        assert held.status == 503 and "on hold" in held.issue["diagnostics"]
        lanes.set_hold(Hold(destination=lanes.number, held=False))
        await home.settled()


@pytest.mark.parametrize("split", ["entry", "entry.resource"])
async def test_an_entry_of_a_bundle_never_loses_its_condition(
    home: Home, ehr: FhirPartner, split: str
) -> None:
    await begin(home, ehr.ways()["url"], answer="", more=f"split: {split}")
    entry = {
        "resource": SALLY,
        "request": {"method": "POST", "url": "Patient", "ifNoneExist": WHO},
    }
    other = {"resource": PATIENT, "request": {"method": "POST", "url": "Patient"}}
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [entry, other]}
    for _ in range(2):
        said = await home.call("POST", "", batch)
        statuses = [each["response"]["status"][:3] for each in said.json["entry"]]
        assert statuses == ["202" if split == "entry" else "422", "201"]
    whole = await home.call("POST", "", {**batch, "type": "transaction"})
    assert whole.status == (200 if split == "entry" else 422)
    await home.settled()
    sallies = ehr.resources.search("Patient", WHO)
    assert len(sallies) == (1 if split == "entry" else 0)


async def test_a_message_that_is_handed_over_keeps_what_it_came_with(
    home: Home, ehr: FhirPartner
) -> None:
    url = ehr.ways()["url"]
    home.write("channels/inner.yaml", INNER.format(url=url))
    home.channel(more="", text=CHANNEL.split("destinations:")[0] + OVER)
    await home.start()
    for _ in range(2):
        assert (await home.call("POST", "/Patient", SALLY, If_None_Exist=WHO)).status == 202
    await home.call("PATCH", f"/Patient?{WHO}", STEPS, **JSON_PATCH)
    await home.settled()
    assert [each["gender"] for each in ehr.resources.kept.values()] == ["other"]
