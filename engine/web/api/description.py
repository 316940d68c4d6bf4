"""The API's own description."""

from __future__ import annotations

from typing import Any

from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get
from engine.web.openapi import description


def describe(asked: Asked[Nothing, Nothing]) -> dict[str, Any]:
    """OpenAPI 3.1."""
    return description()


endpoints = (get("/openapi.json", describe, None, "This description.", gives=dict[str, Any]),)
