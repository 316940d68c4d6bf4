"""What differs between the files of two releases of a channel."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

#: Lines of one file's difference that are told.
TOLD = 5000


class Piece(msgspec.Struct, frozen=True):
    """One line of a difference."""

    kind: Literal["same", "added", "removed", "place"]
    text: str


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A file that differs."""

    path: str
    what: Literal["changed", "new", "gone"]
    lines: list[Piece]


def changed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[Changed]:
    """
    The files that differ, in the order of the later release.

    >>> [(one.path, one.what) for one in changed({"a": b"1", "b": b"1"}, {"a": b"2", "c": b"1"})]
    [('a', 'changed'), ('c', 'new'), ('b', 'gone')]
    """
    return [
        _changed(path, before.get(path), after.get(path))
        for path in dict.fromkeys([*after, *before])
        if before.get(path) != after.get(path)
    ]


def _changed(path: str, before: bytes | None, after: bytes | None) -> Changed:
    what: Literal["changed", "new", "gone"] = "changed"
    if before is None or after is None:
        what = "new" if before is None else "gone"
    lines = list(pieces(_text(before), _text(after)))
    return Changed(path=path, what=what, lines=lines[:TOLD])


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "replace")


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
            line = text.partition("+")[2].partition(" ")[0].partition(",")[0]
            yield Piece("place", f"line {line}")
        else:
            yield Piece(kinds[text[0]], text[1:])
