"""Work on many messages: chosen by id or by filter, looked at before, then done step by step."""

from __future__ import annotations

import msgspec

from engine.handling.replaying import Preview
from engine.people.rights import Right
from engine.web.actions import messages as actions
from engine.web.actions.messages import Chosen, Drift, Replay
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.jobs import Progress


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages are replayed, and how."""

    chosen: Chosen
    how: Replay = Replay()
    preview: bool = False
    """Whether only to say what it would do."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay would do, or how it stands."""

    job: Progress | None
    """None where only a preview was wanted."""
    preview: Preview | None
    """None where it was not wanted."""
    drift: Drift | None


def listed(asked: Asked[Nothing, Nothing]) -> list[Progress]:
    """The jobs of this console, newest first."""
    return actions.jobs(asked)


def replays(asked: Asked[Nothing, Wanted]) -> Answer:
    """With `preview` the counts and what today's mapping would make otherwise; else begin, and answer how it stands."""
    body = asked.body
    found = actions.choose(asked, body.chosen)
    if not body.preview:
        actions.said(body.how.reason)
        job = actions.prepare(asked, "replay", found, "")
        return Answer(job=actions.start(asked, job, body.how), preview=None, drift=None)
    actions.check(asked, "replay", found)
    numbers = [one.id for one in found]
    seen = actions.replay_preview(asked, numbers, body.how.to)
    return Answer(job=None, preview=seen, drift=actions.drift(asked, numbers))


def one(asked: Asked[Nothing, Nothing]) -> Progress:
    """How one of them stands."""
    return actions.job(asked, asked.path["job"]).progress()


def pause(asked: Asked[Nothing, Nothing]) -> Progress:
    """After the step that goes on just now."""
    return actions.control(asked, actions.job(asked, asked.path["job"]), "pause")


def resume(asked: Asked[Nothing, Nothing]) -> Progress:
    """Go on with a paused one."""
    return actions.control(asked, actions.job(asked, asked.path["job"]), "resume")


def cancel(asked: Asked[Nothing, Nothing]) -> Progress:
    """What is not done yet will not be."""
    return actions.control(asked, actions.job(asked, asked.path["job"]), "cancel")


endpoints = (
    get("/replays", listed, Right.VIEW, "Jobs, newest first.", gives=list[Progress]),
    post("/replays", replays, Right.REPLAY, "Replay many messages, or say what it would do.", body=Wanted, gives=Answer),
    get("/replays/{job}", one, Right.VIEW, "How a job stands.", gives=Progress),
    post("/replays/{job}/pause", pause, Right.VIEW, "Pause a job.", gives=Progress),
    post("/replays/{job}/resume", resume, Right.VIEW, "Go on with a paused job.", gives=Progress),
    post("/replays/{job}/cancel", cancel, Right.VIEW, "Cancel a job.", gives=Progress),
)  # fmt: skip
