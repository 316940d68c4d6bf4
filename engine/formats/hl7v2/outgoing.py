"""A whole message that is built: its header, where the mapping leaves it empty, its character set and its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.errors import MessageError
from engine.formats import Reading
from engine.formats.hl7v2.acknowledge import timestamp
from engine.formats.hl7v2.blueprint import ANY, Level
from engine.formats.hl7v2.building import MARKS, Built, Fields
from engine.formats.hl7v2.charset import Decoded, codec_of, strictly
from engine.formats.hl7v2.document import Document, Segment
from engine.formats.hl7v2.marks import USUAL, Marks, delimiters, marks_of
from engine.formats.hl7v2.structures import versions
from engine.formats.hl7v2.writing import translated
from engine.message import short_id

_READING = Reading()
_UTF8 = "UNICODE UTF-8"


class Message(Built):
    """A message being built."""

    __slots__ = ("_document", "facts", "number")

    def __init__(self, level: Level, facts: Any) -> None:
        super().__init__(level)
        self.facts = facts
        """engine.message.Facts."""
        notes = facts.notes
        notes.built += 1
        self.number = notes.built
        """Which of the messages that are built of one message it is, from 1."""
        self._document: Document | None = None

    def render(self) -> bytes:
        """
        The message as bytes: in the set that MSH-18 names, else in ASCII, or in UTF-8, which MSH-18 then says.

        Raises MessageError where a required segment is missing or one stands too often, where MSH-9 lacks the event, and
        for a character that the set of MSH-18 does not have.
        """
        header = self.entry("MSH")
        self._fill(header)
        out: list[Fields] = []
        self.lines(out)
        marks = MARKS
        if header[1] != MARKS.field or header[2] != USUAL:
            marks = _marks(header)
            out = [_between(fields, marks) for fields in out]
            header = out[0]
        lines = _lines(out, marks)
        text = "\r".join(lines) + "\r"
        codec = "ascii"
        if (said := header[18] if len(header) > 18 else "") or not text.isascii():
            if not said:
                header.extend([""] * (19 - len(header)))
                header[18] = said = _UTF8
                lines[0] = _lines(out[:1], marks)[0]
                text = "\r".join(lines) + "\r"
            codec = codec_of(said.partition(marks.repetition)[0] or "ASCII")
        raw = strictly(text, codec)
        self._document = _document(raw, Decoded(text, codec), marks.text, lines, out)
        return raw

    def document(self) -> Document:
        """The message as `render` gave it last, to be read."""
        if self._document is None:
            self.render()
        assert self._document is not None
        return self._document

    def _fill(self, header: Fields) -> None:
        """MSH-7 and MSH-9 to MSH-12, where they are empty."""
        context, level = self.facts.context, self.level
        if len(header) < 13:
            header.extend([""] * (13 - len(header)))
        header[7] = header[7] or timestamp(int(context.now))
        header[9] = _kind(header[9], level)
        header[10] = header[10] or self._control()
        header[11] = header[11] or ("P" if context.environment == "production" else "T")
        header[12] = header[12] or level.version

    def _control(self) -> str:
        """The message's id, then which part of it this is, and from the second built message on which of them."""
        context = self.facts.context
        number = f"{short_id(context.id)}{context.part}"
        return number if self.number == 1 else f"{number}.{self.number}"


def _kind(said: str, level: Level) -> str:
    """MSH-9: code, event, and since v2.3.1 the structure (HL7 v2.5.1 ch. 2.15.9.9)."""
    code, event, structure = [*said.split(MARKS.component), "", "", ""][:3]
    known = "" if level.within == ANY else level.within
    structured = versions().index(level.version) >= versions().index("2.3.1")
    code, event = code or known.partition("_")[0], event or level.event
    if not code:
        rule = "without a structure nothing says what the message is: set MSH-9.1 and MSH-9.2"
        raise MessageError("missing_field", rule, "MSH-9.1")
    if known and not event and (structured or code != "ACK"):
        rule = f"{known} is of several events, and the mapping does not say which: set MSH-9.2"
        raise MessageError("missing_field", rule, "MSH-9.2")
    structure = structure or (known if structured else "")
    return MARKS.component.join([code, event, structure]).rstrip(MARKS.component)


def _marks(header: Fields) -> Marks:
    """The delimiters that the mapping chose in MSH-1 and MSH-2."""
    text = delimiters(f"MSH{header[1]}{header[2]}")
    if len(header[1]) != 1 or len(text) < 5 or len(set(text)) < len(text):
        rule = f"the delimiters are different characters, as in {USUAL}"
        raise MessageError("bad_value", rule, "MSH-2")
    return marks_of(text, "utf-8")


def _between(fields: Fields, marks: Marks) -> Fields:
    """A segment with other delimiters."""
    kept = [fields[0], marks.field, marks.text[1:]] if fields[0] == "MSH" else fields[:1]
    return kept + [translated(raw, MARKS, marks) for raw in fields[len(kept) :]]


def _lines(segments: Sequence[Fields], marks: Marks) -> list[str]:
    """The segments as written; MSH-1 is the separator behind the name."""
    bar = marks.field
    first, *rest = segments
    return [bar.join([first[0], *first[2:]]), *[bar.join(fields) for fields in rest]]


def _document(
    raw: bytes, decoded: Decoded, text: str, lines: Sequence[str], out: Sequence[Fields]
) -> Document:
    """What reading the bytes would give, without reading them."""
    marks = marks_of(text, decoded.codec)
    segments: list[Segment] = []
    index: dict[str, list[Segment]] = {}
    for key, (line, fields) in enumerate(zip(lines, out, strict=True)):
        segments.append(segment := Segment(line, fields[0], key, marks, fields))
        if segment.name in index:
            index[segment.name].append(segment)
        else:
            index[segment.name] = [segment]
    return Document(raw, decoded, _READING, marks, segments, index)
