"""
What a partner says became of what it was sent: TA1 (X12.5), 997 (X12.20), 999 (X12 005010X231) and 277CA (005010X214).

Read leniently: who acknowledges badly has acknowledged. Only control numbers, codes and places are taken; what an
acknowledgement repeats of a value (AK404, IK404) is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.edi.document import Document, Segment
from engine.edi.marks import ABSENT
from engine.edi.partner import ACCEPTED, NOTED, PARTLY, REJECTED, Answered
from engine.formats.x12.faults import ELEMENT, GROUP, INTERCHANGE, SEGMENT, SET
from engine.formats.x12.partner import plain

_UNIT = "\x1f"
#: AK501, IK501, AK901, TA104. M, W and X reject for reasons of security.
_OUTCOMES = {
    "A": ACCEPTED,
    "E": NOTED,
    "P": PARTLY,
    "R": REJECTED,
    "M": REJECTED,
    "W": REJECTED,
    "X": REJECTED,
}
#: STC01-1 of a claim that was not taken (code source 507): returned, not found, rejected.
_REFUSING = {
    "A3": "returned, not processed",
    "A4": "not found",
    "A6": "rejected, information is missing",
    "A7": "rejected, information is invalid",
    "A8": "rejected, fields do not go together",
}
#: Faults that are told of one set.
_MOST = 5
_SPEAKING = ("TA1", "AK1", "STC")


def answers(document: Document) -> Sequence[Answered]:
    """See Format.answers."""
    if not any(name in document.index for name in _SPEAKING):
        return ()
    return tuple(_Said(document).all())


class _Said:
    """Reads acknowledgements, segment by segment."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._pair = self._set = self._group = ""
        self._faults: list[str] = []
        self._segment = ""
        self._level = self._reference = self._traced = ""

    def all(self) -> Iterator[Answered]:
        """Everything that is said, sets before their group."""
        for segment in self.document.segments:
            name = segment.name
            if name == "ISA":
                us, them = segment.element(8).strip(), segment.element(6).strip()
                self._pair = _UNIT.join([us, them])
            elif name == "TA1":
                yield self._interchange(segment)
            elif name[1:] in ("K1", "K2", "K3", "K4", "K5", "K9"):
                yield from self._functional(segment)
            elif name in ("HL", "TRN", "STC", "BHT"):
                yield from self._claims(segment)

    # -- TA1 ------------------------------------------------------------------------------------------------

    def _interchange(self, segment: Segment) -> Answered:
        outcome = _OUTCOMES.get(segment.element(4).strip(), REJECTED)
        code = segment.element(5).strip()
        said = "" if code in ("", "000") else _worded(code, INTERCHANGE)
        value = self._value("interchange", plain(segment.element(1)))
        return Answered(kind="interchange", value=value, outcome=outcome, detail=said)

    # -- 997 and 999 ----------------------------------------------------------------------------------------

    def _functional(self, segment: Segment) -> Iterator[Answered]:
        what, element = segment.name[1:], segment.element
        if what == "K1":
            self._group, self._set, self._faults = plain(element(2)), "", []
        elif what == "K2":
            self._set, self._faults = plain(element(2)), []
        elif what == "K3":
            loop = element(3).strip()
            place = (
                f"{loop}/{_code(element(1))}"
                if _code(loop) == loop != ""
                else _code(element(1))
            )
            self._segment = f"{place} at {plain(element(2))}"
            if (code := element(4).strip()) not in ("", "8"):
                self._faults.append(f"{self._segment}: {_worded(code, SEGMENT)}")
        elif what == "K4":
            at = "-".join(plain(part) for part in _parts(element(1), segment))
            self._faults.append(
                f"{self._segment}, element {at}: {_worded(element(3).strip(), ELEMENT)}"
            )
        elif what == "K5" and self._set:
            yield self._answer("set", f"{self._group}{_UNIT}{self._set}", segment, 2, SET)
        elif what == "K9":
            self._faults = []
            yield self._answer("group", f"{self._group}{_UNIT}", segment, 5, GROUP)

    def _answer(
        self, kind: str, value: str, segment: Segment, first: int, words: dict[str, str]
    ) -> Answered:
        outcome = _OUTCOMES.get(segment.element(1).strip(), REJECTED)
        codes = (segment.element(at).strip() for at in range(first, first + 5))
        said = [_worded(code, words) for code in codes if code]
        more = len(self._faults) - _MOST
        said += [*self._faults[:_MOST], *([f"and {more} more"] if more > 0 else [])]
        value = self._value("set", value)
        return Answered(kind=kind, value=value, outcome=outcome, detail="; ".join(said))

    # -- 277CA ----------------------------------------------------------------------------------------------

    def _claims(self, segment: Segment) -> Iterator[Answered]:
        """2200B speaks of the whole file (TRN02 = BHT03 of the 837), 2200D of a claim (TRN02 = CLM01)."""
        element = segment.element
        if segment.name == "BHT":
            self._level = self._reference = self._traced = ""
        elif segment.name == "HL":
            self._level, self._traced = element(3).strip(), ""
        elif segment.name == "TRN":
            self._traced = element(2).strip()
            if self._level == "21":
                self._reference = self._traced
        elif self._traced and self._level in ("21", "PT"):
            yield from self._status(segment)

    def _status(self, segment: Segment) -> Iterator[Answered]:
        category = _parts(segment.element(1), segment)
        code = category[0].strip()
        refused = code in _REFUSING or segment.element(3).strip() == "U"
        status = _code(category[1]) if len(category) > 1 else ""
        said = f"{_code(code)} {_REFUSING.get(code, 'not accepted')}" if refused else ""
        if said and status:
            said += f", status {status}"
        outcome = REJECTED if refused else ACCEPTED
        if self._level == "PT":
            value = self._value("claim", f"{self._reference}{_UNIT}{self._traced}")
            yield Answered(kind="claim", value=value, outcome=outcome, detail=said)
        elif refused:
            value = self._value("claim", f"{self._reference}{_UNIT}")
            yield Answered(kind="claims", value=value, outcome=outcome, detail=said)

    def _value(self, kind: str, rest: str) -> str:
        return _UNIT.join([kind, self._pair, rest])


def _parts(element: str, segment: Segment) -> list[str]:
    mark = segment.marks.component
    return [element] if mark is ABSENT else element.split(mark)


def _code(text: str) -> str:
    """A code or the name of a segment; what is neither is not repeated."""
    text = text.strip()
    return text if text.isalnum() and len(text) <= 6 else "?"


def _worded(code: str, words: dict[str, str]) -> str:
    return f"{_code(code)} {words[code]}" if code in words else f"code {_code(code)}"
