"""Clients that others wrote: fhirpy and fhirclient write and ask, schemathesis sends what nobody would."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.connectors.fhir.source.conftest import PATIENT, Home
from tests.connectors.fhir.source.test_facade import begin, index, said

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


async def test_fhirpy_creates_updates_deletes_and_sends_bundles(home: Home) -> None:
    fhirpy = pytest.importorskip("fhirpy")
    home.channel("", "split: entry")
    await home.start()
    client = fhirpy.AsyncFHIRClient(f"http://127.0.0.1:{home.port}/fhir")
    statement = await client.execute("metadata", method="get")
    assert statement["resourceType"] == "CapabilityStatement"
    patient = client.resource("Patient", name=[{"family": "Sample"}])
    await patient.save()
    assert patient.id
    patient["gender"] = "female"
    await patient.save()
    assert patient["gender"] == "female" and patient["meta"]["versionId"]
    await patient.delete()
    with pytest.raises(fhirpy.base.exceptions.OperationOutcome):
        await client.resource("Patient", gender="purple").save()
    assert await client.resource(
        "Patient", **{k: v for k, v in PATIENT.items() if k != "resourceType"}
    ).is_valid()
    for kind in ("batch", "transaction"):
        entry = {"request": {"method": "POST", "url": "Patient"}, "resource": PATIENT}
        made = await client.execute(
            "", method="post", data={"resourceType": "Bundle", "type": kind, "entry": [entry]}
        )
        assert made["entry"][0]["response"]["status"].startswith("201")


async def test_fhirpy_searches_and_reads_through_the_facade(home: Home) -> None:
    fhirpy = pytest.importorskip("fhirpy")
    async with index(said("1000123")) as (port, _):
        await begin(home, port)
        client = fhirpy.AsyncFHIRClient(f"http://127.0.0.1:{home.port}/fhir")
        found = await client.resources("Patient").search(identifier="1000123").fetch()
        assert [each.id for each in found] == ["1000123"]
        one = await client.reference("Patient", "1000123").to_resource()
        assert one.id == "1000123"


async def test_fhirclient_reads_the_statement_creates_and_searches(home: Home) -> None:
    pytest.importorskip("fhirclient")
    from fhirclient import client, server
    from fhirclient.models.humanname import HumanName
    from fhirclient.models.patient import Patient

    async with index(said("1000123")) as (port, _):
        await begin(home, port)

        def work() -> Any:
            base = f"http://127.0.0.1:{home.port}/fhir"
            smart = client.FHIRClient(settings={"app_id": "test", "api_base": base})
            assert isinstance(smart.server, server.FHIRServer)
            smart.prepare()
            patient = Patient({"name": [{"family": "Sample"}]})
            patient.name.append(HumanName({"given": ["Sally"]}))
            answer = patient.create(smart.server)
            found = list(
                Patient.where({"identifier": "1000123"}).perform_resources(smart.server)
            )
            return answer, found, Patient.read("1000123", smart.server)

        answer, found, read = await asyncio.to_thread(work)
        assert (
            answer["id"] and [each.id for each in found] == ["1000123"] and read.id == "1000123"
        )
