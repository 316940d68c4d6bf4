"""
Data tables: what `lookup("cdm", ...)` reads. Declared by `mappings/tables/NAME.yaml`, their rows brought as CSV.

Each import is a version that never changes: a file under HOME/data/tables/NAME/ (form.py) and a row in the store
(rows.py), which is what makes it count. Read on the hot path by `StoreTables` (reading.py); made by build.py, published
in one transaction with its audit record by publishing.py.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

FOLDER = "tables"


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What a version changed, in rows. A row is what stands for one key, in a dated table from one first day on."""

    added: int = 0
    removed: int = 0
    changed: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a table, as the store keeps it."""

    table: str
    version: int
    """From 1."""
    at: float
    """When it came into force, seconds since 1970."""
    who: str
    owner: str
    """Who answered for the table then."""
    reason: str
    approver: str = ""
    rows: int
    digest: bytes
    """BLAKE2b-128 of the file: equal for equal rows in equal order."""
    file: str
    """Name of its file in the table's folder; a version rolled back to shares it."""
    changes: Changes
    """Against the version before."""
    rolled_back_to: int = 0
    """The version whose rows these are; 0 = it was imported."""


def tables_folder(home: Path) -> Path:
    """`HOME/data/tables`: a folder for each table."""
    return home / "data" / FOLDER


def table_file(home: Path, table: str, file: str) -> Path:
    """The file of a version."""
    return tables_folder(home) / table / file
