"""
What a functional group is told: a 997 (X12.20) or a 999 (005010X231), from ST to SE.

A fault is told by the codes of the standard and its place. Codes that a 997 has no word for are told by those that come
nearest. In a 999 the business unit at hand is named behind the segment (CTX, 005010X231 2.5), by its own number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.edi.maps import resolve
from engine.edi.partner import ACCEPTED, REJECTED
from engine.formats.x12.elements import value
from engine.formats.x12.faults import OLDER_ELEMENT, OLDER_SEGMENT, Fault
from engine.formats.x12.inspection import GroupSeen, SetSeen

#: At most so many faults are told for a set.
MOST = 99
#: Characters of a business unit's number (element 9998).
_LONGEST = 35


class Response:
    """The 997 or 999 for one functional group."""

    def __init__(
        self,
        group: GroupSeen,
        judged: Sequence[SetSeen],
        taken: Sequence[int],
    ) -> None:
        self.group, self.judged, self.taken = group, judged, taken
        """`judged` are the sets of the group with the faults that are told."""
        self.newer = value(group.start, 8).startswith("005010X")

    def written(self, control: int) -> str:
        """From ST to SE; `control` is its own number in its group."""
        code = "999" if self.newer else "997"
        start = f"ST*{code}*{control:04d}" + ("*005010X231A1" if self.newer else "")
        gs = self.group.start
        version = f"*{value(gs, 8)}" if self.newer else ""
        lines = [start, f"AK1*{value(gs, 1)}*{value(gs, 6)}{version}"]
        for set_, taken in zip(self.judged, self.taken, strict=True):
            lines += self._set(set_, set_.faults, taken)
        lines.append(self._total())
        lines.append(f"SE*{len(lines) + 1}*{control:04d}")
        return "~".join(lines)

    def _set(self, set_: SetSeen, found: Sequence[Fault], taken: int) -> Iterator[str]:
        """AK2 to AK5, or IK5."""
        code, control, convention = (value(set_.start, at) for at in (1, 2, 3))
        named = f"*{convention}" if self.newer and convention else ""
        yield f"AK2*{code}*{control}{named}"
        yield from self._segments(set_, found)
        yield self._outcome(found, taken)

    def _segments(self, set_: SetSeen, found: Sequence[Fault]) -> Iterator[str]:
        """AK3 and AK4, or IK3, CTX and IK4."""
        letter = "I" if self.newer else "A"
        before: tuple[str, int] = ("", 0)
        for fault in [one for one in found if one.level != "set"][:MOST]:
            here = (fault.name, fault.position)
            if fault.level == "segment" or here != before:
                loop = fault.loop if self.newer and not fault.loop.startswith("HL") else ""
                yield f"{letter}K3*{fault.name}*{fault.position}*{loop[:4]}*{self._segment_code(fault)}"
                if self.newer:
                    yield from self._context(set_, fault)
            if fault.level == "element":
                yield f"{letter}K4*{_place(fault, self.newer)}*{fault.reference}*{self._element_code(fault)}"
            before = here

    def _segment_code(self, fault: Fault) -> str:
        code = fault.code if fault.level == "segment" else "8"
        return code if self.newer else OLDER_SEGMENT.get(code, code)

    def _element_code(self, fault: Fault) -> str:
        return fault.code if self.newer else OLDER_ELEMENT.get(fault.code, fault.code)

    def _context(self, set_: SetSeen, fault: Fault) -> Iterator[str]:
        """The business unit that the segment belongs to."""
        guide, _ = resolve(value(set_.start, 1), value(self.group.start, 8))
        values = set_.units.get(fault.unit) if fault.unit else None
        if guide is None or not values:
            return
        _, element, name = guide.head.business
        if number := value(values, element)[:_LONGEST].strip():
            yield f"CTX*{name}:{number}"

    def _outcome(self, found: Sequence[Fault], taken: int) -> str:
        """AK5, IK5."""
        codes = [fault.code for fault in found if fault.level == "set"]
        if not self.newer:
            codes = ["1" if code.startswith("I") else code for code in codes]
        if any(fault.level != "set" for fault in found) or (taken != ACCEPTED and not codes):
            codes.append("5")
        word = "R" if taken is REJECTED else "E" if codes else "A"
        said = "*".join(["", *codes[:5]])
        return f"{'I' if self.newer else 'A'}K5*{word}{said}"

    def _total(self) -> str:
        """AK9: what became of the group, what it says it holds, what came and what was taken."""
        group = self.group
        count, good = len(group.sets), sum(one is not REJECTED for one in self.taken)
        noted = bool(group.faults) or any(set_.faults for set_ in self.judged)
        said = value(group.end, 1) if group.end is not None else str(count)
        codes = [fault.code for fault in group.faults]
        if value(group.start, 8)[:6] < "005010":
            codes = ["6" if code == "19" else code for code in codes]
        word = ("E" if noted else "A") if good == count else "P" if good else "R"
        errors = "*".join(["", *dict.fromkeys(codes[:5])])
        return f"AK9*{word}*{said if said.isdigit() else count}*{count}*{good}{errors}"


def _place(fault: Fault, newer: bool) -> str:
    """C030: element, component, and from version 005010 on the repetition."""
    place = f"{fault.element}:{fault.component or ''}:{fault.repetition or ''}"
    return place.rstrip(":") if newer else ":".join(place.split(":")[:2]).rstrip(":")
