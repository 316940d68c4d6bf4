"""
`split: record`: JSON lines (NDJSON), one document a line, in the memory of one block however large the file is.

Empty lines are none. A line that is no JSON is a part like the others and fails by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from engine.errors import MessageError
from engine.reading import Blocks, Part, Reading, Surveyed
from engine.records.encodings import to_utf8, utf8

#: What `split:` calls one document a line.
RECORD = "record"
#: Bytes that are read at once, and the most that one line may have.
BLOCK, LONGEST = 256 * 1024, 32 * 1024 * 1024
_MARK = b"\xef\xbb\xbf"
_ONE = msgspec.json.Decoder(msgspec.Raw)


def parted_lines(raw: bytes, reading: Reading) -> Iterator[Part]:
    """The lines of a whole file, as UTF-8, with their numbers."""
    text = to_utf8(raw, reading)
    blocks = Blocks(size=len(text), read=lambda at, most: text[at : at + most])
    return Lines(blocks, 0, 0)


def documents(raw: bytes, reading: Reading) -> tuple[bytes, ...] | None:
    """
    The documents of a batch: JSON lines, one document a line. None where it is one document.

    >>> documents(b'{"a": 1}\\n{"a": 2}\\n', Reading()), documents(b'{\\n"a": 1}\\n', Reading())
    ((b'{"a": 1}', b'{"a": 2}'), None)
    """
    if not utf8(reading):
        try:
            raw = to_utf8(raw, reading)
        except MessageError:
            return None
        found = documents(raw, Reading())
        return None if found is None else tuple(back(each, reading) for each in found)
    end = raw.find(b"\n")
    if end < 0 or not raw[end:].strip():
        return None
    lines = [line for line in raw.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()]
    if len(lines) < 2 or lines[0].lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        _ONE.decode(lines[0])
    except (msgspec.DecodeError, RecursionError):
        return None
    return tuple(lines)


def back(part: bytes, reading: Reading) -> bytes:
    """A part in the character set of the whole."""
    return part.decode().encode(reading.encoding)


def in_blocks(by: str) -> bool:
    """Whether parts by that word can be made of a body that nobody holds: lines can, elements of a list cannot."""
    return by == RECORD


def survey(
    blocks: Blocks, reading: Reading, by: str, met: Callable[[str | None], None]
) -> Surveyed:
    """How many lines there are; MessageError where one is longer than any document."""
    return Surveyed(parts=sum(1 for _ in parted_blocks(blocks, reading, by, b"", b"")))


def parted_blocks(
    blocks: Blocks, reading: Reading, by: str, known: bytes, position: bytes
) -> Lines:
    """The lines from a position on. MessageError where they are in another character set than UTF-8, in which lines are cut."""
    if reading.encoding and reading.encoding.lower() not in ("utf-8", "utf8"):
        raise MessageError("bad_encoding", "large files of JSON lines are UTF-8")
    offset, line = position.split() if position else (b"0", b"0")
    return Lines(blocks, int(offset), int(line))


class Lines:
    """Lines of a body, one after the other."""

    def __init__(self, blocks: Blocks, offset: int, line: int) -> None:
        self._blocks, self._offset, self._line = blocks, offset, line
        """Where the next line begins, and how many were before it."""
        self._held = b""
        self._at = 0
        """Where the next line begins in what is held."""

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> Part:
        while True:
            line = self._next()
            self._line += 1
            said = line.removeprefix(_MARK) if self._line == 1 else line
            if said := said.strip(b" \t\r\n"):
                return Part(raw=said, line=self._line)

    def position(self) -> bytes:
        """Where to go on behind the line that was taken last."""
        return b"%d %d" % (self._offset, self._line)

    def _next(self) -> bytes:
        looked = self._at
        while (end := self._held.find(b"\n", looked)) < 0:
            left = len(self._held) - self._at
            if left > LONGEST:
                raise MessageError("too_large", f"line {self._line + 1} has more than {LONGEST} bytes")  # fmt: skip
            more = self._blocks.read(self._offset + left, max(BLOCK, left))
            if not more:
                end = len(self._held) - 1
                if not left:
                    raise StopIteration
                break
            self._held, self._at, looked = self._held[self._at :] + more, 0, left
        line = self._held[self._at : end + 1]
        self._at, self._offset = end + 1, self._offset + len(line)
        return line
