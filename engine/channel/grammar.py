"""Which keys stand where in a channel, which of them a later release knows, and what else people call them."""

from __future__ import annotations

import msgspec

from engine.hints import meant, nearest, written
from engine.placed import Mistakes, Record

#: A word that other engines use, and what it is called here.
_CALLED = {
    "filter": "accept",
    "filters": "accept",
    "condition": "when",
    "destination": "destinations",
    "targets": "destinations",
    "output": "destinations",
    "outputs": "destinations",
    "input": "source",
    "mapping": "transform",
    "transformer": "transform",
    "timezone": "zone",
    "priority": "class",
    "entity": "of",
    "template": "like",
    "response": "reply",
    "ordering": "order_by",
    "parallel": "concurrency",
    "dedupe": "unique",
}


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of one level."""

    name: str
    """What people call it: `a channel`, `a destination`."""
    keys: tuple[str, ...]
    """In the order of the line."""
    later: tuple[str, ...] = ()
    """Known to the language, not to this release."""


CHANNEL = Level(
    name="a channel",
    keys=(
        "description",
        "owner",
        "class",
        "tags",
        "zone",
        "source",
        "format",
        "let",
        "accept",
        "keys",
        "transform",
        "destinations",
        "alerts",
        "tests",
    ),
    later=("like", "with", "override", "split", "on_part", "remember", "collect"),
)
SOURCE = Level(
    name="'source'", keys=("encoding", "unmappable", "mode"), later=("answer", "open")
)
ACCEPT = Level(name="'accept'", keys=("when", "unique", "processing", "otherwise", "because"))
TRANSFORM = Level(name="a step of 'transform'", keys=(), later=("then", "use"))
DESTINATION = Level(
    name="a destination",
    keys=(
        "of",
        "when",
        "render",
        "order_by",
        "concurrency",
        "rate",
        "retry",
        "on_uncertain",
        "on_refused",
        "reply",
        "queue_limit",
        "renamed_from",
        "discard_queued",
    ),
    later=("after", "open", "batch", "expect"),
)
REPLY = Level(name="'reply'", keys=("format", "accepted", "retry", "keep"), later=("to",))
TEST = Level(
    name="a test", keys=("name", "given", "now", "environment", "expect"), later=("tables",)
)
GIVEN = Level(name="'given'", keys=("sample", "peer", "file_name"), later=("wait",))
DEFAULTS = Level(
    name="the defaults of a class",
    keys=("retry", "on_uncertain", "on_refused", "queue_limit", "alerts"),
)
_LEVELS = (CHANNEL, SOURCE, ACCEPT, DESTINATION, REPLY)


def check_keys(
    record: Record, level: Level, mistakes: Mistakes, besides: tuple[str, ...] = ()
) -> bool:
    """Note every key that does not stand at this level; whether all do. `besides` are keys known in this place only."""
    sound = True
    known = (*level.keys, *besides)
    for key, place in record.keys.items():
        if key in known:
            continue
        sound = False
        if key in level.later:
            mistakes.add(place, f"'{key}' is not in this release")
            continue
        problem, right = unknown(key, level, known)
        shown = written(record.entries[key], key)
        mistakes.add(place, problem, f"{right}: {shown}" if right and shown else "")
    return sound


def missing(record: Record, key: str, level: Level) -> bool:
    """Whether a key is not there, and not there in a misspelling (which is told) either."""
    strangers = [name for name in record.entries if name not in level.keys]
    return key not in record.entries and key not in [nearest(n, level.keys) for n in strangers]


def unknown(key: str, level: Level, known: tuple[str, ...]) -> tuple[str, str]:
    """What to say of a key that does not stand here, and the key that was meant."""
    called = _CALLED.get(key.lower(), "")
    if called in known:
        return f"there is no '{key}' in {level.name}; here it is called '{called}'", called
    near = nearest(key, known)
    if not near:
        for other in _LEVELS:
            if other is not level and key in other.keys:
                return f"'{key}' does not stand in {level.name}; it stands in {other.name}", ""
    return f"there is no '{key}' in {level.name}{meant(key, known)}", near
