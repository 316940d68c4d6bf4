"""Segments that are added to an interchange being edited, and where they go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from engine.edi.document import Segment
from engine.edi.loop import Loop
from engine.paths import Scope

if TYPE_CHECKING:
    from engine.edi.edit import Editor, Line


class Added:
    """A new segment: the node of the scope in which its elements are set."""

    __slots__ = ("line",)

    def __init__(self, line: Line) -> None:
        self.line = line

    def find(self, name: str) -> Sequence[Segment]:
        """The segment itself: nothing else is written to from here."""
        return (self.line.segment(0),) if name == self.line.name else ()

    def groups(self, name: str) -> Sequence[Loop]:
        """It is in no loop yet."""
        return ()


def placed(
    editor: Editor, made: Iterable[tuple[Added, Scope | None]], after: str, before: str
) -> list[Line]:
    """
    The segments of the interchange with new ones among them, each in the loop of its scope: behind the last segment named
    `after`, before the first named `before`, else at the end of the loop or of the set.
    """
    lines = editor.lines
    position = {line.key: at for at, line in enumerate(lines)}
    new: dict[int, list[Line]] = {}
    for one, scope in made:
        loop = scope.node if scope is not None and isinstance(scope.node, Loop) else None
        new.setdefault(_place(editor, loop, position, after, before), []).append(one.line)
    out: list[Line] = []
    at = 0
    for place in sorted(new):
        out += lines[at:place]
        for line in new[place]:
            # what stands behind its neighbour (terminator, line break, indentation) stands behind it too
            line.end, out[-1].end = out[-1].end, line.end if not out[-1].end else out[-1].end
            out.append(line)
        at = place
    return out + lines[at:]


def _place(
    editor: Editor, loop: Loop | None, position: dict[int, int], after: str, before: str
) -> int:
    def found(name: str) -> Sequence[Line]:
        return editor.named(name) if loop is None else editor.behind(loop.find(name))

    ends = editor.source.dialect.set_ends
    if after and (there := found(after)):
        return position[there[-1].key] + 1
    if before and (there := found(before)):
        return position[there[0].key]
    if loop is not None and (there := editor.behind(loop.segments())):
        return position[there[-1].key] + (0 if there[-1].name == ends else 1)
    closing = [line for line in editor.lines if line.name == ends] or editor.lines[-1:]
    return position[closing[-1].key]
