"""
Interchanges that mappings built, as the one that leaves: the partner's envelope, delimiters and control numbers.

Sets of one kind and version stand in one functional group, in the order in which they came; ST02 counts within the group, so
that the partner's acknowledgement says which set it means. Values are never changed: X12 has no escape, so one that holds a
delimiter of the partner is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from engine.edi.document import Segment, parse
from engine.edi.marks import ABSENT, Marks
from engine.edi.partner import Sealed, Sealing, Sent
from engine.edi.writer import WIDTHS
from engine.errors import MessageError
from engine.formats import Reading
from engine.formats.x12.partner import Envelope, Numbering, day, plain

_UNIT = "\x1f"
_READING = Reading()
#: Sets of a functional group at most: GE01 has six digits.
MOST = 999_999


class _Set(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction set on its way into the interchange."""

    payload: int
    group: str
    """GS01."""
    agency: str
    version: str
    segments: list[Segment]
    """From ST to SE."""
    codec: str


def seal(payloads: Sequence[bytes], sealing: Sealing) -> Sealed:
    """See Format.seal. MessageError also where a payload holds no transaction set."""
    sets = [each for at, payload in enumerate(payloads) for each in _sets(payload, at)]
    if not sets:
        rule = "there is no transaction set in it that an envelope could stand around"
        raise MessageError("nothing_to_seal", rule, "ST")
    return _Interchange(sealing, sets).sealed()


def sent(raw: bytes, reading: Reading) -> Sequence[Sent]:
    """See Format.sent: interchange (ISA13), sets (GS06 and ST02) and claims (BHT03 of their 837, CLM01)."""
    found: list[Sent] = []
    pair = group = says = set_ = reference = ""
    count, claims = -1, 0
    for segment in parse(raw, reading).segments:
        element = segment.element
        if segment.name == "ISA":
            pair = _UNIT.join([element(6).strip(), element(8).strip()])
            value = _UNIT.join(["interchange", pair, plain(element(13))])
            says = f"interchange {plain(element(13))}"
            found.append(Sent(kind="interchange", value=value, says=says, set=-1))
        elif segment.name == "GS":
            group = plain(element(6))
        elif segment.name == "ST":
            count, claims, set_, reference = count + 1, 0, element(1).strip(), ""
            value = _UNIT.join(["set", pair, group, plain(element(2))])
            says = f"{plain(set_)} {plain(element(2))} in group {group}"
            found.append(Sent(kind="set", value=value, says=says, set=count))
        elif segment.name == "BHT":
            reference = element(3).strip()
        elif segment.name == "CLM" and set_ == "837":
            value = _UNIT.join(["claim", pair, reference, element(1).strip()])
            claims += 1
            found.append(
                Sent(kind="claim", value=value, says=f"claim {claims} of {says}", set=count)
            )
    return found


def _sets(payload: bytes, at: int) -> Iterator[_Set]:
    document = parse(payload, _READING)
    group: Segment | None = None
    inside: list[Segment] | None = None
    for segment in document.segments:
        if segment.name == "GS":
            group = segment
        elif segment.name == "ST":
            inside = [segment]
        elif inside is not None:
            inside.append(segment)
            if segment.name == "SE" and group is not None:
                kind, agency, version = (group.element(number).strip() for number in (1, 7, 8))
                yield _Set(
                    payload=at, group=kind, agency=agency, version=version, segments=inside,
                    codec=document.codec,
                )  # fmt: skip
                inside = None


