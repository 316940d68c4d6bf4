"""A simulated FHIR server, asked over real sockets by somebody else's client."""

from __future__ import annotations

import aiohttp
import pytest

from engine import simulate
from engine.simulate.fhir_resources import Resources, Trouble


async def test_it_keeps_what_it_takes_and_finds_it_again() -> None:
    async with (
        simulate.fhir_partner() as partner,
        aiohttp.ClientSession(f"http://127.0.0.1:{partner.port}") as session,
    ):
        patient = {"resourceType": "Patient", "identifier": [{"system": "urn:a", "value": "1"}]}
        async with session.post("/fhir/Patient", json=patient) as made:
            assert made.status == 201 and made.headers["ETag"] == 'W/"1"'
            assert made.headers["Location"].endswith("/fhir/Patient/1/_history/1")
        async with session.get("/fhir/Patient?identifier=urn:a|1") as found:
            assert (await found.json())["total"] == 1
        async with session.get("/fhir/metadata") as said:
            assert (await said.json())["fhirVersion"] == "4.0.1"
        async with session.delete("/fhir/Patient/1"):
            pass
        async with session.get("/fhir/Patient/1") as gone:
            assert gone.status == 410
        async with session.get("/fhir/$export") as hasty:
            assert hasty.status == 400, "an export is asked for with Prefer: respond-async"
        async with session.get("/_stats") as stats:
            assert (await stats.json())["kind"] == "fhir"


def test_an_update_knows_the_version_it_is_of() -> None:
    resources = Resources()
    resources.update({"resourceType": "Patient"}, "7")
    resources.update({"resourceType": "Patient"}, "7", "1")
    with pytest.raises(Trouble, match="412"):
        resources.update({"resourceType": "Patient"}, "7", "1")


def test_it_is_one_of_the_partners_that_can_be_ordered() -> None:
    (order,) = simulate.wanted(["ehr=fhir:9308"], ["ehr=412"])
    assert (order.kind, order.fault) == ("fhir", "412")
