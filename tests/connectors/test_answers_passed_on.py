"""Statuses and content types of partners, as they are passed on to a sender (`answer:`)."""

from __future__ import annotations

import pytest

from engine.http.answers import told
from engine.message import Receipt, Reply, Verdict

RECEIPT = Receipt(id=1, verdict=Verdict.ACCEPTED)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("200", b"200 OK"), ("404", b"404 Not Found"), ("299", b"200 OK"), ("599", b"500 "), ("451", b"451 "),
        ("100", b"502 "), ("101", b"502 "), ("999", b"502 "), ("0", b"502 "), ("", b"502 "), ("\u0662\u0660\u0660", b"502 "),
        ("20000000000000000000", b"502 "),
    ],
)  # fmt: skip
def test_a_status_is_one_that_an_answer_can_have(said: str, line: bytes) -> None:
    page = told(Reply(receipt=RECEIPT, body=b"{}", status=f"{said} text/plain"), RECEIPT, False)
    assert page.render(True, "now").startswith(b"HTTP/1.1 " + line)


@pytest.mark.parametrize(
    "kind",
    ["text/plain\r\nSet-Cookie: x=1", "text/plain\nX: y", "text/plain\x00", "text/pl\u00e4in", "text", "a/b c", "/", "text/plain; x\r\n"],
)  # fmt: skip
def test_a_content_type_never_becomes_another_header(kind: str) -> None:
    page = told(Reply(receipt=RECEIPT, body=b"{}", status=f"200 {kind}"), RECEIPT, False)
    assert b"Content-Type: application/octet-stream\r\n" in page.render(True, "now")


@pytest.mark.parametrize(
    "kind", ["application/fhir+json;charset=utf-8", "x-application/hl7-v2+er7", "text/plain"]
)
def test_a_content_type_is_passed_on(kind: str) -> None:
    page = told(Reply(receipt=RECEIPT, body=b"{}", status=f"200 {kind}"), RECEIPT, False)
    assert f"Content-Type: {kind}\r\n".encode() in page.render(True, "now")
