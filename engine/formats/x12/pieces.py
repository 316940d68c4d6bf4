"""The segments of a large file, one by one as they stand in it: each with its terminator and the blanks behind. In the memory of a block."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from engine.edi.marks import BLANK, Marks, marks_at
from engine.edi.tokens import unended
from engine.errors import MessageError
from engine.reading import Blocks

#: Bytes that are read at once, and the most that one segment may have.
BLOCK, LONGEST = 256 * 1024, 64 * 1024 * 1024
#: No header of an interchange is longer.
_HEADER = 400
_LATIN = "iso8859-1"
_BREAKS = str.maketrans("", "", "\r\n")
#: Blanks, and the bytes of a no-break space and of a byte order mark in UTF-8.
_PASSED = frozenset(BLANK + "\xc2\xef\xbb\xbf")


class Piece(msgspec.Struct, gc=False, frozen=True):
    """One segment."""

    raw: bytes
    """As it stands in the file, with what is between it and the one behind."""
    line: str
    """Without its terminator and the blanks around it, one character each byte."""
    name: str
    offset: int
    number: int
    """Its position in the file, from 1."""
    marks: Marks

    def values(self) -> list[str]:
        """Its name and its elements."""
        return self.line.split(self.marks.element)


def pieces(
    blocks: Blocks, offset: int, number: int, marks: Marks | None, fixed: bool = False
) -> Iterator[Piece]:
    """
    The segments from an offset on; `marks` are the delimiters there, None where an interchange begins; `fixed`: they are those
    of all that comes.

    MessageError where no interchange header begins the file, its delimiters are no ASCII characters, or a segment does not end.
    """
    window = _Window(blocks, offset, fixed)
    at = window.passed(0)
    while at >= 0:
        marks, stop, line = window.segment(at, marks)
        following = window.passed(stop)
        behind = following if following >= 0 else len(window.text)
        if line:
            number += 1
            raw = window.text[at:behind].encode(_LATIN)
            name = line.partition(marks.element)[0]
            yield Piece(raw, line, name, window.base + at, number, marks)
        at = following
        if at > BLOCK:
            window.drop(at)
            at = 0


class _Window:
    """Some of a file, one character each byte."""

    def __init__(self, blocks: Blocks, offset: int, fixed: bool) -> None:
        self.fixed = fixed
        self.blocks, self.base, self.text = blocks, offset, ""
        self.ended = False

    def drop(self, at: int) -> None:
        """What is before it is no longer needed."""
        self.text, self.base = self.text[at:], self.base + at

    def more(self) -> bool:
        """Read another block; whether there was one."""
        read = b"" if self.ended else self.blocks.read(self.base + len(self.text), BLOCK)
        self.ended = not read
        self.text += read.decode(_LATIN)
        return bool(read)

    def segment(self, begin: int, marks: Marks | None) -> tuple[Marks, int, str]:
        """The delimiters, the end and the text of the segment that begins there."""
        while len(self.text) < begin + _HEADER and self.more():
            pass
        marks = self._marks(begin, marks)
        stop = self._binary(begin, marks)
        if stop < 0:
            stop = self._find(marks.segment, begin)
        line = self.text[begin : stop - 1 if self.text[stop - 1] == marks.segment else stop]
        if "\n" in line or "\r" in line:
            if marks.end and (found := unended(marks).search(line)):
                return marks, begin + found.start(), line[: found.start()].rstrip(BLANK)
            line = line.translate(_BREAKS)
        return marks, stop, line.rstrip(BLANK)

    def passed(self, at: int) -> int:
        """Where the next character is that is no blank; -1 where there is none."""
        while True:
            while at < len(self.text):
                if self.text[at] not in _PASSED:
                    return at
                at += 1
            if not self.more():
                return -1

    def _marks(self, begin: int, marks: Marks | None) -> Marks:
        header = self.text[begin : begin + 4]
        if not self.fixed and header[:3] == "ISA" and not header[3:].isalnum():
            marks = marks_at(self.text, begin)
            if not marks.inner().isascii():
                raise MessageError(
                    "unreadable", "the delimiters of a large file are ASCII", "ISA"
                )
        if marks is None:
            raise MessageError("unreadable", "an X12 interchange begins with ISA", "ISA")
        return marks

    def _find(self, mark: str, begin: int) -> int:
        """The end of a segment, behind its terminator."""
        searched = begin
        while (found := self.text.find(mark, searched)) < 0:
            searched = len(self.text)
            if searched - begin > LONGEST:
                rule = f"a segment goes on for more than {LONGEST // 1024 // 1024} MB"
                raise MessageError("too_large", rule)
            if not self.more():
                return len(self.text)
        return found + 1

    def _binary(self, begin: int, marks: Marks) -> int:
        """The end of a binary segment, whose data is as long as it says; -1 where it is none."""
        name = self.text[begin : begin + 3]
        if name not in ("BIN", "BDS"):
            return -1
        values = self.text[begin : begin + 40].split(marks.element)
        place = 1 if name == "BIN" else 2
        if len(values) <= place + 1 or not values[place].isdigit():
            return -1
        start = begin + sum(map(len, values[: place + 1])) + place + 1
        stop = start + int(values[place])
        if stop - start > LONGEST:
            raise MessageError("too_large", "binary data is too long", name)
        while len(self.text) <= stop and self.more():
            pass
        return stop + 1 if self.text[stop : stop + 1] == marks.segment else -1
