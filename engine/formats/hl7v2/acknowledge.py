"""
Acknowledgements (HL7 v2.5.1 ch. 2.9 and 2.10.3).

Original mode answers AA, AE or AR. Enhanced mode answers CA, CE or CR as MSH-15 asks; where MSH-15 asks for none
and MSH-16 asks for an application acknowledgement, that is given at once, which the standard calls equivalent
to original mode. `by_message` is enhanced where MSH-15 or MSH-16 has a value. An acknowledgement is never
acknowledged, unless its own MSH-15 asks for it.

AE says that the message cannot be processed as it is, AR that this receiver does not take it, or took nothing:
send it again. Where it failed is named by path and table 0357, never by a value.
"""

from __future__ import annotations

import time
from functools import lru_cache

import msgspec

from engine.formats import Reading
from engine.formats.hl7v2.batch import headers, parts
from engine.formats.hl7v2.charset import narrow, widen
from engine.formats.hl7v2.faults import Fault, error_segment, is_rejecting
from engine.formats.hl7v2.header import Header, header_of
from engine.formats.hl7v2.marks import Marks
from engine.message import Receipt, Verdict

_WANTED = {"AL": (True, True), "NE": (False, False), "ER": (False, True), "SU": (True, False)}
_AGAIN = "nothing was kept; send the message again"


def acknowledge(raw: bytes, receipt: Receipt, reading: Reading, now: float) -> bytes:
    """
    The answer to a message, or the one answer to a batch; empty where the sender wants none.

    Works on any bytes. `now` is wall clock seconds.
    """
    if receipt.verdict is Verdict.SPLIT:
        if parts(raw, reading) is not None:
            return _batch(raw, receipt, reading, now)
        receipt = _whole(receipt)
    return _one(header_of(raw, reading), receipt, reading, now)


def refuse(raw: bytes, reading: Reading, now: float, why: str) -> bytes:
    """The answer when nothing was kept: AR or CR, and send it again. `why` must hold no value of the message."""
    header = header_of(raw, reading)
    letter = _letter(header, reading, False)
    if not letter:
        return b""
    fault = Fault("engine_error", f"{why}; {_AGAIN}" if why else _AGAIN)
    number = f"R{int(now * 1000)}"
    return header.write(_message(header, letter + "R", number, now, fault))


def _one(header: Header, receipt: Receipt, reading: Reading, now: float) -> bytes:
    outcome = _outcome(receipt)
    letter = _letter(header, reading, outcome == "A")
    if not letter:
        return b""
    fault = None if outcome == "A" else Fault(receipt.reason, receipt.detail)
    text = _message(header, letter + outcome, f"{letter}{receipt.id}", now, fault)
    return header.write(text)


def _whole(receipt: Receipt) -> Receipt:
    """One message that was taken apart is answered once: as the first of its parts that went wrong, else well."""
    wrong = next((part for part in receipt.parts if _outcome(part) != "A"), None)
    if wrong is None:
        return msgspec.structs.replace(receipt, verdict=Verdict.ACCEPTED)
    return msgspec.structs.replace(wrong, id=receipt.id)


def _outcome(receipt: Receipt) -> str:
    """A, E or R. A duplicate is answered as its original was: its reason holds that one's verdict."""
    verdict, reason = receipt.verdict, receipt.reason
    if verdict is Verdict.DUPLICATE:
        return "E" if reason.startswith("quarantined") else "A"
    if verdict is not Verdict.QUARANTINED:
        return "A"
    return "R" if is_rejecting(reason) else "E"


def _letter(header: Header, reading: Reading, good: bool) -> str:
    """A for an application acknowledgement, C for an accept one, empty for none."""
    accept, application = header.part(15), header.part(16)
    if not header.is_message:
        accept = application = ""
    enhanced = reading.mode == "enhanced" or (
        reading.mode == "by_message" and bool(accept or application)
    )
    if header.part(9) in ("ACK", "MCF"):
        return "C" if _wants(accept, good) else ""
    if not enhanced:
        return "A"
    if not accept and not application:
        accept = "AL"  # the channel says enhanced, the message says nothing
    if _wants(accept, good):
        return "C"
    return "A" if _wants(application, good) else ""


def _wants(condition: str, good: bool) -> bool:
    return _WANTED.get(condition.strip('"').upper(), (False, False))[0 if good else 1]


