"""
XML documents: orders, invoices, clinical documents (C-CDA), whatever a partner's schema says. `format: xml` in a channel.

A path is the XPath of the same steps: `po:Order/po:Line[*]/@id`; `xpath("//po:Line/@id")` is XPath itself. Prefixes are
declared once, `namespaces:`. Values are texts; an empty element and one that is `xsi:nil` are nothing.
"""

from __future__ import annotations

from engine.formats.xml import read, target
from engine.formats.xml.document import Document, parse
from engine.formats.xml.places import structured
from engine.formats.xml.receipts import acknowledge, refuse
from engine.formats.xml.schema import level, validate
from engine.formats.xml.splitting import parted, parts, split, splits
from engine.formats.xml.tree import tree
from engine.markup.namespaces import Namespaces, declared


class _Paths:
    """Paths like `po:Order/po:Line[*]/@id` (engine/formats/xml/path.py)."""

    calls = ("xpath",)
    """Words that are written like functions and are paths here."""
    match = staticmethod(read.match)
    target = staticmethod(target.target)


paths = _Paths()

#: XML has no number of its own: nothing makes two documents the same one.
unique: tuple[str, ...] = ()

__all__ = [
    "Document",
    "Namespaces",
    "acknowledge",
    "declared",
    "level",
    "parse",
    "parted",
    "parts",
    "paths",
    "refuse",
    "split",
    "splits",
    "structured",
    "tree",
    "unique",
    "validate",
]
