"""
MLLP framing: <VT> message <FS> <CR>. No sockets here: bytes in, frames out.

HL7 v2.5.1 Implementation Guide, Transport Specification: MLLP Release 1. What real peers do beyond it is taken
in the way the common engines take it (`lenient`), or not at all (`strict`):

* FS without CR ends a frame when VT follows, or when nothing follows for a moment (`ending`, then `finish`);
  an FS followed by anything else is content, so that no message is ever cut short.
* VT inside a frame is content (word processors paste it as a soft line break), unless MSH, FHS or BHS
  follows: then the sender has begun anew and the part before is dropped, for it was never finished.
* A message without VT is taken when it begins with MSH, FHS or BHS; other bytes between frames are counted and dropped.

>>> frames = Deframer()
>>> frames.feed(b"\\x0bMSH|one\\x1c")
[]
>>> frames.feed(b"\\r\\x0bMSH|two\\x1c\\r")
[b'MSH|one', b'MSH|two']
"""

from __future__ import annotations

from typing import NoReturn

import msgspec

from engine.errors import MessageError
from engine.message import LARGE

START, STOP, CR, END = b"\x0b", b"\x1c", b"\r", b"\x1c\r"

#: Default of the largest frame, in bytes.
LIMIT = 64 * 1024 * 1024

#: How much of a frame that is not taken is kept to answer its sender: the MSH segment and more.
HEAD = 4096

#: Small chunks are gathered into blocks of this size, so that a slow sender does not cost more than it sends.
_BLOCK = 64 * 1024

_STARTS = (b"MSH", b"FHS", b"BHS")
_BLANK = b"\r\n\x00 \t"


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """The stream cannot be read on: answer if there is a head, then close."""

    code: str
    """`too_long` or `framing`, or what `give_up` was called with."""
    rule: str
    """What was broken, in words; no bytes of the stream."""
    head: bytes
    """The first bytes of the frame at hand, at most HEAD."""


#: A message: its bytes, or for one over LARGE its chunks, so that nothing big is copied in one go.
Frame = bytes | list[bytes]


def frame(payload: bytes) -> bytes:
    """
    Wrap one message for the wire; MessageError for a payload with an FS, which would end it early.

    >>> frame(b"MSH|one")
    b'\\x0bMSH|one\\x1c\\r'
    """
    if STOP in payload:
        raise MessageError("framing", "a message with the byte FS (0x1C) cannot be framed")
    return START + payload + END


