"""A document being edited: what a rule names is written to, every other character stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from engine.formats.xml.pieces import Piece, Pieces
from engine.markup.namespaces import XSI, Namespaces
from engine.paths import Scope
from engine.reading import Reading

if TYPE_CHECKING:
    from engine.formats.xml.document import Document


class Editor:
    """A copy that is written to; what is read, is read from the document as it came."""

    def __init__(self, document: Document, parse: Callable[[bytes, Reading], Document]) -> None:
        self._document, self._parse = document, parse
        self._pieces = Pieces(document.raw, document.encoding, document.lenient)
        self._of: dict[Any, Piece] = {}
        """The piece of each element."""
        elements = document.root.iter("*")
        for element, piece in zip(elements, self._pieces.all(), strict=True):
            self._of[element] = piece
            piece.element = element

    def piece(self, element: Any) -> Piece | None:
        """Where an element stands now; None where it was taken out."""
        piece = self._of.get(element)
        return None if piece is None or is_gone(piece) else piece

    def behind(self, elements: Iterable[Any]) -> list[Piece]:
        """The pieces of elements that still stand there."""
        return [piece for one in elements if (piece := self.piece(one)) is not None]

    def walk(
        self, nodes: Callable[[Scope], Sequence[Any]], scope: Scope
    ) -> list[tuple[int, Any]]:
        """The elements that a rule walks, each with its number among its like beside it."""
        found, met = [], dict[tuple[Any, str], int]()
        for element in nodes(scope):
            if isinstance(element, str) or self.piece(element) is None:
                continue
            key = (element.getparent(), element.tag)
            met[key] = met.get(key, 0) + 1
            found.append((met[key], element))
        return found

    def drop(self, pieces: Iterable[Piece]) -> None:
        """Take elements out. The root stays: without it there is no document."""
        for piece in pieces:
            if piece is not self._pieces.root:
                piece.gone = True

    def only(self, element: Any, all_of: Sequence[Any]) -> None:
        """Of several elements keep one."""
        self.drop(self.behind(one for one in all_of if one is not element))

    def child(self, piece: Piece, tag: str, namespaces: Namespaces) -> Piece:
        """The element of that name inside another that an edit has made; made where there is none."""
        for inner in piece.content:
            if isinstance(inner, Piece) and inner.tag == tag and not inner.gone:
                return inner
        name, declares = self.name(piece, tag, namespaces)
        made = Piece(piece, f"<{name}{declares}/>")
        made.tag = tag
        piece.add(made)
        return made

    def name(
        self, piece: Piece, tag: str, namespaces: Namespaces, attribute: bool = False
    ) -> tuple[str, str]:
        """How a tag is written at a place, and the declaration that this needs."""
        uri, _, local = tag.removeprefix("{").rpartition("}")
        known = _known(piece)
        if not uri:
            plain = attribute or not known.get(None)
            return local, "" if plain else ' xmlns=""'
        prefixes = [each for each, of in known.items() if of == uri]
        if None in prefixes and not attribute:
            return local, ""
        if named := [each for each in prefixes if each]:
            return f"{named[0]}:{local}", ""
        prefix = next((p for p, of in namespaces.all().items() if of == uri), "")
        if not prefix and not attribute:
            return local, f' xmlns="{uri}"'
        return f"{prefix}:{local}", f' xmlns:{prefix}="{uri}"'

    def written(self, piece: Piece, tag: str) -> set[str]:
        """The names under which an attribute may stand in a tag."""
        uri, _, local = tag.removeprefix("{").rpartition("}")
        if not uri:
            return {local}
        return {f"{each}:{local}" for each, of in _known(piece).items() if of == uri and each}

    def set_attribute(
        self, piece: Piece, tag: str, text: str | None, namespaces: Namespaces
    ) -> None:
        """Write an attribute, or take it away."""
        name, declares = self.name(piece, tag, namespaces, attribute=True)
        if declares and text is not None:
            declared, _, uri = declares.strip().partition("=")
            piece.write(declared, {declared}, uri.strip('"'))
        piece.write(name, {*self.written(piece, tag), name}, text)

    def clear_nil(self, piece: Piece, namespaces: Namespaces) -> None:
        """What has a value is not nil any more."""
        self.set_attribute(piece, f"{{{XSI}}}nil", None, namespaces)

    def render(self) -> bytes:
        """The document as bytes."""
        return self._pieces.render()

    def document(self) -> Document:
        """The document as it is now."""
        return self._parse(self.render(), Reading(encoding=self._document.encoding))


def is_gone(piece: Piece) -> bool:
    """Whether it, or what it stands in, was taken out."""
    at: Piece | None = piece
    while at is not None:
        if at.gone:
            return True
        at = at.around
    return False


def _known(piece: Piece) -> dict[str | None, str]:
    """The prefixes at a place: those of the nearest element that came with the document."""
    at: Piece | None = piece
    while at is not None and at.element is None:
        at = at.around
    assert at is not None
    return {"xml": "http://www.w3.org/XML/1998/namespace", **at.element.nsmap}
