"""
XPath 1.0 (W3C, 1999), compiled at load: what is wrong in it, or could take more time than the document has elements, is a
mistake there.

Inside brackets a path begins at the thing at hand: `//po:Line[. = //po:Ref]` would ask the whole document for each line.
Numbers of XPath are floating point; so what is reckoned is reckoned outside of it, `count` excepted.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from engine.markup.namespaces import Namespaces, undeclared
from engine.paths import PathProblem

#: Most characters of an XPath, and most steps that look at all that is below.
LENGTH, DEEP = 1000, 4

_NAME = r"[^\W\d][\w.\-]*"
_TOKEN = re.compile(
    rf"\s*(?:(?P<text>\"[^\"]*\"|'[^']*')|(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<axis>{_NAME})\s*::"
    rf"|(?P<call>{_NAME}(?::{_NAME})?)\s*(?=\()|(?P<any>{_NAME}):\*|(?P<name>(?:{_NAME}:)?{_NAME})"
    r"|(?P<sign>//|\.\.|!=|<=|>=|[/.@*()\[\],|+\-=<>$]))"
)
#: Behind one of these a name is an operator (XPath 1.0, 3.7).
_OPERATORS = frozenset({"and", "or", "mod", "div"})
_BEGINS = frozenset({"", "[", "(", ",", "|", "+", "-", "=", "!=", "<", ">", "<=", ">=", "//", "/", "@", "::"})  # fmt: skip
_STEP = frozenset({"/", "//"})
_FUNCTIONS = frozenset(
    "last position count local-name namespace-uri name string concat starts-with contains substring-before substring-after "
    "substring string-length normalize-space translate boolean not true false lang number sum floor ceiling round".split()
)
_TESTS = frozenset({"text", "node", "comment", "processing-instruction"})
_AXES = frozenset("child descendant parent ancestor following-sibling preceding-sibling attribute self descendant-or-self ancestor-or-self".split())  # fmt: skip
_WIDE = frozenset({"following", "preceding", "namespace"})
_PRIVATE = "default-"
_EMPTY = etree.fromstring("<a/>")


class Query:
    """One XPath, compiled."""

    def __init__(self, text: str, namespaces: Namespaces) -> None:
        """PathProblem, with an offset into the text, where it cannot be."""
        if len(text) > LENGTH:
            raise PathProblem(0, f"an XPath has at most {LENGTH} characters")
        reader = _Reader(text, namespaces)
        said = reader.read()
        prefixes = namespaces.all()
        if namespaces.default:
            prefixes[_PRIVATE] = namespaces.default
        self.text = text
        self.relative = reader.relative
        """Whether it begins with a name: it reads what is below the thing at hand."""
        try:
            self.run = etree.XPath(said, namespaces=prefixes, regexp=False, smart_strings=False)
            found = self.run(_EMPTY)
        except etree.XPathError as error:
            raise PathProblem(0, f"this is no XPath: {str(error).lower()}") from None
        self.kind = _KINDS[type(found)]
        """What it gives: nodes, text, number or truth."""
        if self.kind == "number" and reader.first not in ("count", "string-length"):
            problem = "XPath reckons in floating point; read the values and reckon outside"
            raise PathProblem(0, problem, 'sum(xpath("//po:Line")[*], .po:Amount | decimal)')


_KINDS = {list: "nodes", str: "text", float: "number", bool: "truth"}


class _Reader:
    """Reads the tokens of one XPath."""

    def __init__(self, text: str, namespaces: Namespaces) -> None:
        self.text, self.namespaces = text, namespaces
        self.known = namespaces.all()
        self.said: list[str] = []
        self.before, self.depth, self.deep = "", 0, 0
        self.first, self.relative = "", False

    def read(self) -> str:
        """The XPath, names without a prefix given that of the default namespace."""
        at, end = 0, len(self.text.rstrip())
        while at < end:
            found = _TOKEN.match(self.text, at)
            if found is None:
                raise PathProblem(at, "this is no XPath from here on")
            kind = found.lastgroup or ""
            self._token(kind, found[kind], found.start(kind))
            at = found.end()
        if not self.said:
            raise PathProblem(0, "an XPath is empty", 'xpath("//po:Line/@id")')
        return " ".join(self.said)

    def _token(self, kind: str, said: str, at: int) -> None:
        begins = self.before in _BEGINS or self.before in _OPERATORS
        if not self.said:
            self.first = said
            self.relative = kind in ("name", "any") or said in ("*", "@")
        if kind == "name" and not begins and said in _OPERATORS:
            self.said.append(said)
            self.before = said
            return
        read = getattr(self, f"_{kind}", None)
        self.said.append(read(said, at, begins) if read is not None else said)
        self.before = said if kind in ("sign", "axis") else "::" if kind == "axis" else kind
        if kind == "axis":
            self.before = "@" if said == "attribute" else "::"

    def _sign(self, said: str, at: int, begins: bool) -> str:
        if said == "$":
            raise PathProblem(at, "there are no variables here; a let names values")
        self.depth += (said == "[") - (said == "]")
        self.deep += said == "//"
        if said in _STEP and self.depth and begins:
            problem = "inside brackets a path begins at the thing at hand, else the whole document is read for each"
            raise PathProblem(at, problem, ".//po:Name, or a let for what is compared with")
        if self.deep > DEEP:
            raise PathProblem(at, f"an XPath has at most {DEEP} times //", "/po:Order/po:Line")
        return said

    def _axis(self, said: str, at: int, begins: bool) -> str:
        if said in _WIDE:
            raise PathProblem(at, f"the axis '{said}' reads all of the document for each step", f"{said}-sibling::" if said != "namespace" else "")  # fmt: skip
        if said not in _AXES:
            raise PathProblem(at, f"there is no axis '{said}' in XPath")
        self.deep += said.startswith("descendant")
        return f"{said}::"

    def _call(self, said: str, at: int, begins: bool) -> str:
        if said in _OPERATORS and not begins:
            return said
        if said not in _FUNCTIONS and said not in _TESTS:
            problem = f"there is no function '{said}' in XPath 1.0 as it is read here"
            raise PathProblem(at, problem)
        return said

    def _any(self, said: str, at: int, begins: bool) -> str:
        self._prefix(said, at)
        return f"{said}:*"

    def _name(self, said: str, at: int, begins: bool) -> str:
        prefix, colon, _ = said.rpartition(":")
        if colon:
            self._prefix(prefix, at)
            return said
        if self.namespaces.default and self.before != "@":
            return f"{_PRIVATE}:{said}"
        return said

    def _prefix(self, prefix: str, at: int) -> None:
        if prefix not in self.known:
            raise undeclared(prefix, at, list(dict(self.namespaces.prefixes)))
