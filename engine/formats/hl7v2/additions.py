"""Segments that are added to a message being edited, and where they go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from engine.formats import Scope
from engine.formats.hl7v2.document import Segment
from engine.formats.hl7v2.groups import Group

if TYPE_CHECKING:
    from engine.formats.hl7v2.edit import Editor, Line


class Added:
    """A new segment: the node of the scope in which its fields are set."""

    __slots__ = ("line",)

    def __init__(self, line: Line) -> None:
        self.line = line

    def find(self, name: str) -> Sequence[Segment]:
        """The segment itself: nothing else is written to from here."""
        line = self.line
        return (
            (Segment(line.was, line.name, line.key, line.marks),) if name == line.name else ()
        )


def placed(
    editor: Editor, made: Iterable[tuple[Added, Scope | None]], after: str, before: str
) -> list[Line]:
    """
    The lines of the message with new ones among them, each in the group of its scope: behind the last segment named
    `after`, before the first named `before`, else at the end. Those of one place stand there in their order.
    """
    lines, end = editor.lines, editor.lines[0].end or "\r"
    position = {id(line): at for at, line in enumerate(lines)}
    places: dict[int, int] = {}
    new: dict[int, list[Line]] = {}
    for one, scope in made:
        group = scope.node if scope is not None and isinstance(scope.node, Group) else None
        if id(group) not in places:
            places[id(group)] = _place(editor, group, position, after, before)
        new.setdefault(places[id(group)], []).append(one.line)
    out: list[Line] = []
    at = 0
    for place in sorted(new):
        out += lines[at:place]
        at = place
        for line in new[place]:
            line.end = end
            if not out[-1].end:  # without a last line end none appears
                out[-1].end, line.end = end, ""
            out.append(line)
    return out + lines[at:]


def _place(
    editor: Editor, group: Group | None, position: dict[int, int], after: str, before: str
) -> int:
    def found(name: str) -> Sequence[Line]:
        return editor.named(name) if group is None else editor.behind(group.find(name))

    if after and (there := found(after)):
        return position[id(there[-1])] + 1
    if before and (there := found(before)):
        return position[id(there[0])]
    if group is not None and (there := editor.behind(group.segments())):
        return position[id(there[-1])] + 1
    lines = editor.lines
    return next(at for at in range(len(lines), 0, -1) if lines[at - 1].name)
