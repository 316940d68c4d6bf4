"""`after:` between the destinations of a channel: who waits for whom, and that nobody waits for ever."""

from __future__ import annotations

from collections.abc import Mapping

from engine.channel.batches import closed_by
from engine.channel.binding import Binding
from engine.hints import meant, nearest
from engine.placed import Node, Record, Scalar


def check(binding: Binding, record: Record) -> None:
    """Note what is wrong with the `after` of the destinations as written."""
    said: dict[str, str] = {}
    for name, node in record.entries.items():
        after = node.entries.get("after") if isinstance(node, Record) else None
        if (
            isinstance(after, Scalar)
            and after.text
            and _names_one(binding, record, name, after)
        ):
            said[name] = after.text
    _circles(binding, record, said)


def _names_one(binding: Binding, record: Record, name: str, after: Scalar) -> bool:
    """Whether `after` names another destination of which something may be awaited."""
    others = [each for each in record.entries if each != name]
    target = record.entries.get(after.text)
    problem = ""
    if after.text == name:
        problem = f"'{name}' cannot wait for itself; 'after' names another destination"
    elif target is None:
        near = nearest(after.text, others)
        said = meant(after.text, others)
        binding.mistakes.add(
            after,
            f"there is no other destination '{after.text}' in this channel{said}",
            f"after: {near}" if near else "",
        )
        return False
    elif "channel" in _keys(record.entries[name]):
        problem = (
            "what is handed over to a channel is handed over at once; it waits for nothing"
        )
    elif "channel" in _keys(target):
        problem = f"'{after.text}' hands over to a channel in the same moment; there is nothing to wait for"
    elif closed_by(target):
        problem = f"what '{after.text}' gets waits in a batch, which is sent as a message of its own; nothing can wait for it"
    if problem:
        binding.mistakes.add(after, problem)
    return not problem


def _keys(node: Node) -> tuple[str, ...]:
    return tuple(node.entries) if isinstance(node, Record) else ()


def _circles(binding: Binding, record: Record, said: Mapping[str, str]) -> None:
    """Each circle is told once, at the destination of it that comes first."""
    told: set[str] = set()
    for name in said:
        way, at = [name], name
        while at in said and said[at] not in way:
            at = said[at]
            way.append(at)
        if said.get(at) != name or name in told:
            continue
        told.update(way)
        node = record.entries[name]
        assert isinstance(node, Record)
        circle = " -> ".join((*way, name))
        problem = f"destinations wait for each other in a circle: {circle}"
        binding.mistakes.add(node.entries["after"], problem)
