"""When groups are released and batches closed: `release:` of a collect, `close:` of a batch."""

from __future__ import annotations

from engine.channel import Release
from engine.channel.binding import Binding
from engine.channel.grammar import Level, misspelt
from engine.hours import Clock
from engine.mapping import Language
from engine.placed import Items, Node, Record
from engine.settings import Count, Duration, Size


def release(
    binding: Binding, record: Record, level: Level, language: Language | None
) -> Release | None:
    """The moments at which it happens; a mistake where there is none at all."""
    entries, value = record.entries, binding.value
    if not any(key in level.keys for key in entries):
        if misspelt(record, level):
            return None
        problem = f"one of {', '.join(level.keys)} says when; without one it never happens"
        binding.mistakes.add(record, problem, _example(level))
        return None
    quiet = value(entries.get("quiet"), Duration, "quiet", Duration(0))
    latest = value(entries.get("latest"), Duration, "latest", Duration(0))
    if latest and quiet > latest:
        problem = "'quiet' is longer than 'latest', which comes first each time"
        binding.mistakes.add(entries["quiet"], problem)
    when = entries.get("when") if "when" in level.keys else None
    return Release(
        when=binding.condition(when, language),
        quiet=float(quiet),
        latest=float(latest),
        at=_times(binding, entries.get("at")),
        most=value(entries.get("most"), Count, "most", 0),
        size=int(value(entries.get("size"), Size, "size", 0)) if "size" in level.keys else 0,
    )


def _times(binding: Binding, node: Node | None) -> tuple[int, ...]:
    """Times of day, in order, each once."""
    if node is None:
        return ()
    items = node.items if isinstance(node, Items) else (node,)
    found = [binding.value(item, Clock, "at", None) for item in items]
    return tuple(sorted({int(time) for time in found if time is not None}))


def _example(level: Level) -> str:
    word = level.name.strip("'")
    return (
        f"{word}: {{quiet: 72h, latest: 30d}}"
        if word == "release"
        else f'{word}: {{at: "23:30"}}'
    )
