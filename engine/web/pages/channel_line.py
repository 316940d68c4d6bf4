"""A channel: its line, live, and what can be ordered of it."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.errors import EngineError, StoreError
from engine.people.rights import Right
from engine.web.actions import channel_orders as actions
from engine.web.actions.channel_orders import Rate, Reason, Verb
from engine.web.answering import Page, Redirect
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.problem import Problem, unknown
from engine.web.views import channel_line as views


class OrderForm(msgspec.Struct, frozen=True, kw_only=True):
    """What is ordered."""

    do: Verb
    destination: str = ""
    rate: Rate = 0.0
    reason: Reason = ""


class GroupForm(msgspec.Struct, frozen=True, kw_only=True):
    """A group that need not wait."""

    group: int
    reason: Reason = ""


def _values(asked: Asked[Any, Any], why: str = "") -> dict[str, Any]:
    line = views.line(asked)
    name = line.channel.name
    try:
        groups = views.groups(asked, name)
    except StoreError:
        groups = []  # nothing was ever received
    return {
        "line": line,
        "channel": line.channel,
        "groups": groups,
        "engine": asked.house.live(),
        "may_operate": asked.may(Right.OPERATE, name),
        "why": why,
    }


def show(asked: Asked[Nothing, Nothing]) -> dict[str, Any]:
    """The page."""
    return _values(asked)


def live(asked: Asked[Nothing, Nothing]) -> dict[str, Any]:
    """The part of it that changes by itself."""
    return _values(asked)


def order(asked: Asked[Nothing, OrderForm]) -> Any:
    """Hold, release, stop or start."""
    body = asked.body
    wanted = actions.Order(destination=body.destination, rate=body.rate, reason=body.reason)
    return _done(asked, lambda: actions.order(asked, body.do, wanted).said)


def release_group(asked: Asked[Nothing, GroupForm]) -> Any:
    """A group or a batch of this channel, now."""
    body = asked.body
    if views.group(asked, body.group).channel != asked.path["channel"]:
        raise unknown("group of that number")
    return _done(asked, lambda: actions.release_group(asked, body.group, body.reason).said)


def _done(asked: Asked[Any, Any], ordered: Any) -> Any:
    try:
        said = ordered()
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        return Page("channel.html", _values(asked, problem.detail), problem.status)
    except EngineError as error:
        return Page("channel.html", _values(asked, str(error)), 409)
    return Redirect(f"/channels/{asked.path['channel']}", said)


endpoints = (
    get("/channels/{channel}", show, Right.VIEW, "A channel.", template="channel.html"),
    get("/channels/{channel}/line", live, Right.VIEW, "Its line, as it stands.", template="channel_live.html"),
    post("/channels/{channel}/orders", order, Right.OPERATE, "Hold, release, stop, start.", body=OrderForm),
    post("/channels/{channel}/groups", release_group, Right.OPERATE, "Release a group or close a batch.", body=GroupForm),
)  # fmt: skip
