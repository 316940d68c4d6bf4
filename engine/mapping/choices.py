"""One value of a rule: an expression, a text with holes, or a list of values of which the first that holds is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from engine.formats import Scope
from engine.mapping import kept, needs, operators, text, traps
from engine.mapping.language import Language, Needs, Run, Term, later, suggestion
from engine.placed import Items, Mistakes, Node, Place, Record, Scalar

#: Keys of a later release, and keys that belong elsewhere.
LATER = ("prefixes",)
CHANNEL = ("remember", "collect", "split", "on_part", "transform", "destinations", "keys")
#: What a mapping says that edits a message in place, in the order in which it is best read.
EDITS = ("keep", "set", "remove", "edit", "add")
#: What a mapping says that builds a message.
BUILDS = ("set", "groups", "pairs")
NOTHING_HOLDS: Any = object()
"""What a conditional value gives where none of its conditions holds."""


def without_marker(run: Run) -> Run:
    """The same where 'no condition holds' is nothing."""

    def plain(scope: Scope) -> Any:
        found = run(scope)
        return None if found is NOTHING_HOLDS else found

    return plain


def condition_of(node: Node, term: Term, language: Language) -> Callable[[Scope], bool] | None:
    """A value as a condition; None where mistakes were noted."""
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
        if node.style == "quoted" and traps.is_path_in_quotes(node, language):
            return None
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
    said: list[Needs] = []
    for at, item in enumerate(node.items):
        assert isinstance(item, Record)
        only(item, ("when", "value"), language.mistakes)
        made = value(item.entries["value"], language, finish)
        needed = operators.value_needs(made) if made is not None else None
        condition: Callable[[Scope], bool] | None = None
        if (when := item.entries.get("when")) is not None:
            asked = value(when, language)
            condition = condition_of(when, asked, language) if asked is not None else None
            if asked is not None and asked.needs is not None:
                needed = asked.needs
            if asked is not None and made is not None:
                made = msgspec.structs.replace(made, paths=(*made.paths, *asked.paths), lets=made.lets or asked.lets, reads=kept.all_of((made.reads, asked.reads)))  # fmt: skip
        elif at < len(node.items) - 1:
            language.mistakes.add(item, "only the last value stands without 'when'; those behind it are never reached")  # fmt: skip
        if made is None or (when is not None and condition is None):
            return None
        pairs.append((condition, made))
        said.append(needed)
    return msgspec.structs.replace(_chosen(pairs), needs=needs.any_of(said))


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
        elif name in BUILDS and "from" in record.entries:
            problem = f"'{name}' belongs to a build: to a message by its standard"
            mistakes.add(at, problem, "to: hl7v2/2.5.1/MFN_M16")
        elif name in CHANNEL:
            mistakes.add(at, f"'{name}' belongs to a channel, not to a mapping")
        else:
            near = suggestion(name, known) or f"; there is {', '.join(known)}"
            mistakes.add(at, f"there is no key '{name}' here{near}")
