"""The application: every endpoint of the tables, the assets, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from engine.web.answering import answering
from engine.web.endpoint import Endpoint
from engine.web.gate import Gate
from engine.web.house import House
from engine.web.problem import Problem, details
from engine.web.showing import error_page
from engine.web.tables import ROOT, of_api, of_pages

_STATIC = Path(__file__).parent / "static"


def make(house: House) -> Starlette:
    """The console and the API of one home."""
    routes = [
        *_routes(house, of_api(), ROOT, is_api=True),
        *_routes(house, of_pages(), "", is_api=False),
        Mount("/static", StaticFiles(directory=_STATIC), name="static"),
    ]
    nowhere = {404: _nowhere(house), 405: _nowhere(house)}
    return Starlette(
        routes=routes,
        middleware=[Middleware(Gate, settings=house.installation.console)],
        exception_handlers=nowhere,
    )


def _nowhere(house: House) -> Callable[[Request, Exception], Response]:
    """What an address that is none answers: the same to everybody, and in the shape of whom it was meant for."""

    def answer(request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 404)
        words = (
            "there is nothing at this address"
            if status == 404
            else "this address does not do that"
        )
        problem = Problem(status, "not_found" if status == 404 else "no_such_method", words)
        facts = details(problem, uuid4().hex[:16])
        allowed = getattr(error, "headers", None) or {}
        if request.scope["path"].startswith("/api/"):
            body = msgspec.json.encode(facts)
            return Response(
                body, status, media_type="application/problem+json", headers=allowed
            )
        return Response(
            error_page(house, None, facts, fragment=False),
            status,
            media_type="text/html",
            headers=allowed,
        )

    return answer


def _routes(
    house: House, endpoints: tuple[Endpoint, ...], root: str, *, is_api: bool
) -> list[Route]:
    return [
        Route(
            root + endpoint.path,
            answering(house, endpoint, is_api=is_api),
            methods=[endpoint.method],
            name=f"{endpoint.method} {endpoint.path}",
        )
        for endpoint in endpoints
    ]
