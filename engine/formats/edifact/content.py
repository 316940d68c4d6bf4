"""The segments of one message against its map: what is missing, out of place, or there too often."""

from __future__ import annotations

from collections.abc import Iterator

from engine.edi.document import Document
from engine.edi.loop import Loop
from engine.edi.maps import LoopPart, Part
from engine.formats.edifact.elements import problems, promises
from engine.formats.edifact.faults import Fault, words
from engine.formats.edifact.inspection import MessageSeen


class Content:
    """One message."""

    def __init__(self, document: Document, message: MessageSeen, root: Loop) -> None:
        self.document, self.message, self.root = document, message, root

    def faults(self, is_exact: bool, is_guide: bool) -> Iterator[Fault]:
        """
        In the order of the message. `is_exact`: its directory is described to the letter, so that order, repeats and
        elements are judged; `is_guide`: also what qualifiers and codes promise of values.
        """
        found = list(self._segments(is_exact, is_guide))
        if is_exact:
            found += self._loop(self.root)
        yield from sorted(found, key=lambda fault: (fault.position, fault.element))

    def _segments(self, is_exact: bool, is_guide: bool) -> Iterator[Fault]:
        loops, start = self.document.loops, self.root.start
        guide, _ = loops.guide_at(start)
        if guide is None:
            return
        for at in range(start, start + self.message.count):
            segment, home = self.document.segments[at], loops.home[at]
            loop = str(home) if home is not None and home is not self.root else ""
            told: list[tuple[str, int, int]] = []
            if is_exact:
                if loops.places[at] is None or at in loops.strays:
                    yield self._fault("15", segment.name, at, loop)
                told += problems(segment, guide.dictionary)
            if is_guide and not told:
                told += promises(segment)
            for code, element, component in told:
                yield self._fault(code, segment.name, at, loop, element, component)

    def _loop(self, loop: Loop) -> Iterator[Fault]:
        """What a segment group lacks or has too often, and those in it."""
        assert loop.part is not None
        places = self.document.loops.places
        own: dict[int, list[int]] = {}
        for at in loop.own:
            if (part := places[at]) is not None:
                own.setdefault(part.order, []).append(at)
        inner: dict[int, list[Loop]] = {}
        for child in loop.children:
            if child.part is not None:
                inner.setdefault(child.part.order, []).append(child)
        name = str(loop) if loop is not self.root else ""
        last = loop.start
        for order, item in enumerate(loop.part.items):
            if isinstance(item, Part):
                found = own.get(order, [])
                yield from self._counted(item, found, last, name)
                last = found[-1] if found else last
            else:
                children = inner.get(order, [])
                yield from self._repeated(item, children, last)
                last = children[-1].end - 1 if children else last
        for child in loop.children:
            yield from self._loop(child)

    def _counted(self, part: Part, found: list[int], last: int, loop: str) -> Iterator[Fault]:
        if part.required and not found and part.name != "UNT":
            yield self._fault("13", part.name, last, loop, missing=True)
        if part.repeat:
            for at in found[part.repeat :]:
                yield self._fault("35", part.name, at, loop)

    def _repeated(self, part: LoopPart, found: list[Loop], last: int) -> Iterator[Fault]:
        if part.required and not found:
            yield self._fault("13", part.first.name, last, part.name, missing=True)
        if part.repeat:
            for child in found[part.repeat :]:
                yield self._fault("36", part.first.name, child.start, part.name)

    def _fault(
        self,
        code: str,
        name: str,
        at: int,
        loop: str,
        element: int = 0,
        component: int = 0,
        missing: bool = False,
    ) -> Fault:
        known = name if name.isalnum() and len(name) <= 3 else "?"
        return Fault(
            level="element" if element else "segment",
            code=code,
            words=words(code),
            message=self.message.number,
            name=known,
            position=at - self.root.start + 1,
            loop=loop,
            element=element,
            component=component,
            missing=missing,
        )