class Deframer:
    """Turns a stream of chunks into frames, in time linear in its bytes however it is cut."""

    __slots__ = (
        "_block", "_held", "_inside", "_junk_run", "_limit", "_parts", "_quick", "_size", "_strict", "broken",
        "cut", "junk",
    )  # fmt: skip

    _parts: list[bytes]
    _block: bytearray
    _size: int

    def __init__(self, limit: int = LIMIT, strict: bool = False) -> None:
        self._limit, self._strict = limit, strict
        self._quick = min(limit, LARGE) + 3
        self._inside = self._junk_run = False
        self._held = b""
        self._start_anew()
        self.broken = False
        """Whether the stream cannot be read on."""
        self.junk = 0
        """Bytes between frames that were dropped so far."""
        self.cut = 0
        """Frames begun and never finished so far."""

    @property
    def partial(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._inside

    @property
    def ending(self) -> bool:
        """Whether all but the final CR of a frame is here; when nothing follows soon, call `finish`."""
        return self._inside and self._held == STOP and not self._strict

    @property
    def size(self) -> int:
        """Bytes of the unfinished frame that are kept in memory."""
        return self._size

    def feed(self, data: bytes) -> list[Frame | Broken]:
        """Add received bytes; the frames they complete, in order. After a Broken nothing more comes."""
        if (
            not self._inside
            and data[:1] == START
            and data.find(STOP) == len(data) - 2
            and data[-1] == 13
            and len(data) <= self._quick
            and data.find(START, 1) < 0
            and not self._held
            and not self.broken
        ):
            self._junk_run = False
            return [data[1:-2]]
        return self._walk(data)

    def finish(self) -> list[Frame | Broken]:
        """No more bytes for now: a frame that lacks only its final CR is complete."""
        if not self.ending:
            return []
        self._held = b""
        return [self._complete()]

    def close(self) -> list[Frame | Broken]:
        """No more bytes at all; what is unfinished counts as cut."""
        frames = self.finish()
        if self._inside:
            self.cut += 1
            self._inside = False
            self._start_anew()
        else:
            self.junk += len(self._held)
        self._held = b""
        return frames

    def give_up(self, code: str, rule: str) -> list[Frame | Broken]:
        """Take nothing more, for a reason of the caller's."""
        try:
            self._stop(code, rule)
        except _Stop as problem:
            self.broken = True
            return [problem.event]

    def _walk(self, data: bytes) -> list[Frame | Broken]:
        found: list[Frame | Broken] = []
        if self.broken:
            return found
        if self._held:
            data, self._held = self._held + data, b""
        at, stop = 0, -1
        try:
            while at < len(data):
                if not self._inside:
                    at = self._between(data, at)
                    continue
                if stop < at:
                    stop = data.find(STOP, at)
                    stop = len(data) if stop < 0 else stop
                at = self._within(data, at, stop, found)
        except _Stop as problem:
            self.broken = True
            found.append(problem.event)
        return found

    def _between(self, data: bytes, at: int) -> int:
        """Take bytes between frames; the offset from which to go on."""
        start = data.find(START, at)
        end = len(data) if start < 0 else start
        if not self._junk_run:
            while at < end and data[at] in _BLANK:
                at += 1
            if self._begins(data, at, end):
                return len(data) if self._held else at
        if at < end:
            self._drop(end - at)
        if start >= 0:
            self._inside, self._junk_run = True, False
            return start + 1
        return end

    def _begins(self, data: bytes, at: int, end: int) -> bool:
        """Whether a message without VT begins at the offset, or may: then its bytes are held."""
        if self._strict or at == end:
            return False
        begin = data[at : min(end, at + 3)]
        if begin in _STARTS:
            self._inside = True
            return True
        if end == len(data) and any(start.startswith(begin) for start in _STARTS):
            self._held = begin
            return True
        return False

    def _drop(self, count: int) -> None:
        self.junk += count
        self._junk_run = True
        if self._strict:
            self._stop("framing", "bytes outside a frame")
        if self.junk > self._limit:
            self._stop("framing", "more bytes between frames than a frame may have")

    def _within(self, data: bytes, at: int, stop: int, found: list[Frame | Broken]) -> int:
        """Take bytes of a frame up to what may end it or begin it anew; the offset from which to go on."""
        again = data.find(START, at, stop)
        if again >= 0:
            return self._met_start(data, at, again)
        if stop == len(data):
            self._keep(data[at:])
            return stop
        if stop + 1 == len(data):
            self._keep(data[at:stop])
            self._held = STOP
            return len(data)
        following = data[stop + 1]
        self._keep(data[at:stop])
        if following == 13 or (following == 11 and not self._strict):
            found.append(self._complete())
            return stop + 2 if following == 13 else stop + 1
        if self._strict:
            self._stop("framing", "the byte FS (0x1C) inside a frame")
        self._keep(STOP)
        return stop + 1

    def _met_start(self, data: bytes, at: int, again: int) -> int:
        """A VT inside a frame: content, or a sender that begins anew."""
        self._keep(data[at:again])
        if self._strict:
            self._stop("framing", "the byte VT (0x0B) inside a frame")
        after = data[again + 1 : again + 4]
        if after in _STARTS:
            self.cut += self._size > 0
            self._start_anew()
            return again + 1
        if again + 4 > len(data) and any(start.startswith(after) for start in _STARTS):
            self._held = data[again:]
            return len(data)
        self._keep(START)
        return again + 1

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if len(piece) >= _BLOCK:
            self._close_block()
            self._parts.append(piece)
        else:
            self._block += piece
            if len(self._block) >= _BLOCK:
                self._close_block()
        if self._size > self._limit:
            self._stop("too_long", f"a message of more than {self._limit} bytes")

    def _close_block(self) -> None:
        if self._block:
            self._parts.append(bytes(self._block))
            self._block = bytearray()

    def _complete(self) -> Frame:
        self._inside = False
        if not self._parts:
            body = bytes(self._block)
            self._start_anew()
            return body
        self._close_block()
        parts, size = self._parts, self._size
        self._start_anew()
        return parts if size > LARGE else b"".join(parts)

    def _start_anew(self) -> None:
        self._parts = []
        self._block = bytearray()
        self._size = 0

    def _stop(self, code: str, rule: str) -> NoReturn:
        head = (self._parts[0] if self._parts else bytes(self._block))[: min(HEAD, self._limit)]
        self._inside = False
        self._start_anew()
        raise _Stop(Broken(code=code, rule=rule, head=head))


class _Stop(Exception):
    """Ends a walk over a chunk."""

    def __init__(self, event: Broken) -> None:
        self.event = event
