"""
The reference pages (docs/reference/), written from the code.

    docstrings   the string below each field
    tables       settings and entities as tables
    schemas      JSON Schemas of the entities, and what breaks them
    reasons      reason codes, collected from where they are given
    keys         the keys of a channel
    layouts      the keys of layouts
    editor       JSON Schemas of channels, mappings and other files, for editors; typed, the types of settings in them
    interfaces   the documentation of a home: its channels and mappings; document, a page as Markdown and HTML
    pages        states, errors, HTTP, entities, functions, commands
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from engine import canonical, connectors, installation
from engine.reference import editor, keys, layouts, pages, schemas
from engine.reference.tables import table

NOTE = "<!-- Written by `make docs` from the code; change the code, not this page. -->\n"


@cache
def reference() -> dict[str, str]:
    """Every page by its path below docs/reference."""
    found = dict(_pages())
    found["README.md"] = _index(found)
    return {
        path: text if path.endswith(".json") else NOTE + text for path, text in found.items()
    }


def stale(folder: Path) -> list[str]:
    """What is not as the code says: missing, different, or left over; sorted paths."""
    made = reference()
    wrong = {path for path, text in made.items() if _read(folder / path) != text}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*.md")}
    return sorted(wrong | (there - made.keys()))


def write(folder: Path) -> list[str]:
    """
    Write every page that is not as the code says; the paths that were written or taken away.

    ValueError where an entity breaks the schema that it has published under the same version: nothing is written.
    """
    if problems := broken(folder):
        raise ValueError("\n".join(problems))
    made, changed = reference(), stale(folder)
    for path in changed:
        target = folder / path
        if path in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(made[path], "utf-8")
        else:
            target.unlink()
    return changed


def broken(folder: Path) -> list[str]:
    """What entities changed that needs a new version (R19)."""
    problems = []
    for name in canonical.names():
        published = _read(folder / schemas.file_name(name))
        if published:
            found = schemas.breaking(json.loads(published), schemas.schema(name))
            problems += [f"{problem}; raise VERSION in its module" for problem in found]
    return problems


def _pages() -> Iterator[tuple[str, str]]:
    yield "channels.md", keys.page()
    yield "installation.md", _installation()
    for name in connectors.names():
        yield f"connectors/{name}.md", _connector(name)
    for name, settings in editor.envelopes():
        yield f"envelopes/{name}.md", _envelope(name, settings)
    yield from layouts.pages()
    yield "functions.md", pages.functions()
    yield "entities.md", pages.entities()
    for name in canonical.names():
        yield schemas.file_name(name), schemas.text(name)
    for kind in editor.kinds():
        yield editor.file_name(kind), editor.text(kind)
    yield "states.md", pages.states()
    yield "errors.md", pages.error_codes()
    yield "http-status.md", pages.http()
    commands = importlib.import_module(
        "engine.cli.commands"
    )  # above this package: read, never called
    yield "commands.md", pages.commands(commands.app)


def _installation() -> str:
    lines = ["# config.yaml", "", inspect.getdoc(installation.Installation) or "", ""]
    return "\n".join([*lines, *table(installation.Installation), ""])


def _connector(name: str) -> str:
    module = connectors.load(name)
    lines = [f"# {name}", "", inspect.getdoc(module) or "", ""]
    for side in ("Source", "Destination"):
        if found := getattr(module, f"{side}Settings", None):
            lines += [f"## As a {side.lower()}", "", inspect.getdoc(found) or "", ""]
            lines += [*table(found), ""]
    return "\n".join(lines)


def _envelope(name: str, settings: Any) -> str:
    lines = [f"# {name} of a partner", "", inspect.getdoc(settings) or "", ""]
    lines += [f"In config.yaml: `partners: {{medline: {{{name}: {{...}}}}}}`.", ""]
    return "\n".join([*lines, *table(settings), ""])


def _index(found: dict[str, str]) -> str:
    lines = [
        "# Reference",
        "",
        "Written from the code: every page is what this release does.",
        "",
    ]
    for path, text in found.items():
        if path.endswith(".md"):
            title = next(line for line in text.splitlines() if line.startswith("# "))
            lines.append(f"- [{title[2:]}]({path})")
    return "\n".join([*lines, ""])


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
