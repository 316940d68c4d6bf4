"""
A place of a build whose value has parts, made as a group is: by `set` of its components, or by a mapping that is used.

    PID-5: {use: fhir_human_name_to_xpn, each: name}
    PID-3:
      - {each: identifier, set: {.1: value, .4.1: system}}
      - {when: exists(old), value: old}

What several of them make are repetitions, one behind the other. `set` beside `use` is laid over what the other mapping makes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.errors import MessageError
from engine.formats import Scope
from engine.mapping import records, written
from engine.mapping.choices import NOTHING_HOLDS, only, value
from engine.mapping.filling import Growing, fill
from engine.mapping.language import Language, Run, Term
from engine.mapping.rules import Block, Rule, block
from engine.mapping.segments import listed
from engine.mapping.uses import Filled
from engine.placed import Items, Node, Record

if TYPE_CHECKING:
    from engine.mapping.builds import Builder

_MAKING = frozenset({"each", "set", "use"})
_KEYS = ("each", "let", "when", "set", "use", "of", "value")
Values = Callable[[Scope], list[Any]]


def is_composed(node: Node) -> bool:
    """Whether a value is made so, and is no expression."""
    return any(
        isinstance(one, Record) and not _MAKING.isdisjoint(one.entries) for one in listed(node)
    )


def rule(
    name: str, node: Node, place: Any, group: Filled, language: Language, builder: Builder
) -> Rule | None:
    """What makes the values of a place; None where mistakes were noted."""
    inside = _inside(place, group)
    parts = []
    for one in listed(node):
        if not isinstance(one, Record):
            problem = "each of several is a record: of components, or of a mapping that it uses"
            language.mistakes.add(one, problem, "- {each: ..., set: {.1: ...}}")
            return None
        made, maker = _maker(one, inside, group, language, builder)
        if maker is None:
            return None
        parts.append(_rule(name, one, _collected(made, maker), made))
    if len(parts) == 1 and not isinstance(node, Items):
        return parts[0]
    term = Term(run=_all([part.term.run for part in parts]), offset=0, many=True)
    return Rule(
        name=name, node=node, term=term, text="parts", line=node.place.line, parts=tuple(parts)
    )


def _inside(place: Any, group: Filled) -> Filled | None:
    """The datatype of the place; None where it has no components, and only values stand there."""
    of = getattr(place, "inside", None)
    structure = of() if of is not None else None
    if structure is None:
        return None
    return Filled(format_name=group.format_name, path=structure.name, structure=structure)


def _maker(
    node: Record, inside: Filled | None, group: Filled, language: Language, builder: Builder
) -> tuple[Block, Values | None]:
    """The block of one of several makers, and what makes its values in a scope of it."""
    only(node, _KEYS, language.mistakes)
    made, inner = block(node, language, builder.slots)
    made.counts_from = 1
    if "value" in node.entries:
        return made, _plain(node.entries["value"], made, inner, group)
    if not {"set", "use"} & node.entries.keys():
        problem = "a value that is made has 'set', 'use' or 'value'"
        language.mistakes.add(node, problem, "{each: name, set: {.1: family}}")
        return made, None
    if inside is None:
        problem = "what stands here has no components"
        language.mistakes.add(node, problem, "{each: ..., value: ...}")
        return made, None
    return made, _composite(node, inside, inner, made, builder)


def _plain(node: Node, made: Block, inner: Language, group: Filled) -> Values | None:
    term = value(node, inner, written.FINISH[group.format_name])
    if term is None:
        return None
    made.rules = [_rule("value", node, term, None)]
    run = term.run

    def values(scope: Scope) -> list[Any]:
        found = run(scope)
        if found is None or found is NOTHING_HOLDS:
            return []
        return list(found) if isinstance(found, list | tuple) else [found]

    return values


def _composite(
    node: Record, inside: Filled, inner: Language, made: Block, builder: Builder
) -> Values | None:
    under, above = (
        builder.used(node, inside, inner, made),
        builder.content(node, inside, inner, made),
    )
    structure = inside.structure

    def values(scope: Scope) -> list[Any]:
        whole = structure.new(scope.context)
        growing = Growing(None, "", whole)
        for content in (under, above):
            fill(content, growing, scope)
        found = whole.value()
        return [] if found is None else [found]

    return values


def _collected(made: Block, values: Values) -> Term:
    """All that is made in the scopes of a block."""

    def run(scope: Scope) -> Any:
        found: list[Any] = []
        for inner in made.scopes(scope):
            try:
                found += values(inner)
            except MessageError as error:
                raise made.located(error, inner.index) from None
        return found or None

    paths = made.each.paths if made.each is not None else ()
    return Term(run=run, offset=0, paths=paths, many=True)


def _all(runs: list[Run]) -> Run:
    def run(scope: Scope) -> Any:
        return [each for one in runs for each in one(scope) or ()] or None

    return run


def _rule(name: str, node: Node, term: Term, made: Block | None) -> Rule:
    text, line = records.shown(node), node.place.line
    return Rule(name=name, node=node, term=term, text=text, line=line, nested=made)
