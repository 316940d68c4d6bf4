"""Deliveries to a FHIR server, over real sockets to the simulated one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine import simulate
from engine.connectors import Answer, Site
from engine.connectors.fhir import Destination, DestinationSettings, apart
from engine.errors import MessageError, Misconfigured, Refused, Unavailable, Uncertain
from engine.message import Delivery
from engine.settings import Duration
from engine.simulate import FhirPartner

Send = Callable[..., Any]


def patient(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": "A,1|2"}], **more}  # fmt: skip


def encoded(value: Any) -> bytes:
    return msgspec.json.encode(value)


def bundle(type_: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": type_, "entry": list(entries)}


def entry(method: str, url: str, resource: Any = None, **more: Any) -> dict[str, Any]:
    made = {"request": {"method": method, "url": url}, **more}
    return made | ({"resource": resource} if resource else {})


class Sender:
    """A destination towards a partner, and what one sends by it."""

    def __init__(self, partner: FhirPartner, site: Site, **settings: Any) -> None:
        self.settings = DestinationSettings(url=partner.ways()["url"], **settings)
        self.destination = Destination(self.settings, site)
        self.sent = 0

    async def one(self, payload: Any, **options: str) -> Answer:
        raw = payload if isinstance(payload, bytes) else encoded(payload)
        self.sent += 1
        key = f"a1b2-{self.sent}-1-1"
        delivery = Delivery(
            id=self.sent, message=236_691, destination=1, key=key, options=options
        )
        return await self.destination.send(delivery, raw)

    async def all(self, payload: Any) -> list[Answer]:
        """What comes of a payload, its parts sent at a time."""
        parts = apart(self.settings, encoded(payload))
        return await asyncio.gather(*(self.one(part) for part in parts))


@pytest.fixture
def place(site: Callable[..., Site]) -> Site:
    return site(name="ehr")


@pytest.fixture
async def partner() -> Any:
    async with simulate.fhir_partner() as running:
        yield running


@pytest.fixture
async def to(partner: FhirPartner, place: Site) -> Any:
    opened: list[Destination] = []

    def make(**settings: Any) -> Sender:
        sender = Sender(partner, place, **settings)
        opened.append(sender.destination)
        return sender

    yield make
    for destination in opened:
        await destination.close()


async def test_a_resource_goes_as_what_it_is(partner: FhirPartner, to: Send) -> None:
    ehr = to()
    made = await ehr.one(patient())
    assert (made.status, made.failure) == ("201", None)
    assert made.kept == {"their_number": "Patient/1", "their_version": "1"}
    put = await ehr.one(patient(id="p-7"))
    again = await ehr.one(patient(id="p-7", active=True))
    assert (put.status, again.status) == ("201", "200")
    assert again.kept == {"their_number": "Patient/p-7", "their_version": "2"}
    assert partner.resources.kept["Patient/p-7"]["active"] is True
    headers = partner.received[-1].headers
    assert headers["content-type"] == "application/fhir+json"
    assert headers["idempotency-key"] == "a1b2-3-1-1" and headers["prefer"] == "return=minimal"


async def test_conditional_interactions_make_a_repeat_safe(
    partner: FhirPartner, to: Send
) -> None:
    match = "identifier=urn:mrn|A%5C%2C1%5C%7C2"
    make = to(interaction="conditional_create", match="identifier=urn:mrn|{mrn}")
    first, repeat = [await make.one(patient(), match=match) for _ in range(2)]
    assert (first.status, repeat.status) == ("201", "200")
    assert first.kept["their_number"] == repeat.kept["their_number"] == "Patient/1"
    change = to(interaction="conditional_update", match="identifier=urn:mrn|{mrn}")
    assert (await change.one(patient(active=True), match=match)).kept["their_version"] == "2"
    assert "PUT /fhir/Patient?identifier=urn:mrn%7CA%5C%2C1%5C%7C2" in partner.asked
    partner.resources.create(patient())
    several = await change.one(patient(), match=match)
    assert isinstance(several.failure, Refused)
    assert several.failure.detail.endswith("multiple-matches")


async def test_an_update_of_a_version_that_is_gone_is_refused(
    partner: FhirPartner, to: Send
) -> None:
    ehr = to(if_match=True)
    with pytest.raises(Refused, match=r"meta\.versionId"):
        await ehr.one(patient(id="p-7"))
    partner.resources.update(patient(), "p-7")
    seen = patient(id="p-7", meta={"versionId": "1"})
    assert (await ehr.one(seen)).failure is None
    gone = await ehr.one(seen)
    assert (gone.status, type(gone.failure)) == ("412", Refused)


async def test_a_transaction_goes_whole_with_its_references(
    partner: FhirPartner, to: Send
) -> None:
    uuid = "urn:uuid:85085e9a-4d33-8ea2-a17c-2a4eca94ab13"
    seen = {"resourceType": "Observation", "status": "final", "subject": {"reference": uuid}}
    whole = bundle(
        "transaction",
        entry("POST", "Observation", seen),
        entry("POST", "Patient", patient(), fullUrl=uuid),
    )
    assert apart(DestinationSettings(url="https://ehr.example"), encoded(whole)) == [
        encoded(whole)
    ]
    done = await to().one(whole)
    observation = next(v for k, v in partner.resources.kept.items() if k[0] == "O")
    number = observation["subject"]["reference"]
    assert partner.received[-1].body == encoded(whole) and number in partner.resources.kept
    assert set(done.kept["their_number"].split()) == {
        number,
        f"Observation/{observation['id']}",
    }
    whole["entry"][1]["resource"] = patient(birthDate="yesterday")
    before = dict(partner.resources.kept)
    refused = await to().one(whole)
    assert type(refused.failure) is Refused and partner.resources.kept == before
    assert refused.failure.detail.endswith("value at Patient.birthDate")


async def test_a_message_becomes_a_transaction_of_puts_and_a_repeat_doubles_nothing(
    partner: FhirPartner, to: Send
) -> None:
    ids = [f"85085e9a-4d33-8ea2-a17c-2a4eca94ab1{at}" for at in range(3)]
    kinds = ("MessageHeader", "Patient", "ChargeItem")
    entries = [
        {"fullUrl": f"urn:uuid:{id}", "resource": {"resourceType": kind, "id": id}}
        for kind, id in zip(kinds, ids, strict=True)
    ]
    charge = entries[2]["resource"]
    charge |= {"subject": {"reference": f"urn:uuid:{ids[1]}"}, "priceOverride": {"value": 1}}
    written = encoded(bundle("message", *entries)).replace(b'"value":1', b'"value":12.50')
    ehr = to(interaction="transaction")
    (sent,) = apart(ehr.settings, written)
    said = msgspec.json.decode(sent)
    assert said["type"] == "transaction" and b"12.50" in sent
    urls = [f"{kind}/{id}" for kind, id in zip(kinds, ids, strict=True)]
    assert [each["request"] for each in said["entry"]] == [
        {"method": "PUT", "url": url} for url in urls
    ]
    for _ in range(2):
        done = await ehr.one(sent)
        assert done.failure is None and done.kept["their_number"].split() == urls
    assert sorted(partner.resources.kept) == sorted(urls)
    assert partner.resources.kept[urls[2]]["subject"] == {"reference": urls[1]}


@pytest.mark.parametrize(
    ("payload", "settings", "path"),
    [
        (encoded(bundle("message", {"resource": patient(id="a")}, {"resource": patient()})), {"interaction": "transaction"}, "entry[1].resource.id"),
        (encoded(bundle("collection", {"fullUrl": "urn:uuid:x"})), {"interaction": "transaction"}, "entry[0].resource.id"),
        (b'{"resourceType":"Bundle","type":"message","entry":{"a":1}}', {"interaction": "transaction"}, "entry"),
        (b"MSH|^~", {}, ""),
        (b'{"a": 1}', {}, ""),
        (encoded({"resourceType": "patient"}), {}, "resourceType"),
        (encoded(patient()), {"interaction": "update"}, "id"),
        (encoded(patient(id="a b")), {}, "id"),
        (encoded(patient()), {"interaction": "transaction"}, "resourceType"),
        (encoded(bundle("batch", entry("POST", "Patient", patient()))), {"interaction": "transaction"}, "type"),
        (encoded(bundle("transaction")), {}, "entry"),
        (encoded(bundle("transaction", {"resource": patient()})), {}, "entry[0].request"),
        (encoded(bundle("transaction", entry("POST", "Observation", {"subject": {"reference": "urn:uuid:x"}}))), {}, "entry[0].resource"),
        (encoded(bundle("batch", entry("POST", "Patient", patient(), fullUrl="urn:uuid:x"),
                        entry("POST", "Basic", {"subject": {"reference": "urn:uuid:x"}}))), {}, "entry[1].resource"),
        (encoded({"resourceType": "Parameters", "parameter": []}), {}, "parameter"),
    ],
)  # fmt: skip
def test_what_can_never_be_sent_is_said_when_it_is_planned(
    payload: bytes, settings: dict[str, Any], path: str
) -> None:
    with pytest.raises(MessageError) as raised:
        apart(DestinationSettings(url="https://ehr.example/fhir", **settings), payload)
    assert raised.value.path == path


async def test_one_refused_entry_of_a_batch_is_refused_alone(
    partner: FhirPartner, to: Send
) -> None:
    ehr = to()
    whole = bundle(
        "batch", *(entry("PUT", f"Patient/p{at}", patient(id=f"p{at}")) for at in range(20))
    )
    whole["entry"][7]["resource"]["birthDate"] = "yesterday"
    found = await ehr.all(whole)
    posts = [asked for asked in partner.asked if asked.startswith("POST")]
    assert posts == ["POST /fhir"], "those under way at a time travel together"
    assert [at for at, one in enumerate(found) if one.failure] == [7]
    assert type(found[7].failure) is Refused and found[7].status == "422"
    assert found[7].failure.detail.endswith("value at Patient.birthDate")
    assert b"batch-response" in found[7].body
    assert found[8].kept == {"their_number": "Patient/p8", "their_version": "1"}
    assert len(partner.resources.kept) == 19


async def test_a_batch_that_the_channel_gathered_is_one_delivery(
    partner: FhirPartner, to: Send
) -> None:
    whole = bundle(
        "batch", *(entry("PUT", f"Patient/p{at}", patient(id=f"p{at}")) for at in range(3))
    )
    done = await to().one(whole)
    assert done.kept == {"their_number": "Patient/p0 Patient/p1 Patient/p2"}
    whole["entry"][1]["resource"]["birthDate"] = "yesterday"
    refused = await to().one(whole)
    assert type(refused.failure) is Refused and "entry[1]" in refused.failure.detail


async def test_xml_goes_out_as_json(partner: FhirPartner, to: Send) -> None:
    xml = b'<Patient xmlns="http://hl7.org/fhir"><id value="p-7"/><active value="true"/></Patient>'
    (part,) = apart(to().settings, xml)
    assert (await to().one(part)).failure is None
    assert partner.resources.kept["Patient/p-7"]["active"] is True


async def test_resources_may_travel_as_a_batch_too(partner: FhirPartner, to: Send) -> None:
    ehr = to(interaction="batch", entries=3)
    answers = await asyncio.gather(*(ehr.one(patient(id=f"p{at}")) for at in range(7)))
    assert [one.failure for one in answers] == [None] * 7
    assert len(partner.asked) == 3 and len(partner.resources.kept) == 7
    keys = [received.key for received in partner.received]
    assert len(set(keys)) == 3 and keys[2] == "a1b2-7-1-1", (
        "a batch of one has the delivery's own key"
    )


async def test_a_batch_that_is_refused_whole_is_sent_one_by_one(
    partner: FhirPartner, to: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    ehr, respond = to(), partner.respond

    def strict(method: str, request: Any) -> bytes | None:
        """A server that refuses a whole batch for one entry."""
        if b"yesterday" in request.body:
            return simulate.http.response(
                400, {"resourceType": "OperationOutcome", "issue": []}
            )
        return respond(method, request)

    monkeypatch.setattr(partner, "respond", strict)
    whole = bundle(
        "batch", *(entry("PUT", f"Patient/p{at}", patient(id=f"p{at}")) for at in range(5))
    )
    whole["entry"][2]["resource"]["birthDate"] = "yesterday"
    found = await ehr.all(whole)
    assert [type(one.failure) for one in found if one.failure] == [Refused]
    assert len(partner.resources.kept) == 4


@pytest.mark.parametrize("said", [b"{}", b'{"resourceType":"Bundle","entry":[{}]}', b"<html>"])
async def test_a_batch_answer_that_says_nothing_is_uncertain_for_all(
    partner: FhirPartner, to: Send, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(said)}\r\n\r\n".encode()
    monkeypatch.setattr(partner, "respond", lambda *_: head + said)
    whole = bundle(
        "batch", *(entry("PUT", f"Patient/p{at}", patient(id=f"p{at}")) for at in range(2))
    )
    parts = apart(DestinationSettings(url="https://ehr.example"), encoded(whole))
    ehr = to()
    found = await asyncio.gather(*(ehr.one(part) for part in parts), return_exceptions=True)
    assert [type(one) for one in found] == [Uncertain, Uncertain]


@pytest.mark.parametrize(
    ("fault", "kind", "word"),
    [
        ("400", Refused, "invalid"),
        ("401", Misconfigured, "login"),
        ("409", Refused, "conflict"),
        ("412", Refused, "conflict"),
        ("422", Refused, "value"),
        ("429", Unavailable, "throttled"),
        ("500", Uncertain, "exception"),
        ("503", Unavailable, "transient"),
    ],
)
async def test_statuses_are_told_apart_and_no_diagnostics_are_repeated(
    partner: FhirPartner,
    to: Send,
    fault: str,
    kind: type[Exception],
    word: str,
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr("engine.connectors.fhir.destination.AGAIN", (0.01, 0.01))
    partner.fault, partner.retry_after = fault, 17
    answer = await to().one(patient())
    assert type(answer.failure) is kind and answer.status == fault
    assert answer.failure.detail.endswith(f": {word}") and "Doe" not in answer.failure.detail
    assert answer.failure.retry_after == (17 if fault in ("429", "503") else None)
    assert len(partner.asked) == (3 if fault == "409" else 1)


async def test_what_meets_another_write_is_tried_again_at_once(
    partner: FhirPartner, to: Send
) -> None:
    partner.fault = "409"
    asyncio.get_running_loop().call_later(0.03, setattr, partner, "fault", "none")
    assert (await to().one(patient(id="p-7"))).failure is None


async def test_a_transient_issue_waits_whatever_its_status(
    partner: FhirPartner, to: Send, monkeypatch: Any
) -> None:
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "lock-error"}],
    }
    monkeypatch.setattr(partner, "respond", lambda *_: simulate.http.response(400, outcome))
    assert type((await to().one(patient())).failure) is Unavailable


async def test_what_is_not_answered_is_uncertain(partner: FhirPartner, to: Send) -> None:
    ehr = to(timeout=Duration(0.1))
    partner.fault = "drops"
    with pytest.raises(Uncertain):
        await ehr.one(patient())
    partner.fault, partner.delay = "slow", 5
    with pytest.raises(Uncertain):
        await ehr.one(patient())
    partner.fault = "down"
    with pytest.raises(Unavailable):
        await ehr.one(patient())


async def test_questions_of_a_facade_are_asked_and_their_answers_passed_on(
    partner: FhirPartner, to: Send
) -> None:
    ehr = to()
    partner.resources.update(patient(), "p-7")

    def question(kind: str, **more: str) -> dict[str, Any]:
        said = [
            {"name": "interaction", "valueCode": kind},
            {"name": "type", "valueCode": "Patient"},
        ]
        return {
            "resourceType": "Parameters",
            "parameter": said + [{"name": n, "valueId": v} for n, v in more.items()],
        }

    found = await ehr.one(question("read", id="p-7"))
    assert msgspec.json.decode(found.body)["id"] == "p-7" and found.kept is None
    missing = await ehr.one(question("read", id="p-8"))
    assert (missing.status, missing.failure) == ("404", None), (
        "an answer, for the one who asked"
    )
    search = question("search")
    search["parameter"].append(
        {"name": "search", "part": [{"name": "identifier", "valueString": "urn:mrn|A\\,1\\|2"}]}
    )
    assert msgspec.json.decode((await ehr.one(search)).body)["total"] == 1
    assert partner.asked[-1] == "POST /fhir/Patient/_search", (
        "no value of a search in an address"
    )
    assert (await ehr.one(question("delete", id="p-7"))).failure is None
    assert partner.resources.kept == {}


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"interaction": "conditional_create"}, "match"),
        ({"interaction": "conditional_update", "match": "Patient?identifier=urn:mrn|{mrn}"}, "without the type"),
        ({"match": "identifier=x"}, "match"),
        ({"interaction": "conditional_update", "match": "?identifier=x"}, "match"),
        ({"interaction": "conditional_update", "match": "identifier = x"}, "match"),
        ({"interaction": "create", "if_match": True}, "if_match"),
        ({"url": "https://ehr.example/fhir?x=1"}, "query"),
        ({"url": "http://ehr.example/fhir"}, "clear text"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_mistakes(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        DestinationSettings(**{"url": "https://ehr.example/fhir", **settings})


@pytest.mark.slow
@pytest.mark.alone
async def test_how_fast_a_batch_is(partner: FhirPartner, to: Send, tmp_path: Path) -> None:
    """Bounded, not measured: entries together are faster than one by one."""
    one, many = to(), to(interaction="batch", entries=50)
    began = time.perf_counter()
    for at in range(200):
        await one.one(patient(id=f"p{at}"))
    alone = time.perf_counter() - began
    began = time.perf_counter()
    await asyncio.gather(*(many.one(patient(id=f"p{at}")) for at in range(200)))
    assert time.perf_counter() - began < alone
