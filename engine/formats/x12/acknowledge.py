"""
Acknowledgements: 999 for sets with an implementation guide (X12 005010X231), 997 for others (X12.20), TA1 for the envelope.

They say what became of the interchange here: accepted (A), accepted with errors noted (E), rejected (R). What was kept and
passed on is never rejected, whatever its syntax: the sender would send it twice. What was quarantined was not
passed on. Acknowledgements themselves (functional group FA, TA1) are never acknowledged. Control numbers come from the
receipt, so that the same message is answered in the same words.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from engine.edi.document import Document, parse
from engine.edi.marks import ABSENT
from engine.edi.partner import ACCEPTED, REJECTED, Sealing, Verdicts
from engine.edi.writer import WIDTHS
from engine.errors import MessageError
from engine.formats import Reading
from engine.formats.x12.check import Envelope, GroupBounds, check
from engine.formats.x12.envelope import parts
from engine.formats.x12.faults import Fault
from engine.formats.x12.partner import Numbering
from engine.message import Receipt, Verdict

#: At most so many faults are told for a set.
MOST = 99
#: How far apart the control numbers are that one receipt gives.
_APART = 100_000_000
#: Codes of 999 that 997 does not have, and what says the same there.
_OLDER = {"12": "3", "13": "3"}


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
    numbers = Numbering(sealing, (isa(7), isa(8)), (isa(5), isa(6)))
    taken = [verdicts.taken(*each) for each in _controls(Envelope(document))]
    moment = sealing.moment.timetuple()
    answer = _Answer(document, taken, moment, numbers, verdicts.duplicate)
    return answer.written()


def sets(raw: bytes, reading: Reading) -> list[tuple[str, str]]:
    """See Format.sets."""
    return _controls(Envelope(parse(raw, reading)))


def _controls(envelope: Envelope) -> list[tuple[str, str]]:
    return [
        (group.start.element(6).strip(), set_.start.element(2).strip())
        for group in envelope.groups
        for set_ in group.sets
    ]


def _one(raw: bytes, receipt: Receipt, reading: Reading, now: float, at: int = 0) -> bytes:
    try:
        document = parse(raw, reading)
    except MessageError:
        return b""
    count = sum(len(one.sets) for one in Envelope(document).groups)
    numbers = _Received((receipt.id + at) % 1_000_000_000)
    reused = (
        receipt.verdict is Verdict.QUARANTINED and receipt.reason == "duplicate_interchange"
    )
    taken = _accepted(receipt, count)
    return _Answer(document, taken, time.gmtime(int(now)), numbers, reused).written()


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
        document: Document,
        taken: list[int],
        moment: time.struct_time,
        numbers: Numbering | _Received,
        reused: bool,
    ) -> None:
        self.document, self.moment, self.numbers, self.reused = (
            document,
            moment,
            numbers,
            reused,
        )
        self.marks = document.marks
        self.envelope = Envelope(document)
        self.faults = list(check(document))
        self.by_group: dict[int, list[Fault]] = {}
        self.by_set: dict[tuple[int, int], list[Fault]] = {}
        for fault in self.faults:
            if fault.level != "interchange":
                self.by_group.setdefault(fault.group, []).append(fault)
            if fault.level in ("set", "segment", "element"):
                self.by_set.setdefault((fault.group, fault.set), []).append(fault)
        self._sets = taken

    def written(self) -> bytes:
        """The interchange that answers; empty where there is nothing to say."""
        outer = self._outer()
        answers = {} if self.reused else self._answers()
        if not outer and not answers:
            return b""
        control = f"{self.numbers.interchange():09d}"
        groups = [self._group(version, said) for version, said in answers.items()]
        lines = [self._header(control), *outer, *groups, f"IEA*{len(groups)}*{control}"]
        return self._in_their_marks("~".join(lines) + "~").encode(self.document.codec)

    def _outer(self) -> list[str]:
        """TA1 where the envelope is broken, or the sender asks for it (ISA14)."""
        isa = self.document.segments[0]
        codes = [fault.code for fault in self.faults if fault.level == "interchange"]
        if self.reused:
            codes = ["025"]
        if (
            any(one.name == "TA1" for one in self.document.segments)
            and not self.envelope.groups
        ):
            return []
        if not codes and isa.element(14) != "1":
            return []
        good = any(one is not REJECTED for one in self._sets) and not self.reused
        what = "A" if not codes else ("E" if good else "R")
        said = f"TA1*{isa.element(13)}*{isa.element(9)}*{isa.element(10)}"
        return [f"{said}*{what}*{codes[0] if codes else '000'}"]

    def _answers(self) -> dict[str, list[str]]:
        """The acknowledgements by the version that acknowledges, which have a group each."""
        known: dict[str, list[str]] = {}
        first = 0
        for number, group in enumerate(self.envelope.groups):
            taken = self._sets[first : first + len(group.sets)]
            first += len(group.sets)
            if group.start.element(1).strip() == "FA":
                continue
            version = group.start.element(8).strip()
            is_newer = version.startswith("005010X")
            answers = known.setdefault("005010X231A1" if is_newer else version[:6], [])
            set_ = _Set(self, group, number, taken, is_newer)
            answers.append(set_.written(len(answers) + 1))
        return known

    def _group(self, version: str, answers: list[str]) -> str:
        gs = self.envelope.groups[0].start
        number = self.numbers.group()
        when = time.strftime("%Y%m%d*%H%M%S", self.moment)
        head = f"GS*FA*{gs.element(3)}*{gs.element(2)}*{when}*{number}*X*{version or '004010'}"
        return "~".join([head, *answers, f"GE*{len(answers)}*{number}"])

    def _header(self, control: str) -> str:
        isa = self.document.segments[0].element
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


class _Set:
    """The 997 or 999 for one functional group."""

    def __init__(
        self, answer: _Answer, group: GroupBounds, number: int, taken: list[int], newer: bool
    ) -> None:
        self.answer, self.group, self.number = answer, group, number
        self.taken, self.newer = taken, newer

    def written(self, control: int) -> str:
        """From ST to SE."""
        code = "999" if self.newer else "997"
        start = f"ST*{code}*{control:04d}" + ("*005010X231A1" if self.newer else "")
        gs = self.group.start.element
        version = f"*{gs(8)}" if self.newer else ""
        lines = [start, f"AK1*{gs(1)}*{gs(6)}{version}"]
        for at, set_ in enumerate(self.group.sets):
            mine = self.answer.by_set.get((self.number, at), [])
            st = set_.start.element
            convention = f"*{st(3)}" if self.newer and st(3) else ""
            lines.append(f"AK2*{st(1)}*{st(2)}{convention}")
            lines += self._faults(mine)
            lines.append(self._outcome(mine, self.taken[at]))
        lines.append(self._total(self.answer.by_group.get(self.number, [])))
        lines.append(f"SE*{len(lines) + 1}*{control:04d}")
        return "~".join(lines)

    def _faults(self, found: list[Fault]) -> Iterator[str]:
        """AK3 and AK4, or IK3 and IK4."""
        letter = "I" if self.newer else "A"
        before: tuple[str, int] = ("", 0)
        for fault in [one for one in found if one.level != "set"][:MOST]:
            here = (fault.name, fault.position)
            if fault.level == "segment" or here != before:
                code = fault.code if fault.level == "segment" else "8"
                loop = fault.loop if self.newer else ""
                yield f"{letter}K3*{fault.name}*{fault.position}*{loop[:4]}*{code}"
            if fault.level == "element":
                code = fault.code if self.newer else _OLDER.get(fault.code, fault.code)
                place = str(fault.element) + (f":{fault.component}" if fault.component else "")
                yield f"{letter}K4*{place}*{fault.reference}*{code}"
            before = here

    def _outcome(self, found: list[Fault], taken: int) -> str:
        codes = [fault.code for fault in found if fault.level == "set"]
        if any(fault.level != "set" for fault in found) or (taken != ACCEPTED and not codes):
            codes.append("5")
        word = "R" if taken is REJECTED else "E" if codes else "A"
        said = "*".join(["", *codes[:5]])
        return f"{'I' if self.newer else 'A'}K5*{word}{said}"

    def _total(self, told: list[Fault]) -> str:
        """AK9: what became of the group, what it says it holds, what came and what was taken."""
        count, good = len(self.group.sets), sum(one is not REJECTED for one in self.taken)
        end = self.group.end
        said = end.element(1).strip() if end is not None else str(count)
        codes = [fault.code for fault in told if fault.level == "group"]
        word = ("E" if told else "A") if good == count else "P" if good else "R"
        errors = "*".join(["", *codes[:5]])
        return f"AK9*{word}*{said if said.isdigit() else count}*{count}*{good}{errors}"


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
