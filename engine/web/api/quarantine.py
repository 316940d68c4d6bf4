"""What is held and needs a person: by cause, one by one; assign, comment, put away, send once more."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.people.rights import Right
from engine.web.actions import quarantine as actions
from engine.web.actions.messages import Reason
from engine.web.actions.quarantine import Chosen, Done
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.jobs import Progress
from engine.web.views import quarantine as views
from engine.web.views.messages import Text


class Assign(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks after it."""

    to: Text = "me"
    """The name of an account; `me` = you, empty = nobody."""


class Say(msgspec.Struct, frozen=True, kw_only=True):
    """A comment."""

    text: str


class Close(msgspec.Struct, frozen=True, kw_only=True):
    """Why it is put away."""

    reason: Reason = ""


def groups(asked: Asked[views.Which, Nothing]) -> views.Groups:
    """What is held, by cause; the cause that holds most first."""
    return views.groups(asked, asked.query)


def items(asked: Asked[views.Items, Nothing]) -> views.Page:
    """The items of one cause, newest first; `before` of the answer goes on."""
    return views.items(asked, asked.query)


def _one(asked: Asked[Nothing, Any]) -> Chosen:
    return Chosen(ids=[asked.path["id"]])


def assign(asked: Asked[Nothing, Assign]) -> Done:
    """Somebody looks after it from now on."""
    return actions.assign(asked, _one(asked), asked.body.to)


def comment(asked: Asked[Nothing, Say]) -> Done:
    """Say something about it."""
    return actions.comment(asked, _one(asked), asked.body.text)


def close(asked: Asked[Nothing, Close]) -> Done:
    """Put it away without sending it; a held delivery is discarded."""
    return actions.close(asked, _one(asked), asked.body.reason)


def reopen(asked: Asked[Nothing, Nothing]) -> Done:
    """Take a message out again that was put away."""
    return actions.reopen(asked, asked.path["id"])


def resubmit(asked: Asked[Nothing, actions.Resubmit]) -> Progress:
    """Send what a cause holds, or some of it, once more; the answer is a job, see /replays."""
    return actions.resubmit(asked, asked.body).progress()


endpoints = (
    get("/quarantine", groups, Right.VIEW, "What is held, by cause.", query=views.Which, gives=views.Groups),
    get("/quarantine/items", items, Right.VIEW, "What one cause holds.", query=views.Items, gives=views.Page),
    post("/quarantine/resubmit", resubmit, Right.VIEW, "Send held ones once more, as a job.", body=actions.Resubmit, gives=Progress),
    post("/quarantine/{id}/assign", assign, Right.REPLAY, "Who looks after it.", body=Assign, gives=Done),
    post("/quarantine/{id}/comment", comment, Right.REPLAY, "Say something about it.", body=Say, gives=Done),
    post("/quarantine/{id}/close", close, Right.OPERATE, "Put it away with a reason.", body=Close, gives=Done),
    post("/quarantine/{id}/reopen", reopen, Right.OPERATE, "Take it out again.", gives=Done),
)  # fmt: skip
