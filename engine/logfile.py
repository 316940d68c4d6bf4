"""A log file: appended to, rotated by size, kept for so long."""

from __future__ import annotations

import os
import time
from pathlib import Path

#: How often a file is looked at, in case somebody moved it away.
LOOK = 5.0
#: How long a file that was set aside is kept, in seconds.
KEEP = 30 * 86400.0


class LogFile:
    """
    One file that is only ever appended to, and set aside as `NAME.1`, `NAME.2`, ... when it holds `size` bytes.

    At most `keep` are set aside, none longer than `age` seconds after its last line.
    """

    def __init__(self, path: Path, size: int, keep: int, age: float = KEEP) -> None:
        self._path, self._limit, self._keep, self._age = path, size, keep, age
        self._handle, self._size, self._torn, self._looked = -1, 0, False, 0.0

    def write(self, data: bytes) -> None:
        """Append whole lines; OSError where the disk does not take them all."""
        if self._handle >= 0 and time.monotonic() - self._looked > LOOK:
            self._follow()
        if self._handle >= 0 and self._size and self._size + len(data) > self._limit:
            self._rotate()
        if self._handle < 0:
            self._open()
        rest = memoryview(b"\n" + data if self._torn else data)
        while rest:
            written = os.write(self._handle, rest)
            self._size += written
            rest = rest[written:]
            self._torn = bool(rest)

    def close(self) -> None:
        """Let go of the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _open(self) -> None:
        self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        self._size, self._looked = os.fstat(self._handle).st_size, time.monotonic()
        self._forget()

    def _follow(self) -> None:
        """Somebody may have moved or removed the file; then a new one is begun."""
        self._looked = time.monotonic()
        try:
            same = os.path.samestat(self._path.stat(), os.fstat(self._handle))
        except FileNotFoundError:
            same = False
        if not same:
            self.close()

    def _rotate(self) -> None:
        self.close()
        for number in range(self._keep, 0, -1):
            newer = self._path.with_name(
                f"{self._path.name}.{number - 1}" if number > 1 else self._path.name
            )
            if newer.exists():
                newer.replace(self._path.with_name(f"{self._path.name}.{number}"))

    def _forget(self) -> None:
        """Remove what was set aside too long ago."""
        for path in self._path.parent.glob(f"{self._path.name}.*"):
            if path.suffix[1:].isdigit() and time.time() - path.stat().st_mtime > self._age:
                path.unlink()
