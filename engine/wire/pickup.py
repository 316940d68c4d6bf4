"""
Which files of a folder may be taken now: rules without a file system, shared by every connector that picks up.

A sender writes as long as it likes; nobody tells a half-written file from a whole one by looking once. So a file
is taken when it looked the same twice and has rested for a while, or when its sender says so with a done-file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import msgspec

#: Names that programs give to what they are still writing.
_TEMPORARY = re.compile(
    r"[.~].*|.*~|.*\.(tmp|temp|part|partial|filepart|crdownload|swp|open|lock)", re.I
)


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """How one file looked."""

    name: str
    """Its name; in a sub-folder its path from the watched folder, `north/a.csv`."""
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
    *folders, last = name.split("/")
    if any(not is_open(folder) for folder in folders):
        return False
    if _TEMPORARY.fullmatch(last) or not fnmatchcase(last, rules.pattern):
        return False
    return not rules.done or not fnmatchcase(last, done_file("*", rules))


def is_open(folder: str) -> bool:
    """
    Whether a sub-folder of that name is one to look into: neither hidden nor one that leads elsewhere.

    >>> is_open("north"), is_open(".ssh"), is_open(".."), is_open("")
    (True, False, False, False)
    """
    return bool(folder) and not folder.startswith(".") and is_name(folder)


def is_name(name: str) -> bool:
    """
    Whether this is the name of one thing in a folder, and not a path: what a server lists is not believed.

    >>> is_name("a.csv"), is_name("../a.csv"), is_name("."), is_name("a\\x00b")
    (True, False, False, False)
    """
    return name not in ("", ".", "..") and not set(name) & set("/\0")


def done_file(name: str, rules: Rules) -> str:
    """
    The done-file of a file, in its folder; `{name}` is the whole name, `{stem}` the name without its last ending.

    >>> done_file("a.csv", Rules(done="{name}.done")), done_file("x.y/a.csv", Rules(done="{stem}.ok"))
    ('a.csv.done', 'x.y/a.ok')
    """
    folder, slash, last = name.rpartition("/")
    stem = last.rpartition(".")[0] or last
    return folder + slash + rules.done.replace("{name}", last).replace("{stem}", stem)


def unsettled(seen: Iterable[Sight], taken: Iterable[Sight], rules: Rules) -> bool:
    """Whether a file was seen that will be whole without another word of its sender: worth another look soon."""
    if rules.done:
        return False
    known = {sight.name for sight in taken}
    return any(sight.name not in known and is_candidate(sight.name, rules) for sight in seen)


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


def day_of(moment: float) -> str:
    """
    The day of a moment (seconds since 1970, UTC), as folders and lists of a day are named.

    >>> day_of(0.0)
    '1970-01-01'
    """
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
