"""The application: every endpoint of the tables, the assets, and nothing else."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.web import guard
from engine.web.answering import answering
from engine.web.endpoint import Endpoint
from engine.web.house import House
from engine.web.tables import ROOT, of_api, of_pages

_STATIC = Path(__file__).parent / "static"


def make(house: House) -> Starlette:
    """The console and the API of one home."""
    routes = [
        *_routes(house, of_api(), ROOT, is_api=True),
        *_routes(house, of_pages(), "", is_api=False),
        Mount("/static", StaticFiles(directory=_STATIC), name="static"),
    ]
    return Starlette(routes=routes, middleware=[Middleware(_Headers)])


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


class _Headers:
    """The headers of guard.HEADERS on every answer, also on those of no endpoint."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_asset = scope["path"].startswith("/static/")

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name for name, _ in message["headers"]}
                extra = {
                    **guard.HEADERS,
                    **({"cache-control": "max-age=3600"} if is_asset else {}),
                }
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.encode(), value.encode())
                        for name, value in extra.items()
                        if name.encode() not in known
                    ),
                ]
            await send(message)

        await self.app(scope, receive, sending)
