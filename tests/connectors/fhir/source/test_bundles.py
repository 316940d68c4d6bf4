"""Batches and transactions, messages and notifications: what becomes of each entry."""

from __future__ import annotations

from typing import Any

from engine.message import number_of
from tests.connectors.fhir.source.conftest import PATIENT, Home

BAD = {**PATIENT, "gender": "purple"}


def bundle(kind: str, *entries: tuple[str, str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [
            {
                "request": {"method": method, "url": url},
                **({"resource": resource} if resource else {}),
            }
            for method, url, resource in entries
        ],
    }


def statuses(said: Any) -> list[str]:
    return [entry["response"]["status"][:3] for entry in said["entry"]]


async def test_a_bad_entry_of_a_batch_is_quarantined_alone(home: Home) -> None:
    home.channel("resources: [Patient]", "split: entry\nvalidate: structure")
    await home.start()
    sent = bundle(
        "batch",
        ("POST", "Patient", PATIENT),
        ("POST", "Patient", BAD),
        ("POST", "Observation", {"resourceType": "Observation"}),
        ("PUT", "Patient/p2", {**PATIENT, "id": "p2"}),
        ("DELETE", "Patient/p3", None),
        ("GET", "Patient/p4", None),
    )
    made = await home.call("POST", "", sent)
    assert made.status == 200 and made.json["type"] == "batch-response"
    assert statuses(made.json) == ["201", "422", "404", "200", "200", "405"]
    first, bad, *_ = made.json["entry"]
    number = first["response"]["location"].split("/")[-3]
    assert first["response"]["etag"] == 'W/"1"' and number_of(number)
    assert bad["response"]["outcome"]["issue"][0]["severity"] == "error"
    assert "purple" not in str(made.json)
    assert made.headers["x-message-id"]
    assert home.verdicts() == ["split", "accepted", "quarantined", "accepted", "accepted"]
    assert b"Observation" not in home.content()[0], "what is not taken is not kept either"


async def test_a_resource_alone_is_told_what_became_of_its_only_part(home: Home) -> None:
    home.channel("", "split: entry")
    await home.start()
    good, bad = (
        await home.call("POST", "/Patient", PATIENT),
        await home.call("POST", "/Patient", BAD),
    )
    assert (good.status, bad.status) == (201, 422)
    assert good.json["id"] == good.headers["x-message-id"] and bad.issue["severity"] == "error"


async def test_entries_without_a_resource_are_refused_where_parts_are_resources(
    home: Home,
) -> None:
    home.channel("", "split: entry.resource")
    await home.start()
    sent = bundle(
        "batch",
        ("POST", "Patient", BAD),
        ("DELETE", "Patient/1", None),
        ("POST", "Patient", PATIENT),
    )
    made = await home.call("POST", "", sent)
    assert statuses(made.json) == ["422", "422", "201"]
    assert home.verdicts() == ["split", "quarantined", "accepted"]


async def test_of_a_transaction_everything_is_quarantined_or_nothing(home: Home) -> None:
    home.channel("", "split: entry")
    await home.start()
    sent = bundle("transaction", ("POST", "Patient", PATIENT), ("POST", "Patient", BAD))
    bad = await home.call("POST", "/", sent)
    assert bad.status == 422 and bad.issue["severity"] == "error"
    assert home.verdicts() == ["quarantined"]
    good = await home.call("POST", "/", bundle("transaction", ("POST", "Patient", PATIENT)))
    assert good.status == 200 and statuses(good.json) == ["201"]
    assert good.json["type"] == "transaction-response"
    refused = bundle("transaction", ("POST", "Patient", PATIENT), ("GET", "Patient/1", None))
    away = await home.call("POST", "/", refused)
    assert away.status == 405 and "entry[1]" in away.issue["diagnostics"]
    assert home.verdicts() == ["quarantined", "split", "accepted"]


async def test_parts_of_a_transaction_may_refer_to_each_other(home: Home) -> None:
    home.channel("", "split: entry\nvalidate: invariants")
    await home.start()
    here = "urn:uuid:3b2f0f1e-6d0a-4c33-9a70-0f4a3c1d2e02"
    result = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": here},
    }
    sent = bundle("transaction", ("POST", "Patient", PATIENT), ("POST", "Observation", result))
    sent["entry"][0]["fullUrl"] = here
    made = await home.call("POST", "", sent)
    assert made.status == 200 and statuses(made.json) == ["201", "201"]
    wrong = {**result, "contained": [{"resourceType": "Patient", "id": "nobody"}]}
    sent["entry"][1]["resource"] = wrong
    assert (await home.call("POST", "", sent)).status == 422, "its rules are asked all the same"


