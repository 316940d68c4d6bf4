"""
A document as its own text in pieces: each element its start tag, what stands in it, its end tag, so that an edit changes
what it names and no other character.

The text is well-formed, as the reader has read it; so tags can be told by their marks alone (XML 1.0, 3.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from engine.markup.characters import attribute
from engine.markup.encodings import decoded

#: Comments, CDATA, instructions and a DOCTYPE are passed over; a tag has a name.
MARK = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!DOCTYPE(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>"
    r"|<(?P<closes>/?)(?P<name>[^\s/>!?]++)(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"(\s+)([^\s=/>]+)(\s*=\s*)(?:\"([^\"]*)\"|'([^']*)')")
_EMPTY = re.compile(r"\s*/>\Z")


class Piece:
    """An element in the text."""

    __slots__ = ("around", "close", "content", "element", "gone", "open", "tag")

    def __init__(self, around: Piece | None, opened: str, close: str = "") -> None:
        self.around = around
        self.open, self.close = opened, close
        """The tags as they stand; no end tag where the element is empty: `<a/>`."""
        self.content: list[str | Piece] = []
        self.gone = False
        self.element: Any = None
        """What the reader made of it; None where it was made by an edit."""
        self.tag = ""
        """Of one that was made by an edit: its name with its namespace."""

    def text(self) -> Iterator[str]:
        """Its text, in order; what was taken out goes with the blanks in front of it."""
        stack: list[str | Piece] = [self]
        while stack:
            one = stack.pop()
            if isinstance(one, str):
                if one.strip() or not (stack and _is_gone(stack[-1])):
                    yield one
            elif not one.gone:
                yield one.open
                stack.append(one.close)
                stack += reversed(one.content)

    def fill(self, text: str) -> None:
        """Put a text, written as XML, in place of what stands in it."""
        for inner in self.content:
            if isinstance(inner, Piece):
                inner.gone = True
        self.content = [text] if text else []
        if text:
            self.opened()

    def opened(self) -> None:
        """Give an empty element an end tag: something will stand in it."""
        if not self.close:
            found = MARK.match(self.open)
            assert found is not None
            self.open = _EMPTY.sub(">", self.open)
            self.close = f"</{found['name']}>"

    def add(self, made: Piece) -> None:
        """Put an element behind all others, indented as they are."""
        self.opened()
        blank = [one for one in self.content if isinstance(one, str) and not one.strip()]
        if not blank:
            self.content.append(made)
            return
        last = self.content.pop() if self.content[-1] is blank[-1] else ""
        self.content += [blank[0], made, *([last] if last else [])]

    def write(self, name: str, written: set[str], text: str | None) -> None:
        """
        Set an attribute, or take it away (None). `written`: the names under which it may stand in the tag; `name`: the one
        under which it is made.
        """
        for found in _ATTRIBUTE.finditer(self.open):
            if found[2] in written:
                new = (
                    "" if text is None else f'{found[1]}{found[2]}{found[3]}"{attribute(text)}"'
                )
                self.open = self.open[: found.start()] + new + self.open[found.end() :]
                return
        if text is not None:
            end = _EMPTY.search(self.open)
            at = end.start() if end else len(self.open) - 1
            self.open = f'{self.open[:at]} {name}="{attribute(text)}"{self.open[at:]}'


class Pieces:
    """A whole document."""

    def __init__(self, raw: bytes, encoding: str, lenient: bool) -> None:
        coded = decoded(raw, encoding, lenient)
        self._mark, self._codec = coded.mark, coded.codec
        text = coded.text.decode("utf-8")
        self.before, self.root, self.behind = _cut(text)
        """What stands before and behind the root element, as text."""

    def all(self) -> list[Piece]:
        """Every element, in the order of the document."""
        found, stack = [], [self.root]
        while stack:
            one = stack.pop()
            found.append(one)
            stack += reversed([each for each in one.content if isinstance(each, Piece)])
        return found

    def render(self) -> bytes:
        """The document in its character set; what that does not have stands there by its number."""
        return self.encoded("".join([self.before, *self.root.text(), self.behind]))

    def encoded(self, text: str) -> bytes:
        """A text as it stands in the document."""
        return self._mark + text.encode(self._codec, "xmlcharrefreplace")

    def apart(self, chosen: set[Piece]) -> tuple[list[str], list[str]]:
        """The text of each of some elements, with the blanks in front of it, and the texts before, between and behind them."""
        texts: list[str] = []
        around, at = list[str](), [self.before]
        stack: list[str | Piece] = [self.root]
        while stack:
            one = stack.pop()
            if isinstance(one, str):
                at.append(one)
            elif one in chosen:
                blank = at.pop() if not at[-1].strip() else ""
                texts.append(blank + "".join(one.text()))
                around.append("".join(at))
                at = [""]
            else:
                at.append(one.open)
                stack.append(one.close)
                stack += reversed(one.content)
        return texts, [*around, "".join([*at, self.behind])]


def _is_gone(one: str | Piece) -> bool:
    return isinstance(one, Piece) and one.gone


def _cut(text: str) -> tuple[str, Piece, str]:
    root: Piece | None = None
    at: Piece | None = None
    start = end = begin = 0
    for found in MARK.finditer(text):
        if found["name"] is None:
            continue
        if at is not None and found.start() > end:
            at.content.append(text[end : found.start()])
        end = found.end()
        if found["closes"]:
            assert at is not None
            at.close, at = found[0], at.around
        else:
            made = Piece(at, found[0])
            if at is not None:
                at.content.append(made)
            if root is None:
                root, begin = made, found.start()
            if not found[0].endswith("/>"):
                at = made
        if at is None:
            break
    assert root is not None
    start = begin
    return text[:start], root, text[end:]
