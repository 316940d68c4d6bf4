"""A message: segments split once, fields when they are asked for. Immutable; keeps the bytes as they came."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from engine.errors import MessageError
from engine.formats import Reading
from engine.formats.hl7v2.charset import Decoded, decode
from engine.formats.hl7v2.marks import HEADERS, Marks, delimiters, marks_of

if TYPE_CHECKING:
    from engine.formats.hl7v2.edit import Editor
    from engine.formats.hl7v2.groups import Group, Groups

_BLANK = " \t\x00\x0b\x1a\x1c"
#: The name of a line that is no segment.
NAMELESS = "???"
#: A code of table 0076 or 0003, or one that a house made up.
_CODE = re.compile(r"[A-Za-z0-9]{1,4}")
_PROCESSING = {"P": "production", "T": "test", "D": "debugging"}
_NONE: tuple[Segment, ...] = ()


class Segment(msgspec.Struct, gc=False):
    """One segment. `fields[3]` is its third field as written; in MSH the first is the separator itself."""

    line: str
    """As written, without its line end."""
    name: str
    key: int
    """Stays the same while its message is edited."""
    marks: Marks
    cut: list[str] | None = None
    """`fields`, once they were asked for; readers look here first."""
    filled: bytes | None = None
    """What is in its fields, once that was asked for (presence.py)."""

    @property
    def fields(self) -> list[str]:
        """Its name, then its fields as written."""
        return self.cut or self.split()

    def split(self) -> list[str]:
        """Split the fields now."""
        self.cut = split_fields(self.line, self.name, self.marks)
        return self.cut


class Document:
    """A parsed message."""

    __slots__ = ("_groups", "decoded", "index", "marks", "raw", "reading", "segments", "walked")

    def __init__(
        self,
        raw: bytes,
        decoded: Decoded,
        reading: Reading,
        marks: Marks,
        segments: list[Segment],
        index: dict[str, list[Segment]],
    ) -> None:
        self.raw = raw
        """The bytes as they came."""
        self.decoded = decoded
        self.reading = reading
        self.marks = marks
        self.segments = segments
        self.index = index
        """Segments by name, in their order."""
        self.walked: dict[str, Sequence[Group]] = {}
        """What `things` found; readers look here first."""
        self._groups: Groups | None = None

    def find(self, name: str) -> Sequence[Segment]:
        """All segments of that name."""
        return self.index.get(name, _NONE)

    @property
    def groups(self) -> Groups:
        """The standard's groups in this message."""
        if self._groups is None:
            from engine.formats.hl7v2.groups import Groups  # noqa: PLC0415

            self._groups = Groups(self)
        return self._groups

    def header(self, field: int, component: int = 1) -> str:
        """A component of an MSH field, unescaped; empty where there is none."""
        fields = self.index["MSH"][0].fields
        if field >= len(fields):
            return ""
        parts = fields[field].split(self.marks.repetition)[0].split(self.marks.component)
        return self.marks.unescape(parts[component - 1]) if component <= len(parts) else ""

    def kind(self) -> str:
        """Message code and trigger event: `DFT^P03`; `?` for what is no code, for logs show it and it may be anything."""
        parts = [part for part in self.type()[:2] if part]
        return "^".join([part if _CODE.fullmatch(part) else "?" for part in parts])

    def type(self) -> tuple[str, str, str]:
        """The components of MSH-9: message code, trigger event, structure."""
        fields = self.index["MSH"][0].fields
        raw = fields[9] if len(fields) > 9 else ""
        parts = raw.partition(self.marks.repetition)[0].split(self.marks.component)
        code, event, structure = map(self.marks.unescape, [*parts, "", ""][:3])
        return code, event, structure

    def control(self) -> str:
        """MSH-10."""
        return self.header(10)

    def processing(self) -> str:
        """What MSH-11 says: `production`, `test` or `debugging`; empty where it says nothing of these."""
        return _PROCESSING.get(self.header(11), "")

    def again(
        self,
        raw: bytes,
        decoded: Decoded,
        segments: list[Segment],
        index: dict[str, list[Segment]],
    ) -> Document:
        """The same message with other segments."""
        return Document(raw, decoded, self.reading, self.marks, segments, index)

    def things(self, name: str) -> Sequence[Group]:
        """The segments of that name, each with its group."""
        groups = self.groups if name in self.index else None
        found = [groups.of(segment) for segment in self.index[name]] if groups else ()
        self.walked[name] = found
        return found

    @property
    def document(self) -> Document:
        """The message itself: what a group of it answers as well."""
        return self

    def edit(self) -> Editor:
        """A copy to be written to."""
        from engine.formats.hl7v2.edit import Editor  # noqa: PLC0415

        return Editor(self)


