"""Channels on trial: their tests, and what they would make of a message. Nothing is sent."""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated

import msgspec

from engine.handling.outgoing import outgoing
from engine.people.rights import Right
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, post
from engine.web.problem import Problem
from engine.web.views import channel_trial as views


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A message to try, in one of three ways; it is not kept."""

    text: str = ""
    """As text, UTF-8. HL7 may have line feeds."""
    base64: str = ""
    """As bytes, base64."""
    sample: Annotated[str, msgspec.Meta(max_length=500)] = ""
    """A file of samples/, by path below it."""


def tested(asked: Asked[Nothing, Nothing]) -> views.Tested:
    """All of its tests, 30 seconds at most."""
    return views.tested(asked)


def tried(asked: Asked[Nothing, Given]) -> views.Tried:
    """What would come of it."""
    body = asked.body
    if sum(map(bool, (body.text, body.base64, body.sample))) != 1:
        raise Problem(422, "no_message", "give one of text, base64 and sample")
    if body.sample:
        raw = outgoing(views.sample(asked, body.sample))
        return views.tried(asked, raw, body.sample.rpartition("/")[2])
    try:
        raw = b64decode(body.base64, validate=True) if body.base64 else body.text.encode()
    except ValueError:
        raise Problem(422, "no_message", "that is no base64, or no text") from None
    return views.tried(asked, outgoing(raw))


endpoints = (
    post("/channels/{channel}/tests", tested, Right.VIEW, "Run the tests of a channel as its files stand.", gives=views.Tested, harmless=True),
    post("/channels/{channel}/try", tried, Right.VIEW, "What a channel would make of a message; nothing is kept or sent.", body=Given, gives=views.Tried, harmless=True),
)  # fmt: skip
