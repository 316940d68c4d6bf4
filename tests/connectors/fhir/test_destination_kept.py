"""What a server's answer means for a request that was passed on: a delete, a patch, a condition."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from engine import simulate
from engine.connectors import Site
from engine.connectors.fhir import DestinationSettings
from engine.connectors.fhir.destination import Destination
from engine.connectors.fhir.destination_answers import answer_of
from engine.connectors.fhir.destination_kept import kept
from engine.connectors.fhir.destination_requests import Asked
from engine.errors import Misconfigured, Refused
from engine.message import Delivery
from engine.simulate import FhirPartner

OUTCOME = (
    b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}'
)
SETTINGS = DestinationSettings(url="https://ehr.example.org/fhir")
PATIENT = b'{"resourceType":"Patient","id":"p-7"}'


@pytest.fixture
async def partner() -> AsyncIterator[FhirPartner]:
    async with simulate.fhir_partner() as running:
        yield running


@pytest.mark.parametrize(
    ("way", "status", "body", "kind"),
    [
        ("delete", 404, OUTCOME, None),
        ("delete", 404, b"<html>", Refused),
        ("delete", 422, OUTCOME, Refused),
        ("patch", 404, OUTCOME, Refused),
        ("patch", 405, b"", Refused),
        ("update", 501, OUTCOME, Refused),
        ("patch", 401, OUTCOME, Misconfigured),
    ],
)
def test_what_cannot_be_done_there_stops_nobody_else(
    way: str, status: int, body: bytes, kind: type[Exception] | None
) -> None:
    answer = answer_of(Asked(interaction=way, own=True), status, body, {}, 0.0)
    assert answer.failure is None if kind is None else type(answer.failure) is kind


@pytest.mark.parametrize(
    ("options", "times"),
    [({"interaction": "update", "path": "/Patient/p-7", "if-match": 'W/"1"'}, 1), ({}, 4)],
)
async def test_a_conflict_is_final_for_who_named_a_version(
    partner: FhirPartner,
    site: Callable[..., Site],
    options: dict[str, str],
    times: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.connectors.fhir.destination.AGAIN", (0.01, 0.01, 0.01))
    partner.fault = "409"
    ehr = Destination(DestinationSettings(url=partner.ways()["url"]), site(name="ehr"))
    delivery = Delivery(id=1, message=236_691, destination=1, key="a", options=options)
    answer = await ehr.send(delivery, PATIENT)
    await ehr.close()
    assert (answer.status, len(partner.asked)) == ("409", times)


def test_a_patch_leaves_its_binary_and_one_that_cannot_is_never_sent() -> None:
    made: dict[str, Any] = {
        "resourceType": "Binary",
        "contentType": "application/json-patch+json",
    }
    options = {"interaction": "patch", "path": "/Patient/1"}
    for data, body in (("W10=", b"[]"), ("%%", None), (7, None)):
        payload = msgspec.json.encode({**made, "data": data})
        if body is None:
            with pytest.raises(Exception, match=r"Binary\.data"):
                kept(SETTINGS, payload, options)
        else:
            asked = kept(SETTINGS, payload, options)
            assert asked is not None and (asked.body, asked.number) == (body, "Patient/1")
