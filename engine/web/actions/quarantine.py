"""What people do about what is held: assign, comment, put away, send once more. Each is recorded before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from engine.handling.quarantine import Item
from engine.message import short_id
from engine.people.rights import Right
from engine.people.work import MOST
from engine.store.schema import PLACES
from engine.web.actions import messages
from engine.web.actions.messages import Reason, Replay, said
from engine.web.asked import Asked
from engine.web.jobs import Job
from engine.web.problem import Problem, unknown
from engine.web.views import quarantine as views
from engine.web.views.messages import Text

#: Items that one audit record names, and deliveries that one order moves.
NAMED, AT_ONCE = 200, 500


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Which items: some by name, or all that one cause holds."""

    ids: Annotated[list[Text], msgspec.Meta(max_length=1000)] = []
    group: Text = ""
    """Where no ids are given: all of this cause, at most 10 000, the oldest first."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    items: int
    left: int = 0
    """Those that could not be: a delivery that is being sent just now, or stands no more as it did."""


def chosen(asked: Asked[Any, Any], which: Chosen, right: Right) -> list[Item]:
    """The items that are meant, oldest first; Problem where one is not held, or the person may not do this to its channel."""
    found = views.reader(asked)
    if which.ids:
        items = [_one(found.find(views.number(id))) for id in dict.fromkeys(which.ids)]
    elif which.group:
        views.group(asked, which.group)
        items = found.items(which.group, 0, 1 << 40)[::-1][:MOST]
    else:
        raise Problem(400, "nothing_chosen", "name items, or the group that holds them")
    for channel in sorted({one.cause.channel for one in items}):
        asked.need(right, channel)
    if not items:
        raise Problem(409, "nothing_fits", "nothing of this is held any more")
    return sorted(items, key=lambda one: one.id)


def _one(item: Item | None) -> Item:
    if item is None:
        raise unknown("held message of that name")
    return item


def _record(
    asked: Asked[Any, Any], action: str, items: Sequence[Item], reason: str = ""
) -> None:
    """Who did this, with every item by name."""
    for start in range(0, len(items), NAMED):
        names = [views.name(one.id) for one in items[start : start + NAMED]]
        word = "message" if len(names) == 1 else "messages"
        asked.audit(action, f"{word} {' '.join(names)}", reason)


def assign(asked: Asked[Any, Any], which: Chosen, to: str) -> Done:
    """Somebody looks after these from now on: `me`, the name of an account, empty = nobody."""
    name = asked.person.name if to == "me" else to.strip()
    items = chosen(asked, which, Right.REPLAY)
    known = {one.name for one in asked.house.directory.accounts() if not one.disabled}
    if name and name not in known | {asked.person.name}:
        raise Problem(409, "no_such_person", "there is no account of that name")
    _record(asked, "assign", items, f"to {name}" if name else "to nobody")
    asked.house.directory.work.assign([one.id for one in items], name, asked.person.name)
    return Done(items=len(items))


def comment(asked: Asked[Any, Any], which: Chosen, text: str) -> Done:
    """Say something about these. The record says that, not what."""
    items = chosen(asked, which, Right.REPLAY)
    if not text.strip():
        raise Problem(400, "no_comment", "say something")
    _record(asked, "comment", items)
    asked.house.directory.work.comment([one.id for one in items], asked.person.name, text)
    return Done(items=len(items))


def close(asked: Asked[Any, Any], which: Chosen, reason: str) -> Done:
    """Put these away without sending them: messages are closed, deliveries discarded."""
    why = said(reason)
    items = chosen(asked, which, Right.OPERATE)
    whole = [one for one in items if not one.id % PLACES]
    parked = [one.id for one in items if one.id % PLACES]
    moved = 0
    for start in range(0, len(parked), AT_ONCE):
        some = parked[start : start + AT_ONCE]
        moved += asked.order("discard", {"deliveries": some}, why)["moved"]
    if whole:
        _record(asked, "close", whole, why)
        asked.house.directory.work.close([one.id for one in whole], asked.person.name, why)
    return Done(items=len(whole) + moved, left=len(parked) - moved)


def reopen(asked: Asked[Any, Any], id: str) -> Done:
    """Take a message out again that was put away by mistake."""
    item = views.number(id)
    found = asked.house.archive.message(item // PLACES)
    stand = asked.house.directory.work.of([item]).get(item)
    if (
        found is None
        or not asked.may(Right.VIEW, found.channel)
        or not (stand and stand.closed)
    ):
        raise unknown("closed message of that name")
    asked.need(Right.OPERATE, found.channel)
    asked.audit("reopen", f"message {short_id(found.id)}")
    asked.house.directory.work.reopen([item], asked.person.name)
    return Done(items=1)


# -- once more ---------------------------------------------------------------------------------------------------


def prepare(asked: Asked[Any, Any], which: Chosen) -> tuple[Job, Replay, str]:
    """
    A job that sends these once more and waits to be started: messages are replayed, deliveries queued again. With how it is
    meant to go: to which destination, and of deliveries the state they stand in.
    """
    found = chosen(asked, which, Right.VIEW)
    kinds = {one.cause.kind for one in found}
    to = sorted({one.cause.destination for one in found if one.cause.destination})
    if len(kinds) > 1 or len(to) > 1:
        raise Problem(409, "mixed", "these are held in different ways: take those of one group")
    (kind,) = kinds
    verb = "replay" if kind == "quarantined" else "resend"
    for channel in sorted({one.cause.channel for one in found}):
        asked.need(messages.RIGHTS[verb], channel)
    causes = {one.cause for one in found}
    about = f"held by {next(iter(causes)).reason}" if len(causes) == 1 else "held"
    job = Job(
        "replay" if verb == "replay" else "resend",
        asked.person.name,
        tuple(sorted({one.message for one in found})),
        frozenset(one.cause.channel for one in found),
        about,
    )
    return asked.house.jobs.add(job), Replay(to=to), kind if to else ""


class Resubmit(msgspec.Struct, frozen=True, kw_only=True):
    """Which are sent once more, and how."""

    chosen: Chosen
    rate: messages.Rate = 10.0
    """A second; 0 = no limit."""
    reason: Reason = ""
    """Why; kept with your name."""


def resubmit(asked: Asked[Any, Any], wanted: Resubmit) -> Job:
    """Begin to send these once more."""
    said(wanted.reason)
    job, how, state = prepare(asked, wanted.chosen)
    with_rate = msgspec.structs.replace(how, rate=wanted.rate, reason=wanted.reason)
    messages.start(asked, job, with_rate, state)
    return job
