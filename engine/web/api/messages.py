"""Messages: search, the trail, deliveries; content with a record of it; replay, correction, orders about deliveries."""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated

import msgspec

from engine.people.rights import Right
from engine.web.actions import messages as actions
from engine.web.actions.messages import Made, Moved, Reason
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.problem import Problem
from engine.web.views import message as one
from engine.web.views import messages as views
from engine.web.views import opened
from engine.web.views.messages import Filters, Text

#: A delivery's number.
Number = Annotated[int, msgspec.Meta(ge=1, lt=1 << 62)]


class ByKey(msgspec.Struct, frozen=True, kw_only=True):
    """A search by the value of a key."""

    value: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    name: Text = ""
    """The key's name; empty = any key."""
    filters: Filters = Filters()
    """What else they must be; `before` to go on."""
    reason: Reason = ""
    """Why; kept with your name and the key's name, without its value."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a message's content."""

    part: opened.Part
    delivery: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)] = 0
    """Of payload and reply."""
    reason: Reason = ""
    """Why; kept with your name."""


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A corrected copy."""

    raw: str
    """The whole message, corrected; base64."""
    to: list[Text] = []
    """Only to these destinations; empty = to all."""
    reason: Reason = ""
    """Why; kept with your name."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries, and why."""

    deliveries: Annotated[list[Number], msgspec.Meta(min_length=1, max_length=1000)]
    reason: Reason = ""


def search(asked: Asked[Filters, Nothing]) -> views.Page:
    """Messages, newest first; `before` of the answer goes on."""
    return views.page(asked, asked.query)


def by_key(asked: Asked[Nothing, ByKey]) -> views.Page:
    """Messages with a key of this value, newest first. Whose messages there are is content: the search is recorded."""
    body = asked.body
    asked.audit("search_by_key", f"key {body.name}" if body.name else "any key", body.reason)
    return views.page(asked, body.filters, (body.name, body.value))


def message(asked: Asked[Nothing, Nothing]) -> one.Message:
    """One message, without its content."""
    return one.message(asked, views.found(asked, asked.path["id"]))


def trail(asked: Asked[Nothing, Nothing]) -> list[one.Hop]:
    """Everything that happened to it, over all hops, in order."""
    return one.trail(asked, views.found(asked, asked.path["id"]))


def deliveries(asked: Asked[Nothing, Nothing]) -> list[one.Delivery]:
    """Its deliveries, and why they wait."""
    return one.deliveries(asked, views.found(asked, asked.path["id"]))


def content(asked: Asked[Nothing, Look]) -> opened.Opened:
    """A part of its content. Recorded with your name and reason before it is read."""
    body = asked.body
    found = views.found(asked, asked.path["id"])
    return opened.opened(asked, found, body.part, body.delivery, body.reason)


def replay(asked: Asked[Nothing, actions.Replay]) -> Made:
    """Send it once more through its channel, linked to this one."""
    return actions.replay(asked, views.found(asked, asked.path["id"]), asked.body)


def edit(asked: Asked[Nothing, Edit]) -> Made:
    """Send a corrected copy through its channel, linked to this one; to partners it is another message."""
    found = views.found(asked, asked.path["id"])
    try:
        raw = b64decode(asked.body.raw, validate=True)
    except ValueError:
        raise Problem(400, "bad_request", "`raw` is not base64") from None
    return actions.edit(asked, found, raw, asked.body.to, asked.body.reason)


def resend(asked: Asked[Nothing, Order]) -> Moved:
    """Queue refused or uncertain deliveries again: the same bytes under the same idempotency key."""
    return actions.move(asked, "resend", asked.body.deliveries, asked.body.reason)


def discard(asked: Asked[Nothing, Order]) -> Moved:
    """Give up queued, refused or uncertain deliveries."""
    return actions.move(asked, "discard", asked.body.deliveries, asked.body.reason)


def delivered(asked: Asked[Nothing, Order]) -> Moved:
    """Declare uncertain deliveries delivered: the partner has said that it has them."""
    return actions.move(asked, "delivered", asked.body.deliveries, asked.body.reason)


endpoints = (
    get("/messages", search, Right.VIEW, "Search messages, newest first.", query=Filters, gives=views.Page),
    post("/messages/search", by_key, Right.CONTENT, "Search messages by a key's value; recorded.", body=ByKey, gives=views.Page, harmless=True),
    get("/messages/{id}", message, Right.VIEW, "One message, without its content.", gives=one.Message),
    get("/messages/{id}/trail", trail, Right.VIEW, "Its trail over all hops.", gives=list[one.Hop]),
    get("/messages/{id}/deliveries", deliveries, Right.VIEW, "Its deliveries.", gives=list[one.Delivery]),
    post("/messages/{id}/content", content, Right.CONTENT, "A part of its content; recorded.", body=Look, gives=opened.Opened, harmless=True),
    post("/messages/{id}/replay", replay, Right.REPLAY, "Send it once more.", body=actions.Replay, gives=Made),
    post("/messages/{id}/edit", edit, Right.EDIT, "Send a corrected copy.", body=Edit, gives=Made),
    post("/deliveries/resend", resend, Right.OPERATE, "Queue deliveries again.", body=Order, gives=Moved),
    post("/deliveries/discard", discard, Right.OPERATE, "Give deliveries up.", body=Order, gives=Moved),
    post("/deliveries/delivered", delivered, Right.OPERATE, "Declare deliveries delivered.", body=Order, gives=Moved),
)  # fmt: skip
