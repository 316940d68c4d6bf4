"""Paths that are written to, in a message being edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.formats import CompileCondition, PathProblem, Scope, Shape
from engine.formats.hl7v2.document import Document, Segment
from engine.formats.hl7v2.edit import Editor, Line
from engine.formats.hl7v2.elements import element
from engine.formats.hl7v2.groups import Group
from engine.formats.hl7v2.marks import HEADERS, Marks
from engine.formats.hl7v2.path import Path, read_path
from engine.formats.hl7v2.writing import encoded, within


class Target:
    """
    A field or something in it, or (to be removed only) segments.

    What the message has no segment for is not written: segments are made by `Editor.add`. `PID-3` is the whole
    field with all repetitions, `PID-3.1` the component of the first, `PID-3(*).4` of each.
    """

    def __init__(self, path: Path) -> None:
        self.text = path.text
        self._path = path

    def set(self, document: Editor, scope: Scope, value: Any) -> None:
        """
        Write text (escaped), NULL, None (empty), Elements (as they stand in their message) or a list of these
        (as repetitions). What a filter does not find is not written.
        """
        path = self._path
        if not path.field:
            raise TypeError(f"{path.text} names a segment: set its fields")
        for line in self._lines(document, scope):
            raw = line.fields[path.field] if path.field < len(line.fields) else ""
            line.write(path.field, self._written(raw, line.marks, scope, value))
        document.changed()

    def remove(self, document: Editor, scope: Scope) -> None:
        """Take out segments or repetitions; empty a field or a component."""
        path = self._path
        if not path.field:
            document.drop(self._lines(document, scope))
            return
        for line in self._lines(document, scope):
            raw = line.fields[path.field] if path.field < len(line.fields) else ""
            if path.repetition.said and not path.component:
                line.write(path.field, self._without(raw, line.marks, scope))
            elif raw:
                line.write(path.field, self._written(raw, line.marks, scope, None))
        document.changed()

    def _lines(self, editor: Editor, scope: Scope) -> Sequence[Line]:
        path, which = self._path, self._path.which
        if not path.segment:
            item = scope.item
            lines = editor.behind([item.segment if isinstance(item, Group) else item])
        elif isinstance(scope.node, Document):
            if not which.said and path.field:
                return editor.first(path.segment)
            lines = editor.named(path.segment)
        else:
            lines = editor.behind(scope.node.find(path.segment))
        if not path.field and not which.said:
            return lines
        if which.where is None:
            return lines if not which.number else lines[which.number - 1 : which.number]
        now = [Segment(line.text(), line.name, line.key, line.marks) for line in lines]
        return [lines[at] for at in which.positions(now, scope)]

    def _written(self, raw: str, marks: Marks, scope: Scope, value: Any) -> str:
        """The field, with the value in its place."""
        path, pick = self._path, self._path.repetition
        if not pick.said and not path.component:
            return encoded(value, marks, "field")
        repetitions = raw.split(marks.repetition)
        if pick.where is not None or not pick.number:
            places = list(self._fitting(repetitions, marks, scope)) if raw else []
        else:
            places = [pick.number - 1]
        for at in places:
            if at >= len(repetitions):
                if value is None:
                    continue
                repetitions.extend([""] * (at + 1 - len(repetitions)))
            repetitions[at] = within(
                repetitions[at], marks, path.component, path.subcomponent, value
            )
        return marks.repetition.join(repetitions)

    def _without(self, raw: str, marks: Marks, scope: Scope) -> str:
        repetitions = raw.split(marks.repetition)
        gone = set(self._fitting(repetitions, marks, scope))
        return marks.repetition.join(
            one for at, one in enumerate(repetitions) if at not in gone
        )

    def _fitting(self, repetitions: list[str], marks: Marks, scope: Scope) -> Sequence[int]:
        things = [element(one, marks, "repetition") for one in repetitions]
        return list(self._path.repetition.positions(things, scope))


def target(text: str, shape: Shape, condition: CompileCondition) -> Target:
    """The whole text as a place to write to; PathProblem when it is none."""
    path = read_path(text, 0, shape, condition)
    if path is None:
        raise PathProblem(0, "a place in a message looks like PID-3.1", "PID-3.1")
    if path.end != len(text):
        raise PathProblem(path.end, "a place in a message ends here", path.text)
    if path.segment in HEADERS and path.field in (1, 2):
        raise PathProblem(0, "the delimiters of a message cannot be changed while it is edited")
    if not path.segment and not path.field:
        raise PathProblem(
            0, "a repetition is written to by its whole path", 'PID-3[.5 == "MR"].4'
        )
    return Target(path)
