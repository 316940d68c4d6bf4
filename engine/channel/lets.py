"""`let:` of a channel: values that are read once, with a name each."""

from __future__ import annotations

import msgspec

from engine.channel.binding import Binding
from engine.channel.names import NAME, spelled
from engine.mapping import Expression, Language
from engine.placed import Node, Record


def lets(binding: Binding) -> tuple[Expression, ...]:
    """By slot; each sees those above it, and all that follows sees them all."""
    node = binding.get("let")
    if node is None:
        return ()
    if not isinstance(node, Record):
        binding.mistakes.add(node, "names and expressions stand here", "let: {mrn: PID-3.1}")
        return ()
    for name, value in node.entries.items():
        if not NAME.fullmatch(name):
            problem = (
                f"'{name}' is no name for a 'let'; it has small letters, digits and underscores"
            )
            binding.mistakes.add(node.keys[name], problem, f"{spelled(name)}: ...")
            continue
        found = binding.expression(value, binding.language) or _broken(name, value)
        binding.language = _with(binding.language, name, found)
        binding.known[name] = found
    return tuple(binding.known.values())


def _broken(name: str, node: Node) -> Expression:
    """A name whose value has a mistake is known too, so that its users are not called mistakes."""
    return Expression(run=lambda scope: None, text=name, line=node.place.line)


def _with(language: Language | None, name: str, value: Expression) -> Language | None:
    if language is None:
        return None
    known = {**language.known, name: value}
    slots = {**language.lets, name: len(language.lets)}
    return msgspec.structs.replace(language, lets=slots, known=known)
