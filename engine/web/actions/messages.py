"""What people do with messages: replay them, correct a copy, move deliveries; one at once, many as a job."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from engine.errors import EngineError
from engine.handling.differing import changed_fields
from engine.handling.moving import movable
from engine.handling.replaying import Preview, preview
from engine.message import short_id
from engine.people.rights import Right
from engine.store import Found
from engine.web.asked import Asked
from engine.web.jobs import Job, Progress, Verb
from engine.web.problem import Problem, unknown
from engine.web.views import messages, opened
from engine.web.views.messages import Filters, Text

#: Messages of one job, and those whose replay is tried for the preview.
MOST, TRIED = 10_000, 50
#: Why something is done, kept with the name of who does it.
Reason = Annotated[str, msgspec.Meta(max_length=500)]
Rate = Annotated[float, msgspec.Meta(ge=0, le=1000)]

#: The right that each takes.
RIGHTS = {
    "replay": Right.REPLAY,
    "resend": Right.OPERATE,
    "discard": Right.OPERATE,
    "delivered": Right.OPERATE,
}


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """How messages are sent once more."""

    to: list[Text] = []
    """Only to these destinations; empty = to all."""
    same_bytes: bool = False
    """The very bytes of then; else by today's channel and mappings."""
    as_new: bool = False
    """Under a new key: partners will not know it as a repeat."""
    rate: Rate = 10.0
    """Messages a second; 0 = no limit."""
    accept_snapshot: bool = False
    """Let files through that were stopped because too much vanishes in them; each then counts as the last one."""
    reason: Reason = ""
    """Why; kept with your name."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages: by id, or all that fit."""

    ids: list[Text] = []
    filters: Filters = Filters()
    """Where no ids are given: all that fit, at most 10 000. At least one filter is given."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay made."""

    id: str
    """Short id of the new message."""
    verdict: str


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What became of deliveries."""

    moved: int
    busy: int
    """Those that are being sent just now; they are left alone."""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries of a destination in a state."""

    destination: str
    state: str
    deliveries: int


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """What today's mapping would make otherwise, of the newest messages that were tried. Names of fields only."""

    tried: int
    same: int
    """Messages of which the very same bytes would leave."""
    verdicts: dict[str, int]
    """What today's channels decide."""
    untried: dict[str, int]
    """Why some could not be tried."""
    fields: list[tuple[str, int]]
    """Destination and field, and in how many payloads it differs."""


def said(reason: str) -> str:
    """A reason, which is wanted; Problem where it is empty."""
    if not reason.strip():
        raise Problem(400, "no_reason", "say why: the reason is kept with your name")
    return reason.strip()


# -- one ---------------------------------------------------------------------------------------------------------


def replay(asked: Asked[Any, Any], found: Found, how: Replay) -> Made:
    """Send one message once more."""
    asked.need(Right.REPLAY, found.channel)
    answer = asked.order("replay", _arguments(how) | {"messages": [found.id]}, said(how.reason))
    return _made(answer)


def edit(
    asked: Asked[Any, Any], found: Found, raw: bytes, to: Sequence[str], reason: str
) -> Made:
    """Send a corrected copy of one message, as a new message of its channel that is linked to it."""
    asked.need(Right.EDIT, found.channel)
    arguments = {"message": found.id, "raw": b64encode(raw).decode(), "to": list(to)}
    return _made(asked.order("edit", arguments, said(reason)))


def _made(answer: dict[str, Any]) -> Made:
    (one,) = answer["replayed"]
    return Made(id=short_id(one["id"]), verdict=one["verdict"])


def _arguments(how: Replay) -> dict[str, Any]:
    mode = "same_bytes" if how.same_bytes else "again"
    return {
        "to": how.to,
        "mode": mode,
        "as_new": how.as_new,
        "accept_snapshot": how.accept_snapshot,
    }


def move(asked: Asked[Any, Any], verb: str, deliveries: Sequence[int], reason: str) -> Moved:
    """Resend, discard or declare delivered; Problem 404 where one of them is not there for this person."""
    for number in {delivery >> 16 for delivery in deliveries}:
        found = asked.house.archive.message(number)
        if found is None or not asked.may(Right.VIEW, found.channel):
            raise unknown("delivery of that number")
        asked.need(Right.OPERATE, found.channel)
    answer = asked.order(verb, {"deliveries": list(deliveries)}, said(reason))
    return Moved(moved=answer["moved"], busy=answer["busy"])


# -- many --------------------------------------------------------------------------------------------------------


