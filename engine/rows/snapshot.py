"""
Files that are the whole truth each time: what the last one had and this one has not, vanished.

Pure: what the last file had comes in as a mapping, and what vanished comes out as parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.reading import Part

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)\s?%", re.ASCII)


class Percent(Decimal):
    """A share of something: `5%`."""

    example = "5%"

    @classmethod
    def read(cls, text: str) -> Percent:
        """
        A share as it is written.

        >>> Percent.read("5%")
        Percent(5%)
        """
        found = _PERCENT.fullmatch(text)
        if found is None or Decimal(found[1]) > 100:
            raise ValueError("a share, which is written 5%")
        return cls(found[1])

    def __str__(self) -> str:
        return f"{self:f}%"

    def __repr__(self) -> str:
        return f"Percent({self!s})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Percent.read, (str(self),)


#: The reason with which a file is stopped.
STOPPED = "snapshot_stopped"


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every file is the whole truth: what the last one had and this one has not, vanished."""

    key: str | tuple[str, ...]
    """The column, or the columns, that identify a record from file to file."""
    stop_at: Percent = Percent(5)
    """A file in which more than this share of the last one's records would vanish is quarantined whole."""
    only_changed: bool = False
    """Whether only records that are new, or other than in the last file, become messages; the others are counted. One that was rejected counts as changed the next time."""


def too_much(stop_at: Percent) -> MessageError:
    """Why a file is stopped, and what to do where that much is meant to vanish."""
    return MessageError(
        "snapshot_stopped",
        f"more than {stop_at!s} of the records of the last file would vanish;"
        " if they are meant to, replay it with --accept-snapshot",
    )


def vanished(
    previous: Mapping[str, bytes], parts: Iterable[Part], stop_at: Percent
) -> tuple[Part, ...]:
    """
    The parts that the last file had and this one has not, with their bytes of then; `line` is 0.

    `previous` holds the last file's parts by their keys, as `Part` gave them. As long as a record of the file cannot
    be read, nothing vanishes: it may be the one that is missing. MessageError `snapshot_stopped` where more than the
    share would vanish.
    """
    there: set[str] = set()
    unread = False
    for part in parts:
        if part.key is None:
            unread = True
        else:
            there.add(part.key)
    gone = [key for key in previous if key not in there]
    if len(gone) * 100 > stop_at * len(previous):
        raise too_much(stop_at)
    if unread:
        return ()
    return tuple(Part(raw=previous[key], line=0, key=key) for key in gone)