class _Interchange:
    """One interchange being sealed."""

    def __init__(self, sealing: Sealing, sets: list[_Set]) -> None:
        self.sealing, self.sets = sealing, sets
        self.envelope: Envelope = sealing.envelope
        self.marks: Marks = self.envelope.marks()
        us, them = self.envelope.us, self.envelope.them
        self.numbers = Numbering(sealing, us.id, them.id)
        self.origins: list[int] = []
        self._out: list[str] = []

    def sealed(self) -> Sealed:
        """The bytes, and of each set in them which payload it came from."""
        control = self.numbers.interchange()
        self._header(f"{control:09d}")
        groups: dict[tuple[str, str, str], list[_Set]] = {}
        for each in self.sets:
            groups.setdefault((each.group, each.agency, each.version), []).append(each)
        for (kind, agency, version), sets in groups.items():
            self._group(kind, agency or "X", version, sets)
        self._add("IEA", str(len(groups)), f"{control:09d}")
        codec = "utf-8" if any(each.codec != self.sets[0].codec for each in self.sets) else self.sets[0].codec  # fmt: skip
        return Sealed(content="".join(self._out).encode(codec), origins=tuple(self.origins))

    def _add(self, *elements: str) -> None:
        self._out.append(
            self.marks.element.join(elements) + self.marks.segment + self.marks.end
        )

    def _header(self, control: str) -> None:
        said, moment = self.envelope, self.sealing.moment
        newer = self.marks.repetition is not ABSENT
        usage = said.usage or self.sealing.environment
        values = [
            "00",
            "",
            "00",
            "",
            said.us.qualifier,
            said.us.id,
            said.them.qualifier,
            said.them.id,
        ]
        values += [moment.strftime("%y%m%d"), moment.strftime("%H%M")]
        values += [self.marks.repetition if newer else "U", said.version, control]
        values += ["1" if said.acknowledge == "TA1" else "0", "T" if usage == "test" else "P"]
        values.append(self.marks.component)
        wide = [text.ljust(width) for text, width in zip(values, WIDTHS, strict=True)]
        self._add("ISA", *wide)

    def _group(self, kind: str, agency: str, version: str, sets: list[_Set]) -> None:
        if len(sets) > MOST:
            rule = f"a functional group has at most {MOST} transaction sets"
            raise MessageError("too_many", rule, "GE01")
        number, us, them = self.numbers.group(), self.envelope.us, self.envelope.them
        moment: datetime = self.sealing.moment
        when = (day(moment, version), moment.strftime("%H%M"))
        self._add("GS", kind, us.in_group, them.in_group, *when, str(number), agency, version)
        for at, each in enumerate(sets, 1):
            self._set(each, number, f"{at:04d}")
        self._add("GE", str(len(sets)), str(number))

    def _set(self, each: _Set, group: int, control: str) -> None:
        start, *inside = each.segments[:-1]
        elements = list(start.elements)
        elements[2:3] = [control]
        self._add(*elements)
        self.origins.append(each.payload)
        for at, segment in enumerate(inside, 2):
            self._out.append(self._segment(segment, at) + self.marks.segment + self.marks.end)
        self._add("SE", str(len(each.segments)), control)

    def _segment(self, segment: Segment, at: int) -> str:
        """A segment in the partner's delimiters."""
        if _alike(segment.marks, self.marks):
            return segment.line
        elements = [segment.name]
        for number, element in enumerate(segment.elements[1:], 1):
            elements.append(self._element(element, segment, number, at))
        return self.marks.element.join(elements)

    def _element(self, element: str, segment: Segment, number: int, at: int) -> str:
        if not element or segment.name in ("BIN", "BDS"):
            return element
        theirs, ours, place = segment.marks, self.marks, f"{segment.name}{number:02d}"
        repetitions = _cut(element, theirs.repetition)
        if len(repetitions) > 1 and ours.repetition is ABSENT:
            rule = f"elements repeat from version 00402 of the envelope on only (segment {at})"
            raise MessageError("no_repetition_separator", rule, place)
        made = []
        for repetition in repetitions:
            components = _cut(repetition, theirs.component)
            for component in components:
                self._check(component, place, at)
            made.append(ours.component.join(components))
        return ours.repetition.join(made)

    def _check(self, text: str, place: str, at: int) -> None:
        if any(mark in text for mark in self.marks.inner()):
            rule = (
                f"the value of segment {at} holds a delimiter of the partner; X12 has no escape: choose other"
                " 'delimiters' for the partner, or replace the character in the mapping"
            )
            raise MessageError("delimiter_in_value", rule, place)


def _alike(one: Marks, other: Marks) -> bool:
    return one.inner() == other.inner()


def _cut(text: str, mark: str) -> list[str]:
    return [text] if mark is ABSENT else text.split(mark)
