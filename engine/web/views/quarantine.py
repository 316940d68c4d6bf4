"""What is held and needs a person: by cause, and one by one. No content."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from engine.errors import MessageError, StoreError
from engine.handling import quarantine
from engine.handling.quarantine import Quarantine
from engine.message import number_of, short_id
from engine.people.rights import Right
from engine.people.work import UNTOUCHED, Comment
from engine.store.schema import PLACES, integers
from engine.web.asked import Asked
from engine.web.problem import Problem, unknown
from engine.web.views import messages
from engine.web.views.messages import Text

#: Causes that one answer names; what is left is counted.
CAUSES = 500
#: Items of one page.
Limit = Annotated[int, msgspec.Meta(ge=1, le=500)]


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which causes; what is left out does not count."""

    channel: Text = ""
    reason: Text = ""
    """Reason code of the verdict, or the partner's status."""
    owner: Text = ""
    older: Text = ""
    """Whose oldest item is older: 10m, 2h, 1d."""
    assigned: Text = ""
    """Of which somebody of this name looks after items; `me` = you."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What one cause holds."""

    id: str
    """The same as long as the cause is."""
    kind: str
    """quarantined (messages), refused or uncertain (deliveries)."""
    channel: str
    reason: str
    """Reason code of the verdict; of deliveries the partner's status."""
    text: str
    """The reason in words, without places and numbers."""
    destination: str
    """Of deliveries; else empty."""
    owner: str
    count: int
    oldest: float
    """Since when the oldest is held, seconds since 1970."""
    newest: float
    hours: tuple[int, ...]
    """How many of them came in each of the last 24 hours, the present one last."""
    table: str
    """The data table that lacks a row; empty where the cause is another."""
    assigned: list[str]
    """Who looks after items of it."""


class Groups(msgspec.Struct, frozen=True, kw_only=True):
    """All causes, the one that holds most first."""

    groups: list[Group]
    items: int
    """How many items they hold together."""
    more: int
    """Causes that are not named: narrow it."""
    complete: bool
    """False right after the console's start, while it still reads: ask again."""


class Items(msgspec.Struct, frozen=True, kw_only=True):
    """Which items."""

    group: Text
    before: Text = ""
    """Go on behind this one: `before` of the last page."""
    limit: Limit = 50


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One that is held."""

    id: str
    """774K-6 of a message, 774K-6.2 of its second delivery."""
    message: str
    """Short id of the message."""
    delivery: int
    """The delivery's number; 0 = it is the message itself."""
    at: float
    """Since when it is held, seconds since 1970."""
    kind: str
    """What it is: DFT^P03."""
    peer: str
    size: int
    """Bytes."""
    text: str
    """The reason in words, with its place."""
    assigned: str
    """Who looks after it; empty = nobody yet."""
    comments: list[Comment]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Items of one cause, newest first."""

    group: Group
    items: list[Item]
    before: str
    """Where to go on; empty = those were all."""


def reader(asked: Asked[Any, Any]) -> Quarantine:
    """What is held, read up to now."""
    house = asked.house
    try:
        house.quarantine.refresh(house.archive.rows, house.directory.work.closed())
    except StoreError as error:
        if "no store yet" not in str(error):
            raise
        house.quarantine.complete = True  # nothing was ever received
    return house.quarantine


def everything(asked: Asked[Any, Any]) -> tuple[list[Group], bool]:
    """All causes that the person may see, the one that holds most first; and whether those are all."""
    found = reader(asked)
    looked_after = assigned(asked, found)
    seen = [
        _group(asked, one, looked_after)
        for one in found.groups()
        if asked.may(Right.VIEW, one.cause.channel)
    ]
    return seen, found.complete


def groups(asked: Asked[Any, Any], which: Which) -> Groups:
    """Causes that the person may see and the filters name."""
    return fitting(asked, *everything(asked), which)


def fitting(asked: Asked[Any, Any], seen: list[Group], complete: bool, which: Which) -> Groups:
    """Those of them that the filters name."""
    before = messages.moment(asked, which.older)
    name = asked.person.name if which.assigned == "me" else which.assigned
    found = [
        one
        for one in seen
        if which.channel in ("", one.channel)
        and which.reason in ("", one.reason)
        and which.owner in ("", one.owner)
        and (before is None or one.oldest <= before)
        and (not name or name in one.assigned)
    ]
    return Groups(
        groups=found[:CAUSES],
        items=sum(one.count for one in found),
        more=max(0, len(found) - CAUSES),
        complete=complete,
    )


def group(asked: Asked[Any, Any], id: str) -> tuple[Group, Quarantine]:
    """One cause that the person may see; Problem 404 where it holds nothing any more."""
    found = reader(asked)
    one = found.group(id)
    if one is None or not asked.may(Right.VIEW, one.cause.channel):
        raise unknown("group of held messages")
    return _group(asked, one, assigned(asked, found)), found


def assigned(asked: Asked[Any, Any], found: Quarantine) -> dict[str, set[str]]:
    """By the cause's id: who looks after items of it."""
    people: dict[str, set[str]] = {}
    for item, who in asked.house.directory.work.assigned().items():
        one = found.find(item)
        if one is not None:
            people.setdefault(one.cause.id, set()).add(who)
    return people


