"""
Lookup tables: data in the store, declared by `mappings/tables/NAME.yaml`.

    description: What a usage line is charged as
    owner: revenue-integrity
    keys: [facility, code]
    columns: [charge_code, revenue_code, price]
    effective: {from: valid_from, to: valid_to}

The rows are brought by `corridor tables import NAME FILE.csv`, and the next message sees them. A table that is a file
of the release (`mappings/tables/NAME.csv`) is a code table (engine/mapping/tables.py); a name is one or the other.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import msgspec

from engine.convert import WRONG, Converter
from engine.errors import Mistake
from engine.placed import Mistakes, Place, read

FOLDER = "mappings/tables"
_KEY = re.compile(r"[A-Za-z_]\w*", re.ASCII)
#: What `lookup` itself takes by name.
TAKEN = ("at", "otherwise")
#: A name that may stand in commands, files and errors.
_NAME = re.compile(r"[A-Za-z0-9_][\w-]*", re.ASCII)


class Effective(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """The columns that say when a row holds."""

    from_: str
    """Column of the first day on which a row holds (ISO 8601); empty in a row = from the beginning."""
    to: str = ""
    """Column of the last day on which it holds; empty in a row, or no such column = open end."""


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """One lookup table, as its file declares it."""

    name: str
    description: str = ""
    owner: str
    """Who answers for what it says."""
    keys: tuple[str, ...]
    """The columns by which a row is found, all of them together; in the order in which the store is asked."""
    columns: tuple[str, ...]
    """The columns it gives; in the order in which the store answers."""
    effective: Effective | None = None
    """None = a row holds always."""
    digest: bytes = b""
    """BLAKE2b-128 of the file."""
    raw: bytes = b""
    """The file."""


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of the file."""

    owner: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    description: str = ""
    effective: Effective | None = None

    def __post_init__(self) -> None:
        dates = (self.effective.from_, self.effective.to) if self.effective else ()
        if not self.owner.strip():
            raise ValueError("owner: a table has somebody who answers for what it says")
        for key in self.keys:
            if not _KEY.fullmatch(key) or key in TAKEN:
                raise ValueError(
                    "keys: a key is one word (letters, digits, _), and not 'at' or 'otherwise'"
                )
        if not self.keys or not self.columns:
            empty = "columns" if self.keys else "keys"
            raise ValueError(f"{empty}: a table has one or more {empty}")
        names = [*self.keys, *self.columns, *(name for name in dates if name)]
        if "" in names or len(set(names)) < len(names):
            raise ValueError("columns: keys, columns and dates have names, each its own")


def names(home: Path) -> list[str]:
    """The lookup tables that a home declares."""
    return sorted(path.stem for path in (home / FOLDER).glob("*.yaml"))


def definitions(home: Path, mistakes: Mistakes) -> dict[str, Definition]:
    """All of them, by name; those with mistakes are left out, and the mistakes noted."""
    found = {name: load(name, home, mistakes) for name in names(home)}
    return {name: definition for name, definition in found.items() if definition is not None}


def load(name: str, home: Path, mistakes: Mistakes) -> Definition | None:
    """The table of that name; LookupError where no file declares it, None where its file has mistakes (noted)."""
    file = f"{FOLDER}/{name}.yaml"
    path = home / file
    if not _NAME.fullmatch(name) or not path.is_file():
        raise LookupError(name)
    definition, found = _read(name, path.read_bytes())
    mistakes.found.extend(found)
    if (home / FOLDER / f"{name}.csv").exists():
        problem = f"'{name}' is also the code table {name}.csv; a table is one or the other"
        mistakes.add(Place(file=file, line=1, column=1), problem)
        return None
    return definition


@lru_cache(256)
def _read(name: str, raw: bytes) -> tuple[Definition | None, tuple[Mistake, ...]]:
    """The definition in a file, and its mistakes; many mappings name the same tables."""
    mistakes = Mistakes()
    file = f"{FOLDER}/{name}.yaml"
    root = read(raw.decode("utf-8", "replace"), file, mistakes)
    said = WRONG if root is None else Converter(mistakes).read(root, _Said)
    if said is WRONG or mistakes.found:
        return None, tuple(mistakes.found)
    digest = blake2b(raw, digest_size=16).digest()
    return Definition(name=name, digest=digest, raw=raw, **msgspec.structs.asdict(said)), ()
