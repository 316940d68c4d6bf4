"""
What a partner says became of what it was sent: CONTRL (ISO 9735-10).

Read leniently: who acknowledges badly has acknowledged. Only references, codes and places are taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.edi.document import Document, Segment
from engine.edi.partner import ACCEPTED, REJECTED, Answered
from engine.formats.edifact.faults import words
from engine.formats.edifact.inspection import value

_UNIT = "\x1f"
#: 0083: acknowledged, received (what is in it is told later), rejected.
_OUTCOMES = {"7": ACCEPTED, "8": ACCEPTED, "4": REJECTED}
#: Faults that are told of one message.
_MOST = 5


def answers(document: Document) -> Sequence[Answered]:
    """See Format.answers."""
    return tuple(_answers(document)) if "UCI" in document.index else ()


def _answers(document: Document) -> Iterator[Answered]:
    said = _Said()
    for segment in document.segments:
        yield from said.meet(segment)
    yield from said.finish()


class _Said:
    """Reads a CONTRL, segment by segment: what is said of a message ends where the next begins."""

    def __init__(self) -> None:
        self._interchange = ""
        self._message: tuple[str, int, list[str]] | None = None
        self._rest: list[Answered] = []
        """What is said of all messages of which nothing else is said: after them."""
        self._position = ""

    def meet(self, segment: Segment) -> Iterator[Answered]:
        """The next segment."""
        if segment.name == "UCI":
            yield from self.finish()
            pair = _UNIT.join([value(segment, 2), value(segment, 3)])
            self._interchange = _UNIT.join([pair, value(segment, 1)])
            yield from self._whole(segment)
        elif segment.name == "UCM":
            yield from self._closed()
            outcome = _OUTCOMES.get(value(segment, 3), REJECTED)
            self._message = (value(segment, 1), outcome, _told(value(segment, 4)))
        elif segment.name == "UCS" and self._message is not None:
            self._position = f"segment {_number(value(segment, 1))}"
            self._message[2].extend(
                f"{self._position}: {one}" for one in _told(value(segment, 2))
            )
        elif segment.name == "UCD" and self._message is not None:
            at = _place(segment)
            told = _told(value(segment, 1))
            self._message[2].extend(f"{self._position}, element {at}: {one}" for one in told)

    def finish(self) -> Iterator[Answered]:
        """The interchange is over."""
        yield from self._closed()
        yield from self._rest
        self._rest = []

    def _whole(self, segment: Segment) -> Iterator[Answered]:
        outcome = _OUTCOMES.get(value(segment, 4), REJECTED)
        detail = "; ".join(_told(value(segment, 5)))
        key = _UNIT.join(["interchange", self._interchange])
        yield Answered(kind="interchange", value=key, outcome=outcome, detail=detail)
        if value(segment, 4) != "8":
            key = _UNIT.join(["set", self._interchange, ""])
            self._rest.append(Answered(kind="group", value=key, outcome=outcome, detail=detail))

    def _closed(self) -> Iterator[Answered]:
        if self._message is None:
            return
        (reference, outcome, told), self._message = self._message, None
        more = len(told) - _MOST
        said = [*told[:_MOST], *([f"and {more} more"] if more > 0 else [])]
        key = _UNIT.join(["set", self._interchange, reference])
        yield Answered(kind="set", value=key, outcome=outcome, detail="; ".join(said))


def _told(code: str) -> list[str]:
    if not code:
        return []
    known = words(code)
    return [known if known.startswith("error ") else f"{code} {known}"]


def _place(segment: Segment) -> str:
    """The element, and the component where one is said; the segment's name is counted as the first (0098)."""
    element, component = value(segment, 2, 1), value(segment, 2, 2)
    at = str(int(element) - 1) if element.isdigit() and len(element) <= 3 else "?"
    return f"{at}-{_number(component)}" if component else at


def _number(text: str) -> str:
    """A number; what is none is not repeated."""
    return text if text.isdigit() and len(text) <= 6 else "?"
