"""Prefixes, declared once at the top of a mapping or a channel: `namespaces: {po: "urn:example:orders"}`."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from engine.paths import PathProblem
from engine.placed import Mistakes, Node, Record, Scalar

XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML = "http://www.w3.org/XML/1998/namespace"
NIL = f"{{{XSI}}}nil"
#: Says of which namespace elements without a prefix are.
DEFAULT = "default"
#: Known without being declared.
_OWN = {"xsi": XSI, "xml": XML}

#: A name without its prefix (Namespaces in XML 1.0, 4); no dot at its end.
NAME = r"[^\W\d][\w\-]*(?:\.[\w\-]+)*"
_NAME = re.compile(NAME)
_WRITE = 'namespaces: {po: "urn:example:orders"}'


class Namespaces(msgspec.Struct, frozen=True):
    """Prefixes and what they stand for."""

    prefixes: tuple[tuple[str, str], ...] = ()
    default: str = ""
    """The namespace of elements without a prefix; empty = none."""

    def all(self) -> dict[str, str]:
        """Each prefix and its namespace."""
        own = dict(self.prefixes)
        return {**own, **{prefix: uri for prefix, uri in _OWN.items() if prefix not in own}}

    def tag(self, name: str, at: int = 0, attribute: bool = False) -> str:
        """
        A name with its namespace, as lxml writes it. PathProblem, `at` an offset, where the prefix is not declared.

        >>> Namespaces((("po", "urn:x"),)).tag("po:Order"), Namespaces().tag("Order")
        ('{urn:x}Order', 'Order')
        """
        prefix, colon, local = name.rpartition(":")
        if not colon:
            return f"{{{self.default}}}{name}" if self.default and not attribute else name
        known = self.all()
        if prefix not in known:
            raise undeclared(prefix, at, list(dict(self.prefixes)))
        return f"{{{known[prefix]}}}{local}"

    def shown(self, tag: str) -> str:
        """A tag of lxml as these prefixes write it."""
        uri, _, local = tag.removeprefix("{").rpartition("}")
        if not uri or uri == self.default:
            return local
        return next((f"{p}:{local}" for p, each in self.all().items() if each == uri), local)


def undeclared(prefix: str, at: int, known: list[str]) -> PathProblem:
    """What is said of a prefix that is not declared."""
    there = f"; there is {', '.join(known)}" if known else ""
    return PathProblem(
        at,
        f"the prefix '{prefix}' is not declared{there}",
        f'namespaces: {{{prefix}: "urn:..."}}',
        certain=True,
    )


def declared(node: Node | None, mistakes: Mistakes) -> Namespaces:
    """`namespaces:`, compiled; what is wrong is noted and left out."""
    if node is None:
        return Namespaces()
    if not isinstance(node, Record) or not node.entries:
        mistakes.add(node, "'namespaces' names prefixes and what they stand for", _WRITE)
        return Namespaces()
    found: dict[str, str] = {}
    for prefix, each in node.entries.items():
        if not isinstance(each, Scalar) or not each.text:
            mistakes.add(each, f"'{prefix}' stands for a namespace, a text", _WRITE)
        elif prefix in ("xml", "xmlns") or not _NAME.fullmatch(prefix):
            mistakes.add(node.keys[prefix], f"'{prefix}' is no prefix of one's own", _WRITE)
        else:
            found[prefix] = each.text
    default = found.pop(DEFAULT, "")
    return Namespaces(tuple(found.items()), default)


def of(type_: Any) -> Namespaces:
    """Those of a shape's type; none where it has none."""
    return type_ if isinstance(type_, Namespaces) else Namespaces()


def kind_of(tag: str) -> tuple[str, str]:
    """
    The last word of a tag's namespace that says something, and its name.

    >>> kind_of("{http://example.com/schemas/orders/v1}Order"), kind_of("Order")
    (('orders', 'Order'), ('', 'Order'))
    """
    uri, _, local = tag.removeprefix("{").rpartition("}")
    words = [word for word in re.split(r"[:/#?]", uri) if word]
    said = [word for word in words if not _VERSION.fullmatch(word)]
    return (said or words or [""])[-1], local


_VERSION = re.compile(r"[vVrR]?[\d.\-_]+")