async def test_a_bundle_that_is_not_split_is_one_message(home: Home) -> None:
    home.channel()
    await home.start()
    sent = bundle("batch", ("POST", "Patient", PATIENT), ("POST", "Patient", PATIENT))
    made = await home.call("POST", "", sent)
    number = made.headers["x-message-id"]
    places = [entry["response"]["location"] for entry in made.json["entry"]]
    assert [place.split("/")[-3] for place in places] == [f"{number}.1", f"{number}.2"]
    assert home.verdicts() == ["accepted"]
    torn = await home.call(
        "POST",
        "",
        {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": PATIENT}]},
    )
    assert torn.status == 422 and "request" in torn.issue["diagnostics"]
    kind = await home.call("POST", "", {"resourceType": "Bundle", "type": "collection"})
    assert kind.status == 422 and "type" in kind.issue["diagnostics"]
    none = await home.call("POST", "", b"[", Content_Type="application/json")
    assert none.status == 400
    assert home.verdicts() == ["accepted"] + ["quarantined"] * 3


async def test_a_bundle_of_xml_is_answered_in_xml(home: Home) -> None:
    home.channel("", "split: entry")
    await home.start()
    xml = (
        b'<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/><entry><resource><Patient><active value="true"/>'
        b'</Patient></resource><request><method value="POST"/><url value="Patient"/></request></entry></Bundle>'
    )
    made = await home.call("POST", "", xml, Content_Type="application/fhir+xml")
    assert made.status == 200 and b'<status value="201 Created"/>' in made.body
    assert home.content()[0] == xml


def message(**header: Any) -> dict[str, Any]:
    first = {"resourceType": "MessageHeader", "id": "m1", "eventUri": "urn:x:admit", "source": {"endpoint": "urn:x:a"}, **header}  # fmt: skip
    return {"resourceType": "Bundle", "type": "message", "entry": [{"fullUrl": "urn:uuid:1b7e2c8c-2f4e-4d0a-9a3e-2b8c1d4e5f60", "resource": first}]}  # fmt: skip


async def test_a_message_is_answered_with_a_message(home: Home) -> None:
    home.channel()
    await home.start()
    made = await home.call("POST", "/$process-message", message())
    header, outcome = (entry["resource"] for entry in made.json["entry"])
    assert made.status == 200 and made.json["type"] == "message"
    assert header["response"]["identifier"] == "m1" and header["response"]["code"] == "ok"
    assert header["eventUri"] == "urn:x:admit" and header["destination"] == [
        {"endpoint": "urn:x:a"}
    ]
    assert outcome["resourceType"] == "OperationOutcome"
    bad = await home.call("POST", "/$process-message", message(eventUri=7))
    assert (
        bad.status == 422
        and bad.json["entry"][0]["resource"]["response"]["code"] == "fatal-error"
    )
    wrong = await home.call("POST", "/$process-message", PATIENT)
    assert wrong.status == 422
    later = await home.call("POST", "/$process-message?async=true", message())
    assert later.status == 202 and later.body == b""
    assert home.verdicts() == ["accepted", "quarantined", "quarantined", "accepted"]


def notification(kind: str, so_far: int, *numbers: int) -> dict[str, Any]:
    events = [
        {
            "name": "notification-event",
            "part": [{"name": "event-number", "valueString": str(number)}],
        }
        for number in numbers
    ]
    status = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "subscription",
                "valueReference": {"reference": "https://ehr.example.org/Subscription/s1"},
            },
            {"name": "topic", "valueCanonical": "https://ehr.example.org/topics/admit"},
            {"name": "status", "valueCode": "active"},
            {"name": "type", "valueCode": kind},
            {"name": "events-since-subscription-start", "valueString": str(so_far)},
            *events,
        ],
    }
    url = "urn:uuid:1b7e2c8c-2f4e-4d0a-9a3e-2b8c1d4e5f60"
    entry = {"fullUrl": url, "resource": status, "request": {"method": "GET", "url": "Subscription/s1/$status"}, "response": {"status": "200"}}  # fmt: skip
    return {"resourceType": "Bundle", "type": "history", "entry": [entry]}


async def test_notifications_are_kept_and_missing_ones_told(home: Home) -> None:
    home.channel()
    await home.start()
    assert home.engine is not None
    source: Any = home.engine.stations["endpoint"].receiving
    for kind, so_far in (("handshake", 0), ("heartbeat", 0)):
        assert (await home.call("POST", "", notification(kind, so_far))).status == 200
    assert home.verdicts() == []
    first = await home.call("POST", "", notification("event-notification", 1, 1))
    assert first.status == 200
    facts = home.facts(number_of(first.headers["x-message-id"]))
    assert facts["event_number"] == "1" and facts["topic"].endswith("/admit")
    assert source.warned == ()
    await home.call("POST", "", notification("event-notification", 4, 4))
    ((kind, _, words),) = source.warned
    assert kind == "notification_gap" and "events 2 to 3" in words
    await home.call("POST", "", notification("event-notification", 4, 2, 3))
    assert source.warned == ()
    await home.call("POST", "", notification("heartbeat", 6))
    assert "events 5 to 6" in source.warned[0][2]
    assert home.verdicts() == ["accepted"] * 3
    nobody = await home.call("POST", "", {"resourceType": "Bundle", "type": "history"})
    assert nobody.status == 422
