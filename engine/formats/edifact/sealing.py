"""
Interchanges that mappings built, as the one that leaves: the partner's envelope, service characters, character set and
control reference.

Messages keep their order; UNH01 counts within the interchange, so that the partner's CONTRL says which it means. Values
are released anew where they hold one of the partner's service characters, and numbers get the partner's decimal mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from engine.edi.dictionary import Dictionary, Slot
from engine.edi.document import Segment, parse, parts_of
from engine.edi.edifact import EDIFACT
from engine.edi.edifact.tokens import charsets
from engine.edi.marks import ABSENT, Marks
from engine.edi.partner import Sealed, Sealing, Sent
from engine.edi.release import guarded, plain, shown
from engine.errors import MessageError
from engine.formats.edifact.inspection import interchanges, value
from engine.formats.edifact.partner import Envelope, Numbering, Party
from engine.reading import Reading

_UNIT = "\x1f"
_READING = Reading()
#: Messages in an interchange at most: UNZ01 has six digits.
MOST = 999_999


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way into the interchange."""

    payload: int
    segments: list[Segment]
    """From UNH to UNT."""
    dictionary: Dictionary


def seal(payloads: Sequence[bytes], sealing: Sealing) -> Sealed:
    """See Format.seal. MessageError also where a payload holds no message."""
    messages = [each for at, payload in enumerate(payloads) for each in _messages(payload, at)]
    if not messages:
        rule = "there is no message in it that an envelope could stand around"
        raise MessageError("nothing_to_seal", rule, "UNH")
    if len(messages) > MOST:
        raise MessageError("too_many", f"an interchange has at most {MOST} messages", "UNZ01")
    return _Interchange(sealing).sealed(messages)


def sent(raw: bytes, reading: Reading) -> Sequence[Sent]:
    """See Format.sent: interchange (UNB05) and messages (UNB05 and UNH01)."""
    found: list[Sent] = []
    count = 0
    for seen in interchanges(parse(raw, reading, EDIFACT)):
        pair = _UNIT.join([value(seen.start, 2), value(seen.start, 3)])
        reference = value(seen.start, 5)
        key = _UNIT.join(["interchange", pair, reference])
        says = f"interchange {_code(reference)}"
        found.append(Sent(kind="interchange", value=key, says=says, set=-1))
        for message in seen.messages:
            key = _UNIT.join(["set", pair, reference, message.reference])
            says = f"{_code(value(message.start, 2))} {_code(message.reference)} in {says}"
            found.append(Sent(kind="set", value=key, says=says, set=count))
            count += 1
            says = f"interchange {_code(reference)}"
    return found


def _code(text: str) -> str:
    """A reference or a code as people may see it; what is neither is not repeated."""
    return text if text.replace("-", "").isalnum() and len(text) <= 14 else "?"


def _messages(payload: bytes, at: int) -> Iterator[_Message]:
    document = parse(payload, _READING, EDIFACT)
    for seen in interchanges(document):
        for message in seen.messages:
            start = message.start.position
            guide, _ = document.loops.guide_at(start)
            known = guide.dictionary if guide is not None else EDIFACT.dictionary()
            segments = document.segments[start : start + message.count]
            if message.end is not None:
                yield _Message(payload=at, segments=segments, dictionary=known)


class _Interchange:
    """One interchange being sealed."""

    def __init__(self, sealing: Sealing) -> None:
        self.sealing = sealing
        self.envelope: Envelope = sealing.envelope
        self.marks: Marks = self.envelope.marks()
        self._out: list[str] = []

    def sealed(self, messages: Sequence[_Message]) -> Sealed:
        """The bytes, and of each message in them which payload it came from."""
        us, them = self.envelope.us, self.envelope.them
        control = str(Numbering(self.sealing, us.id, them.id).interchange())
        self._header(control)
        for at, each in enumerate(messages, 1):
            self._message(each, str(at))
        self._add("UNZ", str(len(messages)), control)
        content = self._encoded(self.envelope.service(), "".join(self._out))
        return Sealed(content=content, origins=tuple(each.payload for each in messages))

    def _encoded(self, service: str, text: str) -> bytes:
        codec = charsets()[self.envelope.charset]
        try:
            return (service + (self.marks.end if service else "") + text).encode(codec)
        except UnicodeEncodeError:
            rule = f"a character is not in {self.envelope.charset}, the partner's character set"
            raise MessageError("unmappable", rule, "UNB01-1") from None

    def _add(self, *elements: str) -> None:
        marks = self.marks
        line = marks.element.join(elements)
        self._out.append(shown(line, marks) + marks.segment + marks.end)

    def _header(self, control: str) -> None:
        said, moment = self.envelope, self.sealing.moment
        usage = said.usage or self.sealing.environment
        day = "%Y%m%d" if said.version >= "4" else "%y%m%d"
        values = [
            self._joined(said.charset, said.version),
            self._party(said.us),
            self._party(said.them),
            self._joined(moment.strftime(day), moment.strftime("%H%M")),
            control,
            "",
            self._joined(said.application),
            "",
            "1" if said.acknowledge == "CONTRL" else "",
            self._joined(said.agreement),
            "1" if usage == "test" else "",
        ]
        while not values[-1]:
            values.pop()
        self._add("UNB", *values)

    def _party(self, party: Party) -> str:
        return self._joined(party.id.strip(), party.qualifier, party.routing)

    def _joined(self, *parts: str) -> str:
        mark: str = self.marks.component
        return mark.join(guarded(part, self.marks) for part in parts).rstrip(mark)

    def _message(self, message: _Message, number: str) -> None:
        start, *inside, end = message.segments
        elements = [
            self._element(raw, start, at, None) for at, raw in enumerate(start.elements)
        ]
        self._add("UNH", number, *elements[2:])
        for segment in inside:
            described = message.dictionary.segments.get(segment.name)
            slots = described.slots if described is not None else ()
            self._add(
                segment.name,
                *[
                    self._element(raw, segment, at, slots[at - 1] if at <= len(slots) else None)
                    for at, raw in enumerate(segment.elements)
                    if at
                ],
            )
        self._add(end.name, str(len(message.segments)), number)

    def _element(self, raw: str, segment: Segment, number: int, slot: Slot | None) -> str:
        """An element in the partner's service characters."""
        theirs, ours = segment.marks, self.marks
        repetitions = parts_of(raw, theirs.repetition)
        if len(repetitions) > 1 and ours.repetition is ABSENT:
            rule = "elements repeat from syntax version 4 on only"
            place = f"{segment.name}{number:02d}"
            raise MessageError("no_repetition_separator", rule, place)
        made = []
        for one in repetitions:
            pieces = []
            for at, piece in enumerate(one.split(theirs.component)):
                inner = slot.parts[at] if slot and at < len(slot.parts) else slot
                pieces.append(guarded(self._number(plain(piece), inner), ours))
            made.append(ours.component.join(pieces))
        return ours.repetition.join(made)

    def _number(self, text: str, slot: Slot | None) -> str:
        if slot is None or slot.element is None or slot.element.type not in ("R", "Q"):
            return text
        return text.replace(",", ".").replace(".", self.marks.decimal)
