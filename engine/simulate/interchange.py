"""Interchanges of simulated partners: what came taken apart, what they answer in an envelope turned round."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from engine.edi.document import Document, Segment, parse
from engine.edi.writer import WIDTHS
from engine.errors import MessageError
from engine.reading import Reading

#: What kind of group a set stands in (X12 element 479).
_GROUPS = {"810": "IN", "855": "PR", "856": "SH", "271": "HB", "277": "HN", "835": "HP"}
#: Control numbers have nine digits.
_HIGHEST = 999_999_999


class Set(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction set that came."""

    kind: str
    """ST01."""
    segments: tuple[Segment, ...]
    """From ST to SE."""

    def first(self, name: str, qualifier: str = "") -> Segment | None:
        """The first segment of a name, and of a qualifier in its first element where one is asked for."""
        found = (one for one in self.segments if one.name == name)
        return next((one for one in found if qualifier in ("", one.element(1))), None)

    def value(self, name: str, element: int, qualifier: str = "") -> str:
        """An element of that segment; empty where there is none."""
        found = self.first(name, qualifier)
        return found.element(element) if found is not None else ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a partner leaves in its box."""

    after: float
    """Steps of the partner's pace from now."""
    kind: str
    """`997`, `855`; also the end of the file's name."""
    content: bytes
    folder: str = "out"
    sets: int = 1
    """Transaction sets in it."""


class Numbers:
    """A partner's control numbers. They begin with the time, so that one who is started anew gives none twice."""

    def __init__(self, first: int | None = None) -> None:
        begin = int(time.time() * 10) if first is None else first
        self._next = itertools.count(begin)

    def take(self) -> int:
        """The next one."""
        return next(self._next) % _HIGHEST + 1


def read(raw: bytes) -> Document | None:
    """An interchange that came; None where it is none."""
    try:
        return parse(raw, Reading())
    except MessageError:
        return None


def sets(document: Document) -> Iterator[Set]:
    """The transaction sets of an interchange, in their order."""
    begun: list[Segment] | None = None
    for segment in document.segments:
        if segment.name == "ST":
            begun = []
        if begun is not None:
            begun.append(segment)
        if segment.name == "SE" and begun:
            yield Set(kind=begun[0].element(1), segments=tuple(begun))
            begun = None


def sealed(
    towards: Document, bodies: Sequence[Sequence[str]], version: str, number: int, now: float
) -> bytes:
    """
    An interchange back to the sender of another one. Each body is a set, from behind its ST to before its SE, its first
    word the kind of set (`855`, or `277*005010X214` where ST03 is written); elements stand between `*`, components
    between `:`. `now` is wall clock seconds; times are UTC.
    """
    moment = datetime.fromtimestamp(now, UTC)
    isa = towards.segments[0].element
    said = ["00", "", "00", "", isa(7), isa(8), isa(5), isa(6)]
    said += [
        f"{moment:%y%m%d}",
        f"{moment:%H%M}",
        "^",
        "00501",
        f"{number:09}",
        "0",
        isa(15),
        ":",
    ]
    lines = ["*".join(["ISA", *(text.ljust(n) for text, n in zip(said, WIDTHS, strict=True))])]
    kind = bodies[0][0].split("*")[0]
    us, them = towards.header("GS", 3), towards.header("GS", 2)
    lines.append(f"GS*{_GROUPS[kind]}*{us}*{them}*{moment:%Y%m%d*%H%M}*{number}*X*{version}")
    for at, (head, *body) in enumerate(bodies, 1):
        name, _, guide = head.partition("*")
        opening = f"ST*{name}*{at:04}" + (f"*{guide}" if guide else "")
        lines += [opening, *body, f"SE*{len(body) + 2}*{at:04}"]
    lines += [f"GE*{len(bodies)}*{number}", f"IEA*1*{number:09}"]
    return ("~\n".join(lines) + "~\n").encode()


def written(segment: Segment) -> list[str]:
    """The elements of a segment, its name first, components between `:` whatever the sender writes there."""
    return [one.replace(segment.marks.component, ":") for one in segment.elements]
