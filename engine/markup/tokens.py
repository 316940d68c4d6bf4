"""The tokens of an XPath (XPath 1.0, 3.7), read once: which could take too long, and which prefixes are not declared."""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.markup.namespaces import Namespaces, undeclared
from engine.paths import PathProblem

#: Most characters of an XPath, and most steps of it that look at all that is below.
LENGTH, DEEP = 1000, 3
#: The prefix that stands for the default namespace: XPath 1.0 has none.
PRIVATE = "default-"

_NAME = r"[^\W\d][\w.\-]*"
_TOKEN = re.compile(
    rf"\s*(?:(?P<text>\"[^\"]*\"|'[^']*')|(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<axis>{_NAME})\s*::"
    rf"|(?P<call>{_NAME}(?::{_NAME})?)\s*(?=\()|(?P<any>{_NAME}):\*|(?P<name>(?:{_NAME}:)?{_NAME})"
    r"|(?P<sign>//|\.\.|!=|<=|>=|[/.@*()\[\],|+\-=<>$]))"
)
_OPERATORS = frozenset({"and", "or", "mod", "div"})
#: Behind one of these stands a name, not an operator; behind those in _NEW a path begins.
_NEW = frozenset(
    {"", "[", "(", ",", "|", "+", "-", "=", "!=", "<", ">", "<=", ">=", *_OPERATORS}
)
_BEGINS = _NEW | {"//", "/", "@", "::"}
_FUNCTIONS = frozenset(
    [
        "last",
        "position",
        "count",
        "local-name",
        "namespace-uri",
        "name",
        "string",
        "concat",
        "starts-with",
        "contains",
        "substring-before",
        "substring-after",
        "substring",
        "string-length",
        "normalize-space",
        "translate",
        "boolean",
        "not",
        "true",
        "false",
        "lang",
        "number",
        "sum",
        "floor",
        "ceiling",
        "round",
    ]
)
_TESTS = frozenset({"text", "node", "comment", "processing-instruction"})
_UP = frozenset({"parent", "ancestor", "ancestor-or-self"})
_BESIDE = frozenset({"following-sibling", "preceding-sibling"})
_AXES = {"child", "attribute", "self", "descendant", "descendant-or-self", *_UP, *_BESIDE}
_LEADS = "is asked of the thing at hand only, at the beginning of a path"


def read(text: str, namespaces: Namespaces) -> tuple[list[str], str, bool]:
    """
    The XPath in the stages in which it is asked, its first word, and whether it begins with a name.

    PathProblem with the offset of what is wrong.

    >>> read("//a//b/@id", Namespaces())[0]
    ['// a', '.// b / @ id']
    """
    if len(text) > LENGTH:
        raise PathProblem(LENGTH, f"an XPath has at most {LENGTH} characters")
    reader, at, end = _Reader(text, namespaces), 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise PathProblem(at, "this is no XPath from here on")
        kind = found.lastgroup or ""
        reader.token(kind, found[kind], found.start(kind))
        at = found.end()
    if not text.strip():
        raise PathProblem(0, "an XPath is empty", 'xpath("//po:Line/@id")')
    if reader.around:
        said, _, at = reader.around[-1]
        raise PathProblem(at, f"this is no XPath: the '{said}' that opens here is not closed")
    return [" ".join(stage) for stage in reader.stages], reader.first, reader.relative


class _Reader:
    """Takes the tokens one by one."""

    def __init__(self, text: str, namespaces: Namespaces) -> None:
        self.text, self.namespaces = text, namespaces
        self.known = namespaces.all()
        self.stages: list[list[str]] = [[]]
        self.before = ""
        self.around: list[tuple[str, bool, int]] = []
        """The brackets that are open, whether the path around each still is at the thing at hand, and where they stand."""
        self.leads = True
        """Whether the path at hand has not gone down yet."""
        self.deep = 0
        self.first, self.relative = "", False
        self._reads: dict[str, Callable[[str, int], str]] = {
            "sign": self._sign,
            "axis": self._axis,
            "call": self._call,
            "name": self._name,
            "any": self._name,
        }

    def token(self, kind: str, said: str, at: int) -> None:
        """One more."""
        begins = self.before in _BEGINS
        if not self.before and not self.first:
            self.first = said
            self.relative = kind in ("name", "any") or said in ("*", "@")
        if self.before in _NEW:
            self.leads = True
        if not begins and said in _OPERATORS:
            kind = "operator"
        read = self._reads.get(kind)
        written = said if read is None else read(said, at)
        if kind in ("name", "any", "call") or (said == "*" and begins):
            self.leads = False
        if written:
            self.stages[-1].append(written)
        marks = {"sign": said, "operator": said, "axis": "@" if said == "attribute" else "::"}
        self.before = marks.get(kind, kind)

    def _sign(self, said: str, at: int) -> str:
        if said == "$":
            raise PathProblem(at, "there are no variables here; a let names values")
        if said in ("[", "("):
            self.around.append((said, self.leads, at))
        elif said in ("]", ")") and self.around:
            self.leads = self.around.pop()[1] and said == "]"
        elif said == ".." and not self.leads:
            raise PathProblem(at, f"'..' {_LEADS}", "//po:Line[po:Quantity]/@id")
        elif said == "|" and not self._within("["):
            problem = "XPath compares each thing on the left with each on the right"
            raise PathProblem(at, problem, "//*[self::po:A or self::po:B]")
        elif said in ("/", "//") and self.before in _NEW and self._within("["):
            problem = "inside brackets a path begins at the thing at hand, else the whole document is read for each"
            raise PathProblem(at, problem, ".//po:Name, or a let for what is compared with")
        return self._deep(at) if said == "//" else said

    def _deep(self, at: int) -> str:
        self.deep += 1
        if self.deep > DEEP:
            raise PathProblem(at, f"an XPath has at most {DEEP} times //", "/po:Order/po:Line")
        if self.leads:
            self.leads = False
            return "//"
        if self.around:
            problem = "inside brackets and functions // is asked of the thing at hand only"
            raise PathProblem(at, problem, 'count(xpath("//po:Order//po:Line")[*])')
        self.stages.append([".//"])
        return ""

    def _axis(self, said: str, at: int) -> str:
        if said not in _AXES:
            wide = said in ("following", "preceding", "namespace")
            problem = "reads the whole document for each step" if wide else "is none of XPath"
            raise PathProblem(at, f"the axis '{said}' {problem}")
        if said in _BESIDE and (not self.leads or self._within("[")):
            raise PathProblem(at, f"'{said}' {_LEADS}")
        if said in _UP and not self.leads:
            raise PathProblem(at, f"'{said}' {_LEADS}", "//po:Line[po:Quantity]/@id")
        if said.startswith("descendant"):
            if not self.leads:
                raise PathProblem(at, f"'{said}' is written // here", "//")
            self.deep += 1
        return f"{said}::"

    def _call(self, said: str, at: int) -> str:
        if said not in _FUNCTIONS and said not in _TESTS:
            raise PathProblem(at, f"there is no function '{said}' in an XPath here")
        return said

    def _name(self, said: str, at: int) -> str:
        prefix, colon, _ = said.rpartition(":")
        if not colon and self.text.startswith(":*", at + len(said)):
            prefix, colon, said = said, ":", f"{said}:*"
        if colon:
            if prefix not in self.known:
                raise undeclared(prefix, at, list(dict(self.namespaces.prefixes)))
            return said
        return f"{PRIVATE}:{said}" if self.namespaces.default and self.before != "@" else said

    def _within(self, bracket: str) -> bool:
        return any(each == bracket for each, *_ in self.around)
