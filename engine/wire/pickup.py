"""
Which files of a folder may be taken now: rules without a file system, shared by every connector that picks up.

A sender writes as long as it likes; nobody tells a half-written file from a whole one by looking once. So a file
is taken when it looked the same twice and has rested for a while, or when its sender says so with a done-file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase

import msgspec

#: Names that programs give to what they are still writing.
_TEMPORARY = re.compile(
    r"[.~].*|.*~|.*\.(tmp|temp|part|partial|filepart|crdownload|swp|open|lock)", re.I
)


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """How one file looked."""

    name: str
    size: int
    modified: int
    """Time of the last change, nanoseconds since 1970."""
    inode: int = 0
    """The file's number on its disk; 0 where there is none (SFTP)."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel says about picking up."""

    pattern: str = "*"
    minimum_age: float = 2.0
    """Seconds since the last change."""
    done: str = ""
    """Name of the done-file, `{name}.done`; empty = two equal looks and the minimum age."""
    order: str = "name"
    """`name` or `time`."""


def is_candidate(name: str, rules: Rules) -> bool:
    """
    Whether a name is one to look at: matches the pattern, is not hidden, temporary or a done-file.

    >>> is_candidate("adt.hl7", Rules(pattern="*.hl7")), is_candidate(".adt.hl7", Rules())
    (True, False)
    """
    if _TEMPORARY.fullmatch(name) or not fnmatchcase(name, rules.pattern):
        return False
    return not rules.done or not fnmatchcase(name, done_file("*", rules))


def done_file(name: str, rules: Rules) -> str:
    """
    The done-file of a file; `{name}` is the whole name, `{stem}` the name without its last ending.

    >>> done_file("a.csv", Rules(done="{name}.done")), done_file("a.csv", Rules(done="{stem}.ok"))
    ('a.csv.done', 'a.ok')
    """
    return rules.done.replace("{name}", name).replace("{stem}", name.rpartition(".")[0] or name)


def ready(
    now: float,
    seen: Iterable[Sight],
    before: Mapping[str, Sight],
    names: Collection[str],
    rules: Rules,
) -> list[Sight]:
    """
    The files that may be taken, in order.

    `seen` is this look, `before` the previous one by name, `names` every name in the folder (done-files too),
    `now` wall clock seconds. A change time far in the future (a copy that kept its sender's time) counts as rested.
    """
    taken = [
        sight
        for sight in seen
        if is_candidate(sight.name, rules) and _is_whole(now, sight, before, names, rules)
    ]
    if rules.order == "time":
        return sorted(taken, key=lambda sight: (sight.modified, sight.name))
    return sorted(taken, key=lambda sight: sight.name)


def _is_whole(
    now: float,
    sight: Sight,
    before: Mapping[str, Sight],
    names: Collection[str],
    rules: Rules,
) -> bool:
    if rules.done:
        return done_file(sight.name, rules) in names
    rested = abs(now - sight.modified / 1e9) >= rules.minimum_age
    return rested and before.get(sight.name) == sight
