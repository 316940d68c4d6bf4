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
    "params": "with",
    "parameters": "with",
    "overrides": "override",
    "aggregate": "collect",
    "group_by": "key",
    "header": "head",
    "footer": "foot",
    "trailer": "foot",
    "separator": "between",
    "schedule": "open",
    "hours": "open",
    "depends_on": "after",
    "timeout": "within",
    "ttl": "for",
    "keep_for": "for",
    "confirm": "expect",
    "validation": "validate",
    "acknowledge": "expect_ack",
    "next": "then",
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
        "like",
        "with",
        "override",
        "source",
        "format",
        "namespaces",
        "validate",
        "split",
        "on_part",
        "let",
        "accept",
        "keys",
        "remember",
        "transform",
        "collect",
        "destinations",
        "alerts",
        "tests",
    ),
)
SOURCE = Level(name="'source'", keys=("encoding", "unmappable", "mode", "open", "answer"))
ANSWER = Level(name="'answer'", keys=("from", "within", "otherwise", "transform", "render"))
ACCEPT = Level(name="'accept'", keys=("when", "unique", "processing", "otherwise", "because"))
REMEMBER = Level(name="a memory", keys=("key", "fields", "for", "when"))
TRANSFORM = Level(name="a step of 'transform'", keys=("use", "then"))
COLLECT = Level(name="'collect'", keys=("key", "replace_by", "release", "late", "then"))
RELEASE = Level(name="'release'", keys=("when", "quiet", "latest", "at", "most"))
DESTINATION = Level(
    name="a destination",
    keys=(
        "of",
        "when",
        "render",
        "after",
        "order_by",
        "concurrency",
        "rate",
        "open",
        "retry",
        "on_uncertain",
        "on_refused",
        "envelope",
        "batch",
        "reply",
        "expect",
        "expect_ack",
        "queue_limit",
        "renamed_from",
        "discard_queued",
    ),
)
BATCH = Level(name="'batch'", keys=("close", "head", "between", "foot"))
CLOSE = Level(name="'close'", keys=("at", "most", "size", "quiet", "latest"))
REPLY = Level(name="'reply'", keys=("format", "accepted", "retry", "keep", "to"))
EXPECT = Level(name="'expect' of a destination", keys=("from", "where", "is", "within"))
EXPECT_ACK = Level(name="'expect_ack' of a destination", keys=("from", "within"))
PARAMETER = Level(name="a parameter", keys=("description", "default"))
TEST = Level(
    name="a test",
    keys=(
        "name",
        "given",
        "now",
        "memory",
        "tables",
        "numbers",
        "replies",
        "environment",
        "expect",
    ),
)
GIVEN = Level(name="'given'", keys=("sample", "channel", "peer", "file_name", "facts", "wait"))
ANSWERING = Level(name="an answer in 'replies'", keys=("sample", "status"))
DEFAULTS = Level(
    name="the defaults of a class",
    keys=("retry", "on_uncertain", "on_refused", "queue_limit", "alerts"),
)
_LEVELS = (
    CHANNEL,
    SOURCE,
    ANSWER,
    ACCEPT,
    REMEMBER,
    COLLECT,
    RELEASE,
    DESTINATION,
    BATCH,
    REPLY,
    EXPECT,
    EXPECT_ACK,
)


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
    return key not in record.entries and key not in misspelt(record, level)


def misspelt(record: Record, level: Level) -> set[str]:
    """The keys of a level that were probably meant by those that do not stand here."""
    strangers = [name for name in record.entries if name not in level.keys]
    near = {nearest(name, level.keys) for name in strangers}
    called = {_CALLED.get(name.lower(), "") for name in strangers}
    return (near | called) & set(level.keys)


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
