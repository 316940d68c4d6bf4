"""A whole engine towards a FHIR server: batches come apart, a crash doubles nothing, nothing of a patient is logged."""

from __future__ import annotations

import aiohttp
import msgspec

from engine import simulate
from tests.runtime.conftest import House, charge, until

CHANNEL = """
description: Patients for the record system
source:
  mllp: {{port: {port}}}
format: hl7v2
keys: {{mrn: PID-3.1}}
transform: patients
destinations:
  ehr:
    fhir: {{url: "{url}", timeout: 500ms{more}}}
    order_by: none
    retry: {{first_wait: 50ms, longest_wait: 200ms}}
"""
#: Two entries for each message, the second with the patient's family name as date of birth.
MAPPING = """
from: hl7v2
to: json
fields:
  resourceType: |
    "Bundle"
  type: |
    "batch"
  entry:
    each: PID
    fields:
      request.method: |
        "PUT"
      request.url: "Patient/{{PID-3.1}}"
      resource.resourceType: |
        "Patient"
      resource.id: PID-3.1
      resource.birthDate: PID-5.2
"""


async def started(house: House, url: str, more: str = "") -> None:
    house.channel(CHANNEL, url=url, more=more)
    house.write("mappings/patients.yaml", MAPPING.replace("{{", "{").replace("}}", "}"))
    await house.start()


async def test_one_refused_entry_of_a_batch_quarantines_alone(house: House) -> None:
    async with simulate.fhir_partner() as ehr:
        await started(house, ehr.ways()["url"])
        good = "\rPID|2||2^^^HOSP^MR||SAMPLE^1970-01-02\rPID|3||3^^^HOSP^MR||SAMPLE"
        (answer,) = await house.send(charge("B1", extra=good))
        assert b"MSA|AA|B1" in answer
        await until(lambda: house.states("B1") == {"delivered": 2, "refused": 1})
        assert sorted(ehr.resources.kept) == ["Patient/2", "Patient/3"]
        trail = house.trail("B1")
        (refused,) = [step for step in trail if step.what == "refused"]
        assert "value at Patient.birthDate" in refused.detail
        kept = [step.kept for step in trail if step.kept]
        assert {"their_number": "Patient/2", "their_version": "1"} in kept
        log = house.log()
        assert "SAMPLE" not in log and "TEST" not in log and "Doe" not in log


async def test_a_lost_answer_to_a_conditional_create_doubles_nothing(house: House) -> None:
    async with simulate.fhir_partner(fault="drops") as ehr:
        more = ', interaction: conditional_create, match: "identifier=urn:mrn|{PID-3.1}"'
        house.write("mappings/patients.yaml", PATIENT)
        house.channel(CHANNEL, url=ehr.ways()["url"], more=more)
        await house.start()
        await house.send(charge("C1", mrn="A\\F\\7,8"))
        await until(lambda: len(ehr.asked) >= 3)
        ehr.fault = "none"
        await until(lambda: house.states("C1") == {"delivered": 1})
        (found,) = ehr.resources.kept.values()
        assert found["identifier"] == [{"system": "urn:mrn", "value": "A|7,8"}]
        assert ehr.unique == 1 and ehr.repeats >= 3, "one idempotency key for all attempts"
        assert all("A" not in asked.partition("?")[2] for asked in ehr.asked)


PATIENT = """
from: hl7v2
to: json
fields:
  resourceType: |
    "Patient"
  identifier:
    each: PID-3(*)
    fields:
      system: |
        "urn:mrn"
      value: .1
"""


async def test_the_same_bytes_are_what_was_made(house: House) -> None:
    async with simulate.fhir_partner() as ehr:
        house.write("mappings/patients.yaml", PATIENT)
        house.channel(CHANNEL, url=ehr.ways()["url"], more="")
        await house.start()
        await house.send(charge("D1", mrn="7"))
        await until(lambda: house.states("D1") == {"delivered": 1})
        (received,) = ehr.received
        assert msgspec.json.decode(received.body)["identifier"][0]["value"] == "7"


EXPORT = """
description: What the record system has, into another
source:
  fhir_export: {{url: "{source}", poll: 50ms, every: 1h}}
format: fhir
split: record
destinations:
  other:
    fhir: {{url: "{url}", interaction: batch}}
    order_by: none
    concurrency: 16
"""


async def test_an_export_goes_resource_by_resource_into_another_server(house: House) -> None:
    async with (
        simulate.fhir_partner(retry_after=0) as source,
        simulate.fhir_partner("other") as other,
    ):
        for at in range(60):
            source.resources.create(
                {"resourceType": "Patient", "birthDate": "1970"}, id=f"p{at}"
            )
        source.resources.kept["Patient/p7"]["birthDate"] = "SAMPLE"
        house.channel(EXPORT, source=source.ways()["url"], url=other.ways()["url"])
        await house.start()
        await until(lambda: len(other.resources.kept) == 59)
        assert len([asked for asked in other.asked if asked == "POST /fhir"]) < 60
        await house.stop()
        await house.start()
        await until(lambda: not source.exports.jobs)
        assert len(source.exports.asked) == 1, "the next begins at its time"
        assert "SAMPLE" not in house.log()


FACADE = """
description: Questions passed on to the record system
source:
  fhir:
    port: {port}
    interactions: [read, search, update]
  answer: {{from: ehr, within: 3s, otherwise: "503"}}
format: fhir
destinations:
  ehr:
    fhir: {{url: "{url}", prefer: representation}}
    order_by: none
    concurrency: 8
"""


async def test_a_read_and_a_search_are_passed_on_and_answered(house: House) -> None:
    async with simulate.fhir_partner() as ehr:
        ehr.resources.create(
            {"resourceType": "Patient", "identifier": [{"value": "A,1"}]}, id="p7"
        )
        house.channel(FACADE, url=ehr.ways()["url"])
        await house.start()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{house.port}") as session:
            async with session.get("/fhir/Patient/p7") as reply:
                assert (reply.status, (await reply.json())["id"]) == (200, "p7")
            async with session.get("/fhir/Patient/p8") as reply:
                assert reply.status == 404
            async with session.get("/fhir/Patient?identifier=A%5C,1") as reply:
                assert (await reply.json())["total"] == 1
        assert "A,1" not in house.log() and "POST /fhir/Patient/_search" in ehr.asked
