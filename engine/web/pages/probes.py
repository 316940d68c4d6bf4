"""What machines ask: is it alive, is it ready. Open to everybody, and silent about everything else."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get
from engine.web.views.readiness import readiness


def live(asked: Asked[Nothing, Nothing]) -> Response:
    """The console answers."""
    return Response("live\n", media_type="text/plain")


def ready(asked: Asked[Nothing, Nothing]) -> Response:
    """200 where messages can be taken, else 503; who is known here is told why."""
    found = readiness(asked)
    body = msgspec.json.encode(found)
    return Response(body, 200 if found.ready else 503, media_type="application/json")


endpoints = (
    get("/live", live, None, "Whether the console answers.", open=True),
    get("/ready", ready, None, "Whether messages can be taken.", open=True),
)
