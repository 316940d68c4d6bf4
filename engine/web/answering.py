"""From a request to its answer: admit, read query and body, run the handler in a thread, show what it gives."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import anyio
import anyio.to_thread
import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from engine.web import guard, once, onward, showing, streaming, taking
from engine.web.asked import Asked
from engine.web.endpoint import Endpoint
from engine.web.house import House
from engine.web.problem import Problem, details, problem_of

#: What costs much is done so many at a time, and so many may wait for it.
HEAVY, WAITING = 2, 40

#: What stays as it is in an address; line ends and what is not ASCII do not.
_ADDRESS = ":/%#?=@[]!$&'()*+,;~"

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
    limiter = anyio.CapacityLimiter(HEAVY) if endpoint.heavy else None

    async def answer(request: Request) -> Response:
        number = uuid4().hex[:16]
        try:
            response = await _answer(request, house, endpoint, is_api, limiter, number)
        except Exception as error:
            response = _wrong(request, house, error, number, is_api)
        response.headers["x-request-id"] = number
        for name, value in guard.HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return answer


async def _answer(
    request: Request, house: House, endpoint: Endpoint, is_api: bool, limiter: anyio.CapacityLimiter | None, number: str
) -> Response:  # fmt: skip
    who = await run_in_threadpool(guard.admit, request, house, endpoint)
    body = await taking.body(request, endpoint, who)
    asked: Asked[Any, Any] = Asked(
        house=house,
        person=who.person,
        path=dict(request.path_params),
        query=taking.query(request, endpoint),
        body=body,
        form=who.form,
        address=request.client.host if request.client else "",
        cookies=dict(request.cookies),
        session=guard.session_of(request),
    )
    if endpoint.stream:
        return _stream(request, asked, endpoint)
    if limiter is not None and limiter.statistics().tasks_waiting >= WAITING:
        raise Problem(503, "busy", "too many ask for this at once; try again in a moment")
    key = once.key_of(request, endpoint) if is_api else ""
    if not key:
        return await _made(request, asked, endpoint, is_api, limiter)

    async def told() -> Response:
        try:
            return await _made(request, asked, endpoint, is_api, limiter)
        except Exception as error:
            return _wrong(request, house, error, number, is_api)

    return await once.once(request, asked, key, told)


async def _made(
    request: Request, asked: Asked[Any, Any], endpoint: Endpoint, is_api: bool, limiter: anyio.CapacityLimiter | None
) -> Response:  # fmt: skip
    """What the handler gives, as an answer."""
    given = await anyio.to_thread.run_sync(endpoint.handler, asked, limiter=limiter)
    response = await run_in_threadpool(_shown, request, asked, endpoint, given, is_api)
    _cookies(response, asked, request)
    return response


def _stream(request: Request, asked: Asked[Any, Any], endpoint: Endpoint) -> Response:
    with contextlib.ExitStack() as stack:
        stack.enter_context(asked.house.places.taken(asked.person.name))
        place = stack.pop_all()
    may = partial(guard.still, request, asked.house, endpoint)
    lines = streaming.events(endpoint.handler(asked), may, place)
    return StreamingResponse(lines, media_type="text/event-stream")


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
        more = onward.link(request, endpoint, given)
        return Response(
            msgspec.json.encode(given),
            endpoint.status,
            {"link": more} if more else None,
            media_type="application/json",
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
        return Response(
            status_code=204, headers={"hx-redirect": quote(given.to, safe=_ADDRESS)}
        )
    return RedirectResponse(given.to, 303)


def _cookies(response: Response, asked: Asked[Any, Any], request: Request) -> None:
    secure = request.url.scheme == "https"
    for plain, value in asked.set_cookies.items():
        name = guard.cookie_name(request) if plain == guard.COOKIE else plain
        said = showing.cookie_text(value) if plain == "said" else value
        response.set_cookie(
            name, said, httponly=True, samesite="lax", secure=secure, path="/", max_age=None if value else 0,
        )  # fmt: skip


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
