"""What a FHIR server's answer means for a delivery, and what the server calls what it took (R4 3.1.0). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.connectors import Answer
from engine.connectors.fhir.destination_requests import Asked
from engine.errors import DeliveryError, Refused, Unavailable, Uncertain
from engine.fhir.refusals import Outcome, is_transient, outcome_of, words
from engine.wire.http_status import judge

#: `Patient/7/_history/2` at the end of a Location.
_LOCATION = re.compile(
    r"(?:^|/)([A-Z][A-Za-z]{1,63}/[A-Za-z0-9\-.]{1,64})(?:/_history/([A-Za-z0-9\-.]{1,64}))?/?$"
)
_ETAG = re.compile(r'(?:W/)?"([A-Za-z0-9\-.]{1,64})"')
#: Numbers of a transaction's entries that are kept.
MOST_NUMBERS = 100
#: What some statuses mean in FHIR (R4 3.1.0.4 to 3.1.0.11) over what they mean in HTTP.
_MEANS = {
    409: "the partner has it otherwise by now (a conflict)",
    412: "the match finds several there, or the version is no longer the one that was named",
    422: "the partner's rules do not allow this resource",
}
#: Of a question these are answers too: the one who asks is told. What is to be deleted and is not there is gone.
_ANSWERS = {"question": frozenset({400, 404, 406, 410, 422}), "delete": frozenset({404, 410})}
#: What a partner does not find or not do, where the request was somebody else's: no reason to stop everybody's.
_NOT_DONE = frozenset({404, 405, 501})


class EntryResponse(msgspec.Struct, frozen=True):
    """What a server says of one entry."""

    status: str = ""
    location: str = ""
    etag: str = ""
    outcome: msgspec.Raw = msgspec.Raw(b"")


class ResponseEntry(msgspec.Struct, frozen=True):
    """One entry of a response Bundle."""

    response: EntryResponse = EntryResponse()


class ResponseBundle(msgspec.Struct, frozen=True):
    """What answers a batch or a transaction."""

    resourceType: str
    type: str = ""
    entry: list[msgspec.Raw] = []


class _Named(msgspec.Struct, frozen=True):
    """A resource in an answer, by its name."""

    resourceType: str = ""
    id: str = ""
    meta: dict[str, Any] = {}


def answer_of(
    asked: Asked, status: int, body: bytes, headers: Mapping[str, str], now: float
) -> Answer:
    """The answer to one request, judged; with the partner's number for what it took."""
    failure = failure_of(asked, status, body, headers, now)
    kept: dict[str, str] | None = None
    if failure is None and asked.interaction in ("transaction", "whole"):
        failure, kept = _whole(body)
    elif failure is None and asked.interaction not in _ANSWERS:
        kept = _kept(asked.number, headers.get("location", ""), headers.get("etag", ""), body)
    return Answer(
        status=str(status), body=body, failure=failure, headers=dict(headers), kept=kept
    )


def failure_of(
    asked: Asked, status: int, body: bytes, headers: Mapping[str, str], now: float
) -> DeliveryError | None:
    """None = accepted. Its reason is told by issue codes and the places that they name."""
    failure = judge(status, headers.get("retry-after", ""), now)
    if failure is None or _is_answer(asked, status, body):
        return None
    outcome = outcome_of(body)
    kind, detail = type(failure), _MEANS.get(status, failure.detail)
    if asked.own and status in _NOT_DONE:
        kind = Refused
    if outcome is not None:
        kind = _kind(asked, status, outcome, kind)
        detail = f"{detail}: {words(outcome)}"
    return kind(failure.status, detail, failure.retry_after)


def _is_answer(asked: Asked, status: int, body: bytes) -> bool:
    """Whether a status that looks like a failure is what was asked for; a 404 of a delete only where a FHIR server says it."""
    found = status in _ANSWERS.get(asked.interaction, ())
    return found and (asked.interaction == "question" or outcome_of(body) is not None)


def _kind(
    asked: Asked, status: int, outcome: Outcome, kind: type[DeliveryError]
) -> type[DeliveryError]:
    """What the outcome knows better than the status."""
    if kind is Refused and is_transient(outcome):
        return Unavailable  # nothing was kept, and nothing is wrong with the message
    if status == 404 and asked.number:
        return Refused  # a FHIR server answered: this one resource is not there
    return kind


def entries_of(body: bytes) -> list[bytes] | None:
    """The entries of a response Bundle; None where there is none."""
    try:
        found = msgspec.json.decode(body, type=ResponseBundle)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return [bytes(raw) for raw in found.entry] if found.resourceType == "Bundle" else None


def entry_answer(raw: bytes, now: float) -> Answer:
    """What a server says of one entry of a batch, as the answer to a delivery of its own."""
    body = b'{"resourceType":"Bundle","type":"batch-response","entry":[%b]}' % raw
    try:
        said = msgspec.json.decode(raw, type=ResponseEntry).response
    except msgspec.DecodeError:
        said = EntryResponse()
    status = _status(said.status)
    if not status:
        lost = Uncertain("no answer", "the partner's answer does not say what became of this entry")  # fmt: skip
        return Answer(status="no answer", body=body, failure=lost)
    asked = Asked(interaction="batch", number="entry")
    failure = failure_of(asked, status, bytes(said.outcome), {}, now)
    kept = None if failure else _kept("", said.location, said.etag, b"")
    return Answer(status=str(status), body=body, failure=failure, kept=kept)


def _status(said: str) -> int:
    """
    >>> _status("201 Created"), _status("422"), _status("done")
    (201, 422, 0)
    """
    digits = said[:3]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) == 3 else 0


def _whole(body: bytes) -> tuple[DeliveryError | None, dict[str, str] | None]:
    """
    What is one delivery is done as a whole: one answered 2xx of which an entry says otherwise was not.
    """
    numbers: list[str] = []
    for at, raw in enumerate(entries_of(body) or ()):
        one = entry_answer(raw, 0.0)
        if one.failure is not None and _status(one.status):
            detail = f"the answer's entry[{at}] says: {one.failure.detail}"
            return Refused(one.status, detail), None
        if one.kept and len(numbers) < MOST_NUMBERS:
            numbers.append(one.kept["their_number"])
    return None, {"their_number": " ".join(numbers)} if numbers else None


def _kept(number: str, location: str, etag: str, body: bytes) -> dict[str, str] | None:
    """`their_number` (`Patient/7`) and `their_version`, from Location and ETag, or from the resource that came back."""
    found = _LOCATION.search(location)
    version = found[2] if found else ""
    if found:
        number = found[1]
    elif body and (named := _named(body)):
        number, version = named
    if not version and (tag := _ETAG.fullmatch(etag)):
        version = tag[1]
    kept = {"their_number": number} if number else {}
    return kept | ({"their_version": version} if version and number else {}) or None


def _named(body: bytes) -> tuple[str, str] | None:
    try:
        found = msgspec.json.decode(body, type=_Named)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    name = f"{found.resourceType}/{found.id}"
    if found.resourceType == "OperationOutcome" or not _LOCATION.fullmatch(name):
        return None
    version = found.meta.get("versionId")
    return name, version if isinstance(version, str) and _ETAG.fullmatch(f'"{version}"') else ""
