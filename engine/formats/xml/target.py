"""Paths that are written to, in a document being edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.errors import MessageError
from engine.formats.xml.edit import Editor
from engine.formats.xml.path import Path, Step, read_path, root_of
from engine.formats.xml.pieces import Piece
from engine.formats.xml.read import finder
from engine.markup.characters import checked, content
from engine.markup.namespaces import NIL, of
from engine.paths import CompileCondition, PathProblem, Scope, Shape
from engine.reading import NULL


def target(text: str, shape: Shape, condition: CompileCondition) -> Target:
    """The whole text as a place to write to; PathProblem when it is none."""
    place = f".{text}" if text.startswith("@") else text
    path = None if text.startswith("xpath(") else read_path(place, 0, shape, condition)
    if path is None:
        problem = "a place is a path of elements, or an attribute; an XPath is read only"
        raise PathProblem(0, problem, "po:Order/po:Number")
    if path.end != len(place):
        raise PathProblem(path.end, "here the place has ended", path.text)
    return Target(path, shape)


class Target:
    """
    Elements or an attribute.

    An element that is not there is made at the end of the one it belongs in, where the path says no condition and no
    number; what a filter does not find is not written.
    """

    def __init__(self, path: Path, shape: Shape) -> None:
        self.text = path.text
        self._path, self._namespaces = path, of(root_of(shape).type)
        last = path.steps[-1]
        self._attribute = last.tag if last.attribute else ""
        self._steps = path.steps[:-1] if last.attribute else path.steps
        self._finders = [
            finder(_shortened(path, count), shape) for count in range(1, len(self._steps) + 1)
        ]

    def set(self, document: Editor, scope: Scope, value: Any) -> None:
        """
        Write text; NULL makes the element nil, None empties it and takes an attribute away. The first element is written to,
        with `[*]` each.

        Raises MessageError `unmappable` where the text holds what XML cannot say.
        """
        text = None if value is None or value is NULL else checked(str(value), self.text)
        if isinstance(value, list | tuple):
            raise MessageError("bad_value", "a place takes one value", self.text)
        for piece in self._pieces(document, scope, makes=value is not None):
            if self._attribute:
                document.set_attribute(piece, self._attribute, text, self._namespaces)
                continue
            piece.fill(content(text or ""))
            if value is NULL:
                document.set_attribute(piece, NIL, "true", self._namespaces)
            else:
                document.clear_nil(piece, self._namespaces)

    def remove(self, document: Editor, scope: Scope) -> None:
        """Take out the elements that the path names, all of them, or the attribute."""
        if self._attribute:
            for piece in self._pieces(document, scope, makes=False):
                document.set_attribute(piece, self._attribute, None, self._namespaces)
            return
        found = self._finders[-1](scope)
        document.drop(document.behind(one for one in found if not isinstance(one, str)))

    def _pieces(self, document: Editor, scope: Scope, makes: bool) -> Sequence[Piece]:
        """The elements that are written to."""
        if not self._steps:
            return document.behind([scope.item])
        for count in range(len(self._steps), 0, -1):
            if found := document.behind(self._finders[count - 1](scope)):
                missing = self._steps[count:]
                break
        else:
            if not self._path.relative:
                return ()
            found, missing = document.behind([scope.item]), self._steps
        if not missing:
            return found if self._path.many else found[:1]
        if not makes or not all(step.plain for step in missing):
            return ()
        return [self._made(document, piece, missing) for piece in found[:1]]

    def _made(self, document: Editor, piece: Piece, missing: Sequence[Step]) -> Piece:
        for step in missing:
            piece = document.child(piece, step.tag, self._namespaces)
        return piece


def _shortened(path: Path, count: int) -> Path:
    return Path(
        text=path.text,
        end=path.end,
        relative=path.relative,
        steps=path.steps[:count],
        many=path.many,
    )
