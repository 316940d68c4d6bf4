"""What a request brings: query and body, bounded in size, depth, number of fields and time, as the endpoint's types."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from engine.web import guard
from engine.web.endpoint import Endpoint, Nothing
from engine.web.problem import Problem

#: Longest body of a request, in bytes; and of one by nobody known.
LONGEST, LONGEST_OPEN = 4 * 1024 * 1024, 16 * 1024
#: Most fields of a form or a query.
FIELDS = 1000
#: Seconds in which a body has to come; a slow sender keeps a place that others need.
PATIENCE = 30.0
#: Most brackets of JSON: more are nobody's request.
BRACKETS = 100_000

# What people upload is content of messages: it stays in memory.
MultiPartParser.spool_max_size = LONGEST + 1

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def query(request: Request, endpoint: Endpoint) -> Any:
    """The parameters of the address. Problem or msgspec.ValidationError where they are not the endpoint's."""
    known = {field.encode_name: field for field in msgspec.structs.fields(endpoint.query)}
    given: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items()[:FIELDS]:
        if name not in known:
            raise Problem(
                400, "bad_request", "there is a parameter that this address does not take"
            )
        if value != "":
            given.setdefault(name, []).append(value)
    made = {name: _one_or_all(values, known[name]) for name, values in given.items()}
    return msgspec.convert(made, endpoint.query, strict=False)


async def body(request: Request, endpoint: Endpoint, who: guard.Caller) -> Any:
    """The body, once its form is known to be this session's. Problem or msgspec.ValidationError where it is not the endpoint's."""
    if not endpoint.changes:
        return None
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    word = request.headers.get(guard.FORM_HEADER, "")
    if kind not in _FORMS:
        guard.check_form(who, endpoint, word)
    content = await _content(request, LONGEST if who.person.name else LONGEST_OPEN)
    if kind in _FORMS:
        given = await _form(request, content)
        words = given.pop(guard.FORM_FIELD, [])
        guard.check_form(who, endpoint, str(words[0]) if words else word)
        return _of_form(given, endpoint.body)
    if endpoint.body is Nothing and not content.strip():
        return Nothing()
    if kind not in ("application/json", ""):
        raise Problem(415, "unsupported", "send JSON, or a form")
    return _of_json(content, endpoint.body)


async def _content(request: Request, longest: int) -> bytes:
    pieces, size = [], 0
    try:
        async with asyncio.timeout(PATIENCE):
            async for piece in request.stream():
                size += len(piece)
                if size > longest:
                    raise Problem(413, "too_large", f"this takes at most {longest // 1024} KB")
                pieces.append(piece)
    except TimeoutError:
        raise Problem(408, "too_slow", f"the body did not come in {PATIENCE:.0f} s") from None
    except ClientDisconnect:
        raise Problem(400, "bad_request", "the body ended early") from None
    return b"".join(pieces)


def _of_json(content: bytes, body: type) -> Any:
    if content.count(b"[") + content.count(b"{") > BRACKETS:
        raise Problem(400, "bad_request", "the body is nested too deep")
    try:
        return msgspec.json.decode(content or b"{}", type=body)
    except RecursionError:
        raise Problem(400, "bad_request", "the body is nested too deep") from None


async def _form(request: Request, content: bytes) -> dict[str, list[str]]:
    if content.count(b"&") > FIELDS:
        kind = request.headers.get("content-type", "").lower()
        if not kind.startswith("multipart/"):
            raise Problem(400, "bad_request", f"a form has at most {FIELDS} fields")

    async def once() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    found: dict[str, list[str]] = {}
    try:
        form = await Request(request.scope, once).form(
            max_files=1, max_fields=FIELDS, max_part_size=LONGEST
        )  # closed with the body's memory: no part of it is ever a file
        for name, value in form.multi_items():
            text = value if isinstance(value, str) else (await value.read()).decode("latin-1")
            found.setdefault(name, []).append(text)
    except (HTTPException, LookupError, UnicodeError, ValueError, AssertionError):
        raise Problem(400, "bad_request", "this form cannot be read") from None
    return found


def _of_form(given: dict[str, list[str]], body: type) -> Any:
    """A form says nothing where a field is empty, and a list of one as that one."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(body)}
    made = {
        name: _one_or_all(values, fields[name])
        for name, values in given.items()
        if name in fields and values != [""]
    }
    return msgspec.convert(made, body, strict=False)


def _one_or_all(values: list[str], field: msgspec.structs.FieldInfo) -> Any:
    lists = any(word in str(field.type) for word in ("list", "tuple", "set"))
    return values if lists or len(values) > 1 else values[0]
