"""
The rules of a mapping: fields, conditional values, nested lists, `let`, `each`, `when`.

A block is an optional `each` (one scope per item), then `let`, then `when`, and what is made in each scope. `when` is
asked first where it reads no `let`, so that a conversion in a `let` cannot stop what the mapping does not want.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.formats import Scope, Shape
from engine.mapping import operators, steps, text, traps
from engine.mapping.language import Expression, Language, Run, Term, Traced, later, suggestion
from engine.placed import Items, Mistakes, Node, Place, Record, Scalar

#: Keys of a later release, wherever they stand.
LATER = (
    "pairs",
    "use",
    "of",
    "groups",
    "prefixes",
    "remember",
    "on_part",
)
#: What a mapping says that edits a message in place, in the order in which it is best read.
EDITS = ("keep", "set", "remove", "edit", "add")
NOTHING_HOLDS: Any = object()
"""What a conditional value gives where none of its conditions holds."""


class FieldError(MessageError):
    """A MessageError that knows the field it happened in."""

    def __init__(self, error: MessageError, name: str) -> None:
        inner = error if isinstance(error, FieldError) else None
        self.why: str = inner.why if inner else error.rule
        self.field: str = f"{name}.{inner.field}" if inner else name
        super().__init__(error.code, f"{self.field}: {self.why}", error.path)


class Rule(msgspec.Struct, kw_only=True):
    """One field of a mapping, compiled."""

    name: str
    node: Node
    """Where it stands."""
    term: Term
    text: str
    line: int
    nested: Block | None = None
    """Of a nested list: the block that makes its items."""


class Slots:
    """Numbers the names of `let` in all the blocks of a mapping."""

    def __init__(self) -> None:
        self.count = 0


class Block:
    """Where things are made: which scopes there are, with their `let` filled in."""

    def __init__(self) -> None:
        self.each: Term | None = None
        self.lets: list[tuple[int, Run]] = []
        self.when: Callable[[Scope], bool] | None = None
        self.early = False
        """Whether `when` is asked before the lets are read."""
        self.rules: list[Rule] = []
        self.told: Callable[[Scope], Iterable[Traced]] | None = None
        """What each rule makes, for traces, where that is more than the value of each rule."""
        self.make: Run = lambda scope: None
        """What is made in each scope."""

    def scopes(self, scope: Scope) -> Iterator[Scope]:
        """The scopes in which something is made, each ready to be read."""
        each = self.each
        if each is None:
            if self.enter(scope):
                yield scope
            return
        nodes = each.nodes or each.run
        found = nodes(scope) or ()
        steps.take(scope, len(found))
        for index, item in enumerate(found, 1):
            inner = scope.child(item, index, item if each.group else None)
            try:
                if self.enter(inner):
                    yield inner
            except MessageError as error:
                raise self.located(error, index) from None

    def located(self, error: MessageError, index: int) -> MessageError:
        """The error with the item in which it happened: `FT1-10 in FT1[2]`."""
        if self.each is None:
            return error
        where = f"{self.each.paths[0] if self.each.paths else 'each'} number {index}"
        path = f"{error.path} in {where}" if error.path else where
        if isinstance(error, FieldError):
            return FieldError(MessageError(error.code, error.why, path), error.field)
        return MessageError(error.code, error.rule, path)

    def enter(self, scope: Scope) -> bool:
        """Fill in `let` and ask `when`: whether something is made in this scope."""
        when = self.when
        if self.early and when is not None and when(scope) is not True:
            return False
        if self.lets:
            assert scope.values is not None
            for slot, run in self.lets:
                scope.values[slot] = run(scope)
        return self.early or when is None or when(scope) is True

    def items(self, scope: Scope) -> list[Any]:
        """What is made, in order."""
        made = []
        for inner in self.scopes(scope):
            try:
                if (value := self.make(inner)) is not None:
                    made.append(value)
            except MessageError as error:
                raise self.located(error, inner.index) from None
        return made


def block(record: Record, language: Language, slots: Slots) -> tuple[Block, Language]:
    """`each`, `let` and `when` of a record, and the language inside it."""
    made = Block()
    if (node := record.entries.get("each")) is not None:
        made.each = _each(node, language)
        if made.each is not None and made.each.shape is not None:
            language = msgspec.structs.replace(language, shape=made.each.shape)
    language = _lets(record.entries.get("let"), made, language, slots)
    if (node := record.entries.get("when")) is not None:
        term = value(node, language)
        if term is not None and (condition := _condition(node, term, language)):
            made.when, made.early = condition, not term.lets
    return made, language


def _each(node: Node, language: Language) -> Term | None:
    term = value(node, language)
    if term is None:
        return None
    if term.nodes is None and not (term.many or term.kind in ("any", "list")):
        language.mistakes.add(node, "an each walks the things that a path names", "each: FT1")
        return None
    if term.shape is None:
        term.shape = Shape(format="json", kind="candidate", outer=language.shape)
        term.group = False
    elif term.shape.outer is None:
        term.shape = msgspec.structs.replace(term.shape, outer=language.shape)
    return term


def _lets(node: Node | None, made: Block, language: Language, slots: Slots) -> Language:
    if node is None:
        return language
    if not isinstance(node, Record):
        language.mistakes.add(node, "`let` names values", "let: {mrn: PID-3.1}")
        return language
    for name, each in node.entries.items():
        if not name.isidentifier() or not name.isascii():
            language.mistakes.add(
                node.keys[name], f"'{name}' is no name: letters, digits and _ only"
            )
            continue
        term = value(each, language)
        if term is None:
            term = Term(run=lambda scope: None, offset=0)
        elif term.kind == "group":
            text.finished(scalar_of(each), term, language)
        known = Expression(
            run=term.run,
            text=name,
            line=each.place.line,
            kind=term.kind,
            many=term.many,
            paths=term.paths,
        )
        made.lets.append((slots.count, without_marker(term.run)))
        language = msgspec.structs.replace(
            language,
            lets={**language.lets, name: slots.count},
            known={**language.known, name: known},
        )
        slots.count += 1
    return language


def without_marker(run: Run) -> Run:
    """The same where 'no condition holds' is nothing."""

    def plain(scope: Scope) -> Any:
        found = run(scope)
        return None if found is NOTHING_HOLDS else found

    return plain


def _condition(node: Node, term: Term, language: Language) -> Callable[[Scope], bool] | None:
    found = text.guarded(
        scalar_of(node),
        language,
        lambda: Term(run=operators.truth(term), offset=0, kind="truth"),
    )
    return found.run if found is not None else None


def scalar_of(node: Node) -> Scalar:
    """The node itself, or something in its place to hang a mistake on."""
    return (
        node if isinstance(node, Scalar) else Scalar(text="", style="plain", place=node.place)
    )


def value(
    node: Node, language: Language, finish: Callable[[Term], Term] | None = None
) -> Term | None:
    """
    An expression, a text with holes, or a list of {when, value}; None where mistakes were noted.

    `finish` makes of each value what its place takes; Wrong where that is not possible.
    """
    if isinstance(node, Scalar):
        term = text.term(node, language)
        if term is None or finish is None:
            return term
        return text.guarded(node, language, lambda: finish(term))
    if isinstance(node, Record) or not all(_is_choice(item) for item in node.items):
        traps.not_a_value(node, language.mistakes)
        return None
    return _choices(node, language, finish)


def _is_choice(node: Node) -> bool:
    return isinstance(node, Record) and "value" in node.entries


def _choices(
    node: Items, language: Language, finish: Callable[[Term], Term] | None
) -> Term | None:
    pairs: list[tuple[Callable[[Scope], bool] | None, Term]] = []
    for at, item in enumerate(node.items):
        assert isinstance(item, Record)
        only(item, ("when", "value"), language.mistakes)
        made = value(item.entries["value"], language, finish)
        condition: Callable[[Scope], bool] | None = None
        if (when := item.entries.get("when")) is not None:
            asked = value(when, language)
            condition = _condition(when, asked, language) if asked is not None else None
            if asked is not None and made is not None:
                made = msgspec.structs.replace(made, paths=(*made.paths, *asked.paths), lets=made.lets or asked.lets)  # fmt: skip
        elif at < len(node.items) - 1:
            language.mistakes.add(item, "only the last value stands without 'when'; those behind it are never reached")  # fmt: skip
        if made is None or (when is not None and condition is None):
            return None
        pairs.append((condition, made))
    return _chosen(pairs)


def _chosen(pairs: list[tuple[Callable[[Scope], bool] | None, Term]]) -> Term:
    runs = tuple((condition, term.run) for condition, term in pairs)
    terms = [term for _, term in pairs]
    kinds = {term.kind for term in terms}

    def run(scope: Scope) -> Any:
        for condition, made in runs:
            if condition is None or condition(scope) is True:
                return made(scope)
        return NOTHING_HOLDS

    kind = kinds.pop() if len(kinds) == 1 else "any"
    term = operators.combined(run, kind, 0, terms, any(term.many for term in terms))
    term.constant = False
    term.nodes = None
    return term


def only(record: Record, known: tuple[str, ...], mistakes: Mistakes) -> None:
    """Note every key that is not known here; those of a later release are told apart."""
    for name in record.entries:
        if name in known:
            continue
        at: Place = record.keys[name]
        if name in LATER:
            mistakes.add(at, later(name))
        elif name in EDITS and "from" in record.entries:
            problem = f"'{name}' belongs to an edit: from and to the same format"
            mistakes.add(at, problem)
        else:
            near = suggestion(name, known) or f"; there is {', '.join(known)}"
            mistakes.add(at, f"there is no key '{name}' here{near}")
