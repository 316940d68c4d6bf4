"""A record for people: each field with the path that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def branches(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[int, str, str, str]]:
    """
    Depth, path, name, value of every field.

    >>> list(branches({"a": {"b": [1]}}))
    [(0, 'a', 'a', ''), (1, 'a.b', 'b', ''), (2, 'a.b[0]', '[0]', '1')]
    """
    if isinstance(value, dict):
        named = [
            (name, f"{path}.{name}" if path else name, each) for name, each in value.items()
        ]
    else:
        named = [(f"[{at}]", f"{path}[{at}]", each) for at, each in enumerate(value)]
    for name, inner, each in named:
        if isinstance(each, dict | list):
            yield depth, inner, name, ""
            yield from branches(each, inner, depth + 1)
        else:
            yield depth, inner, name, "" if each is None else str(each)
