"""
CONTRL: what became of an interchange (ISO 9735-1, ISO 9735-10; UCI, UCF, UCM, UCS and UCD).

The interchange, its groups and its messages are acknowledged (7) or rejected (4). What was kept and passed on is never
rejected, whatever its syntax: the sender would send it twice. What was quarantined was not passed on; of such a message all
is told that is wrong with it. A CONTRL is never acknowledged. Control references come from the receipt, so that the same
interchange is answered in the same words, or from the partner's own sequence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from engine.edi.document import Document, parse
from engine.edi.edifact import EDIFACT
from engine.edi.partner import ACCEPTED, REJECTED, Sealing, Verdicts
from engine.edi.release import guarded, shown
from engine.errors import MessageError
from engine.formats.edifact.check import faults_of
from engine.formats.edifact.envelope import parts
from engine.formats.edifact.faults import Fault
from engine.formats.edifact.inspection import (
    GroupSeen,
    MessageSeen,
    Seen,
    interchanges,
    value,
)
from engine.formats.edifact.partner import Numbering
from engine.message import Receipt, Verdict
from engine.reading import Reading

#: At most so many segments in error are told of a message.
_MOST = 99
#: How far apart the references are that one receipt gives.
_APART = 100_000_000
_TAKEN, _REFUSED = "7", "4"


def acknowledge(raw: bytes, receipt: Receipt, reading: Reading, now: float) -> bytes:
    """
    The answer to an interchange, or to each in a file; empty where none is due, or the bytes have no readable UNB.

    `now` is wall clock seconds; times are UTC.
    """
    found = parts(raw, reading)
    if found is None:
        return _one(raw, receipt, reading, now)
    if len(receipt.parts) == len(found):
        kept = zip(found, receipt.parts, strict=True)
        return b"".join(_one(each, one, reading, now) for each, one in kept)
    return b"".join(
        _one(each, receipt, reading, now, at * _APART) for at, each in enumerate(found)
    )


def refuse(raw: bytes, reading: Reading, now: float, why: str) -> bytes:
    """Nothing: an interchange that is not acknowledged in time is sent again, one that is rejected is not."""
    return b""


def acknowledged(raw: bytes, reading: Reading, verdicts: Verdicts, sealing: Sealing) -> bytes:
    """See Format.acknowledged: with references of the partner's sequence and times in the partner's zone."""
    document, seen = _seen(raw, reading)
    if document is None or seen is None:
        return b""
    us, them = value(seen.start, 3), value(seen.start, 2)
    numbers = Numbering(sealing, us, them)
    taken = [verdicts.taken(*each) for each in controls(seen)]
    moment = sealing.moment.timetuple()
    answer = _Answer(document, seen, taken, moment, verdicts.duplicate)
    return answer.written(lambda: str(numbers.interchange()))


def sets(raw: bytes, reading: Reading) -> Sequence[tuple[str, str]]:
    """See Format.sets."""
    found = interchanges(parse(raw, reading, EDIFACT))
    return [each for seen in found for each in controls(seen)]


def controls(seen: Seen) -> list[tuple[str, str]]:
    """The references of messages: of the group, empty where there is none, and their own."""
    return [(group.reference, one.reference) for group in seen.groups for one in group.messages]


def _seen(raw: bytes, reading: Reading) -> tuple[Document | None, Seen | None]:
    try:
        document = parse(raw, reading, EDIFACT)
    except MessageError:
        return None, None
    found = interchanges(document)
    return document, found[0] if found else None


def _one(raw: bytes, receipt: Receipt, reading: Reading, now: float, at: int = 0) -> bytes:
    document, seen = _seen(raw, reading)
    if document is None or seen is None:
        return b""
    reused = (
        receipt.verdict is Verdict.QUARANTINED and receipt.reason == "duplicate_interchange"
    )
    taken = _accepted(receipt, len(seen.messages))
    answer = _Answer(document, seen, taken, time.gmtime(int(now)), reused)
    return answer.written(lambda: str((receipt.id + at) % 10**14))


class _Answer:
    """The CONTRL for one interchange."""

    def __init__(
        self,
        document: Document,
        seen: Seen,
        taken: Sequence[int],
        moment: time.struct_time,
        reused: bool,
    ) -> None:
        self.document, self.seen, self.taken = document, seen, taken
        self.moment, self.reused = moment, reused
        self.marks = document.marks
        self.lines: list[str] = []
        strict = REJECTED in taken
        self.faults = list(faults_of(document, seen, "guide" if strict else "syntax"))

    def written(self, number: Callable[[], str]) -> bytes:
        """The interchange that answers; empty where there is nothing to say. `number` gives its reference."""
        messages = self.seen.messages
        if messages and all(value(one.start, 2) == "CONTRL" for one in messages):
            return b""
        reference = number()
        unb = self.seen.start
        self._header(reference)
        self._add("UNH", "1", self._kind())
        outer = [fault for fault in self.faults if fault.level == "interchange"]
        refused = self.reused or (bool(outer) and _none_taken(self.taken))
        elements = [self._value(value(unb, 5)), unb.element(2), unb.element(3)]
        self._add("UCI", *elements, *self._verdict(refused, outer))
        if not refused:
            for group in self.seen.groups:
                self._group(group)
        start = next(at for at, line in enumerate(self.lines) if line.startswith("UNH"))
        self._add("UNT", str(len(self.lines) - start + 1), "1")
        self._add("UNZ", "1", self._value(reference))
        ending = self.marks.segment + self.marks.end
        text = self._advice() + "".join(line + ending for line in self.lines)
        return shown(text, self.marks).encode(self.document.codec, "replace")

    def _advice(self) -> str:
        """The sender's UNA, as it came."""
        first = self.document.segments[0]
        return first.line + self.marks.segment + self.marks.end if first.name == "UNA" else ""

    def _header(self, reference: str) -> None:
        unb = self.seen.start
        when = time.strftime(f"%y%m%d{self.marks.component}%H%M", self.moment)
        if value(unb, 1, 2) >= "4":
            when = time.strftime(f"%Y%m%d{self.marks.component}%H%M", self.moment)
        said = [unb.element(1), unb.element(3), unb.element(2), when, self._value(reference)]
        test = value(unb, 11)
        said += ["", "", "", "", "", test] if test else []
        self._add("UNB", *said)

    def _kind(self) -> str:
        is_newer = value(self.seen.start, 1, 2) >= "4"
        parts_ = ["CONTRL", "4", "1", "UN"] if is_newer else ["CONTRL", "D", "3", "UN"]
        return self.marks.component.join(parts_)

    def _group(self, group: GroupSeen) -> None:
        if group.start is not None:
            own = [fault for fault in self.faults if fault.level == "group"]
            taken = [self.taken[one.number] for one in group.messages]
            refused = bool(own) and _none_taken(taken)
            start = group.start
            said = [self._value(group.reference), start.element(2), start.element(3)]
            self._add("UCF", *said, *self._verdict(refused, own))
            if refused:
                return
        for message in group.messages:
            self._message(message)

    def _message(self, message: MessageSeen) -> None:
        refused = self.taken[message.number] is REJECTED
        self._add(
            "UCM",
            self._value(message.reference),
            message.start.element(2),
            *self._verdict(refused, []),
        )
        if refused:
            for line in self._faulty(message):
                self._add(*line)

    def _faulty(self, message: MessageSeen) -> Iterator[list[str]]:
        """UCS for each segment in error, with a UCD for each element in error."""
        known: dict[int, list[Fault]] = {}
        for fault in self.faults:
            if fault.message == message.number:
                known.setdefault(fault.position, []).append(fault)
        for position in sorted(known)[:_MOST]:
            own = [fault.code for fault in known[position] if not fault.element]
            yield ["UCS", str(position), *own[:1]]
            for fault in known[position][:_MOST]:
                if fault.element:
                    # the segment's name is its first element here (ISO 9735-10: 0098)
                    place = [fault.element + 1, *([fault.component] if fault.component else [])]
                    yield ["UCD", fault.code, self.marks.component.join(map(str, place))]

    def _verdict(self, refused: bool, faults: Sequence[Fault]) -> list[str]:
        """0083, and where it refuses 0085, 0013 and S011."""
        if not refused:
            return [_TAKEN]
        if self.reused:
            return [_REFUSED, "26"]
        said = [_REFUSED, *[fault.code for fault in faults[:1]]]
        for fault in faults[:1]:
            if fault.name in ("UNB", "UNZ", "UNG", "UNE"):
                said.append(fault.name)
                said += [str(fault.element + 1)] if fault.element else []
        return said

    def _add(self, *elements: str) -> None:
        self.lines.append(self.marks.element.join(elements))

    def _value(self, text: str) -> str:
        return guarded(text, self.marks)


def _none_taken(taken: Sequence[int]) -> bool:
    """Whether all messages were rejected; one of which some parts were taken was not."""
    return all(each is REJECTED for each in taken)


def _accepted(receipt: Receipt, count: int) -> list[int]:
    """What became of each message: those of a split one by one where they are its parts."""
    if receipt.parts and len(receipt.parts) == count:
        return [ACCEPTED if _is_good(part) else REJECTED for part in receipt.parts]
    good = all(map(_is_good, receipt.parts)) if receipt.parts else _is_good(receipt)
    return [ACCEPTED if good else REJECTED] * count


def _is_good(receipt: Receipt) -> bool:
    """A duplicate is answered as its original was: its reason holds that one's verdict."""
    if receipt.verdict is Verdict.DUPLICATE:
        return not receipt.reason.startswith("quarantined")
    return receipt.verdict is not Verdict.QUARANTINED