def parse(raw: bytes, reading: Reading) -> Document:
    """
    Bytes to document. Blanks and a byte order mark before MSH are passed over.

    Raises MessageError where no message header is found or its bytes cannot be read.
    """
    decoded = decode(raw, reading.encoding, reading.unmappable)
    text = decoded.text
    if not text.startswith("MSH"):
        text = text.lstrip(_BLANK + "\r\n\ufeff")
        if not text.startswith("MSH"):
            raise MessageError("unreadable", "an HL7 v2 message begins with MSH", "MSH")
    marks = marks_of(delimiters(text), decoded.codec)
    lines, _ = split_lines(text, marks.field)
    segments, index = read_segments(lines, marks)
    return Document(raw, decoded, reading, marks, segments, index)


def read_segments(
    lines: Sequence[str], marks: Marks
) -> tuple[list[Segment], dict[str, list[Segment]]]:
    """The segments of a message's lines, and the same by name. Blank lines are none."""
    segments: list[Segment] = []
    index: dict[str, list[Segment]] = {}
    field = marks.field
    for key, line in enumerate(lines):
        name = line[:3]
        if line[3:4] != field:
            name = name_of(line, field)
            if not name:
                continue
        segment = Segment(line, name, key, marks)
        segments.append(segment)
        if name in index:
            index[name].append(segment)
        else:
            index[name] = [segment]
    return segments, index


def name_of(line: str, field: str) -> str:
    """What stands before the first separator; empty in a blank line, NAMELESS where it cannot be a name."""
    name = line.lstrip(_BLANK).partition(field)[0].rstrip(_BLANK)
    return name if not name or (len(name) == 3 and name.isalnum()) else NAMELESS


def split_fields(line: str, name: str, marks: Marks) -> list[str]:
    """Name and fields of a segment as written; MSH-1, the separator itself, is put in its place."""
    fields = line.split(marks.field)
    fields[0] = name
    if name in HEADERS:
        fields.insert(1, marks.field)
    return fields


def split_lines(text: str, field: str) -> tuple[list[str], list[str]]:
    """
    The lines of a message and the end of each (the last may have none).

    CR, CRLF and LF end a segment. A bare LF does so only where a segment or nothing follows: senders
    that end segments by CR leave LF inside notes.

    >>> split_lines("MSH|^~\\r\\nNTE|1||a\\nb\\nOBX|1\\n", "|")
    (['MSH|^~', 'NTE|1||a\\nb', 'OBX|1', ''], ['\\r\\n', '\\n', '\\n', ''])
    """
    if "\n" not in text:
        lines = text.split("\r")
        return lines, ["\r"] * (len(lines) - 1) + [""]
    pieces = _line_end(field).split(text)
    return pieces[::2], [*pieces[1::2], ""]


@lru_cache(64)
def _line_end(field: str) -> re.Pattern[str]:
    segment = rf"[A-Za-z][A-Za-z0-9]{{2}}(?:{re.escape(field)}|[\r\n]|$)"
    return re.compile(rf"(\r\n?|\n(?=[ \t\x1c]*(?:{segment}|[\r\n]|$)))")


def walk(document: Document) -> Iterator[tuple[Segment, int, int]]:
    """Each segment, which of its name it is (from 1), and how many of its name there are."""
    seen: dict[str, int] = {}
    for segment in document.segments:
        seen[segment.name] = seen.get(segment.name, 0) + 1
        yield segment, seen[segment.name], len(document.index[segment.name])
