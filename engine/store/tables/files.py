"""
The files of a home's tables: a draft becomes a version's file, and what belongs to no version is swept.

Whoever makes a file holds a shared lock on it until its row is in the store; `sweep` removes only what nobody holds.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import StoreError
from engine.store.home import prepare, sync_folder
from engine.store.tables import table_file, tables_folder
from engine.store.tables.form import TableFile
from engine.store.tables.rows import TableRows

#: What a version's file is called: its table's folder says whose it is.
SUFFIX = ".table"


def folder_of(home: Path, table: str) -> Path:
    """The folder of a table, made when new, on the disk."""
    prepare(home)
    for folder in (tables_folder(home), tables_folder(home) / table):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(folder.parent)
    return tables_folder(home) / table


@contextmanager
def draft(home: Path, table: str) -> Iterator[Path]:
    """An empty file in the table's folder, held until the end; removed there where it was given no name."""
    folder = folder_of(home, table)
    while True:
        path = folder / f".{secrets.token_hex(8)}"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_SH)
        if path.exists():  # else somebody swept it before it was held
            break
        os.close(handle)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a file, so that nobody sweeps it. StoreError where it is gone."""
    gone = StoreError("the file of the new version is gone: import it again")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        raise gone from None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        if not path.exists():
            raise gone
        yield
    finally:
        os.close(handle)


def name(path: Path, digest: bytes) -> Path:
    """Give a finished draft its name, on the disk."""
    named = path.with_name(f"{digest.hex()[:16]}-{secrets.token_hex(4)}{SUFFIX}")
    os.rename(path, named)
    sync_folder(named.parent)
    return named


def sweep(home: Path) -> int:
    """Remove drafts and files that belong to no version and that nobody holds; how many."""
    root = tables_folder(home)
    if not root.is_dir():
        return 0
    removed = 0
    for path in sorted(root.glob("*/*")):
        with suppress(OSError):
            removed += _swept(home, path)
    return removed


def _swept(home: Path, path: Path) -> bool:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # read under the lock: whoever held it before has published by now, or never will
        known = TableRows(home).files()
        if known is None or (path.parent.name, path.name) in known:
            return False
        path.unlink()
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(handle)


def findings(home: Path) -> Iterator[str]:
    """What does not fit between the versions in the store and their files, as sentences; nothing where it is damaged."""
    try:
        versions = TableRows(home).files() or {}
    except StoreError:
        return
    for (table, file), digest in versions.items():
        path = table_file(home, table, file)
        try:
            sound = TableFile(path).digest() == digest
        except StoreError as error:
            yield f"table {table}: {error}"
            continue
        if not sound:
            yield f"table {table}: {file} is not what was written"