def _message(header: Header, code: str, number: str, now: float, fault: Fault | None) -> str:
    """The acknowledgement as text in the sender's delimiters."""
    marks, version, raw = header.reply, header.version, header.raw
    bar = marks.field
    kind = _kind(raw(9), version, marks)
    processing, said, characters = "P", "2.5.1", ""
    if header.is_message:
        processing, said, characters = raw(11) or "P", raw(12) or "2.5.1", raw(18)
    route = f"MSH{marks.text}{bar}{raw(5)}{bar}{raw(6)}{bar}{raw(3)}{bar}{raw(4)}"
    head = f"{route}{bar}{timestamp(int(now))}{bar}{bar}{kind}{bar}{number}{bar}{processing}{bar}{said}"
    if characters:
        head += f"{bar * 6}{characters}"
    answer = f"{head}\rMSA{bar}{code}{bar}{header.control}"
    if fault is None:
        return answer + "\r"
    if version < (2, 5):
        answer += bar + marks.escape(fault.words)
    return f"{answer}\r{error_segment(fault, marks, version)}\r"


@lru_cache(256)
def _kind(asked: str, version: tuple[int, ...], marks: Marks) -> str:
    """MSH-9 for theirs: the event came with v2.2, the third component with v2.3.1."""
    sub = marks.component
    _, _, rest = asked.partition(marks.repetition)[0].partition(sub)
    event = rest.partition(sub)[0].strip()
    if not event or version < (2, 2):
        return "ACK"
    return f"ACK{sub}{event}" if version < (2, 3, 1) else f"ACK{sub}{event}{sub}ACK"


@lru_cache(8)
def timestamp(second: int) -> str:
    """A moment as HL7 writes it, in UTC."""
    return time.strftime("%Y%m%d%H%M%S+0000", time.gmtime(second))


def _batch(raw: bytes, receipt: Receipt, reading: Reading, now: float) -> bytes:
    """One answer for all: FHS and BHS where the batch had them, an acknowledgement for each message."""
    narrowed, codec = narrow(raw)
    if codec:
        reading = msgspec.structs.replace(reading, encoding="utf-8")
    found = list(headers(narrowed))
    count = sum(name == b"MSH" for name, _ in found)
    if (
        len(receipt.parts) > count
    ):  # its messages were taken apart as well: all are answered as one
        receipt = msgspec.structs.replace(receipt, parts=(_whole(receipt),) * count)
    reply = _BatchReply(receipt, reading, now)
    for name, line in found:
        reply.meet(name, line)
    return widen(reply.close(), codec)


class _BatchReply:
    """A batch acknowledgement, built while the headers of the batch go by."""

    def __init__(self, receipt: Receipt, reading: Reading, now: float) -> None:
        self._receipt, self._reading, self._now = receipt, reading, now
        self._left = list(receipt.parts)[::-1]
        self._out: list[bytes] = []
        self._open: dict[bytes, tuple[Header, int]] = {}
        """Open FHS and BHS, and how many batches or messages stand in them."""
        self._answered = 0

    def meet(self, name: bytes, line: bytes) -> None:
        """The next header, message header or trailer of the batch."""
        header = header_of(line, self._reading)
        if name == b"MSH":
            self._answer(header)
        elif name in (b"FHS", b"FTS"):
            self._end(b"BHS")
            self._end(b"FHS")
            if name == b"FHS":
                self._begin(name, header)
        else:
            self._end(b"BHS")
            if name == b"BHS":
                self._begin(name, header)

    def close(self) -> bytes:
        """The whole answer; empty where no message of the batch wants one."""
        self._end(b"BHS")
        self._end(b"FHS")
        return b"".join(self._out) if self._answered or not self._receipt.parts else b""

    def _answer(self, header: Header) -> None:
        if not self._left:
            return
        answer = _one(header, self._left.pop(), self._reading, self._now)
        if answer:
            self._answered += 1
            self._out.append(answer)
            self._count(b"BHS" if b"BHS" in self._open else b"FHS")

    def _begin(self, name: bytes, header: Header) -> None:
        if name == b"BHS":
            self._count(b"FHS")
        marks = header.reply
        number = f"{name[:1].decode()}{self._receipt.id}-{len(self._out)}"
        fields = [
            "",
            marks.text[1:],
            header.raw(5),
            header.raw(6),
            header.raw(3),
            header.raw(4),
        ]
        fields += [timestamp(int(self._now)), "", "", "", number, header.control]
        fields[0] = name.decode()
        self._out.append(header.write(marks.field.join(fields).rstrip(marks.field) + "\r"))
        self._open[name] = (header, 0)

    def _end(self, name: bytes) -> None:
        if name in self._open:
            header, count = self._open.pop(name)
            trailer = "BTS" if name == b"BHS" else "FTS"
            self._out.append(header.write(f"{trailer}{header.reply.field}{count}\r"))

    def _count(self, name: bytes) -> None:
        if name in self._open:
            header, count = self._open[name]
            self._open[name] = (header, count + 1)
