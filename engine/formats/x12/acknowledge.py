"""
Acknowledgements: 999 for sets with an implementation guide (X12 005010X231), 997 for others (X12.20), TA1 for the envelope.

They say what became of the interchange here: accepted (A), accepted with errors noted (E), rejected (R). What was kept and
passed on is never rejected, whatever its syntax: the sender would send it twice. What was quarantined was not
passed on; of such a set all is told that is wrong by its guide too. Acknowledgements themselves (functional group FA, TA1) are
never acknowledged. Control numbers come from the receipt, so that the same message is answered in the same words, or from
the partner's own sequences.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from engine.edi.document import Document, parse
from engine.edi.marks import ABSENT
from engine.edi.partner import ACCEPTED, REJECTED, Sealing, Verdicts
from engine.edi.writer import WIDTHS
from engine.errors import MessageError
from engine.formats import Reading
from engine.formats.x12.check import inspected
from engine.formats.x12.elements import value
from engine.formats.x12.envelope import parts
from engine.formats.x12.faults import INTERCHANGE, Fault
from engine.formats.x12.inspection import GroupSeen, Inspection
from engine.formats.x12.large import inspected_blocks
from engine.formats.x12.partner import Numbering
from engine.formats.x12.responses import Response
from engine.message import Receipt, Verdict
from engine.reading import Blocks

#: What is right is agreed between two partners, who have several names and old passwords: told to those who ask (ISA14).
_AGREED = frozenset(["009", "011", "013"])
#: How far apart the control numbers are that one receipt gives.
_APART = 100_000_000


def acknowledge(raw: bytes, receipt: Receipt, reading: Reading, now: float) -> bytes:
    """
    The answer to an interchange, or to each in a file; empty where none is due, or the bytes have no readable ISA.

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


def acknowledge_blocks(blocks: Blocks, receipt: Receipt, reading: Reading, now: float) -> bytes:
    """The same for a large file: what is held of it is what is said of each of its sets."""
    try:
        found = list(inspected_blocks(blocks))
        bad = any(not _is_good(one) for one in (receipt, *receipt.parts))
        told = inspected_blocks(blocks, "guide") if bad else found
        own = receipt.parts if len(found) > 1 and len(receipt.parts) == len(found) else ()
        answers = []
        for at, (one, judged) in enumerate(zip(found, told, strict=True)):
            said = own[at] if own else receipt
            taken = _accepted(said, sum(len(group.sets) for group in one.groups))
            number = 0 if own else at * _APART
            made = _received(one, judged, taken, said, now, number)
            answers.append(made.written("iso8859-1"))
    except MessageError:
        return b""
    return b"".join(answers)


def refuse(raw: bytes, reading: Reading, now: float, why: str) -> bytes:
    """
    Nothing: X12 has no word for 'send it again'. An interchange that is not acknowledged in time is sent again, one that is
    rejected is not.
    """
    return b""


def acknowledged(raw: bytes, reading: Reading, verdicts: Verdicts, sealing: Sealing) -> bytes:
    """See Format.acknowledged: the same with control numbers of the partner's sequences and times in the partner's zone."""
    try:
        document = parse(raw, reading)
    except MessageError:
        return b""
    isa = document.segments[0].element
    numbers = Numbering(sealing, isa(8), isa(6))
    found = inspected(document)[0]
    if (us := sealing.envelope) is not None and us.us.id.strip() != isa(8).strip():
        found.faults.append(Fault(level="interchange", code="009", words=INTERCHANGE["009"]))
    taken = [verdicts.taken(*each) for each in _controls(found)]
    moment = sealing.moment.timetuple()
    told = _told(found, document, taken)
    return _Answer(found, told, taken, moment, numbers, verdicts.duplicate).written(
        document.codec
    )


def sets(raw: bytes, reading: Reading) -> list[tuple[str, str]]:
    """See Format.sets."""
    found, group = [], ""
    for segment in parse(raw, reading).segments:
        if segment.name == "GS":
            group = segment.element(6).strip()
        elif segment.name == "ST":
            found.append((group, segment.element(2).strip()))
    return found


def _controls(found: Inspection) -> list[tuple[str, str]]:
    return [
        (value(group.start, 6), value(set_.start, 2))
        for group in found.groups
        for set_ in group.sets
    ]


def _one(raw: bytes, receipt: Receipt, reading: Reading, now: float, at: int = 0) -> bytes:
    try:
        document = parse(raw, reading)
    except MessageError:
        return b""
    found = inspected(document)[0]
    taken = _accepted(receipt, sum(len(one.sets) for one in found.groups))
    told = _told(found, document, taken)
    return _received(found, told, taken, receipt, now, at).written(document.codec)


def _told(found: Inspection, document: Document, taken: Sequence[int]) -> Inspection:
    """Of what was rejected all is told, of what was taken what its syntax breaks."""
    return inspected(document, "guide")[0] if REJECTED in taken else found


def _received(
    found: Inspection,
    told: Inspection,
    taken: Sequence[int],
    receipt: Receipt,
    now: float,
    at: int,
) -> _Answer:
    numbers = _Received((receipt.id + at) % 1_000_000_000)
    reused = (
        receipt.verdict is Verdict.QUARANTINED and receipt.reason == "duplicate_interchange"
    )
    return _Answer(found, told, taken, time.gmtime(int(now)), numbers, reused)


