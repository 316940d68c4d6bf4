"""
The text of an expression, read once from left to right into compiled terms.

Loosest first: `or` `and` `not` comparison `??` `+ -` `* /` pipe. What a name means is decided in names.py, what a
function takes in calls.py, what an operator does in operators.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from engine.formats import PathProblem, Scope, Shape
from engine.mapping import calls, comparisons, fields, names, operators, steps, traps, unknown
from engine.mapping.language import Language, Term, Wrong, constant

#: Limits of one expression: characters, nesting, and values and operators together.
LENGTH, DEPTH, PARTS = 4000, 40, 250

_SPACE = re.compile(r"\s*")
#: A path that is the whole of most expressions: nothing can stand before or behind it.
_PATH = re.compile(r"[A-Z][A-Z0-9]{2}-\d+(\.\d+){0,2}", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NOT = re.compile(r"not\b")
#: What ends an expression; nothing else than an operator follows otherwise.
_ENDS = frozenset(("", ")", ",", "]", "}"))
_COMPARISON = re.compile(r"==|!=|<=|>=|<|>|=~|=|(not\s+in|in)\b")
#: `["Invoice No"]`: a name that needs quotes, where paths are those of records; a list of one text elsewhere.
_KEY = re.compile(r'\[\s*"[^"]*"\s*\]')
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}


class Parser:
    """Reads one text; `at` is the offset of the next character."""

    def __init__(
        self, text: str, language: Language, at: int = 0, shape: Shape | None = None
    ) -> None:
        self.text, self.language, self.at = text, language, at
        self.shape = shape or language.shape
        """The shape of the thing at hand: what a leading dot reads."""
        self.depth = self.parts = self.level = 0
        self.first: Term | None = None
        """What was read before it was known whether an operator follows."""
        self.asked: list[Term] = []
        """The conditions in the brackets of a path."""
        self.listed = -1
        """Where a bracket begins a list, although it could be a path: behind `in`."""

    def whole(self) -> Term:
        """The whole text as one expression; Wrong where it is none."""
        if len(self.text) > LENGTH:
            raise Wrong(0, f"an expression has at most {LENGTH} characters")
        term = self._primary() if _PATH.fullmatch(self.text) else self.expression()
        if self.at < len(self.text):
            raise self.unexpected()
        return term

    def expression(self) -> Term:
        """The expression at hand, up to what cannot belong to it."""
        self.depth += 1
        if self.depth > DEPTH:
            raise Wrong(self.at, f"nested more than {DEPTH} deep")
        term = self._loosest()
        self.depth -= 1
        return term

    def _loosest(self) -> Term:
        """Most expressions are one value with its pipes: it is read first, and the operators asked only where one follows."""
        if self.skip() and not _NOT.match(self.text, self.at):
            first = self._pipe()
            if self.skip() in _ENDS:
                return first
            self.first = first
        return self._chain("or", lambda: self._chain("and", self._not))

    def condition(
        self, text: str, at: int, shape: Shape
    ) -> tuple[Callable[[Scope], bool], int]:
        """The condition inside a path's brackets (formats: CompileCondition)."""
        inner = self.inside(shape, at)
        term = inner.expression()
        self.parts = inner.parts
        self.asked.append(term)
        return steps.counted(operators.truth(term)), inner.at

    def inside(self, shape: Shape | None, at: int) -> Parser:
        """A parser of the same text where another thing is at hand."""
        inner = Parser(self.text, self.language, at, shape)
        inner.depth, inner.parts, inner.level = self.depth, self.parts, self.level + 1
        return inner

    def count(self) -> None:
        """One more value or operator; Wrong where there are too many."""
        self.parts += 1
        if self.parts > PARTS:
            raise Wrong(self.at, f"an expression has at most {PARTS} values and operators")

    def skip(self) -> str:
        """Passes over spaces; the next character, empty at the end."""
        sign = self.text[self.at : self.at + 1]
        if " " < sign < "\x7f":
            return sign
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.text[self.at : self.at + 1]

    def word(self, *words: str) -> str:
        """The next word if it is one of these (and then behind it), else empty."""
        if not self.skip():
            return ""
        match = _WORD.match(self.text, self.at)
        if match is None or match.group() not in words:
            return ""
        self.at = match.end()
        return match.group()

    def take(self, sign: str) -> bool:
        """Whether the sign stands here; if so, passes over it."""
        self.skip()
        if not self.text.startswith(sign, self.at):
            return False
        self.at += len(sign)
        return True

    def expect(self, sign: str, why: str) -> None:
        """Passes over the sign; Wrong where another one stands."""
        if not self.take(sign):
            raise self.unexpected(f"expected '{sign}' {why}")

    def unexpected(self, wanted: str = "") -> Wrong:
        """What to say about whatever stands here."""
        return unknown.here(self, wanted)

    def _chain(self, word: str, operand: Callable[[], Term]) -> Term:
        terms = [operand()]
        while self.word(word):
            self.count()
            terms.append(operand())
        return terms[0] if len(terms) == 1 else operators.chain(word, terms)

    def _not(self) -> Term:
        self.skip()
        start = self.at
        if self.first is None and self.word("not"):
            self.count()
            self.depth += 1
            if self.depth > DEPTH:
                raise Wrong(self.at, f"nested more than {DEPTH} deep")
            term = operators.negation(self._not(), start)
            self.depth -= 1
            return term
        return self._comparison()

    def _comparison(self) -> Term:
        left = self._coalesce()
        if not self.skip():
            return left
        match = _COMPARISON.match(self.text, self.at)
        if match is None:
            return left
        sign, start = " ".join(match.group().split()), self.at
        if sign in ("=", "=~"):
            raise self.unexpected()
        self.at = match.end()
        self.count()
        self.skip()
        self.listed = self.at if sign in ("in", "not in") else -1
        term = comparisons.comparison(sign, left, self._coalesce(), start)
        term.decided = True
        self.skip()
        if _COMPARISON.match(self.text, self.at):
            raise Wrong(self.at, "one comparison at a time", "a < b and b < c")
        return term

    def _coalesce(self) -> Term:
        terms = [self._sum()]
        while self.take("??"):
            self.count()
            terms.append(self._sum())
        return (
            terms[0] if len(terms) == 1 else operators.first_there(terms, self.language.nulls)
        )

    def _sum(self) -> Term:
        left = self._product()
        while self.skip() in ("+", "-") and self.at < len(self.text):
            sign, start = self.text[self.at], self.at
            if sign == "-" and self.text[start - 1 : start + 2] != " - ":
                raise Wrong(start, "a minus has spaces on both sides")
            self.at += 1
            self.count()
            left = operators.arithmetic(sign, left, self._product(), start)
        return left

    def _product(self) -> Term:
        left = self._pipe()
        while self.skip() in ("*", "/") and self.at < len(self.text):
            sign, start = self.text[self.at], self.at
            self.at += 1
            self.count()
            left = operators.arithmetic(sign, left, self._pipe(), start)
        return left

    def _pipe(self) -> Term:
        if (first := self.first) is not None:
            self.first = None
            return first
        term = self._primary()
        while self.skip() == "|" and not self.text.startswith("||", self.at):
            self.at += 1
            self.count()
            self.skip()
            start = self.at
            match = _WORD.match(self.text, start)
            if match is None:
                raise Wrong(start, "behind '|' stands a function", "FT1-10 | decimal")
            self.at = match.end()
            term = calls.call(self, match.group(), start, term)
        return term

    def _primary(self) -> Term:
        self.count()
        sign, start = self.skip(), self.at
        if sign == "(":
            self.at += 1
            term = self.expression()
            self.expect(")", "to close the bracket")
            bare = Term(
                run=term.run,
                offset=start,
                kind=term.kind,
                constant=term.constant,
                many=term.many,
                paths=term.paths,
                lets=term.lets,
                names=term.names,
                type=term.type,
                needs=term.needs,
                reads=term.reads,
            )
            return fields.behind(self, bare)
        if sign == '"':
            said = self.quoted()
            traps.holes(said, start)
            return constant(said, "text", start)
        if sign == "[" and (start == self.listed or not _KEY.match(self.text, start)):
            return self._list(start)
        try:
            if match := _NUMBER.match(self.text, start):
                return names.numbered(self) or self._number(match, start)
            return names.name(self)
        except PathProblem as problem:
            raise Wrong(problem.offset, problem.problem, problem.write) from None

    def quoted(self) -> str:
        """The text in double quotes that starts here; a backslash escapes quote, backslash, n, r, t."""
        start, at, said = self.at, self.at + 1, ""
        while at < len(self.text):
            sign = self.text[at]
            if sign == '"':
                self.at = at + 1
                return said
            if sign == "\\":
                at += 1
                escaped = self.text[at : at + 1]
                if escaped not in _ESCAPES:
                    raise Wrong(at - 1, 'a backslash stands before one of " \\ n r t', '"\\\\"')
                sign = _ESCAPES[escaped]
            said += sign
            at += 1
        raise Wrong(
            start,
            "this text has no closing quote (in YAML a ' #' begins a comment and ends the value)",
            ">- and the expression on a line of its own",
        )

    def _number(self, match: re.Match[str], start: int) -> Term:
        said = match.group()
        self.at = match.end()
        if said.lstrip("-").startswith("0") and len(said.lstrip("-").split(".")[0]) > 1:
            plain = said.lstrip("-0") or "0"
            raise Wrong(start, f"'{said}' may be a number or a text", f'{plain}, or "{said}"')
        if _WORD.match(self.text, self.at):
            raise Wrong(
                start, "a number ends where a letter begins; text stands in double quotes"
            )
        return constant(Decimal(said), "number", start)

    def _list(self, start: int) -> Term:
        self.at += 1
        items: list[Term] = []
        while self.skip() != "]":
            if items:
                self.expect(",", "between the values of a list")
            items.append(self.expression())
        self.at += 1
        return operators.listing(items, start)
