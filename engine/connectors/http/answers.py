"""What a caller is told: the acceptance, and one shape for every error (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from engine.message import Receipt, Reply, Verdict, short_id

#: Content type of HL7 v2 over HTTP; only callers that use it get an HL7 acknowledgement back.
ER7 = "x-application/hl7-v2+er7"
#: Seconds after which a caller whose message nobody kept should try again.
RETRY_AFTER = 5


class Page(msgspec.Struct, frozen=True):
    """One answer, not yet bytes."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: str = ""
    """More header lines, each with its line end."""

    def render(self, keep: bool, date: str) -> bytes:
        """Head and body (RFC 9112); `keep` says whether the connection stays."""
        close = "" if keep else "Connection: close\r\n"
        head = (
            f"{_LINES[self.status]}Date: {date}\r\nContent-Type: {self.content_type}\r\n{self.headers}{close}"
            f"Content-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


def problem(status: int, code: str, detail: str, correlation: str, headers: str = "") -> Page:
    """
    An error as application/problem+json: type, title, status, detail, code and correlation_id.

    `correlation` is the message's short id where it was kept, else an id that our log shows too.
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "correlation_id": correlation,
    }
    return Page(status, msgspec.json.encode(body), "application/problem+json", headers)


def not_kept(reply: Reply | None, why: str, correlation: str, er7: bool) -> Page:
    """503: nobody has the message, the caller keeps it and tries again."""
    wait = f"Retry-After: {RETRY_AFTER}\r\n"
    if er7 and reply is not None and reply.body:
        return Page(503, reply.body, ER7, wait)
    return problem(503, "not_kept", why or "the message was not kept", correlation, wait)


def told(reply: Reply, receipt: Receipt, er7: bool) -> Page:
    """
    What became of a kept message: 202 with its id, 200 with the original's id for a repeat, 422 when it
    is quarantined. A caller of HL7 over HTTP gets its acknowledgement, 200 or 422.
    """
    quarantined = receipt.verdict is Verdict.QUARANTINED
    if reply.status:
        return _passed_on(reply, receipt)
    if er7 and reply.body:
        return Page(422 if quarantined else 200, reply.body, ER7)
    if quarantined:
        detail = (
            receipt.detail or "kept for a person to look at; do not send it again unchanged"
        )
        return problem(422, receipt.reason or "quarantined", detail, short_id(receipt.id))
    number = receipt.original or receipt.id
    body: dict[str, Any] = {"id": short_id(number), "verdict": receipt.verdict.value}
    if receipt.verdict is Verdict.FILTERED:
        body["reason"] = receipt.reason
    if receipt.parts:
        body["parts"] = [_part(part) for part in receipt.parts]
    status = 200 if receipt.verdict is Verdict.DUPLICATE else 202
    return Page(status, msgspec.json.encode(body))


def _passed_on(reply: Reply, receipt: Receipt) -> Page:
    """A destination's answer as ours (`answer:` of the source), or why there is none."""
    code, _, kind = reply.status.partition(" ")
    if reply.body:
        return Page(int(code), reply.body, kind or "application/json")
    detail = f"the message is kept, but {reply.error}"
    return problem(int(code), "no_answer", detail, short_id(receipt.id))


def _part(receipt: Receipt) -> dict[str, str]:
    part = {"id": short_id(receipt.original or receipt.id), "verdict": receipt.verdict.value}
    return part | {"reason": receipt.reason} if receipt.reason else part
