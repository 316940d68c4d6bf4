"""A channel's line, from where it receives to where it sends; and the groups and batches that wait on it."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from engine.channel import Channel as Bound
from engine.channel import Link
from engine.channel.words import place
from engine.errors import ConfigError
from engine.people.rights import Right
from engine.web.asked import Asked
from engine.web.problem import unknown
from engine.web.showing import span
from engine.web.standing import Channel
from engine.web.views import channels

#: Groups that are listed, and those that are looked through for one.
LISTED, LOOKED_AT = 200, 10_000


class End(msgspec.Struct, frozen=True, kw_only=True):
    """Where a line begins or ends."""

    kind: str
    """The connector: mllp, http, sftp; empty where the channel's file is gone or has mistakes."""
    place: str
    """Address or folder."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A channel and how its line runs."""

    channel: Channel
    source: End
    format: str
    mappings: tuple[str, ...]
    """What makes something of a message before it is sent, in order."""
    ends: dict[str, End]
    """By destination."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group or a batch that waits."""

    id: int
    channel: str
    waits_for: str
    """`collect`, or the destination whose batch it is."""
    members: int
    opened_at: float
    """Seconds since 1970."""
    due_at: float
    """When it is released at the latest; 0 = when it is complete."""
    due: str
    """The same in words."""


def one(asked: Asked[Any, Any]) -> Channel:
    """The channel of the path; Problem where there is none that the person may see."""
    found = channels.channels(asked, name=asked.path["channel"])
    if not found:
        raise unknown("channel of that name")
    return found[0]


def line(asked: Asked[Any, Any]) -> Line:
    """The line of the channel of the path."""
    channel, bound = one(asked), _bound(asked)
    return Line(
        channel=channel,
        source=_end(bound.source if bound is not None else None),
        format=bound.format_name if bound is not None else "",
        mappings=tuple(_mappings(bound)) if bound is not None else (),
        ends={route.name: _end(route.link) for route in bound.routes} if bound is not None else {},
    )  # fmt: skip


def _bound(asked: Asked[Any, Any]) -> Bound | None:
    try:
        return asked.house.loaded.home().channels.get(asked.path["channel"])
    except ConfigError:
        return None


def _end(link: Link | None) -> End:
    if link is None:
        return End(kind="", place="")
    return End(kind=link.kind, place=place(link))


def _mappings(bound: Bound) -> list[str]:
    return list(dict.fromkeys(one.name for chain in bound.transforms for one in chain))


def groups(asked: Asked[Any, Any], channel: str = "", limit: int = LISTED) -> list[Group]:
    """Groups and batches that wait, of the channels that the person may see; without their keys."""
    found = asked.house.archive.groups(channel or None, limit)
    return [_group(row) for row in found if asked.may(Right.VIEW, row["channel"])]


def group(asked: Asked[Any, Any], number: int) -> Group:
    """One of them; Problem where there is none."""
    for found in groups(asked, limit=LOOKED_AT):
        if found.id == number:
            return found
    raise unknown("group of that number")


def _group(row: dict[str, Any]) -> Group:
    return Group(
        id=row["id"],
        channel=row["channel"],
        waits_for=row["group"] or "collect",
        members=row["members"],
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        due=_due(row["due_at"], time.time()),
    )


def _due(due_at: float, now: float) -> str:
    """
    When a group is released.

    >>> _due(0.0, 5.0), _due(4.0, 5.0)
    ('when it is complete', 'now')
    """
    if not due_at:
        return "when it is complete"
    return "now" if due_at <= now else f"in {span(due_at - now)} at the latest"