def _group(asked: Asked[Any, Any], one: quarantine.Group, people: dict[str, set[str]]) -> Group:
    cause = one.cause
    station = asked.house.stations().get(cause.channel, {})
    return Group(
        id=cause.id, kind=cause.kind, channel=cause.channel, reason=cause.reason, text=cause.pattern,
        destination=cause.destination, owner=cause.owner or station.get("owner", ""), count=one.count,
        oldest=one.oldest, newest=one.newest, hours=one.hours, table=cause.table,
        assigned=sorted(people.get(cause.id, ())),
    )  # fmt: skip


# -- items -------------------------------------------------------------------------------------------------------


def items(asked: Asked[Any, Any], which: Items) -> Page:
    """A page of one cause."""
    held, found = group(asked, which.group)
    before = number(which.before) if which.before else 0
    some = found.items(which.group, before, which.limit + 1)
    shown = some[: which.limit]
    return Page(
        group=held,
        items=_items(asked, shown),
        before=name(shown[-1].id) if len(some) > which.limit else "",
    )


def _items(asked: Asked[Any, Any], shown: list[quarantine.Item]) -> list[Item]:
    work, archive = asked.house.directory.work, asked.house.archive
    ids = [one.id for one in shown]
    stands, comments = work.of(ids), work.comments(ids)
    rows = archive.rows("held_facts", integers(sorted({one.message for one in shown})))
    facts = {row[0]: row for row in rows}
    said = {row[0]: row[5] for row in archive.rows("parked_facts", integers(ids))}
    made = []
    for one in shown:
        _, _, kind, peer, size, detail, _ = facts.get(one.message, (0, 0.0, "", "", 0, "", ""))
        made.append(
            Item(
                id=name(one.id),
                message=short_id(one.message),
                delivery=one.id if one.id % PLACES else 0,
                at=one.at,
                kind=kind,
                peer=peer,
                size=size,
                text=(said.get(one.id) or "") if one.id % PLACES else detail,
                assigned=stands.get(one.id, UNTOUCHED).assigned,
                comments=comments.get(one.id, []),
            )
        )
    return made


def name(item: int) -> str:
    """
    An item as people name it.

    >>> name(236_691 * 65536), name(236_691 * 65536 + 2)
    ('774K-6', '774K-6.2')
    """
    message, place = divmod(item, PLACES)
    return short_id(message) + (f".{place}" if place else "")


def number(text: str) -> int:
    """The number behind an item's name; Problem where it can be none."""
    short, _, place = text.partition(".")
    try:
        message = number_of(short)
    except MessageError as error:
        raise Problem(400, "bad_id", error.rule) from None
    if place and not (place.isascii() and place.isdigit() and int(place[:6]) < PLACES):
        raise Problem(400, "bad_id", "a held delivery is named like 774K-6.2")
    if message >= 1 << 46:
        raise unknown("item of that name")
    return message * PLACES + int(place or 0)
