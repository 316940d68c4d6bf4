"""What a caller is told: the acceptance, and one shape for every error (RFC 9457)."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import msgspec

from engine.message import Receipt, Reply, Verdict, short_id

#: Content type of HL7 v2 over HTTP; only callers that use it get an HL7 acknowledgement back.
ER7 = "x-application/hl7-v2+er7"
#: Content type of an answer that does not say its own.
OCTETS = "application/octet-stream"
#: Seconds after which a caller whose message nobody kept should try again.
RETRY_AFTER = 5


class Page(msgspec.Struct, frozen=True):
    """One answer, not yet bytes."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: str = ""
    """More header lines, each with its line end."""
    bodiless: bool = False
    """The answer to HEAD: what GET would say, without its body (RFC 9110 9.3.2)."""

    def render(self, keep: bool, date: str) -> bytes:
        """Head and body (RFC 9112); `keep` says whether the connection stays."""
        close = "" if keep else "Connection: close\r\n"
        kind = f"Content-Type: {self.content_type}\r\n" if self.content_type else ""
        length = "" if self.status in _SILENT else f"Content-Length: {len(self.body)}\r\n"
        head = f"{_LINES[self.status]}Date: {date}\r\n{kind}{self.headers}{close}{length}\r\n"
        return head.encode() if self.bodiless else head.encode() + self.body


#: A media type as it may stand in a header (RFC 9110 8.3.1); whatever else a partner says is not passed on.
_KIND = re.compile(
    r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*(?:;[ -~\t]*)?"
)
#: Answers that cannot have a body (RFC 9110 6.4.1), and those that do not even say that it is empty (8.6).
_SILENT = frozenset({204, 304})
_BARE = _SILENT | {205}
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
    said, _, kind = reply.status.partition(" ")
    code = final_status(said)
    if reply.error:
        detail = f"the message is kept, but {reply.error}"
        return problem(code, "no_answer", detail, short_id(receipt.id))
    if not reply.body or code in _BARE:
        return Page(204 if code == 200 else code, b"", "")
    return Page(code, reply.body, kind if _KIND.fullmatch(kind) else OCTETS)


def final_status(said: str) -> int:
    """
    A status that a final answer can have: what HTTP has no name for is told by the first of its class (RFC 9110 15).

    >>> final_status("201"), final_status("299"), final_status("599"), final_status("100")
    (201, 200, 500, 502)
    """
    number = int(said) if said.isascii() and said.isdigit() and len(said) == 3 else 0
    if not 200 <= number <= 599:
        return 502
    return number if number in _LINES else number // 100 * 100


def _part(receipt: Receipt) -> dict[str, str]:
    part = {"id": short_id(receipt.original or receipt.id), "verdict": receipt.verdict.value}
    return part | {"reason": receipt.reason} if receipt.reason else part
