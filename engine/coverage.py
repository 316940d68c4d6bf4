"""
Which expressions ran, and what they gave. Off, it costs nothing: an expression is wrapped where it is compiled, and only
while somebody watches (`corridor test --coverage`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from engine.placed import Place

_ACCEPT = re.compile(r"accept(\[\d+\])?\.when")


class Point(msgspec.Struct, kw_only=True):
    """One expression of a file."""

    place: Place
    text: str
    gave: set[str] = set()
    """`true`, `false`, `value`, `nothing`."""

    def missed(self) -> str:
        """Why no test reaches it, in words; empty where one does."""
        key = self.place.path.rpartition(".")[2]
        if not self.gave:
            return "never reached"
        if _ACCEPT.fullmatch(self.place.path):
            return "" if "false" in self.gave else "turns no message away"
        if key == "when":
            return "" if "true" in self.gave else "never holds"
        return "" if self.gave - {"nothing"} else "is nothing each time"


class Coverage:
    """What was compiled while somebody watched, and what ran while it was recorded."""

    def __init__(self) -> None:
        self.points: dict[tuple[str, int, int], Point] = {}
        self.recording = False

    def point(self, place: Place, text: str) -> Point:
        """The point of a place, made when new."""
        key = (place.file, place.line, place.column)
        return self.points.setdefault(key, Point(place=place, text=text))


class _Watch:
    """Who watches."""

    current: Coverage | None = None


@contextmanager
def watching() -> Iterator[Coverage]:
    """What is compiled inside can be recorded."""
    _Watch.current = coverage = Coverage()
    try:
        yield coverage
    finally:
        _Watch.current = None


def is_watched() -> bool:
    """Whether what is compiled now is to be recorded: then every expression must run each time."""
    return _Watch.current is not None


def watched(place: Place, text: str, run: Callable[..., Any]) -> Callable[..., Any]:
    """The same closure; while somebody watches one that notes what it gives."""
    coverage = _Watch.current
    if coverage is None:
        return run
    point = coverage.point(place, text)

    def noting(*arguments: Any) -> Any:
        found = run(*arguments)
        if coverage.recording:
            point.gave.add(_outcome(found))
        return found

    return noting


def _outcome(found: Any) -> str:
    if found is True or found is False:
        return str(found).lower()
    empty = found is None or (isinstance(found, list | tuple) and not found)
    return "nothing" if empty else "value"
