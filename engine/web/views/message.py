"""One message: its facts, its trail over all hops, its deliveries and why they wait. No content, and nothing of other people's channels."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from engine.handling.moving import MOVABLE
from engine.handling.telling import joined, reason_of, story
from engine.message import short_id
from engine.people.rights import Right
from engine.store import Found, Step
from engine.web.asked import Asked
from engine.web.views import messages
from engine.web.views.messages import Listed

#: What is said of a hop through a channel that the person may not see.
ELSEWHERE = "another channel"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message, without its content."""

    message: Listed
    control: str
    """The sender's own number: MSH-10; empty where it is a key, and so content."""
    keys: list[str]
    """The names of its keys; their values are content."""
    tables: list[str]
    """The data tables that its plan asked, with their versions: `cdm@12`."""
    release: str
    """The release of its channel that decided about it: its files are below /channels/{channel}/releases/{release}."""


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a message's trail."""

    at: float
    """Seconds since 1970."""
    what: str
    """
    received, replayed, split, handed_over; the verdict; queued, sending, delivered, waiting, refused, uncertain, discarded;
    joined, replaced, released of groups; awaited, overdue, confirmed, confirms of confirmations; `elsewhere` of channels that you
    may not see.
    """
    message: str
    """Short id of the message that it happened to; empty elsewhere."""
    channel: str
    destination: str
    attempt: int
    text: str
    """What was said, in words: the partner's answer, the reason, the rule."""
    kept: dict[str, str]
    """What was kept of the partner's answer: `their_number`."""
    duration: float
    """Seconds that the attempt took; 0 = it took none."""
    due_at: float
    """When it is tried again, or must have come; 0 = never."""
    who: str
    """The person who ordered it; empty = the engine."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmation that must come back."""

    channel: str
    due_at: float
    overdue: bool
    confirmed: str
    """Short id of the message that did; empty = none has."""
    outcome: str
    """What it said: accepted, rejected ...; empty where nothing is told."""
    detail: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One payload on its way to one destination."""

    id: int
    destination: str
    shows: str
    """What it is: `ChargeEvent`, `ADT^A08`."""
    part: int
    state: str
    attempt: int
    queued_at: float
    at: float
    """When it last came a step further."""
    due_at: float
    """The next attempt, seconds since 1970; 0 = as soon as it can."""
    answer: str
    """What the partner said last."""
    waits: str
    """Why it waits, in words; empty where it does not."""
    kept: dict[str, str]
    """What was kept of the partner's answer: `their_number`."""
    orders: list[str]
    """What may be done with it in this state: resend, discard, delivered."""
    expects: list[Expected]


def message(asked: Asked[Any, Any], found: Found) -> Message:
    """Its facts."""
    archive = asked.house.archive
    keys = archive.keys(found.id)
    secret = {value for _, value in keys}
    return Message(
        message=messages.listed(found),
        control="" if found.control in secret else found.control,
        keys=[name for name, _ in keys],
        tables=archive.tables(found.id),
        release=archive.made_by(found.id),
    )


# -- the trail ---------------------------------------------------------------------------------------------------


def trail(asked: Asked[Any, Any], found: Found) -> list[Hop]:
    """Everything that happened to it, over all hops, in order."""
    hops: list[Hop] = []
    seen: dict[str, bool] = {}
    for step in story(asked.house.archive.trail(found.id)):
        if step.channel not in seen:
            seen[step.channel] = asked.may(Right.VIEW, step.channel)
        hop = _hop(asked, step) if seen[step.channel] else _elsewhere(step)
        if not (hops and hop.what == hops[-1].what == "elsewhere"):
            hops.append(hop)
    return hops


def _hop(asked: Asked[Any, Any], step: Step) -> Hop:
    said = joined([reason_of(step.what, step.status), _within(asked, step)])
    return Hop(
        at=step.at,
        what=step.what,
        message=short_id(step.message) if step.message else "",
        channel=step.channel,
        destination=step.destination,
        attempt=step.attempt,
        text=said,
        kept=step.kept or {},
        duration=step.duration,
        due_at=step.due_at,
        who=step.who,
    )


def _within(asked: Asked[Any, Any], step: Step) -> str:
    """The detail; where it ends in the name of a channel, only of one that the person may see."""
    before, on, channel = step.detail.rpartition("on ")
    names = step.what in ("awaited", "overdue", "confirmed", "rejected") and on
    if names and not asked.may(Right.VIEW, channel):
        return f"{before}on {ELSEWHERE}"
    return step.detail


def _elsewhere(step: Step) -> Hop:
    return Hop(
        at=step.at, what="elsewhere", message="", channel="", destination="", attempt=0, text="", kept={}, duration=0.0,
        due_at=0.0, who="",
    )  # fmt: skip


# -- deliveries --------------------------------------------------------------------------------------------------


def deliveries(asked: Asked[Any, Any], found: Found) -> list[Delivery]:
    """Its deliveries, in order."""
    station = asked.house.stations().get(found.channel, {})
    live = {one["name"]: one for one in station.get("destinations", ())}
    return [
        _delivery(asked, row, live.get(row["destination"], {}))
        for row in asked.house.archive.deliveries(found.id)
    ]


def _delivery(asked: Asked[Any, Any], row: dict[str, Any], live: dict[str, Any]) -> Delivery:
    return Delivery(
        id=row["id"],
        destination=row["destination"],
        shows=row["shows"],
        part=row["part"],
        state=row["state"],
        attempt=row["attempt"],
        queued_at=row["queued_at"],
        at=row["at"] or row["queued_at"],
        due_at=row["due_at"] or 0.0,
        answer=joined([row["status"], row["detail"]]),
        waits=_waits(row, live),
        kept=row["kept"] or {},
        orders=[verb for verb, states in MOVABLE.items() if row["state"] in states],
        expects=[
            _expected(asked, one) for one in row["expects"] if one["within"] or one["confirmed"]
        ],
    )


def _waits(row: dict[str, Any], live: dict[str, Any]) -> str:
    """Why, in words."""
    state = row["state"]
    if state == "uncertain":
        return "nobody knows whether it arrived: ask the partner, then resend it or declare it delivered"
    if state == "refused":
        return "the partner said no to this very message; mend the cause, then resend it, or discard it"
    if state != "queued":
        return ""
    if not live:
        return "no engine runs, or the channel is gone"
    if live.get("why") and live.get("state") in ("held", "paused", "waiting", "closed"):
        return str(live["why"])
    return "" if row["due_at"] > time.time() else "others of its lane go first"


def _expected(asked: Asked[Any, Any], one: dict[str, Any]) -> Expected:
    seen = asked.may(Right.VIEW, one["channel"])
    return Expected(
        channel=one["channel"] if seen else ELSEWHERE,
        due_at=one["due_at"],
        overdue=one["overdue"],
        confirmed=short_id(one["confirmed"]) if one["confirmed"] and seen else "",
        outcome=one.get("outcome", ""),
        detail=one.get("detail", "") if seen else "",
    )
