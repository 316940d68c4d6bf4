"""Segments as text: the envelope, and every element checked on its way out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from engine.edi.dictionary import Dictionary, Slot
from engine.edi.marks import ABSENT, Marks
from engine.edi.release import guarded, shown
from engine.edi.values import check
from engine.errors import MessageError

if TYPE_CHECKING:
    from engine.edi.building import Built
    from engine.edi.lines import Line

Values = dict[tuple[int, int], list[str]]

#: Lengths of the elements of the ISA: it is the one segment of a fixed width.
WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
_DEFAULTS = {1: "00", 3: "00", 5: "ZZ", 6: "CORRIDOR", 7: "ZZ", 8: "PARTNER", 14: "0"}


class Writer:
    """Writes one interchange with one set, segment by segment."""

    codec = "utf-8"

    def __init__(self, marks: Marks, version: str, dictionary: Dictionary) -> None:
        self.marks, self.version, self.dictionary = marks, version, dictionary
        self.trailers: tuple[tuple[str, str], ...] = ()
        """Segments that close group and interchange, each with its control number."""
        self.count = 0
        self._out: list[str] = []

    def add(self, name: str, values: Values, where: str) -> None:
        """
        One segment; `where` is its loop, as errors name it: `2300/`.

        Raises MessageError where an element that must have a value has none, or a value cannot stand there.
        """
        elements = self.elements(name, values, where)
        self._out.append(self.marks.element.join([name, *elements]) + self.marks.segment)
        self.count += 1

    def elements(self, name: str, values: Values, where: str) -> list[str]:
        """The elements of a segment, those behind the last that has something left out."""
        described = self.dictionary.segments.get(name)
        slots = described.slots if described else ()
        found = []
        for number in range(1, max((element for element, _ in values), default=0) + 1):
            slot = slots[number - 1] if number <= len(slots) else None
            found.append(self._element(number, slot, values, f"{where}{name}"))
        for number, slot in enumerate(slots, 1):
            if slot.required and (number > len(found) or not found[number - 1]):
                title = slot.element.title if slot.element is not None else ""
                rule = f"{name} needs this element{f' ({title})' if title else ''}"
                raise MessageError("missing_element", rule, f"{where}{name}{number:02d}")
        return found

    def _element(self, number: int, slot: Slot | None, values: Values, name: str) -> str:
        path, marks = f"{name}{number:02d}", self.marks
        last = max((part for element, part in values if element == number), default=0)
        if not last:
            texts = values.get((number, 0), [])
            for text in texts:
                check(text, slot, self.version, marks, path)
            return self._joined([self._text(text, slot) for text in texts], path)
        most = max(len(values.get((number, part), ())) for part in range(1, last + 1))
        return self._joined(
            [self._composite(number, last, at, slot, values, path) for at in range(most)], path
        )

    def _composite(
        self, number: int, last: int, at: int, slot: Slot | None, values: Values, path: str
    ) -> str:
        if self.marks.component is ABSENT:
            raise MessageError("no_component_separator", "the interchange has none", path)
        texts = []
        for part in range(1, last + 1):
            said = values.get((number, part), [])
            text = said[at] if at < len(said) else ""
            inner = (
                slot.parts[part - 1] if slot is not None and part <= len(slot.parts) else None
            )
            if text:
                check(text, inner, self.version, self.marks, f"{path}-{part}")
            elif inner is not None and inner.required:
                raise MessageError(
                    "missing_element", "the composite needs it", f"{path}-{part}"
                )
            texts.append(self._text(text, inner))
        return self.marks.component.join(texts)

    def _text(self, text: str, slot: Slot | None) -> str:
        """A value as it stands in its element."""
        if self.marks.decimal != "." and slot is not None and slot.element is not None:
            text = (
                text.replace(".", self.marks.decimal)
                if slot.element.type in ("R", "Q")
                else text
            )
        return shown(guarded(text, self.marks), self.marks)

    def _joined(self, texts: list[str], path: str) -> str:
        if len(texts) > 1 and self.marks.repetition is ABSENT:
            rule = "elements repeat from version 005010 on only"
            raise MessageError("no_repetition_separator", rule, path)
        return self.marks.repetition.join(texts)

    def closed(self) -> bytes:
        """What was written, with the trailers of group and interchange; each of them holds one thing."""
        bar, end = self.marks.element, self.marks.segment
        tail = [f"{name}{bar}1{bar}{control}{end}" for name, control in self.trailers]
        return "".join([*self._out, *tail]).encode(self.codec)


def interchange(built: Built, version: str, facts: Any) -> tuple[bytes, Writer]:
    """
    The headers of interchange and group, out of what the mapping set and what stands for the rest, and a writer for what
    is between them and their trailers. The set's own control number and version are filled in.
    """
    known: Marks = getattr(facts, "marks", None) or Marks()
    isa, now = _isa(built.envelope["ISA"], version, facts, known)
    repetition = isa[11] if version[:3] >= "005" else ABSENT
    marks = Marks(known.element, isa[16], repetition, known.segment, "")
    bar, end = marks.element, marks.segment
    writer = Writer(marks, version, built.guide.dictionary)
    header = bar.join(["ISA", *[_wide(isa[at], at, marks) for at in range(1, 17)]]) + end
    group = built.envelope["GS"].values
    version = built.envelope["GS"].text(8) or version
    defaults = {
        1: built.guide.head.group,
        2: isa[6].strip(),
        3: isa[8].strip(),
        4: time.strftime("%Y%m%d", now),
        5: time.strftime("%H%M", now),
        6: isa[13].lstrip("0") or "0",
        7: "X",
        8: version,
    }
    for at, text in defaults.items():
        group.setdefault((at, 0), [text])
    header += bar.join(["GS", *writer.elements("GS", group, "")]) + end
    writer.trailers = (("GE", group[6, 0][0]), ("IEA", isa[13]))
    set_ = built.line(built.part.first, "ST", (), 1).values
    set_[1, 0] = [built.guide.head.set]
    set_.setdefault((2, 0), ["0001"])
    if "X" in version:
        set_.setdefault((3, 0), [version])
    return header.encode(), writer


def _isa(
    line: Line, version: str, facts: Any, known: Marks
) -> tuple[dict[int, str], time.struct_time]:
    context = getattr(facts, "context", None)
    moment = time.gmtime(getattr(context, "now", 0.0))
    tried = getattr(getattr(facts, "inbound", None), "test", False)
    test = tried or getattr(context, "environment", "") == "test"
    newer = version[:3] >= "005"
    found = {
        2: "",
        4: "",
        **_DEFAULTS,
        9: time.strftime("%y%m%d", moment),
        10: time.strftime("%H%M", moment),
        11: (known.repetition if known.repetition is not ABSENT else "^") if newer else "U",
        12: "00501" if newer else "00401",
        13: str(getattr(context, "id", 0) % 1_000_000_000),
        15: "T" if test else "P",
        16: known.component,
    }
    found |= {element: texts[0] for (element, _), texts in line.values.items()}
    found[13] = found[13].zfill(9)
    return found, moment


def _wide(text: str, element: int, marks: Marks) -> str:
    width, path = WIDTHS[element - 1], f"ISA{element:02d}"
    if len(text) > width:
        raise MessageError("bad_length", f"the element takes {width} characters", path)
    if element not in (11, 16):
        check(text, None, "", marks, path)
    return text.ljust(width)
