"""What is ordered of channels, and the groups that wait on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from engine.people.rights import Right
from engine.web.actions import channel_orders as actions
from engine.web.actions.channel_orders import Because, Done, Order, Verb
from engine.web.asked import Asked
from engine.web.endpoint import Endpoint, Nothing, get, post
from engine.web.problem import unknown
from engine.web.views import channel_line as views


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which groups."""

    channel: str = ""
    """Only of this channel."""


class Reloaded(msgspec.Struct, frozen=True, kw_only=True):
    """What a reload changed."""

    changed: list[str]
    """Channels, by name."""


def line(asked: Asked[Nothing, Nothing]) -> views.Line:
    """How it runs, from where it receives to where it sends."""
    return views.line(asked)


def groups(asked: Asked[Which, Nothing]) -> list[views.Group]:
    """Those that wait."""
    return views.groups(asked, asked.query.channel)


def release_group(asked: Asked[Nothing, Because]) -> Done:
    """It need not wait for its time."""
    text = asked.path["group"]
    if not text.isdecimal() or len(text) > 15:
        raise unknown("group of that number")
    return actions.release_group(asked, int(text), asked.body.reason)


def reload(asked: Asked[Nothing, Because]) -> Reloaded:
    """Channels are read again."""
    return Reloaded(changed=actions.reload(asked, asked.body.reason))


def _order(verb: Verb, summary: str) -> Endpoint:
    def ordered(asked: Asked[Nothing, Order]) -> Done:
        return actions.order(asked, verb, asked.body)

    handler: Callable[[Any], Any] = ordered
    return post(f"/channels/{{channel}}/{verb}", handler, Right.OPERATE, summary, body=Order, gives=Done)  # fmt: skip


endpoints = (
    get("/channels/{channel}/line", line, Right.VIEW, "How a channel's line runs, and what waits on it.", gives=views.Line),
    _order("hold", "Put destinations of a channel on hold: queue, send nothing."),
    _order("release", "End a hold or a pause, at a rate if wanted."),
    _order("stop", "A channel receives no more; what it has queued is still delivered."),
    _order("start", "A stopped channel receives again."),
    get("/groups", groups, Right.VIEW, "Groups and batches that wait.", query=Which, gives=list[views.Group]),
    post("/groups/{group}/release", release_group, Right.OPERATE, "Release a group, or close a batch, now.", body=Because, gives=Done),
    post("/reload", reload, Right.DEPLOY, "Read the channels again; what has mistakes keeps running as it was.", body=Because, gives=Reloaded),
)  # fmt: skip
