"""From a request to its answer: admit, read query and body, run the handler in a thread, show what it gives."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from engine.web import guard, showing
from engine.web.asked import Asked
from engine.web.endpoint import Endpoint, Nothing
from engine.web.house import House
from engine.web.problem import Problem, details, problem_of

#: Longest body of a request, in bytes.
LONGEST = 4 * 1024 * 1024
#: Most fields of a form or a query.
FIELDS = 200

Answering = Callable[[Request], Awaitable[Response]]


class Redirect(msgspec.Struct, frozen=True):
    """What a form's handler gives: where to go next, and what to say there."""

    to: str
    say: str = ""


class Page(msgspec.Struct, frozen=True):
    """What a page's handler gives where it chooses the template or the status itself."""

    template: str
    values: dict[str, Any]
    status: int = 200


def answering(house: House, endpoint: Endpoint, *, is_api: bool) -> Answering:
    """The Starlette endpoint of one endpoint."""

    async def answer(request: Request) -> Response:
        number = uuid4().hex[:16]
        try:
            response = await _answer(request, house, endpoint, is_api)
        except Exception as error:
            response = _wrong(request, house, error, number, is_api)
        response.headers["x-request-id"] = number
        for name, value in guard.HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return answer


async def _answer(request: Request, house: House, endpoint: Endpoint, is_api: bool) -> Response:
    who = await run_in_threadpool(guard.admit, request, house, endpoint)
    body = await _body(request, endpoint, who)
    asked: Asked[Any, Any] = Asked(
        house=house,
        person=who.person,
        path=dict(request.path_params),
        query=_query(request, endpoint),
        body=body,
        form=who.form,
        address=request.client.host if request.client else "",
        cookies=dict(request.cookies),
    )
    if endpoint.stream:
        return StreamingResponse(
            _events(endpoint.handler(asked)), media_type="text/event-stream"
        )
    given = await run_in_threadpool(endpoint.handler, asked)
    response = await run_in_threadpool(_shown, request, asked, endpoint, given, is_api)
    _cookies(response, asked, request)
    return response


def _shown(
    request: Request, asked: Asked[Any, Any], endpoint: Endpoint, given: Any, is_api: bool
) -> Response:
    if isinstance(given, Response):
        return given
    if endpoint.raw:
        return Response(given, media_type=endpoint.raw)
    if is_api:
        if endpoint.gives is None:
            return Response(status_code=204)
        return Response(
            msgspec.json.encode(given), endpoint.status, media_type="application/json"
        )
    if isinstance(given, Redirect):
        return _redirect(request, asked, given)
    page = given if isinstance(given, Page) else Page(endpoint.template, given)
    fragment = request.headers.get("hx-request") == "true"
    text = showing.render(asked, page.template, page.values, fragment=fragment)
    return Response(text, page.status, media_type="text/html")


def _redirect(request: Request, asked: Asked[Any, Any], given: Redirect) -> Response:
    if given.say:
        asked.set_cookies["said"] = given.say
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"hx-redirect": given.to})
    return RedirectResponse(given.to, 303)


def _cookies(response: Response, asked: Asked[Any, Any], request: Request) -> None:
    for name, value in asked.set_cookies.items():
        secure = request.url.scheme == "https"
        if value:
            said = showing.cookie_text(value) if name == "said" else value
            response.set_cookie(
                name, said, httponly=True, samesite="lax", secure=secure, path="/"
            )
        else:
            response.delete_cookie(name, path="/")


# -- what it takes ----------------------------------------------------------------------------------------------


def _query(request: Request, endpoint: Endpoint) -> Any:
    known = {field.encode_name for field in msgspec.structs.fields(endpoint.query)}
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items()[: FIELDS + 1]:
        if name not in known:
            raise Problem(
                400, "bad_request", "there is a parameter that this address does not take"
            )
        if value != "":
            given[name] = value
    return msgspec.convert(given, endpoint.query, strict=False)


async def _body(request: Request, endpoint: Endpoint, who: guard.Caller) -> Any:
    if not endpoint.changes:
        return None
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    word = request.headers.get(guard.FORM_HEADER, "")
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        given = await _form(request)
        word = str(given.pop(guard.FORM_FIELD, "") or word)
        guard.check_form(who, endpoint, word)
        return msgspec.convert(_of_form(given, endpoint.body), endpoint.body, strict=False)
    guard.check_form(who, endpoint, word)
    content = await _content(request)
    if endpoint.body is Nothing and not content.strip():
        return Nothing()
    if kind not in ("application/json", ""):
        raise Problem(415, "unsupported", "send JSON, or a form")
    _shallow(content)
    return msgspec.json.decode(content or b"{}", type=endpoint.body)


async def _content(request: Request) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > LONGEST:
            raise Problem(413, "too_large", f"a request has at most {LONGEST // 1024**2} MB")
        pieces.append(piece)
    return b"".join(pieces)


def _shallow(content: bytes) -> None:
    """JSON nested thousands deep is nobody's request."""
    if content.count(b"[") + content.count(b"{") > 100_000:
        raise Problem(400, "bad_request", "the body is nested too deep")


async def _form(request: Request) -> dict[str, Any]:
    if int(request.headers.get("content-length") or 0) > LONGEST:
        raise Problem(413, "too_large", f"a form has at most {LONGEST // 1024**2} MB")
    async with request.form(max_files=1, max_fields=FIELDS, max_part_size=LONGEST) as form:
        found: dict[str, Any] = {}
        for name, value in form.multi_items():
            text = value if isinstance(value, str) else (await value.read()).decode("latin-1")
            found.setdefault(name, []).append(text)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def _of_form(given: dict[str, Any], body: type) -> dict[str, Any]:
    """A form says nothing where a field is empty, and a list of one as that one."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(body)}
    made: dict[str, Any] = {}
    for name, value in given.items():
        if name in fields and value != "":
            lists = "list" in str(fields[name].type) or "tuple" in str(fields[name].type)
            made[name] = [value] if lists and not isinstance(value, list) else value
    return made


# -- what goes wrong, and what goes on ---------------------------------------------------------------------------


def _wrong(
    request: Request, house: House, error: Exception, number: str, is_api: bool
) -> Response:
    problem = problem_of(error)
    if problem.status >= 500:
        line = {"request": number, "path": request.scope["path"], "error": type(error).__name__}
        print(json.dumps(line), file=sys.stderr, flush=True)
    facts = details(problem, number)
    if is_api:
        response = Response(
            msgspec.json.encode(facts), problem.status, media_type="application/problem+json"
        )
        if problem.status == 401:
            response.headers["www-authenticate"] = "Bearer"
        return response
    if problem.status == 401:
        return showing.to_sign_in(request)
    who = guard.caller(request, house)
    return Response(
        showing.error_page(
            house, who, facts, fragment=request.headers.get("hx-request") == "true"
        ),
        problem.status,
        media_type="text/html",
    )


async def _events(values: AsyncIterator[tuple[str, Any]]) -> AsyncIterator[bytes]:
    """Server-sent events; a comment every so often keeps the line open."""
    yield f": {time.time():.0f}\n\n".encode()
    async for event, value in values:
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
        yield f"event: {event}\n{lines}\n".encode()
