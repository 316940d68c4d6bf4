"""What the tests of this format share: paths compiled with a stand-in for the expression language."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from engine.formats import Match, Reading, Scope, Shape
from engine.formats.hl7v2 import Document, parse, paths

MESSAGE = Shape(format="hl7v2")


def condition(text: str, at: int, shape: Shape) -> tuple[Callable[[Scope], bool], int]:
    """`path == "text"`, several joined by `and`."""
    tests = []
    while True:
        match = paths.match(text, at, shape, condition)
        assert match is not None, text[at:]
        found = re.compile(r'\s*==\s*"([^"]*)"\s*(and\s+)?').match(text, match.end)
        assert found is not None, text[match.end :]
        tests.append((match.read, found[1]))
        at = found.end()
        if not found[2]:
            break
    assert text[at] == "]"
    return (lambda scope: all(read(scope) == wanted for read, wanted in tests)), at


def compiled(text: str, shape: Shape = MESSAGE) -> Match:
    """The whole text as one path."""
    match = paths.match(text, 0, shape, condition)
    assert match is not None, text
    assert match.end == len(text), text
    return match


class Tools:
    """Reading and writing by path."""

    condition = staticmethod(condition)
    compiled = staticmethod(compiled)
    message = MESSAGE

    def document(self, raw: bytes | str, **reading: str) -> Document:
        return parse(raw.encode() if isinstance(raw, str) else raw, Reading(**reading))

    def read(self, raw: bytes | str | Document, path: str) -> Any:
        """The value of a path."""
        document = raw if isinstance(raw, Document) else self.document(raw)
        return compiled(path).read(Scope(document, None))

    def each(self, document: Document, over: str, *inner: str) -> list[list[Any]]:
        """The values of paths inside an `each`."""
        match = compiled(over)
        assert match.nodes is not None
        assert match.shape is not None
        reads = [compiled(path, match.shape).read for path in inner]
        return [[read(scope) for read in reads] for scope in self.scopes(document, over)]

    def scopes(self, document: Document, over: str) -> list[Scope]:
        """The scopes of an `each`."""
        match, outer = compiled(over), Scope(document, None)
        assert match.nodes is not None
        return [
            outer.child(node, index, node if match.group else None)
            for index, node in enumerate(match.nodes(outer), 1)
        ]

    def set(self, raw: bytes | str, path: str, value: Any, **reading: str) -> bytes:
        """The message with one place written."""
        document = self.document(raw, **reading)
        editor = document.edit()
        paths.target(path, MESSAGE, condition).set(editor, Scope(document, None), value)
        return bytes(editor.render())

    def remove(self, raw: bytes | str, path: str) -> bytes:
        """The message with one place removed."""
        document = self.document(raw)
        editor = document.edit()
        paths.target(path, MESSAGE, condition).remove(editor, Scope(document, None))
        return bytes(editor.render())


@pytest.fixture
def hl7() -> Tools:
    return Tools()
