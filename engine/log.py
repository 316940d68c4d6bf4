"""
What happened, one JSON line each: `logs/CHANNEL.log` per channel, `logs/engine.log` for the rest.

Made to be tailed. Never holds a payload or the value of a key: names of keys are written with their values masked whole
(`mrn=*******`), and all text as plain ASCII, so that nothing a partner says reaches a terminal as a control sequence. The
hot path only appends a tuple to a bounded queue; one thread formats and writes. Where the disk is slow or full, lines are
dropped and counted, and the line goes on.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quote
from pathlib import Path
from typing import Any

from engine.logfile import KEEP, LogFile
from engine.message import short_id

#: Lines that may wait to be written; at about 400 bytes each the queue stays under 10 MB.
WAITING = 20_000
#: The thread gathers for this long, so that a busy line pays for few wake-ups.
GATHER = 0.05
#: Without a line for this long the thread sleeps until it is called.
QUIET = 1.0
#: Lines formatted at a stretch, between two system calls: what the event loop may have to wait for.
STRETCH = 64
#: Longest text of one fact; what a partner says is cut here.
LONGEST = 500
#: What stands for the value of a key, whatever its length.
MASK = "*******"

#: Most harmless first.
LEVELS = ("debug", "info", "warning", "error")

_UNSAFE_NAME = re.compile(r"[^A-Za-z0-9_.-]")

Entry = tuple[Any, ...]


class Log:
    """
    The log of one home. `event` is called from the event loop and never waits; other threads may call it too.

    `now` is the wall clock in seconds since 1970. Files rotate at `size` bytes; `keep` old ones stay beside, none longer
    than `age` seconds.
    """

    def __init__(
        self,
        folder: Path,
        now: Callable[[], float] = time.time,
        *,
        size: int = 32 * 1024**2,
        keep: int = 8,
        age: float = KEEP,
        waiting: int = WAITING,
    ) -> None:
        self.dropped = 0
        """Lines that were not written since the start: the queue was full, or the disk."""
        self.failing = ""
        """Why the last write failed; empty while the disk takes lines."""
        self._folder, self._now, self._limits = folder, now, (size, keep, age)
        self._waiting = waiting
        self._queue: deque[Entry] = deque()
        self._append = self._queue.append
        self._files: dict[str, LogFile] = {}
        self._told = 0
        self._second, self._stamp = -1, ""
        self._masked: dict[tuple[str, ...], str] = {}
        self._closing = False
        self._asleep = False
        self._bell = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    # -- the hot path -------------------------------------------------------------------------------------

    def event(
        self,
        level: str,
        channel: str,
        event: str,
        message: int = 0,
        *,
        destination: str = "",
        status: str = "",
        detail: str = "",
        duration: float = 0.0,
        keys: tuple[str, ...] = (),
        reason: str = "",
        **few: Any,
    ) -> None:
        """
        One line. No channel = the engine itself; `keys` are names only; `duration` in seconds; `few` are small facts.
        """
        queue = self._queue
        if len(queue) >= self._waiting:
            self.dropped += 1
            return
        facts = (destination, status, reason, detail, duration, keys, few)
        self._append((self._now(), level, channel, event, message, *facts))
        if self._asleep:
            self._asleep = False
            self._bell.set()

    def notice(self, channel: str, name: str = "") -> Callable[..., None]:
        """For a connector: (level, event, **facts) about a connection, under its channel and name."""

        def say(level: str, event: str, **facts: Any) -> None:
            self.event(level, channel, event, **{"destination": name, **facts})

        return say

    def close(self, within: float = 2.0) -> None:
        """Write what waits, for at most `within` seconds, and stop."""
        self._closing = True
        self._bell.set()
        self._thread.join(within)

    # -- the thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        quiet_since = time.monotonic()
        while True:
            closing = self._closing
            if self._queue:
                self._drain()
                quiet_since = time.monotonic()
            if closing and not self._queue:
                break
            self._report()
            if time.monotonic() - quiet_since < QUIET or self.dropped != self._told:
                self._bell.wait(GATHER)
            else:
                self._sleep()
            self._bell.clear()
        self._report()
        for file in self._files.values():
            file.close()

    def _sleep(self) -> None:
        self._asleep = True
        if not self._queue:
            self._bell.wait()
        self._asleep = False

    def _drain(self) -> None:
        """Everything that waits now; what comes meanwhile is for the next round."""
        queue, left = self._queue, len(self._queue)
        while left > 0:
            batch = [queue.popleft() for _ in range(min(STRETCH, left))]
            left -= len(batch)
            lines: dict[str, list[str]] = {}
            for entry in batch:
                lines.setdefault(entry[2], []).append(self._safe_line(entry))
            for channel, some in lines.items():
                self._write(channel, some)

    def _write(self, channel: str, lines: list[str]) -> bool:
        try:
            self._file(channel).write("".join(lines).encode("ascii"))
        except OSError as error:
            self.dropped += len(lines)
            self.failing = error.strerror or "cannot write"
            return False
        self.failing = ""
        return True

    def _file(self, channel: str) -> LogFile:
        file = self._files.get(channel)
        if file is None:
            name = _UNSAFE_NAME.sub("_", channel) if channel else "engine"
            file = LogFile(self._folder / f"{name}.log", *self._limits)
            self._files[channel] = file
        return file

    def _report(self) -> None:
        """Say how many lines were lost, once they can be written again."""
        lost = self.dropped - self._told
        if not lost:
            return
        detail = f"{lost} lines were not written: the disk was slow or full"
        bare = (self._now(), "warning", "", "log_gap", 0, "", "", "", detail, 0.0, ())
        line = self._line((*bare, {"lost": lost}))
        if self._write("", [line]):
            self._told += lost
        else:
            self.dropped -= 1

    def _mask(self, keys: tuple[str, ...]) -> str:
        masked = quote(" ".join(f"{name}={MASK}" for name in keys))
        if len(self._masked) < 1000:
            self._masked[keys] = masked
        return masked

    def _safe_line(self, entry: Entry) -> str:
        try:
            return self._line(entry)
        except (TypeError, ValueError, OverflowError, AttributeError):
            detail = "a fact of this line could not be written"
            bare = (self._now(), "error", entry[2], str(entry[3]), 0, "", "", "", detail, 0.0)
            return self._line((*bare, (), None))

    def _line(self, entry: Entry) -> str:
        at, level, channel, event, message, destination = entry[:6]
        status, reason, detail, duration, keys, few = entry[6:]
        second = int(at)
        if second != self._second:
            self._second = second
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        text = f'{{"time":"{self._stamp}.{int((at - second) * 1000):03d}Z","level":"{level}"'
        text += f',"channel":{quote(channel)},"event":{quote(event)}'
        if message:
            text += f',"message":"{short_id(message)}"'
        if destination:
            text += f',"destination":{quote(destination)}'
        if status:
            text += f',"status":{quote(status[:LONGEST])}'
        if reason:
            text += f',"reason":{quote(reason[:LONGEST])}'
        if detail:
            text += f',"detail":{quote(detail[:LONGEST])}'
        if duration:
            text += f',"seconds":{duration:.4f}'
        if keys:
            text += f',"keys":{self._masked.get(keys) or self._mask(keys)}'
        return f"{text}{_few(few)}}}\n" if few else text + "}\n"


def _few(facts: dict[str, Any]) -> str:
    return "".join(
        f",{quote(name)}:{_value(fact)}" for name, fact in facts.items() if fact != ""
    )


def _value(value: Any) -> str:
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value) if abs(value) < 1e300 else "null"
    return quote(str(value)[:LONGEST])
