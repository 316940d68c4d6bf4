"""A document for people: each element and attribute with the path that reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from engine.formats.xml.document import Document
from engine.markup.namespaces import XML
from engine.markup.reader import shown

Row = tuple[int, str, str, str]


def tree(document: Document) -> Iterator[Row]:
    """
    Depth, path, name, value; of what holds elements the value is empty, except for the text that stands among them.

    Prefixes are the document's own; elements of its default namespace have none.
    """
    root = document.root
    stack: list[tuple[int, str, Any]] = [(0, shown(root), root)]
    while stack:
        depth, path, element = stack.pop()
        inside = [child for child in element if isinstance(child.tag, str)]
        mixed = not inside or any((child.tail or "").strip() for child in inside)
        mixed = mixed or bool((element.text or "").strip())
        yield depth, path, shown(element), (element.value() or "") if mixed else ""
        prefixes = {uri: prefix for prefix, uri in element.nsmap.items() if prefix}
        for name, value in element.attrib.items():
            said = f"@{_attribute(name, prefixes)}"
            yield depth + 1, f"{path}/{said}", said, value
        if inside:
            stack += reversed(list(_children(depth + 1, path, inside)))


def _children(depth: int, path: str, inside: list[Any]) -> Iterator[tuple[int, str, Any]]:
    often = Counter(child.tag for child in inside)
    met: Counter[str] = Counter()
    for child in inside:
        met[child.tag] += 1
        number = f"[{met[child.tag]}]" if often[child.tag] > 1 else ""
        yield depth, f"{path}/{shown(child)}{number}", child


def _attribute(name: str, prefixes: dict[str, str]) -> str:
    uri, _, local = name.removeprefix("{").rpartition("}")
    if not uri:
        return local
    return f"xml:{local}" if uri == XML else f"{prefixes.get(uri, '')}:{local}"
