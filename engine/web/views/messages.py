"""Messages in a list: by time, verdict, state, channel, kind, key and number, newest first."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from engine.errors import CommandError, MessageError
from engine.handling.choosing import at
from engine.message import number_of, short_id
from engine.people.rights import Right
from engine.store import Found
from engine.store.search import Wanted
from engine.web.asked import Asked
from engine.web.problem import Problem, unknown

Verdict = Literal["", "accepted", "filtered", "duplicate", "quarantined", "split", "collected"]
State = Literal["", "queued", "sending", "uncertain", "refused", "delivered", "discarded"]
Text = Annotated[str, msgspec.Meta(max_length=200)]
#: Messages of one page.
Limit = Annotated[int, msgspec.Meta(ge=1, le=500)]

#: Seconds that one look lasts; what was not looked through by then is behind `before`.
PATIENCE = 0.7
#: Numbers of messages stay below this.
_LAST = 1 << 46


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages; what is left out does not count."""

    since: Text = ""
    """Not older: 10m, 2h, 2026-11-21, `2026-11-21 08:30` in the house's zone, or seconds since 1970."""
    until: Text = ""
    """Not newer; written like `since`."""
    channel: Text = ""
    kind: Text = ""
    """What it is: DFT^P03."""
    verdict: Verdict = ""
    state: State = ""
    """With a delivery in this state."""
    control: Text = ""
    """The sender's own number: MSH-10."""
    before: Text = ""
    """Go on behind this one: `before` of the last page."""
    limit: Limit = 50


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One message in a list."""

    id: str
    """Short id, to be read over the telephone: 774K-6."""
    channel: str
    received_at: float
    """Seconds since 1970."""
    verdict: str
    reason: str
    """Reason code of the verdict; empty where there is none."""
    kind: str
    peer: str
    """Address or name of the sender."""
    size: int
    """Bytes."""
    states: dict[str, int]
    """How many deliveries are in which state."""
    unconfirmed: int
    """Confirmations that it expects and that have not come."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Messages, newest first."""

    messages: list[Listed]
    before: str
    """Where to go on; empty = that was all."""
    looked_back_to: float
    """Where looking took too long and was cut short: older ones are behind `before`; 0 = it was not."""


def listed(found: Found) -> Listed:
    """A message as lists have it."""
    return Listed(
        id=short_id(found.id),
        channel=found.channel,
        received_at=found.received_at,
        verdict=found.verdict,
        reason=found.reason,
        kind=found.kind,
        peer=found.peer,
        size=found.size,
        states=found.states,
        unconfirmed=found.unconfirmed,
    )


def number(short: str) -> int:
    """The number behind a short id; Problem where it can be none."""
    try:
        found = number_of(short)
    except MessageError as error:
        raise Problem(400, "bad_id", error.rule) from None
    if found >= _LAST:
        raise unknown("message of that number")
    return found


def found(asked: Asked[Any, Any], short: str) -> Found:
    """A message that the person may see; Problem 404 where there is none."""
    one = asked.house.archive.message(number(short))
    if one is None or not asked.may(Right.VIEW, one.channel):
        raise unknown("message of that number")
    return one


def wanted(
    asked: Asked[Any, Any], filters: Filters, key: tuple[str, str] | None = None
) -> Wanted:
    """The filters as the store reads them, within the channels that the person may see."""
    if filters.channel and asked.person.tags and not asked.may(Right.VIEW, filters.channel):
        raise unknown("channel of that name")
    seen = visible(asked)
    channel = filters.channel or None
    if channel is None and seen is not None and len(seen) == 1:
        (channel,) = seen
    return Wanted(
        channel=channel,
        channels=seen,
        verdict=filters.verdict or None,
        state=filters.state or None,
        kind=filters.kind or None,
        key=key,
        control=filters.control or None,
        since=moment(asked, filters.since),
        until=moment(asked, filters.until),
    )


def visible(asked: Asked[Any, Any]) -> frozenset[str] | None:
    """The channels that the person may see; None = all."""
    person = asked.person
    if not person.tags:
        return None
    stations = asked.house.stations()
    return frozenset(name for name, one in stations.items() if person.may(Right.VIEW, one.get("tags", ())))  # fmt: skip


def moment(asked: Asked[Any, Any], text: str) -> float | None:
    """A time as somebody wrote it; Problem where it is none."""
    if not text:
        return None
    try:
        return at(text, zone=ZoneInfo(asked.house.installation.zone))
    except CommandError as error:
        raise Problem(400, "bad_time", str(error)) from None


def page(asked: Asked[Any, Any], filters: Filters, key: tuple[str, str] | None = None) -> Page:
    """One page."""
    before = number(filters.before) if filters.before else None
    archive, limit = asked.house.archive, filters.limit
    if visible(asked) == frozenset():
        return Page(messages=[], before="", looked_back_to=0.0)
    rows, reached = archive.look(wanted(asked, filters, key), before, limit + 1, PATIENCE)
    full = len(rows) > limit
    last = rows[limit - 1].id if full else reached
    return Page(
        messages=[listed(one) for one in rows[:limit]],
        before=short_id(last) if last else "",
        looked_back_to=_time_of(asked, reached) if reached and not full else 0.0,
    )


def _time_of(asked: Asked[Any, Any], message: int) -> float:
    one = asked.house.archive.message(message)
    return one.received_at if one is not None else 0.0


def all_of(
    asked: Asked[Any, Any], filters: Filters, key: tuple[str, str] | None, most: int
) -> list[Found]:
    """All that fit, oldest first; Problem where they are more than `most` or too many to look through."""
    if visible(asked) == frozenset():
        return []
    archive, ends = asked.house.archive, time.monotonic() + 10 * PATIENCE
    chosen, before = list[Found](), None
    while True:
        rows, before = archive.look(wanted(asked, filters, key), before or None, 500, PATIENCE)
        chosen += rows
        if len(chosen) > most:
            raise Problem(409, "too_many", f"that is more than {most} messages: narrow it, or take it in pieces by time")  # fmt: skip
        if not before:
            return chosen[::-1]
        if time.monotonic() > ends:
            raise Problem(409, "too_many", "too much to look through: narrow it by channel, time or state")  # fmt: skip
