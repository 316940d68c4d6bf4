"""Conditional requests, patches and deletes at a FHIR source: a FHIR destination asks its server the same."""

from __future__ import annotations

from engine.message import number_of
from engine.simulate import FhirPartner
from tests.connectors.fhir.source.conftest import PATIENT, Home
from tests.connectors.fhir.source.fronting import (
    FHIRPATH,
    JSON_PATCH,
    SALLY,
    STEPS,
    WHO,
    begin,
)


async def test_a_conditional_create_makes_one_resource_however_often_it_comes(
    home: Home, ehr: FhirPartner
) -> None:
    await begin(home, ehr.ways()["url"])
    made = [await home.call("POST", "/Patient", SALLY, If_None_Exist=WHO) for _ in range(2)]
    assert [each.status for each in made] == [201, 200]
    assert list(ehr.resources.kept) == ["Patient/1"]
    place = f"{home.caller.base_url}Patient/1/_history/1"
    assert [each.headers["location"] for each in made] == [place, place]
    assert made[0].headers["etag"] == 'W/"1"'
    ehr.resources.create(SALLY)
    several = await home.call("POST", "/Patient", SALLY, If_None_Exist=WHO)
    assert several.status == 412 and several.issue["code"] == "multiple-matches"
    assert "A-7" not in home.log()


async def test_an_update_of_a_version_that_is_gone_is_refused_to_its_caller(
    home: Home, ehr: FhirPartner
) -> None:
    await begin(home, ehr.ways()["url"])
    ehr.resources.update(SALLY, "p-7")
    seen = {**SALLY, "id": "p-7"}
    first = await home.call("PUT", "/Patient/p-7", seen, If_Match='W/"1"')
    assert (first.status, first.headers["etag"]) == (200, 'W/"2"')
    stale = await home.call(
        "PUT", "/Patient/p-7", {**seen, "gender": "other"}, If_Match='W/"1"'
    )
    assert stale.status == 412
    assert ehr.resources.kept["Patient/p-7"]["gender"] == "female"
    new = {**SALLY, "id": "p-8"}
    made = [await home.call("PUT", "/Patient/p-8", new, If_None_Match="*") for _ in range(2)]
    assert [each.status for each in made] == [201, 412]


async def test_a_conditional_update_asks_its_search_and_nothing_of_how_the_answer_looks(
    home: Home, ehr: FhirPartner
) -> None:
    await begin(home, ehr.ways()["url"])
    path = f"/Patient?{WHO}&_format=json"
    made = [
        await home.call("PUT", path, {**SALLY, "gender": sex}) for sex in ("female", "other")
    ]
    assert [each.status for each in made] == [201, 200]
    assert ehr.resources.kept["Patient/1"]["gender"] == "other"
    assert ehr.asked[-1] == "PUT /fhir/Patient?identifier=urn%3Amrn%7CA-7"
    xml = b'<Patient xmlns="http://hl7.org/fhir"><identifier><system value="urn:mrn"/><value value="A-7"/></identifier></Patient>'
    again = await home.call("PUT", path, xml, Content_Type="application/fhir+xml")
    assert again.status == 200 and list(ehr.resources.kept) == ["Patient/1"]


async def test_a_patch_is_passed_on_as_what_it_is(home: Home, ehr: FhirPartner) -> None:
    await begin(home, ehr.ways()["url"])
    ehr.resources.update(SALLY, "p-7")
    sent = ehr.resources.kept
    steps = await home.call("PATCH", "/Patient/p-7", STEPS, **JSON_PATCH)
    assert (steps.status, sent["Patient/p-7"]["gender"]) == (200, "other")
    headers = ehr.received[-1].headers
    assert headers["content-type"] == "application/json-patch+json"
    assert ehr.received[-1].body == STEPS
    fhirpath = await home.call("PATCH", f"/Patient?{WHO}", FHIRPATH)
    assert (fhirpath.status, sent["Patient/p-7"]["gender"]) == (200, "unknown")
    stale = await home.call("PATCH", "/Patient/p-7", STEPS, **JSON_PATCH, If_Match='W/"1"')
    assert (stale.status, sent["Patient/p-7"]["gender"]) == (412, "unknown")
    assert not any(name.startswith(("Binary", "Parameters")) for name in sent)


