"""`accept:`, `unique` and `processing`: which messages a channel takes."""

from __future__ import annotations

from typing import Literal

from engine.channel import Rule
from engine.channel.binding import Binding
from engine.channel.grammar import ACCEPT, check_keys
from engine.mapping import Expression
from engine.placed import Items, Node, Record, Scalar

Accepted = tuple[tuple[Rule, ...], tuple[Expression, ...] | None, str]


def accept(binding: Binding) -> Accepted:
    """The rules, the duplicate key (None = not checked) and the processing the channel takes."""
    node = binding.get("accept")
    records = _records(binding, node)
    rules = [rule for record in records if (rule := _rule(binding, record)) is not None]
    unique = _once(binding, records, "unique")
    said = _once(binding, records, "processing")
    words = Literal["production", "test"]
    processing = binding.value(said, words, "processing", "")
    return tuple(rules), _unique(binding, unique), processing


def _records(binding: Binding, node: Node | None) -> list[Record]:
    items = node.items if isinstance(node, Items) else (node,)
    records = []
    for item in items:
        if isinstance(item, Record):
            check_keys(item, ACCEPT, binding.mistakes)
            records.append(item)
        elif isinstance(item, Scalar):
            problem = "keys stand here: 'when', 'unique', 'processing'"
            binding.mistakes.add(item, problem, f"when: {item.text}" if item.text else "")
        elif item is not None:
            binding.mistakes.add(
                item, "a rule with 'when' stands here", '- when: MSH-9.1 == "ADT"'
            )
    return records


def _rule(binding: Binding, record: Record) -> Rule | None:
    entries = record.entries
    if "when" not in entries:
        for key in ("otherwise", "because"):
            if key in entries:
                binding.mistakes.add(
                    record.keys[key], f"'{key}' goes with a 'when'; there is none here"
                )
        return None
    when = binding.condition(entries["when"], binding.language)
    words = Literal["filter", "reject"]
    otherwise = binding.value(entries.get("otherwise"), words, "otherwise", "filter")
    because = binding.value(entries.get("because"), str, "because", "")
    if when is None:
        return None
    return Rule(when=when, otherwise=otherwise, because=because)


def _once(binding: Binding, records: list[Record], key: str) -> Node | None:
    found = [record for record in records if key in record.entries]
    for record in found[1:]:
        line = found[0].keys[key].line
        binding.mistakes.add(
            record.keys[key], f"'{key}' stands once in a channel; it is in line {line}"
        )
    return found[0].entries[key] if found else None


def _unique(binding: Binding, node: Node | None) -> tuple[Expression, ...] | None:
    language = binding.language
    if language is None:
        return None
    if node is None:
        place = binding.record.place
        paths = [
            Scalar(text=text, style="plain", place=place) for text in language.format.unique
        ]
        return _compiled(binding, tuple(paths)) or None
    if isinstance(node, Scalar) and node.style == "plain" and node.text == "none":
        return None
    items = node.items if isinstance(node, Items) else (node,)
    if not items:
        binding.mistakes.add(node, "a duplicate key has at least one part", "unique: none")
    return _compiled(binding, items) or None


def _compiled(binding: Binding, nodes: tuple[Node, ...]) -> tuple[Expression, ...]:
    found = [binding.differing(node, binding.language) for node in nodes]
    return tuple(expression for expression in found if expression is not None)
