"""`remember:` of a channel: what its messages leave for later ones."""

from __future__ import annotations

from typing import ClassVar

from engine.channel import Remember
from engine.channel.binding import Binding
from engine.channel.grammar import REMEMBER
from engine.channel.names import NAME, spelled
from engine.placed import Node, Record
from engine.settings import Duration


class _Age(Duration):
    """How long something is remembered: without a unit probably days."""

    example: ClassVar[str] = "400d"

    @staticmethod
    def mend(text: str) -> str:
        return f"{text}d" if text.isdigit() else Duration.mend(text)


_WRITE = "remember:\n  visit: {key: PV1-19.1, fields: {class: PV1-2}, for: 400d}"


def remembers(binding: Binding) -> tuple[Remember, ...]:
    """The memories, in the order written."""
    node = binding.get("remember")
    if node is None:
        return ()
    if not isinstance(node, Record) or not node.entries:
        binding.mistakes.add(node, "memories stand here by name", _WRITE)
        return ()
    if _nameless(node):
        problem = (
            "a memory has a name, by which 'recall' finds it; 'key' stands below that name"
        )
        binding.mistakes.add(node, problem, _WRITE)
        return ()
    found = [_one(binding, name, node, each) for name, each in node.entries.items()]
    return tuple(each for each in found if each is not None)


def _nameless(node: Record) -> bool:
    """Whether the keys of one memory stand where names of memories belong."""
    return any(
        key in REMEMBER.keys and not isinstance(value, Record)
        for key, value in node.entries.items()
    )


def _one(binding: Binding, name: str, record: Record, node: Node) -> Remember | None:
    if not NAME.fullmatch(name):
        problem = (
            f"'{name}' is no name for a memory; it has small letters, digits and underscores"
        )
        binding.mistakes.add(record.keys[name], problem, f"{spelled(name)}: ...")
        return None
    said = binding.group(
        node, REMEMBER, f"{name}: {{key: PV1-19.1, fields: {{class: PV1-2}}, for: 400d}}"
    )
    if said is None:
        return None
    needed, entries = binding.needed, said.entries
    sound = [
        needed(said, REMEMBER, "key", "what it is found by", "key: PV1-19.1"),
        needed(said, REMEMBER, "fields", "what is remembered", "fields: {class: PV1-2}"),
        needed(said, REMEMBER, "for", "how long it is remembered", "for: 400d"),
    ]
    when = binding.condition(entries.get("when"), binding.language)
    fields = binding.named(entries.get("fields"), binding.language)
    for label, expression in fields:
        if expression.kind == "bytes":
            written = entries["fields"]
            assert isinstance(written, Record)
            problem = "bytes are remembered as a text that says them"
            binding.mistakes.add(written.entries[label], problem, f"{expression.text} | base64")
    for_ = binding.value(entries.get("for"), _Age, "for", None)
    key = binding.parts(entries["key"], binding.language) if "key" in entries else ()
    if not all(sound) or for_ is None or not key:
        return None
    return Remember(name=name, key=key, fields=fields, for_=float(for_), when=when)
