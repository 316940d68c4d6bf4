"""Paths that are written to, in an interchange being edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from engine.edi.dialect import dialect_in
from engine.edi.dictionary import Dictionary
from engine.edi.document import Segment, parts_of
from engine.edi.edit import Editor, Line
from engine.edi.loop import Loop
from engine.edi.marks import HEADERS, Marks
from engine.edi.names import words
from engine.edi.path import Path, Pick, read_path
from engine.edi.read import looker, segment_of
from engine.edi.release import guarded, plain
from engine.edi.things import Element
from engine.edi.values import check, written
from engine.errors import MessageError
from engine.paths import CompileCondition, PathProblem, Scope, Shape
from engine.reading import NULL


def target(text: str, shape: Shape, condition: CompileCondition) -> Target:
    """The whole text as a place to write to; PathProblem when it is none."""
    path, dialect = read_path(text, 0, shape, condition), dialect_in(shape)
    if path is None:
        raise PathProblem(0, "a place is a segment and two digits", dialect.example)
    if path.end != len(text):
        raise PathProblem(path.end, "here the place has ended", path.text)
    if path.element in dialect.fixed.get(path.segment, ()):
        problem = f"{path.text} is written by the engine: delimiters and counts"
        raise PathProblem(0, problem)
    return Target(path, words(shape), dialect.widths)


class Target:
    """
    An element or something in it, or (to be removed only) segments and loops.

    What the interchange has no segment for is not written: segments are made by `Editor.add`.
    """

    def __init__(self, path: Path, known: Dictionary, widths: tuple[int, ...]) -> None:
        self.text = path.text
        self._path, self._known, self._widths = path, known, widths

    def set(self, document: Editor, scope: Scope, value: Any) -> None:
        """
        Write text, None (empty), or elements of an interchange as they stand there. What a filter does not find is not written.

        Raises MessageError where the value holds a delimiter or is not what the element takes.
        """
        path = self._path
        if not path.element:
            raise TypeError(f"{path.text} names segments: set their elements")
        for line in self._lines(document, scope):
            raw = line.elements[path.element] if path.element < len(line.elements) else ""
            line.write(path.element, self._written(raw, line, value))
        document.changed()

    def remove(self, document: Editor, scope: Scope) -> None:
        """Take out segments, or loops with all that is in them; empty an element or a component."""
        path = self._path
        if not path.element:
            document.drop(self._whole(document, scope))
            return
        for line in self._lines(document, scope):
            raw = line.elements[path.element] if path.element < len(line.elements) else ""
            if raw:
                line.write(path.element, self._written(raw, line, None))
        document.changed()

    def _whole(self, editor: Editor, scope: Scope) -> list[Line]:
        """The segments that `remove` of a segment or a loop takes out."""
        path = self._path
        outer = looker(path)(scope)
        if outer is None:
            found = scope.node.groups(path.segment)
        else:
            found = [
                loop
                for one in outer
                for loop in one.document.loops.loops_inside(one, path.segment)
                or [one.document.loops.of(segment) for segment in one.within(path.segment)]
            ]
        found = [loop for loop in found if editor.behind([loop.segment])]
        chosen = path.which.of(found, scope) if path.which.said else found
        return [line for loop in chosen for line in editor.behind(_removed(loop))]

    def _lines(self, editor: Editor, scope: Scope) -> Sequence[Line]:
        path, which = self._path, self._path.which
        if not path.segment:
            return editor.behind([segment_of(scope.item)])
        outer = looker(path)(scope)
        if outer is None:
            found = editor.behind(scope.node.find(path.segment))
            if hasattr(scope.node, "reading"):
                new = [one for one in editor.named(path.segment) if one.key in editor.added]
                found += new
        else:
            found = editor.behind(
                segment for loop in outer for segment in loop.within(path.segment)
            )
        if which.where is None:
            return found if not which.number else found[which.number - 1 : which.number]
        now: list[Segment] = [line.segment(at) for at, line in enumerate(found)]
        return [found[at] for at in which.positions(now, scope)]

    def _written(self, raw: str, line: Line, value: Any) -> str:
        """The element, with the value in its place."""
        path, pick, marks = self._path, self._path.repetition, line.marks
        if not pick.said and not path.component:
            return self._encoded(value, line)
        repetitions = parts_of(raw, marks.repetition)
        for at in _chosen(pick, len(repetitions) if raw else 0):
            while at >= len(repetitions):
                repetitions.append("")
            repetitions[at] = self._in_repetition(repetitions[at], line, value)
        while len(repetitions) > 1 and not repetitions[-1]:
            repetitions.pop()
        return marks.repetition.join(repetitions)

    def _in_repetition(self, raw: str, line: Line, value: Any) -> str:
        path, marks = self._path, line.marks
        if not path.component:
            return self._encoded(value, line)
        pieces = parts_of(raw, marks.component)
        if path.component > len(pieces):
            pieces.extend([""] * (path.component - len(pieces)))
        pieces[path.component - 1] = self._encoded(value, line)
        while len(pieces) > 1 and not pieces[-1]:
            pieces.pop()
        return marks.component.join(pieces)

    def _encoded(self, value: Any, line: Line) -> str:
        """A value as it stands in its element."""
        path, marks = self._path, line.marks
        values = value if isinstance(value, list | tuple) else [value]
        name = f"{line.name}{path.element:02d}" + (
            f"-{path.component}" if path.component else ""
        )
        texts = []
        for one in values:
            if isinstance(one, Element) and not path.component:
                texts.append(_translated(one, marks))
            elif one is not None and one is not NULL:
                slot = self._known.slot(line.name, path.element, path.component)
                text = written(one, slot, name, marks.decimal)
                free = msgspec.structs.replace(slot, element=None) if slot else None
                check(text, free, "", marks, name)
                texts.append(guarded(text, marks))
        found = marks.repetition.join(text for text in texts if text)
        return self._wide(found, name) if line.name in HEADERS else found

    def _wide(self, found: str, name: str) -> str:
        width = self._widths[self._path.element - 1]
        if len(found) > width:
            raise MessageError("bad_length", f"the element takes {width} characters", name)
        return found.ljust(width)


def _chosen(pick: Pick, there: int) -> Sequence[int]:
    return range(there) if not pick.number else (pick.number - 1,)


def _removed(loop: Loop) -> Sequence[Segment]:
    return [loop.segment] if loop.part is None else loop.segments()


def _translated(found: Element, marks: Marks) -> str:
    """An element of another interchange, in the delimiters of this one."""
    was = found.marks
    if was == marks or found.segment.name in HEADERS:
        return found.raw.strip() if found.segment.name in HEADERS else found.raw
    rows = [
        [plain(text) for text in parts_of(one, was.component)]
        for one in parts_of(found.raw, was.repetition)
    ]
    for text in (text for row in rows for text in row):
        check(text, None, "", marks, f"{found.segment.name}{found.number:02d}")
    return marks.repetition.join(
        marks.component.join(guarded(text, marks) for text in row) for row in rows
    )
