"""What each rule of a mapping made, for people: `corridor try`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from engine.effects import Numbered, Numbers
from engine.formats import NULL, Scope
from engine.mapping.choices import NOTHING_HOLDS
from engine.mapping.language import Traced
from engine.mapping.rules import Block, Rule
from engine.mapping.values import Unreadable, text_of
from engine.message import Facts
from engine.placed import Items, Node, Record, Scalar


class _Taken(Numbers):
    """The numbers that the thing took while it was made, once more and in the same order."""

    def __init__(self, taken: list[Numbered]) -> None:
        self._taken = taken

    def next(self, sequence: str, least: int = 1) -> int:
        """See Numbers.next."""
        for at, numbered in enumerate(self._taken):
            if numbered.sequence == sequence:
                return self._taken.pop(at).value
        return 0


def repeating(facts: Facts, before: int) -> Facts:
    """What rules read that run a second time, to be shown: the numbers taken since `before` are theirs again."""
    taken = _Taken(facts.notes.numbers[before:])
    context = msgspec.structs.replace(facts.context, numbers=taken)
    return msgspec.structs.replace(facts, context=context)


def rules(block: Block, scope: Scope, prefix: str = "") -> Iterator[Traced]:
    """Each rule with its value, its line and the paths that gave it; nested lists item by item."""
    for rule in _each(block.rules):
        if rule.nested is None:
            yield _traced(rule, scope, prefix)
            continue
        for at, inner in enumerate(rule.nested.scopes(scope), rule.nested.counts_from):
            name = _named(prefix, rule.name)
            name = f"{name}[{at}]" if rule.nested.each else name
            yield from rules(rule.nested, inner, f"{name}." if name else "")
    for told in block.told:
        for traced in told(scope):
            yield msgspec.structs.replace(traced, field=_named(prefix, traced.field))


def telling(
    block: Block,
    file: str,
    things: Callable[[Scope], Sequence[Any]],
    inside: Callable[[Scope, Any], Scope],
) -> Callable[[Scope], Iterator[Traced]]:
    """What each rule of a used mapping makes of the things that it is handed, with the file in which it stands."""

    def told(scope: Scope) -> Iterator[Traced]:
        for thing in things(scope):
            for inner in block.scopes(inside(scope, thing)):
                for traced in rules(block, inner):
                    yield traced if traced.file else msgspec.structs.replace(traced, file=file)

    return told


def _named(prefix: str, name: str) -> str:
    """
    A field in what is around it; a maker among several has no name of its own.

    >>> _named("lines[0].", "code"), _named("PID-5[1].", ".2"), _named("telecom[0].", "")
    ('lines[0].code', 'PID-5[1].2', 'telecom[0]')
    """
    return prefix + name if name[:1] not in (".", "") else prefix.removesuffix(".") + name


def written(block: Block, prefix: str = "") -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each rule as it is written: field, text, paths; for documentation."""
    for rule in _each(block.rules):
        if rule.nested is None:
            yield prefix + rule.name, _choices(rule.node) or rule.text, rule.term.paths
        else:
            many = "[*]" if rule.nested.each is not None else ""
            name = _named(prefix, rule.name) + many
            yield from written(rule.nested, f"{name}." if name else "")


def _each(rules: Iterable[Rule]) -> Iterator[Rule]:
    """The rules, and in place of one with several makers theirs."""
    for rule in rules:
        if rule.parts:
            yield from _each(rule.parts)
        else:
            yield rule


def _choices(node: Node) -> str:
    """A value of several, as a sentence; empty where it is one."""
    said = []
    for item in node.items if isinstance(node, Items) else ():
        if not isinstance(item, Record) or not isinstance(
            value := item.entries.get("value"), Scalar
        ):
            return ""
        when = item.entries.get("when")
        shown = f'"{value.text}"' if value.style == "quoted" else value.text
        said.append(f"{shown} where {when.text}" if isinstance(when, Scalar) else shown)
    return "; else ".join(said)


def _traced(rule: Rule, scope: Scope, prefix: str) -> Traced:
    return Traced(
        field=_named(prefix, rule.name),
        value=shown(rule.term.run(scope)),
        line=rule.line,
        rule=rule.text,
        paths=rule.term.paths,
    )


def shown(value: object) -> str:
    """
    A value for people, on one line.

    >>> shown(["a", "b"]), shown(None), shown(NULL)
    ('a, b', 'nothing', 'null')
    """
    if value is None:
        return "nothing"
    if value is NULL:
        return "null"
    if value is NOTHING_HOLDS:
        return "unchanged"
    if isinstance(value, list | tuple):
        return ", ".join(shown(each) for each in value)
    try:
        return text_of(value)
    except Unreadable:
        kind = value.get("resourceType") if isinstance(value, dict) else ""
        return f"(the {kind})" if kind else "(record)"
