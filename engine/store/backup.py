"""Backup while the engine works, and restore."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import apsw

from engine.errors import StoreError
from engine.store import audit, verify
from engine.store.home import Lock, data_folder, large_folder, prepare, store_file, sync_folder
from engine.store.ledger import add_incarnation
from engine.store.schema import IN_FILE, first, open_writer
from engine.store.tables import table_file
from engine.store.tables.files import folder_of
from engine.store.tables.rows import TableRows
from engine.store.writer import Writer

#: Numbers that a restored sequence leaves out, and ids that messages do: more than were given out since the backup.
AHEAD, AHEAD_IDS = 1_000, 10_000_000
#: Pages copied in one step while messages come in, and while none do; what the store grew by comes on top.
BUSY, IDLE = 48, 512
#: Seconds between two steps.
PAUSE = 0.015
#: The copy is checked by those who have nothing else to do.
NICE = 19


async def backup(connection: apsw.Connection, writer: Writer, home: Path, target: Path) -> None:
    """
    Copy store and large bodies to `target`, which must not exist or be empty, and verify the copy.

    Steps run between two commits on the writer's own connection, so what is written meanwhile is in the copy too.
    StoreError when the target is in the way or the copy is not sound; nothing is left of it then.
    """
    draft = _draft(target)
    try:
        await _copy_store(connection, writer, store_file(draft))
        await _complete_elsewhere(home, draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _draft(target: Path) -> Path:
    if target.exists() and any(target.iterdir()):
        raise StoreError(f"{target} is not empty")
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    for folder in (draft, data_folder(draft), large_folder(draft)):
        folder.mkdir(mode=0o700, parents=True)
    return draft


class _Copy:
    """One copy of the store, a step at a time; everything here runs where the writer's connection may be used."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self.done = False
        self.pages = 0

    def begin(self) -> None:
        self._copy = apsw.Connection(str(self._path))
        self._copy.execute("PRAGMA synchronous = OFF")
        self._steps = self._copy.backup("main", self._connection, "main")

    def step(self, pages: int) -> None:
        self._steps.step(pages)
        self.done, self.pages = self._steps.done, self._steps.page_count

    def end(self) -> None:
        self._steps.close(True)
        self._copy.close()


async def _copy_store(connection: apsw.Connection, writer: Writer, path: Path) -> None:
    copy = _Copy(connection, path)
    await writer.chore(copy.begin)
    try:
        pages, known, commits = BUSY, 0, writer.commits
        while not copy.done:
            await writer.chore(partial(copy.step, pages))
            grown = copy.pages - known if known else 0
            pages = IDLE if writer.commits == commits else BUSY
            pages += 2 * max(grown, 0)  # so that it ends, however fast the store grows
            known, commits = copy.pages, writer.commits
            await asyncio.sleep(PAUSE)
    finally:
        await writer.chore(copy.end)


async def _complete_elsewhere(home: Path, draft: Path, target: Path) -> None:
    """Complete and check the copy in a process of its own: the engine's has a line to serve."""
    words = [sys.executable, "-m", "engine.store.backup", str(home), str(draft), str(target)]
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode:
        raise StoreError(said.decode("utf-8", "replace").strip() or "the copy was not checked")


def _complete(home: Path, draft: Path, target: Path) -> None:
    """Copy the large bodies, check everything, put it on the disk, give it its name."""
    connection = apsw.Connection(str(store_file(draft)))
    try:
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        for name in _files(connection):
            _copy_file(large_folder(home) / name, large_folder(draft) / name)
        for table, file in TableRows(draft).files() or ():
            _copy_file(table_file(home, table, file), folder_of(draft, table) / file)
        check = [row[0] for row in connection.execute("PRAGMA quick_check(5)")]
    finally:
        connection.close()
    found = [line for line in check if line != "ok"] or list(_some(verify.findings(draft)))
    if found:
        raise StoreError("the backup is not sound: " + "; ".join(found))
    _sync(draft)
    if target.exists():
        target.rmdir()
    draft.rename(target)
    sync_folder(target.parent)


def _some(findings: Iterator[str], most: int = 5) -> Iterator[str]:
    for finding, _ in zip(findings, range(most), strict=False):
        yield finding


def _files(connection: apsw.Connection) -> Iterator[str]:
    """Names of the large bodies that a store refers to."""
    for (stored,) in connection.execute(
        "SELECT DISTINCT bytes FROM content WHERE codec = ? AND bytes NOT NULL", (IN_FILE,)
    ):
        yield stored[:16].hex()


def _copy_file(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise StoreError(f"{source.name} cannot be copied: {error.strerror}") from None


def _sync(folder: Path) -> None:
    """Put every file and folder below on the disk."""
    for path in [folder, *folder.rglob("*")]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def restore(source: Path, home: Path, now: Callable[[], float] = time.time) -> Path | None:
    """
    Put a backup in place of the store of a home; where the store that was there is now (None: there was none).

    Messages get a new incarnation, so that numbers given out since the backup do not meet their old keys. Message ids, of
    which control numbers of built messages are made, go on AHEAD_IDS further, sequences and batch numbers AHEAD further:
    partners have seen those given out since, and what comes under a number that they know they may drop. All destinations
    are on hold with reason `restored`. StoreInUse when an engine runs here; StoreError when the
    backup is not one or not sound. Nothing changes then.
    """
    if not store_file(source).is_file():
        raise StoreError(
            f"{source} is not a backup: there is no {store_file(source).relative_to(source)}"
        )
    if found := list(_some(verify.findings(source))):
        raise StoreError("the backup is not sound: " + "; ".join(found))
    prepare(home)
    lock = Lock(home)
    try:
        draft = home / f"data.restoring-{secrets.token_hex(4)}"
        try:
            shutil.copytree(
                data_folder(source),
                draft,
                ignore=shutil.ignore_patterns("lock", "*-wal", "*-shm"),
            )
            _renew(draft / "store.db", now())
            _sync(draft)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        return _exchange(home, draft, now())
    finally:
        lock.close()


def _renew(path: Path, at: float) -> None:
    connection = open_writer(str(path))
    try:
        with connection:
            newest = first(connection, "SELECT coalesce(max(id), 0) FROM message")[0]
            add_incarnation(connection, newest + AHEAD_IDS, at)
            connection.execute("UPDATE sequence SET last = last + ?", (AHEAD,))
            connection.execute("UPDATE number SET next = next + ?", (AHEAD,))
            connection.execute(
                "INSERT OR REPLACE INTO hold SELECT id, 1, 0.0, 'restore', 'restored', ? FROM destination",
                (at,),
            )
            said = f"sequences and batch numbers go on {AHEAD} further"
            audit.append(connection, "restore", "restore", "store", said, at)
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    finally:
        connection.close()


def _exchange(home: Path, draft: Path, at: float) -> Path | None:
    data = data_folder(home)
    aside: Path | None = home / f"data.before-restore-{int(at)}-{secrets.token_hex(2)}"
    had = store_file(home).exists()
    assert aside is not None
    data.rename(aside)
    draft.rename(data)
    sync_folder(home)
    if had:
        return aside
    shutil.rmtree(aside)
    return None


if __name__ == "__main__":
    os.nice(NICE)
    try:
        _complete(*(Path(word) for word in sys.argv[1:4]))
    except (StoreError, OSError, apsw.Error) as refusal:
        sys.exit(str(refusal))
