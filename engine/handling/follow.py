"""Log files read the way people read them: the last lines first, then what comes, over rotations and restarts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from engine.log import LEVELS

#: Read this much at a time.
CHUNK = 256 * 1024
#: At most this much of one file is searched for its last lines.
SEARCHED = 64 * 1024**2
#: A viewer that is further behind than this skips to the end and is told so.
GAP = 16 * 1024**2

Fact = dict[str, Any]


def backwards(path: Path, needles: Sequence[bytes] = ()) -> Iterator[Fact]:
    """The lines of a file that hold a needle, last first, without reading more of it than is asked for."""
    try:
        handle = path.open("rb")
    except FileNotFoundError:
        return
    with handle:
        at = handle.seek(0, os.SEEK_END)
        floor, rest = max(0, at - SEARCHED), b""
        while at > floor:
            start = max(floor, at - CHUNK)
            handle.seek(start)
            lines = (handle.read(at - start) + rest).split(b"\n")
            at, rest = start, lines[0]
            for line in reversed(lines[1:]):
                if (fact := _read(line, needles)) is not None:
                    yield fact
        if not floor and (fact := _read(rest, needles)) is not None:
            yield fact


def _read(line: bytes, needles: Sequence[bytes]) -> Fact | None:
    if not line.startswith(b"{") or (needles and not any(one in line for one in needles)):
        return None
    try:
        fact = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    return fact if isinstance(fact, dict) and isinstance(fact.get("time"), str) else None


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines."""

    channel: str = ""
    level: str = "debug"
    """At least this one of engine.log.LEVELS."""
    event: str = ""
    """Only what became this: delivered, waiting."""
    message: str = ""
    """Only about this message: its short id."""

    @property
    def needles(self) -> list[bytes]:
        """What stands in every line that fits, as the log writes it."""
        if self.message:
            return [f'"message":"{self.message}"'.encode()]
        return [f'"event":"{self.event}"'.encode()] if self.event.isidentifier() else []

    def fits(self, fact: Fact) -> bool:
        """Whether a line is one of them."""
        return (
            fact.get("level") in LEVELS[LEVELS.index(self.level) :]
            and (not self.channel or fact.get("channel") == self.channel)
            and (not self.event or fact.get("event") == self.event)
            and (not self.message or fact.get("message") == self.message)
        )


class Follower:
    """
    The log files of one channel, or of all.

    Only lines that hold one of the `needles` are read at all, where there are any. Of `most` lines of a file that came
    at once the last are handed out behind a gap (0 = all): nobody reads thousands of lines a second, and following
    must cost the engine nothing.
    """

    def __init__(
        self, folder: Path, channel: str = "", needles: Sequence[bytes] = (), most: int = 0
    ) -> None:
        self._folder, self._channel, self._needles, self._most = folder, channel, needles, most
        self._places: dict[Path, tuple[int, int]] = {}
        """File -> (inode, offset behind the last whole line that was read)."""

    def paths(self) -> list[Path]:
        """The files there are now."""
        if self._channel:
            return [self._folder / f"{self._channel}.log"]
        return sorted(self._folder.glob("*.log"))

    def last(self, count: int, wanted: Callable[[Fact], bool]) -> list[Fact]:
        """The last lines that are wanted, oldest first; following goes on behind them."""
        found: list[Fact] = []
        for path in self.paths():
            self._places[path] = _end(path)
            found += self._newest([path, *_set_aside(path)], count, wanted)[::-1]
        found.sort(key=lambda fact: str(fact["time"]))
        return found[-count:] if count else []

    def _newest(
        self, paths: list[Path], count: int, wanted: Callable[[Fact], bool]
    ) -> list[Fact]:
        """At most so many lines that are wanted, newest first."""
        facts = (fact for path in paths for fact in backwards(path, self._needles))
        return list(islice((fact for fact in facts if wanted(fact)), count))

    def fresh(self) -> list[Fact]:
        """What was written since; a gap is a line of its own."""
        found: list[Fact] = []
        for path in self.paths():
            found += self._fresh(path)
        found.sort(key=lambda fact: str(fact["time"]))
        return found

    def _fresh(self, path: Path) -> list[Fact]:
        if path in self._places and self._places[path] == _end(path):
            return []
        try:
            handle = path.open("rb")
        except FileNotFoundError:
            return []
        with handle:
            status = os.fstat(handle.fileno())
            inode, offset = self._places.get(path, (status.st_ino, 0))
            found: list[Fact] = []
            if inode != status.st_ino or offset > status.st_size:
                found += self._remainder(path, inode, offset)
                offset = 0
            if status.st_size - offset > GAP:
                offset = status.st_size - GAP // 2
                found.append(_gap(path, "this viewer was too slow; lines were skipped"))
            handle.seek(offset)
            data = handle.read(GAP)
        whole = data.rfind(b"\n") + 1
        self._places[path] = (status.st_ino, offset + whole)
        return found + self._lines(path, data[:whole])

    def _lines(self, path: Path, data: bytes) -> list[Fact]:
        lines = data.splitlines()
        if self._needles:
            lines = [line for line in lines if any(one in line for one in self._needles)]
        skipped = len(lines) - self._most if self._most else 0
        facts = self._facts(lines[-self._most :])
        if skipped > 0 and facts:
            gap = (
                f"{skipped} lines at once were skipped; narrow it with --state, --level or --id"
            )
            facts.insert(0, {**_gap(path, gap), "time": facts[0]["time"]})
        return facts

    def _facts(self, lines: list[bytes]) -> list[Fact]:
        return [fact for line in lines if (fact := _read(line, ()))]

    def _remainder(self, path: Path, inode: int, offset: int) -> list[Fact]:
        """What was written to the file before it was set aside."""
        for older in _set_aside(path):
            if older.exists() and older.stat().st_ino == inode:
                with older.open("rb") as handle:
                    handle.seek(offset)
                    return self._lines(path, handle.read(GAP))
        return []


def _end(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (status.st_ino, status.st_size)


def _set_aside(path: Path) -> list[Path]:
    found = path.parent.glob(f"{path.name}.*")
    return sorted(
        found, key=lambda old: int(old.suffix[1:]) if old.suffix[1:].isdigit() else 99
    )


def _gap(path: Path, detail: str) -> Fact:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "time": now,
        "level": "warning",
        "channel": path.stem,
        "event": "gap",
        "detail": detail,
    }
