"""Paths without brackets, which most expressions are made of: each is compiled once for all that have it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import msgspec

from engine.formats import Match, PathProblem, Paths, Shape

#: A path of HL7 that ends where it seems to end.
_SIMPLE = re.compile(r"[A-Z][A-Z0-9]{2}-\d+(\.\d+){0,2}(?![\w(\[.\-])", re.ASCII)


def match(text: str, start: int, shape: Shape, paths: Paths) -> Match | None:
    """The path that starts at the offset; None where it is another one, or a wrong one."""
    token = _SIMPLE.match(text, start)
    if token is None:
        return None
    try:
        found = _alone(token.group(), shape, paths)  # type: ignore[arg-type]
    except PathProblem:
        return None
    return None if found is None else msgspec.structs.replace(found, end=token.end())


@lru_cache(8192)
def _alone(text: str, shape: Shape, paths: Paths) -> Match | None:
    return paths.match(text, 0, shape, _no_condition)


def _no_condition(text: str, at: int, shape: Shape) -> Any:
    raise PathProblem(at, "no condition stands here")