class _Received:
    """Control numbers made of a receipt's, so that the same message is answered in the same words."""

    def __init__(self, number: int) -> None:
        self._number, self._groups = number, 0

    def interchange(self) -> int:
        """ISA13."""
        return self._number

    def group(self) -> int:
        """GS06."""
        number = self._number + self._groups * _APART
        self._groups += 1
        return number % 1_000_000_000


class _Answer:
    """The acknowledgements of one interchange."""

    def __init__(
        self,
        found: Inspection,
        told: Inspection,
        taken: Sequence[int],
        moment: time.struct_time,
        numbers: Numbering | _Received,
        reused: bool,
    ) -> None:
        self.found, self.told, self.taken = found, told, taken
        self.moment, self.numbers, self.reused = moment, numbers, reused
        self.marks = found.marks

    def written(self, codec: str) -> bytes:
        """The interchange that answers; empty where there is nothing to say."""
        outer = self._outer()
        answers = {} if self.reused else self._answers()
        if not outer and not answers:
            return b""
        control = f"{self.numbers.interchange():09d}"
        groups = [self._group(version, said) for version, said in answers.items()]
        lines = [self._header(control), *outer, *groups, f"IEA*{len(groups)}*{control}"]
        return self._in_their_marks("~".join(lines) + "~").encode(codec)

    def _outer(self) -> list[str]:
        """TA1 where the envelope is broken, or the sender asks for it (ISA14)."""
        isa = self.found.start
        codes = [fault.code for fault in self.found.faults]
        if self.reused:
            codes = ["025"]
        if self.found.answers and not self.found.groups:
            return []
        if value(isa, 14) != "1":
            codes = [code for code in codes if code not in _AGREED]
            if not codes:
                return []
        good = any(one is not REJECTED for one in self.taken) and not self.reused
        what = "A" if not codes else ("E" if good else "R")
        said = f"TA1*{value(isa, 13)}*{value(isa, 9)}*{value(isa, 10)}"
        return [f"{said}*{what}*{codes[0] if codes else '000'}"]

    def _answers(self) -> dict[str, list[str]]:
        """The acknowledgements by the version that acknowledges, which have a group each."""
        known: dict[str, list[str]] = {}
        first = 0
        for number, group in enumerate(self.found.groups):
            behind = first + len(group.sets)
            if value(group.start, 1) != "FA":
                response = self._response(number, group, self.taken[first:behind])
                version = value(group.start, 8)[:6]
                answers = known.setdefault("005010X231A1" if response.newer else version, [])
                answers.append(response.written(len(answers) + 1))
            first = behind
        return known

    def _response(self, number: int, group: GroupSeen, taken: Sequence[int]) -> Response:
        told = self.told.groups[number].sets
        judged = [
            told[at] if taken[at] is REJECTED else set_ for at, set_ in enumerate(group.sets)
        ]
        return Response(group, judged, taken)

    def _group(self, version: str, answers: list[str]) -> str:
        gs = self.found.groups[0].start
        number = self.numbers.group()
        when = time.strftime("%Y%m%d*%H%M%S", self.moment)
        head = f"GS*FA*{value(gs, 3)}*{value(gs, 2)}*{when}*{number}*X*{version or '004010'}"
        return "~".join([head, *answers, f"GE*{len(answers)}*{number}"])

    def _header(self, control: str) -> str:
        start = self.found.start

        def isa(number: int) -> str:
            return start[number] if number < len(start) else ""

        newer = self.marks.repetition is not ABSENT
        said = ["00", "", "00", "", isa(7), isa(8), isa(5), isa(6)]
        said += [time.strftime("%y%m%d", self.moment), time.strftime("%H%M", self.moment)]
        said += ["^" if newer else "U", isa(12), control, "0", isa(15), ":"]
        wide = [text.ljust(width) for text, width in zip(said, WIDTHS, strict=True)]
        return "*".join(["ISA", *wide])

    def _in_their_marks(self, text: str) -> str:
        """The answer in the delimiters of the sender; what it repeats of theirs holds none of these."""
        marks = self.marks
        component = ":" if marks.component is ABSENT else marks.component
        repetition = "^" if marks.repetition is ABSENT else marks.repetition
        table = {"*": marks.element, "~": marks.segment + marks.end, ":": component}
        return text.translate(
            {ord(ours): theirs for ours, theirs in (*table.items(), ("^", repetition))}
        )


def _accepted(receipt: Receipt, count: int) -> list[int]:
    """What became of each transaction set: those of a split message one by one where they are its parts."""
    if receipt.parts and len(receipt.parts) == count:
        return [ACCEPTED if _is_good(part) else REJECTED for part in receipt.parts]
    good = all(map(_is_good, receipt.parts)) if receipt.parts else _is_good(receipt)
    return [ACCEPTED if good else REJECTED] * count


def _is_good(receipt: Receipt) -> bool:
    """A duplicate is answered as its original was: its reason holds that one's verdict."""
    if receipt.verdict is Verdict.DUPLICATE:
        return not receipt.reason.startswith("quarantined")
    return receipt.verdict is not Verdict.QUARANTINED
