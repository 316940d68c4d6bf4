"""A channel on trial: its tests, and a message that somebody pastes. Nothing is sent."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from engine.handling.outgoing import outgoing, pasted
from engine.people.rights import Right
from engine.web.answering import Page
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.problem import Problem
from engine.web.views import channel_trial as views
from engine.web.views.channel_line import one


class TryForm(msgspec.Struct, frozen=True, kw_only=True):
    """A message, pasted or one of the samples."""

    text: str = ""
    sample: Annotated[str, msgspec.Meta(max_length=500)] = ""


def tests(asked: Asked[Nothing, Nothing]) -> dict[str, Any]:
    """Its tests, not run yet."""
    return _tests(asked, None)


def run(asked: Asked[Nothing, Nothing]) -> Page:
    """Its tests, run."""
    return Page("channel_tests.html", _tests(asked, views.tested(asked)))


def _tests(asked: Asked[Any, Any], tested: views.Tested | None) -> dict[str, Any]:
    channel = one(asked)
    _, bound = asked.house.loaded.channel(channel.name)
    return {"channel": channel, "names": views.names(bound), "tested": tested}


def begin(asked: Asked[Nothing, Nothing]) -> dict[str, Any]:
    """Nothing is tried yet."""
    return _try(asked)


def _try(asked: Asked[Any, Any], **more: Any) -> dict[str, Any]:
    nothing = {"tried": None, "text": "", "sample": "", "why": ""}
    return {"channel": one(asked), "samples": views.samples(asked), **nothing, **more}


def tried(asked: Asked[Nothing, TryForm]) -> Page:
    """What would come of it."""
    text, sample = asked.body.text, asked.body.sample
    given = {"text": text, "sample": sample}
    try:
        if text.strip():
            made = views.tried(asked, pasted(text))
        elif sample:
            raw = outgoing(views.sample(asked, sample))
            made = views.tried(asked, raw, sample.rpartition("/")[2])
        else:
            raise Problem(422, "no_message", "paste a message, or choose a sample")
    except Problem as problem:
        if problem.status != 422:
            raise
        return Page("channel_try.html", _try(asked, **given, why=problem.detail), 422)
    return Page("channel_try.html", _try(asked, **given, tried=made))


endpoints = (
    get("/channels/{channel}/tests", tests, Right.VIEW, "Its tests.", template="channel_tests.html"),
    post("/channels/{channel}/tests", run, Right.VIEW, "Run them."),
    get("/channels/{channel}/try", begin, Right.VIEW, "Try a message.", template="channel_try.html"),
    post("/channels/{channel}/try", tried, Right.VIEW, "What would come of a message.", body=TryForm),
)  # fmt: skip
