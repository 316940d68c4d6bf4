"""`split: po:Order` or `split: xpath("//po:Order")`: one part for each element, with the document around it, character for character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine.errors import MessageError
from engine.formats import Part, Reading
from engine.formats.xml.document import Document, parse
from engine.formats.xml.pieces import Piece, Pieces
from engine.formats.xml.read import match
from engine.markup.namespaces import Namespaces, of
from engine.paths import PathProblem, Scope, Shape

#: What the parts of a document may come to, as times its own size and besides, in bytes: what stands around the elements
#: is in every part.
TIMES, MOST = 10, 64 * 1024 * 1024


def parts(raw: bytes, reading: Reading) -> Sequence[bytes] | None:
    """XML has no batches of its own."""
    return None


def splits(by: str, layout: Any = None) -> str:
    """
    What is wrong with `split: BY`; empty where it can be. `layout`: the channel's namespaces.

    >>> splits("Orders/Order"), splits("po:Order")
    ('', "the prefix 'po' is not declared")
    """
    try:
        _compiled(by, of(layout))
    except PathProblem as problem:
        return problem.problem
    return ""


def split(raw: bytes, reading: Reading, by: str) -> Iterator[bytes]:
    """The parts, in order; see `parted`."""
    return (part.raw for part in parted(raw, reading, by))


def parted(raw: bytes, reading: Reading, by: str) -> Iterator[Part]:
    """
    Each part with the line on which its element begins; a document without such an element is its own only part. Elements
    that stand in others of them go with these.

    MessageError where the parts would come to too much.
    """
    document = parse(raw, reading)
    found = _outermost(_compiled(by, of(reading.layout))(Scope(document, None)))
    if not found:
        yield Part(raw=raw, line=1)
        return
    pieces = Pieces(raw, document.encoding, document.lenient)
    texts, around = pieces.apart(_chosen(document, pieces, found))
    said = [(at, text) for at, text in enumerate(around) if text]
    left = TIMES * len(raw) + MOST
    for at, (element, text) in enumerate(zip(found, texts, strict=True)):
        before = [each for place, each in said if place <= at]
        behind = [each for place, each in said if place > at]
        part = pieces.encoded("".join([*before, text, *behind]))
        left -= len(part)
        if left < 0:
            rule = f"what stands around {by} is so large that its parts come to more than {TIMES} times the document"
            raise MessageError("too_large", rule, by)
        yield Part(raw=part, line=element.sourceline)


def _compiled(by: str, namespaces: Namespaces) -> Any:
    """Gives the elements by which a document is split. PathProblem where it cannot be."""
    shape = Shape(format="xml", type=namespaces)
    plain = not (by.startswith("xpath(") or by.endswith("]") or "@" in by)
    text = f"{by}[*]" if plain else by
    if plain and "/" not in by:
        return _anywhere(by, namespaces)
    found = match(text, 0, shape, _no_condition)
    if found is None or found.end != len(text) or found.nodes is None:
        raise PathProblem(
            0, f"'{by}' names no elements; as in po:Orders/po:Order, or xpath(\"//po:Order\")"
        )
    if found.shape is not None and found.shape.kind == "text":
        raise PathProblem(0, f"'{by}' names an attribute; a document is split by elements")
    return found.nodes


def _anywhere(by: str, namespaces: Namespaces) -> Any:
    """A name alone: every element of that name, wherever it stands."""
    shape = Shape(format="xml", type=namespaces)
    found = match(f'xpath("//{by}")', 0, shape, _no_condition)
    assert found is not None
    return found.nodes


def _no_condition(text: str, at: int, shape: Any) -> Any:
    raise PathProblem(
        at, "a document is split by a plain path; what is wanted of the parts says 'accept'"
    )


def _outermost(found: Sequence[Any]) -> list[Any]:
    kept: list[Any] = []
    for one in found:
        if isinstance(one, str):
            raise MessageError(
                "bad_value", "a document is split by elements, and these are texts"
            )
        if not (kept and kept[-1] in one.iterancestors()):
            kept.append(one)
    return kept


def _chosen(document: Document, pieces: Pieces, found: list[Any]) -> set[Piece]:
    """The pieces of some elements."""
    wanted = set(found)
    both = zip(document.root.iter("*"), pieces.all(), strict=True)
    return {piece for element, piece in both if element in wanted}
