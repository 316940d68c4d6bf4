"""What people order of a channel: stop and start, hold and release, groups before their time, reload."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from engine.people.rights import Right
from engine.web.asked import Asked
from engine.web.problem import Problem
from engine.web.views.channel_line import group, one

Verb = Literal["hold", "release", "stop", "start"]
#: Why something is done, kept with the name of who does it.
Reason = Annotated[str, msgspec.Meta(max_length=500)]
Rate = Annotated[float, msgspec.Meta(ge=0, le=100_000)]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is ordered."""

    destination: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Of hold and release: one destination; empty = all of the channel."""
    rate: Rate = 0.0
    """Of release: deliveries per second while it drains; 0 = no limit."""
    reason: Reason = ""
    """Why; kept with your name."""


class Because(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is done."""

    reason: Reason = ""
    """Kept with your name."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What an order did."""

    said: str
    """In words."""


def order(asked: Asked[Any, Any], verb: Verb, wanted: Order) -> Done:
    """Order something of the channel of the path, or of one of its destinations."""
    name = one(asked).name
    asked.need(Right.OPERATE, name)
    reason = needed(wanted.reason)
    if verb in ("stop", "start"):
        asked.order(verb, {"channel": name}, reason)
        said = "receives no more" if verb == "stop" else "receives"
        return Done(said=f"{name} {said}.")
    arguments = {"channel": name, "destination": wanted.destination, "rate": wanted.rate}
    if verb == "hold":
        arguments["rate"] = 0.0
    count = asked.order(verb, arguments, reason).get("destinations", 1)
    what = wanted.destination or ("1 destination" if count == 1 else f"{count} destinations")
    verb_said = "on hold" if verb == "hold" else "released"
    pace = f", at most {wanted.rate:g} a second" if verb == "release" and wanted.rate else ""
    return Done(said=f"{name}: {what} {verb_said}{pace}.")


def release_group(asked: Asked[Any, Any], number: int, reason: str) -> Done:
    """A group or a batch need not wait for its time."""
    found = group(asked, number)
    asked.need(Right.OPERATE, found.channel)
    asked.order("release_group", {"group": number}, needed(reason))
    members = "1 member" if found.members == 1 else f"{found.members} members"
    return Done(said=f"Group {number} of {found.channel} is released with {members}.")


def reload(asked: Asked[Any, Any], reason: str) -> list[str]:
    """Read the channels again; what changed. Problem for those whose rights are for some channels only: it concerns all."""
    if asked.person.tags:
        raise Problem(
            403, "forbidden", "a reload concerns every channel; your rights are for some only"
        )
    changed: list[str] = asked.order("reload", {}, needed(reason))["changed"]
    return changed


def needed(reason: str) -> str:
    """An order that changes what people rely on carries a reason."""
    if not reason.strip():
        raise Problem(422, "reason_missing", "say why; it is kept with your name")
    return reason.strip()
