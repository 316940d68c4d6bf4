"""
XPath 1.0 (W3C, 1999), compiled at load. What is wrong in it is a mistake there, and so is what could take more time than
the document has elements; docs/decisions/0018-xml.md has the measurements.

    inside brackets    a path begins at the thing at hand: `//po:Line[. = //po:Ref]` would read all for each line
    a//b//c            is asked step by step: libxml2 compares each thing found with all others
    ../ ancestor::     go up from the thing at hand only; a | b and neighbours have other words
    sum, + - * div     are reckoned outside: numbers of XPath are floating point
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from engine.markup.namespaces import Namespaces
from engine.markup.tokens import PRIVATE, read
from engine.paths import PathProblem

_EMPTY = etree.fromstring("<a/>")
_KINDS = {list: "nodes", str: "text", float: "number", bool: "truth"}
_COUNTS = ("count", "string-length")


class Query:
    """One XPath, compiled."""

    def __init__(self, text: str, namespaces: Namespaces) -> None:
        """PathProblem, with an offset into the text, where it cannot be."""
        stages, first, self.relative = read(text, namespaces)
        self.text = text
        prefixes = namespaces.all()
        if namespaces.default:
            prefixes[PRIVATE] = namespaces.default
        try:
            self._stages = [
                etree.XPath(each, namespaces=prefixes, regexp=False, smart_strings=False)
                for each in stages
            ]
            found = [type(stage(_EMPTY)) for stage in self._stages]
        except etree.XPathError as error:
            raise PathProblem(0, f"this is no XPath: {str(error).lower()}") from None
        self.kind = _KINDS[found[-1]]
        """What it gives: nodes, text, number or truth."""
        if self.kind == "number" and first not in _COUNTS:
            problem = "XPath reckons in floating point; read the values and reckon outside"
            raise PathProblem(0, problem, 'sum(xpath("//po:Line")[*], .po:Amount | decimal)')

    def run(self, element: Any) -> Any:
        """What it gives of an element: a list of elements and texts in their order, or one value."""
        first, *more = self._stages
        found = first(element)
        for stage in more:
            found = [one for outer in _outermost(found) for one in stage(outer)]
        return found


def _outermost(found: list[Any]) -> list[Any]:
    """The elements that stand in none of the others; they come in the order of the document."""
    kept: list[Any] = []
    for one in found:
        if not isinstance(one, str) and not (kept and kept[-1] in one.iterancestors()):
            kept.append(one)
    return kept
