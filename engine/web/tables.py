"""The tables of endpoints: every module in api/ and pages/ has one. The folder is the registry."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from engine.web import api, pages
from engine.web.endpoint import Endpoint

#: What every path of the API begins with.
ROOT = "/api/v1"


@cache
def of_api() -> tuple[Endpoint, ...]:
    """All endpoints of the API, by their modules' names."""
    return _endpoints(api.__name__, list(api.__path__))


@cache
def of_pages() -> tuple[Endpoint, ...]:
    """All pages and what their forms do, by their modules' names."""
    return _endpoints(pages.__name__, list(pages.__path__))


def _endpoints(package: str, path: list[str]) -> tuple[Endpoint, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(path))
    found: list[Endpoint] = []
    for name in names:
        found += getattr(importlib.import_module(f"{package}.{name}"), "endpoints", ())
    return tuple(found)
