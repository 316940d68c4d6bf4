"""Segments and places as the lists of an edit name them."""

from __future__ import annotations

from collections.abc import Iterator

from engine.formats import Target
from engine.mapping import grammar, layouts
from engine.mapping.language import Language
from engine.placed import Items, Node, Place, Record, Scalar


def listed(node: Node) -> tuple[Node, ...]:
    """The items of a list; one thing alone is a list of it."""
    return node.items if isinstance(node, Items) else (node,)


def records_of(node: Node, key: str, write: str, language: Language) -> Iterator[Record]:
    """The rules of `edit` or `add`; what is none is a mistake."""
    for item in listed(node):
        if isinstance(item, Record):
            yield item
        else:
            language.mistakes.add(item, f"'{key}' is a list of rules", write)


def targets(node: Node, language: Language) -> Iterator[tuple[Target, Scalar]]:
    """What `remove` lists."""
    parser, known = layouts.conditions(language), grammar.of(language)
    for item in listed(node):
        if not isinstance(item, Scalar):
            language.mistakes.add(item, "'remove' lists places", known.remove)
        elif (target := layouts.target(item, language, parser)) is not None:
            if known.is_whole(item.text) and known.segment_of(item.text) in known.stays:
                stays(item, language)
            yield target, item


def stays(node: Node, language: Language) -> None:
    """Note that a segment cannot be removed, and nothing can stand before it."""
    language.mistakes.add(node, grammar.of(language).why)


def segment(
    node: Node, language: Language, write: str, but: frozenset[str] = frozenset()
) -> str | None:
    """The name of a segment; None, and a mistake, where it is none or one of those that it cannot be."""
    if not isinstance(node, Scalar):
        language.mistakes.add(node, "here stands the name of a segment", write)
        return None
    text, name = node.text, grammar.of(language).name
    if not name.fullmatch(text):
        near = text[:3].upper() if name.fullmatch(text[:3].upper()) else ""
        hint = f"; did you mean '{near}'?" if near else ""
        language.mistakes.add(node, f"'{text}' is no name of a segment{hint}", write)
        return None
    if text in but:
        stays(node, language)
        return None
    return text if layouts.target(node, language, layouts.conditions(language)) else None


def unreached(root: Record, language: Language) -> None:
    """Note what names a segment that a `keep` above has let leave."""
    known = grammar.of(language)
    there: set[str] | None = None
    for key, node in root.entries.items():
        if key == "keep":
            said = {item.text for item in listed(node) if isinstance(item, Scalar)}
            there = {*known.stays, *said}
        elif there is not None:
            for name, place in _named(key, node, known):
                if known.name.fullmatch(name) and name not in there:
                    problem = f"the 'keep' above lets {name} leave the message"
                    language.mistakes.add(place, problem, f"keep: [..., {name}]")
            if key == "add":
                there.update(text for text, _ in _said(node, "segment"))


def _named(key: str, node: Node, known: grammar.Grammar) -> Iterator[tuple[str, Place | Node]]:
    """The segments that a key writes to or walks."""
    if key == "set" and isinstance(node, Record):
        for text, place in node.keys.items():
            yield known.segment_of(text), place
    elif key == "edit":
        yield from ((known.segment_of(text), item) for text, item in _said(node, "each"))


def _said(node: Node, key: str) -> Iterator[tuple[str, Scalar]]:
    for item in listed(node):
        said = item.entries.get(key) if isinstance(item, Record) else None
        if isinstance(said, Scalar):
            yield said.text, said
