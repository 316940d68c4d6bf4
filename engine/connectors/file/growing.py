"""
A file that grows line by line, where every delivery's line stands exactly once, whatever crashes when.

Beside the file lies its journal, `.NAME.journal`. Many deliveries are appended at a time, in this order:

1. Their lines are written to the journal, each under its delivery's key, and put on the disk (one fsync).
2. Their lines are written to the file at its known length.
3. The deliveries are answered `written`. Once an outcome is durable in the store, `settle` forgets the key.

So the journal is never behind the file. A crash before 1 leaves nothing: the delivery is sent again and
appended. A crash after 1 leaves a line that the next opening writes to its place, over whatever part of it was
there, and a key by which the delivery, sent again, is known and not appended. What was torn in the journal is
cut away, in the file it never was. Now and then the file itself is put on the disk and the journal begun anew
with the keys not yet settled. A file that somebody moved away is begun again; one that somebody changed is left
as it is and continued at its end.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from engine.connectors.file import journal
from engine.connectors.file.disk import numbered, place, sync_folder, write_synced
from engine.errors import Unavailable

#: Bytes of journal after which it is begun anew.
LONGEST_JOURNAL = 1024 * 1024
#: Most keys kept that nobody settled: those of crashes long ago are forgotten, oldest first.
MOST_KEYS = 10_000


class GrowingFile:
    """One file and its journal; used by one thread at a time. Methods raise OSError, then open anew."""

    def __init__(self, path: Path, header: bytes, line_end: bytes) -> None:
        self.path = path
        self._header = header
        self._line_end = line_end
        self._journal_path = path.with_name(f".{path.name}.journal")
        self._file = self._journal = -1
        self._length = self._journal_length = 0
        self._keys: dict[str, None] = {}
        self._late: list[str] = []
        self.since = 0.0
        """When the file was begun, wall clock seconds."""
        self.used = 0.0
        """When it was last appended to or opened, wall clock seconds."""

    @property
    def length(self) -> int:
        """Bytes in the file."""
        return self._length

    def append(self, lines: Sequence[tuple[str, bytes]], now: float) -> None:
        """Append each delivery's bytes, unless its key is known. All are durable when it returns."""
        self.used = now
        try:
            if not self._is_ours():
                self._open(now)
            fresh = [(key, text) for key, text in lines if key not in self._keys]
            if not fresh:
                return
            self._log(b"".join(journal.line(key, text) for key, text in fresh))
            os.fdatasync(self._journal)
            self._keys.update(dict.fromkeys(key for key, _ in fresh))
            added = b"".join(text for _, text in fresh)
            _write_at(self._file, added, self._length)
            self._length += len(added)
            if self._journal_length > LONGEST_JOURNAL:
                self._begin_journal()
        except OSError:
            self._let_go()
            raise

    def settle(self, keys: Sequence[str]) -> None:
        """Forget deliveries that will not be sent again; told to the journal without waiting for the disk."""
        if self._journal < 0:
            self._late += keys
            return
        known = [key for key in keys if self._keys.pop(key, self) is None]
        if known:
            try:
                self._log(journal.settled(known))
            except OSError:
                self._let_go()
                raise

    def publish(self, target: Path, now: float) -> Path | None:
        """Close the file under a final name, numbered where that is taken; the name, None where there is no file."""
        try:
            if not self._is_ours():
                if not self.path.exists():
                    return None
                self._open(now)
            self._begin_journal()
            final = next(path for path in numbered(target) if not path.exists())
            os.rename(
                self.path, final
            )  # in one step: never under two names, one of them still growing
            sync_folder(self.path.parent)
        finally:
            self._let_go()
        return final

    def resume(self, now: float) -> bool:
        """Mend what a crash left, if there is such a file; whether there is."""
        if self._file < 0 and self.path.exists():
            self._open(now)
            self.used = now
        return self._file >= 0

    def close(self) -> None:
        """Put everything on the disk; a journal that holds no key is taken away."""
        if self._file < 0:
            return
        try:
            self._begin_journal()
            if not self._keys:
                self._journal_path.unlink(missing_ok=True)
        finally:
            self._let_go()

    # -- opening and mending ----------------------------------------------------------------------

    def _open(self, now: float) -> None:
        self._let_go()
        self._journal = _locked(self._journal_path)
        old = journal.read(_all_of(self._journal))
        self._keys = dict.fromkeys(old.keys if old is not None else ())
        for key in self._late:
            self._keys.pop(key, None)
        self._late.clear()
        if not self.path.exists():
            old = None
            self._create(now)
        self._file = os.open(self.path, os.O_RDWR)
        found = os.fstat(self._file)
        self._length, self.since = found.st_size, now
        if old is not None and old.opening.inode == found.st_ino:
            self.since = old.opening.since
            self._mend(old)
        self._end_line()
        self._begin_journal()

    def _create(self, now: float) -> None:
        """A new file. The journal lets go of the old one first: a new file may get an old one's inode."""
        self._replace_journal(
            journal.Opening(inode=0, length=0, since=now, keys=list(self._keys))
        )
        draft = self.path.with_name(f".{self.path.name}.part")
        write_synced(draft, self._header)
        with contextlib.suppress(FileExistsError):
            place(draft, self.path)
        sync_folder(self.path.parent)

    def _mend(self, old: journal.Journal) -> None:
        """Write again what the journal has and a crash may have kept from the file."""
        end = old.opening.length + len(old.lines)
        if old.opening.length <= self._length <= end:
            _write_at(self._file, old.lines, old.opening.length)
            self._length = end

    def _end_line(self) -> None:
        if self._length and not os.pread(self._file, 1, self._length - 1).endswith(b"\n"):
            _write_at(self._file, self._line_end, self._length)
            self._length += len(self._line_end)

    def _begin_journal(self) -> None:
        """Put the file on the disk, then a journal that begins at its end in the place of the old one."""
        os.fsync(self._file)
        for key in list(self._keys)[: max(len(self._keys) - MOST_KEYS, 0)]:
            del self._keys[key]
        self._replace_journal(
            journal.Opening(
                inode=os.fstat(self._file).st_ino,
                length=self._length,
                since=self.since,
                keys=list(self._keys),
            )
        )

    def _replace_journal(self, opening: journal.Opening) -> None:
        first = journal.opening(opening)
        draft = self._journal_path.with_name(f"{self._journal_path.name}.part")
        write_synced(draft, first)
        fresh = _locked(draft)
        os.rename(draft, self._journal_path)
        sync_folder(self.path.parent)
        os.close(self._journal)
        self._journal, self._journal_length = fresh, len(first)

    # -- small steps ------------------------------------------------------------------------------

    def _is_ours(self) -> bool:
        """Whether the file under the name is the one that is open, as long as it should be."""
        if self._file < 0:
            return False
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return False
        return found.st_ino == os.fstat(self._file).st_ino and found.st_size == self._length

    def _log(self, records: bytes) -> None:
        _write_at(self._journal, records, self._journal_length)
        self._journal_length += len(records)

    def _let_go(self) -> None:
        for handle in (self._file, self._journal):
            if handle >= 0:
                with contextlib.suppress(OSError):
                    os.close(handle)
        self._file = self._journal = -1


def _locked(path: Path) -> int:
    """Open a journal that no other destination or process may use. Unavailable where one does."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(
            os.fstat(handle), os.stat(path)
        ):  # not replaced before it was locked
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(handle)
    raise Unavailable("in use", "another destination or process appends to this file")


def _all_of(handle: int) -> bytes:
    return os.pread(handle, os.fstat(handle).st_size, 0)


def _write_at(handle: int, content: bytes, offset: int) -> None:
    rest = memoryview(content)
    while rest:
        written = os.pwrite(handle, rest, offset)
        rest, offset = rest[written:], offset + written
