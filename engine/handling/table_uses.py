"""Which places of mappings and channels use a table, and which channels stand behind them; read from the files as written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import msgspec

from engine.placed import Items, Mistakes, Node, Record, Scalar, read_file

#: Where analysts write, below the home.
_PLACES = ("channels/*.yaml", "channels/templates/*.yaml", "mappings/*.yaml")
#: Keys under which a mapping's name stands, and the one under which a template's does.
_MAPPINGS, _TEMPLATE = {"transform", "render", "use", "then"}, "like"


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One place."""

    file: str
    line: int
    path: str
    """Where in the file: `fields.item.erp_code`."""
    what: str
    """What is asked: `lookup charge_code`, `table`."""
    channels: tuple[str, ...]
    """The channels in whose line it stands."""


def find(home: Path, table: str) -> list[Use]:
    """Every use of a data table or a code table, in the order of files and lines."""
    scalars = {
        path.relative_to(home).as_posix(): _read(path, home, *_stamp(path))
        for pattern in _PLACES
        for path in sorted(home.glob(pattern))
        if not path.name.startswith(".")
    }
    named = {file: set(_named(some)) for file, some in scalars.items()}
    found = []
    for file, some in scalars.items():
        uses = [use for scalar in some for use in _uses(scalar, table)]
        channels = tuple(sorted(_behind(file, named))) if uses else ()
        found += [msgspec.structs.replace(use, channels=channels) for use in uses]
    return found


def _stamp(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_mtime_ns, facts.st_size


@lru_cache(8192)
def _read(path: Path, home: Path, _changed: int, _size: int) -> tuple[Scalar, ...]:
    """The scalars of a file that matter here; read again when it changes."""
    return tuple(one for one in _scalars(path, home) if "(" in one.text or [*_named([one])])


def _scalars(path: Path, home: Path) -> Iterator[Scalar]:
    node, _ = read_file(path, path.relative_to(home).as_posix(), Mistakes())
    if node is not None:
        yield from _below(node)


def _below(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Items):
        for item in node.items:
            yield from _below(item)
    elif isinstance(node, Record):
        for inner in node.entries.values():
            yield from _below(inner)


def _uses(scalar: Scalar, table: str) -> Iterator[Use]:
    name = re.escape(table)
    pattern = rf'\b(lookup)\(\s*"{name}"\s*,\s*"([^"]*)"|\b(table)\([^()"]*"{name}"'
    for match in re.finditer(pattern, scalar.text):
        mistakes = Mistakes()
        mistakes.add(scalar, "", offset=match.start())  # it knows on which line a character is
        (placed,) = mistakes.found
        what = f"lookup {match[2]}" if match[1] else "table"
        place = scalar.place
        yield Use(file=place.file, line=placed.line, path=place.path, what=what, channels=())


def _named(scalars: Iterable[Scalar]) -> Iterator[str]:
    """The files that these scalars name: mappings and templates."""
    for scalar in scalars:
        words = set(re.findall(r"\w+", scalar.place.path))
        if words & _MAPPINGS:
            yield f"mappings/{scalar.text}.yaml"
        elif _TEMPLATE in words:
            yield f"channels/templates/{scalar.text}.yaml"


def _behind(file: str, named: dict[str, set[str]]) -> set[str]:
    """The channels that a file is, or that name it, directly or through others."""
    met, waiting = {file}, [file]
    while waiting:
        wanted = waiting.pop()
        for other, names in named.items():
            if wanted in names and other not in met:
                met.add(other)
                waiting.append(other)
    return {Path(each).stem for each in met if Path(each).parent.as_posix() == "channels"}
