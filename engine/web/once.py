"""
Requests of programs that may come twice (`Idempotency-Key`): the second one does nothing and gets the first one's answer.

A key belongs to who sends it, that is to the token or session. Answers are kept for a day (engine/people/answers.py), sealed
with the key and the token: some are secrets, and the file alone does not tell them. Whatever the handler answered is kept, mistakes too,
for who sends a key again wants to know what became of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import StoreError
from engine.people.answers import Answers
from engine.web import guard
from engine.web.asked import Asked
from engine.web.endpoint import Endpoint
from engine.web.problem import Problem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

HEADER = "idempotency-key"
#: On an answer that was given before.
AGAIN = "idempotent-replayed"
#: Longest key, in characters.
LONGEST = 200
_NONCE = 12


def key_of(request: Request, endpoint: Endpoint) -> str:
    """The key that was sent; empty where none was, or where it does not matter. Problem where it cannot be one."""
    given = request.headers.get(HEADER, "")
    if not given or not endpoint.changes or endpoint.harmless:
        return ""
    if len(given) > LONGEST or not given.isprintable():
        raise Problem(400, "bad_key", f"an Idempotency-Key has at most {LONGEST} characters")
    return given


async def once(
    request: Request,
    asked: Asked[Any, Any],
    key: str,
    answer: Callable[[], Awaitable[Response]],
) -> Response:
    """What `answer` makes, or made when the key was first sent. `answer` raises nothing that people are told."""
    answers: Answers = asked.house.directory.answers
    name, seal = _names(request, key)
    sent = _sent(request, asked)
    before = await run_in_threadpool(answers.begin, name, sent)
    if before is None:
        response = await answer()
        kind = response.headers.get("content-type", "")
        body = _sealed(seal, bytes(response.body))
        with contextlib.suppress(
            StoreError
        ):  # it is done; a second one is told that it is not known how
            await run_in_threadpool(answers.keep, name, response.status_code, kind, body)
        return response
    if before.sent != sent:
        raise Problem(422, "key_reused", "this Idempotency-Key was sent with another request; each request has a key of its own")  # fmt: skip
    if not before.status:
        raise _unfinished(before.here)
    body = _opened(seal, before.body)
    headers = {AGAIN: "true"} | ({"content-type": before.kind} if before.kind else {})
    return Response(body, before.status, headers)


def _names(request: Request, key: str) -> tuple[bytes, bytes]:
    """What the answer is found by, and what seals it: neither tells the other, nor whose it is."""
    whose = request.headers.get("authorization", "") or guard.session_of(request)
    begun = hashlib.sha256(msgspec.json.encode([whose, key]))
    return (
        hashlib.sha256(b"name" + begun.digest()).digest(),
        hashlib.sha256(b"seal" + begun.digest()).digest(),
    )


def _sealed(seal: bytes, body: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + _cipher(seal).encrypt(nonce, body, None)


def _opened(seal: bytes, body: bytes) -> bytes:
    return _cipher(seal).decrypt(body[:_NONCE], body[_NONCE:], None)


def _cipher(seal: bytes) -> ChaCha20Poly1305:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # noqa: PLC0415 - 6 MB that few need

    return ChaCha20Poly1305(seal)


def _sent(request: Request, asked: Asked[Any, Any]) -> bytes:
    about = [request.method, request.url.path, request.url.query, asked.body]
    return hashlib.sha256(msgspec.json.encode(about, order="sorted")).digest()


def _unfinished(here: bool) -> Problem:
    if here:
        return Problem(409, "in_progress", "the first request with this Idempotency-Key is still being done; ask again in a moment")  # fmt: skip
    return Problem(409, "unfinished", "the console ended while it did the first request with this Idempotency-Key; look what came of it, then send another key")  # fmt: skip
