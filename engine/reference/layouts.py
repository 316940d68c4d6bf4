"""The pages of the layouts that formats read: every key of a file of `mappings/layouts/`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from engine import formats
from engine.reference.tables import HEAD, table


def pages() -> Iterator[tuple[str, str]]:
    """Path and text of a page for each format that reads layouts."""
    for name in formats.names():
        if keys := getattr(formats.load(name), "KEYS", None):
            yield f"layouts/{name}.md", _page(name, keys)


def _page(name: str, keys: dict[str, type]) -> str:
    lines = [f"# Layouts: {name}", "", inspect.getdoc(formats.load(name)) or "", ""]
    for key, struct in keys.items():
        if key:
            lines += [f"## {key}", "", inspect.getdoc(struct) or "", ""]
        rows = [row for row in table(struct, inside=False)[len(HEAD) :] if _written(row, key)]
        lines += [*HEAD, *rows, ""]
    return "\n".join(lines)


def _written(row: str, key: str) -> bool:
    """Whether a key stands in the file: a layout's name is the name of the file."""
    return bool(key) or not row.startswith("| `name` |")
