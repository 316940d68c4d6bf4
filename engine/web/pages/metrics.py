"""`/metrics`, for Prometheus: with a token of the role `viewer`."""

from __future__ import annotations

from engine.people.rights import Right
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get
from engine.web.views import metrics


def show(asked: Asked[Nothing, Nothing]) -> bytes:
    """The text format."""
    return metrics.text(asked)


endpoints = (
    get("/metrics", show, Right.VIEW, "Metrics for Prometheus.", raw=metrics.MEDIA_TYPE),
)
