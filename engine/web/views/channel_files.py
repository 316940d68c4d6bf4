"""What a channel is made of: its files as they stand, what they were before, and what changed between two releases."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from engine.errors import ConfigError
from engine.web.asked import Asked
from engine.web.problem import unknown
from engine.web.views.channel_line import one

#: In place of a release: the files of the home as they stand now, put to use or not.
DISK = "files"
#: Lines of one file's difference that are told.
TOLD = 5000


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One release of a channel, as it was put to use."""

    id: str
    """What every message of that time carries."""
    at: float
    """Since when, seconds since 1970."""
    who: str
    """Who ordered the reload; empty = the engine was started, or a file was edited."""
    current: bool
    """Whether it is the newest."""
    changed: tuple[str, ...]
    """The files that differ from the release before; of the first one all."""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a release."""

    path: str
    """Below the home."""
    text: str


class Piece(msgspec.Struct, frozen=True):
    """One line of a difference."""

    kind: Literal["same", "added", "removed", "place"]
    text: str


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A file that differs."""

    path: str
    what: Literal["changed", "new", "gone"]
    lines: list[Piece]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two releases of a channel."""

    a: str
    b: str
    files: list[Changed]
    """Empty where the texts are the same: then a setting of config.yaml made the other release."""


def releases(asked: Asked[Any, Any]) -> list[Release]:
    """The releases of the channel of the path, newest first."""
    kept = asked.house.archive.releases(one(asked).name)
    found = []
    for at, each in enumerate(kept):
        before = kept[at + 1].files if at + 1 < len(kept) else {}
        paths = {*before, *each.files}
        changed = sorted(path for path in paths if before.get(path) != each.files.get(path))
        found.append(
            Release(
                id=each.release,
                at=each.at,
                who=each.who,
                current=at == 0,
                changed=tuple(changed),
            )
        )
    return found


def files(asked: Asked[Any, Any], release: str) -> list[File]:
    """The files of a release, the channel's own first; Problem where there is no such release."""
    return [File(path=path, text=text) for path, text in _texts(asked, release).items()]


def difference(asked: Asked[Any, Any], a: str, b: str) -> Difference:
    """What differs; Problem where there is no such release."""
    before, after = _texts(asked, a), _texts(asked, b)
    paths = dict.fromkeys([*after, *before])
    changed = [_changed(path, before.get(path), after.get(path)) for path in paths if before.get(path) != after.get(path)]  # fmt: skip
    return Difference(a=a, b=b, files=changed)


def unused(asked: Asked[Any, Any], releases: list[Release]) -> bool:
    """Whether the files of the home make another release than the one that was put to use last."""
    try:
        bound = asked.house.loaded.home().channels.get(asked.path["channel"])
    except ConfigError:
        return False
    return bound is not None and bool(releases) and bound.release != releases[0].id


def _texts(asked: Asked[Any, Any], release: str) -> dict[str, str]:
    name = one(asked).name
    if release == DISK:
        _, bound = asked.house.loaded.channel(name)
        return {path: text.decode("utf-8", "replace") for path, text in bound.texts}
    found = asked.house.archive.release(name, release)
    if found is None:
        raise unknown("release of that number")
    return {path: text.decode("utf-8", "replace") for path, text in found.items()}


def _changed(path: str, before: str | None, after: str | None) -> Changed:
    what: Literal["changed", "new", "gone"] = "changed"
    if before is None or after is None:
        what = "new" if before is None else "gone"
    lines = list(pieces(before or "", after or ""))
    return Changed(path=path, what=what, lines=lines[:TOLD])


def pieces(before: str, after: str) -> Iterator[Piece]:
    """
    What differs between two texts, with three lines around it.

    >>> [(piece.kind, piece.text) for piece in pieces("a\\nb\\n", "a\\nc\\n")]
    [('place', 'line 1'), ('same', 'a'), ('removed', 'b'), ('added', 'c')]
    """
    kinds: dict[str, Literal["same", "added", "removed"]] = {"+": "added", "-": "removed", " ": "same"}  # fmt: skip
    told = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="")
    for number, text in enumerate(told):
        if number < 2:
            continue  # the names of the files
        if text.startswith("@@"):
            yield Piece("place", f"line {text.partition('+')[2].partition(' ')[0].partition(',')[0]}")  # fmt: skip
        else:
            yield Piece(kinds[text[0]], text[1:])