async def test_a_request_for_what_is_not_there_stops_nobody_else(
    home: Home, ehr: FhirPartner
) -> None:
    await begin(home, ehr.ways()["url"])
    for method, path, content in (
        ("PATCH", "/Patient/none", STEPS),
        ("PATCH", f"/Patient?{WHO}", STEPS),
        ("DELETE", f"/Patient?{WHO}", None),
    ):
        said = await home.call(method, path, content, **JSON_PATCH)
        assert said.status == 404, (method, said.body)
    assert (await home.call("POST", "/Patient", SALLY)).status == 201


async def test_a_conditional_delete_deletes_what_its_search_finds(
    home: Home, ehr: FhirPartner
) -> None:
    await begin(home, ehr.ways()["url"])
    ehr.resources.create(SALLY)
    ehr.resources.create({**PATIENT, "gender": "other"})
    gone = await home.call("DELETE", f"/Patient?{WHO}")
    assert gone.status == 200 and list(ehr.resources.kept) == ["Patient/2"]
    held = await home.call("DELETE", "/Patient/2", If_Match='W/"9"')
    assert held.status == 412 and list(ehr.resources.kept) == ["Patient/2"]
    for _ in range(2):
        ehr.resources.create(SALLY)
    several = await home.call("DELETE", f"/Patient?{WHO}")
    assert several.status == 412 and len(ehr.resources.kept) == 3
    for none in ("", "?_format=json", "?_count=5", "?_sort=birthdate"):
        said = await home.call("DELETE", f"/Patient{none}")
        assert (said.status, said.issue["code"]) == (400, "required"), none


async def test_conditions_are_kept_where_nobody_waits_for_the_answer(
    home: Home, ehr: FhirPartner
) -> None:
    await begin(home, ehr.ways()["url"], answer="")
    for _ in range(2):
        taken = await home.call("POST", "/Patient", SALLY, If_None_Exist=WHO)
        assert taken.status == 202
    for name in ("If_Match", "If_None_Match"):
        held = await home.call("PUT", "/Patient/1", {**SALLY, "id": "1"}, **{name: '"9"'})
        assert held.status == 202, name
    patched = await home.call("PATCH", f"/Patient?{WHO}", STEPS, **JSON_PATCH)
    assert patched.status == 202
    await home.settled()
    assert [each.get("gender") for each in ehr.resources.kept.values()] == ["other"]
    number = number_of(patched.headers["x-message-id"])
    assert home.facts(number)["criteria"] == WHO


async def test_in_batches_conditions_stand_in_the_entries(home: Home, ehr: FhirPartner) -> None:
    await begin(home, ehr.ways()["url"], sent=", interaction: batch")
    for _ in range(2):
        await home.call("POST", "/Patient", SALLY, If_None_Exist=WHO)
    assert list(ehr.resources.kept) == ["Patient/1"]
    await home.call(
        "PUT", "/Patient/1", {**SALLY, "id": "1", "gender": "other"}, If_Match='W/"9"'
    )
    await home.call("PATCH", f"/Patient?{WHO}", STEPS, **JSON_PATCH, If_Match='W/"9"')
    assert ehr.resources.kept["Patient/1"]["gender"] == "female"
    await home.call("PATCH", f"/Patient?{WHO}", STEPS, **JSON_PATCH)
    assert ehr.resources.kept["Patient/1"]["gender"] == "other"
    await home.call("DELETE", f"/Patient?{WHO}")
    assert ehr.resources.kept == {}
    assert {line for line in ehr.asked if "metadata" not in line} == {"POST /fhir"}