def choose(
    asked: Asked[Any, Any], chosen: Chosen, key: tuple[str, str] | None = None
) -> list[Found]:
    """The messages that are meant, oldest first."""
    if chosen.ids:
        if len(chosen.ids) > MOST:
            raise Problem(409, "too_many", f"that is more than {MOST} messages")
        found = {one.id: one for one in (messages.found(asked, id) for id in chosen.ids)}
        return [found[id] for id in sorted(found)]
    plain = msgspec.structs.replace(chosen.filters, before="", limit=50)
    if plain == Filters() and key is None:
        raise Problem(
            400,
            "nothing_chosen",
            "name messages by id, or narrow them with at least one filter",
        )
    return messages.all_of(asked, plain, key, MOST)


def check(asked: Asked[Any, Any], verb: str, found: Sequence[Found]) -> frozenset[str]:
    """The channels of messages; Problem where there is none, or the person may not do this to one of the channels."""
    if not found:
        raise Problem(409, "nothing_fits", "no message fits")
    channels = frozenset(one.channel for one in found)
    for channel in sorted(channels):
        asked.need(RIGHTS[verb], channel)
    return channels


def prepare(asked: Asked[Any, Any], verb: Verb, found: Sequence[Found], about: str) -> Job:
    """A job that waits to be started. Problem as of `check`."""
    channels = check(asked, verb, found)
    numbers = tuple(one.id for one in found)
    return asked.house.jobs.add(Job(verb, asked.person.name, numbers, channels, about))


def start(asked: Asked[Any, Any], job: Job, how: Replay, state: str = "") -> Progress:
    """Begin. Of an order about deliveries `how.to` names at most one destination; `state`: only those in it."""
    reason, house, who = said(how.reason), asked.house, asked.person.name
    for channel in sorted(job.channels):
        asked.need(RIGHTS[job.verb], channel)
    if job.verb == "replay":
        numbers: Sequence[int] = job.messages
        arguments, field = _arguments(how), "messages"
    else:
        to = how.to[0] if how.to else ""
        rows = movable(house.archive, job.verb, job.messages, to, state)
        if not rows:
            raise Problem(
                409, "nothing_fits", "none of these has a delivery that this can move"
            )
        numbers, arguments, field = [row["id"] for row in rows], {}, "deliveries"

    def step(some: Sequence[int]) -> dict[str, Any]:
        return house.order(job.verb, {**arguments, field: list(some)}, who, reason)

    if not job.start(numbers, step, rate=how.rate, reason=reason):
        raise Problem(409, "begun", "this has begun before")
    return job.progress()


def control(asked: Asked[Any, Any], job: Job, what: str) -> Progress:
    """Pause, resume or cancel a job; Problem where it does not stand so that it can be."""
    for channel in sorted(job.channels):
        asked.need(RIGHTS[job.verb], channel)
    if not {"pause": job.pause, "resume": job.resume, "cancel": job.cancel}[what]():
        stands = job.progress().state
        raise Problem(409, "cannot", f"it is {stands}: there is nothing to {what}")
    return job.progress()


def job(asked: Asked[Any, Any], id: str) -> Job:
    """A job that the person may see: one about channels that they may see. Problem 404 where there is none."""
    found = asked.house.jobs.find(id)
    if found is None or not all(asked.may(Right.VIEW, one) for one in found.channels):
        raise unknown("job of that number")
    return found


def jobs(asked: Asked[Any, Any]) -> list[Progress]:
    """The jobs that the person may see, newest first."""
    return [
        one.progress()
        for one in asked.house.jobs.all()
        if all(asked.may(Right.VIEW, channel) for channel in one.channels)
    ]


# -- what it would do --------------------------------------------------------------------------------------------


def replay_preview(
    asked: Asked[Any, Any], numbers: Sequence[int], to: Sequence[str] = ()
) -> Preview:
    """Counts, and what went out since in the same lanes. Problem where none of them is there any more."""
    archive = asked.house.archive
    found = [one for number in numbers if (one := archive.message(number)) is not None]
    if not found:
        raise unknown("message of these")
    return preview(archive, found, to)


def move_preview(asked: Asked[Any, Any], verb: str, numbers: Sequence[int]) -> list[Count]:
    """The deliveries that an order would move, by destination and state."""
    rows = movable(asked.house.archive, verb, numbers)
    counts = Counter((row["destination"], row["state"]) for row in rows)
    return [
        Count(destination=destination, state=state, deliveries=count)
        for (destination, state), count in sorted(counts.items())
    ]


def drift(asked: Asked[Any, Any], numbers: Sequence[int]) -> Drift:
    """What today's channels would make of the newest of these, against what was sent."""
    differences, untried = [], Counter[str]()
    for number in numbers[-TRIED:]:
        found = asked.house.archive.message(number)
        if found is None:
            continue
        try:
            differences.append(opened.compared(asked, found))
        except EngineError as error:
            untried[str(error)] += 1
    return Drift(
        tried=len(differences),
        same=sum(one.same for one in differences),
        verdicts=dict(Counter(one.verdict for one in differences)),
        untried=dict(untried),
        fields=changed_fields(differences)[:100],
    )
