"""
The rules of a mapping: what is walked, named and asked (`each`, `let`, `when`) before something is made.

A block is an optional `each` (one scope per item), then `let`, then `when`, and what is made in each scope. `when` is
asked first where it reads no `let`, so that a conversion in a `let` cannot stop what the mapping does not want.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import MessageError
from engine.fhir.lifting import ANYWHERE, Places
from engine.formats import Scope, Shape
from engine.formats.hl7v2.presence import has_parts
from engine.mapping import steps, text
from engine.mapping.choices import condition_of, scalar_of, value, without_marker
from engine.mapping.kept import all_of, shared
from engine.mapping.language import Expression, Language, Needs, Reads, Run, Term, Traced
from engine.placed import Items, Node, Record, Scalar

_WORDS = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class FieldError(MessageError):
    """A MessageError that knows the field it happened in."""

    def __init__(self, error: MessageError, name: str) -> None:
        inner = error if isinstance(error, FieldError) else None
        self.why: str = inner.why if inner else error.rule
        self.field: str = f"{name}.{inner.field}" if inner else name
        super().__init__(error.code, f"{self.field}: {self.why}", error.path)


if TYPE_CHECKING:
    from engine.mapping.uses import Uses


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
    needs: Needs = None
    """What it needs of the thing at hand to give something (engine/mapping/needs.py)."""
    reads: Reads = None
    """What it is made of, and nothing else (engine/mapping/kept.py)."""
    places: Places = ANYWHERE
    """Where in what it makes resources may stand that become entries of their own (engine/mapping/lifted.py)."""
    parts: tuple[Rule, ...] = ()
    """Of a field that several makers make: theirs."""


class Slots:
    """Numbers the names of `let` in all the blocks of a mapping, those of the channel before its own."""

    def __init__(self, uses: Uses, channel: tuple[str, ...] = ()) -> None:
        self.count = len(channel)
        self.channel = {name: slot for slot, name in enumerate(channel)}
        """The names of the channel that the mapping reads."""
        self.uses = uses
        """Finds the mappings that this one uses."""


class Block:
    """Where things are made: which scopes there are, with their `let` filled in."""

    def __init__(self) -> None:
        self.each: Term | None = None
        self.lets: list[tuple[int, Run]] = []
        self.when: Callable[[Scope], bool] | None = None
        self.needs: Needs = None
        """What `each` and `when` need of the thing around, or nothing is made."""
        self.reads: Reads = frozenset()
        """What `let` and `when` are made of."""
        self.early = False
        """Whether `when` is asked before the lets are read."""
        self.rules: list[Rule] = []
        self.told: list[Callable[[Scope], Iterable[Traced]]] = []
        """What is made besides, for traces: edits, and the rules of mappings that are used."""
        self.make: Run = lambda scope: None
        """What is made in each scope."""
        self.counts_from = 0
        """What traces count its items from."""

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
        each, make = self.each, self.make
        if each is None:
            value = make(scope) if self.enter(scope) else None
            return [] if value is None else [value]
        found = (each.nodes or each.run)(scope)
        if not found:
            return []
        if len(found) > steps.FEW:
            steps.take(scope, len(found))
        made, group, index = [], each.group, 0
        plain = not self.lets and self.when is None
        try:
            for index, item in enumerate(found, 1):
                inner = scope.child(item, index, item if group else None)
                if plain or self.enter(inner):
                    value = make(inner)
                    if value is not None:
                        made.append(value)
        except MessageError as error:
            raise self.located(error, index) from None
        return made

    def every(self, form: str) -> Run:
        """Makes all of a scope, as a list or (`form`) a tuple; None where there is nothing."""
        keep = tuple if form == "tuple" else list

        def run(scope: Scope) -> Any:
            return keep(self.items(scope)) or None

        return run

    def first(self) -> Run:
        """Makes the first thing of a scope; without detours where nothing is walked. Asked for once all of the block is known."""
        make, enter = self.make, self.enter
        if self.each is not None:
            return lambda scope: next(iter(self.items(scope)), None)
        when = self.when
        if not self.lets and when is None:
            return make
        if not self.lets and when is not None:
            return lambda scope: make(scope) if when(scope) is True else None
        return lambda scope: make(scope) if enter(scope) else None


def block(record: Record, language: Language, slots: Slots) -> tuple[Block, Language]:
    """`each`, `let` and `when` of a record, and the language inside it."""
    made = Block()
    if (node := record.entries.get("each")) is not None:
        made.each = _each(node, language)
        if made.each is not None:
            made.needs = made.each.needs
        if made.each is not None and made.each.shape is not None:
            known = _seen_inside(language.known, made.each.shape)
            language = msgspec.structs.replace(language, shape=made.each.shape, known=known)
    language = _lets(record.entries.get("let"), made, language, slots)
    if (node := record.entries.get("when")) is not None:
        term = value(node, language)
        made.reads = all_of((made.reads, term.reads if term is not None else None))
        if term is not None and (condition := condition_of(node, term, language)):
            made.when = condition
            if made.each is None:
                made.needs = term.needs
            made.early = not (term.lets and _says(node, record.entries.get("let")))
    return made, language


def _seen_inside(known: dict[str, Expression], shape: Shape) -> dict[str, Expression]:
    """The names around an `each`: what they are made of is known inside it where fields of the same segments are read there."""
    walks_parts = shape.format == "hl7v2" and has_parts(shape)
    return {
        name: each
        if each.reads is None
        or (walks_parts and not any(part.startswith(".") for part in each.reads))
        else msgspec.structs.replace(each, reads=None)
        for name, each in known.items()
    }


def _says(node: Node, let: Node | None) -> bool:
    """Whether a condition may read one of the names that stand beside it."""
    names = let.entries.keys() if isinstance(let, Record) else frozenset[str]()
    if isinstance(node, Scalar):
        return not names.isdisjoint(_WORDS.findall(node.text))
    inner = node.items if isinstance(node, Items) else tuple(node.entries.values())
    return any(_says(each, let) for each in inner)


def _each(node: Node, language: Language) -> Term | None:
    term = value(node, language)
    if term is None:
        return None
    if term.nodes is None and not (term.many or term.kind in ("any", "list")):
        language.mistakes.add(node, "an each walks the things that a path names", "each: FT1")
        return None
    if term.shape is None:
        named = term.type if term.type is not None and term.type.form == "resource" else None
        term.shape = Shape(format="json", kind="candidate", type=named, outer=language.shape)
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
            names=term.names,
            type=term.type,
            reads=term.reads,
        )
        made.reads = all_of((made.reads, term.reads))
        run = without_marker(term.run)
        if isinstance(each, Scalar):
            run = shared(
                f"{each.style} {each.text}", msgspec.structs.replace(term, run=run), language
            )
        made.lets.append((slots.count, run))
        language = msgspec.structs.replace(
            language,
            lets={**language.lets, name: slots.count},
            known={**language.known, name: known},
        )
        slots.count += 1
    return language
