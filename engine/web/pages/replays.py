"""Work on many messages: what it would do, then how it goes on."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.errors import StoreError
from engine.people.rights import Right
from engine.web.actions import messages as actions
from engine.web.actions.messages import RIGHTS, Replay
from engine.web.answering import Page, Redirect
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.jobs import Job
from engine.web.problem import Problem
from engine.web.views.messages import State, Text


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """How a job goes."""

    to: list[Text] = []
    mode: str = "again"
    """again, same_bytes."""
    as_new: str = ""
    rate: actions.Rate = 10.0
    state: State = ""
    """Only deliveries in this state."""
    reason: actions.Reason = ""


def listed(asked: Asked[Nothing, Nothing]) -> dict[str, Any]:
    """All jobs of this console."""
    return {"jobs": actions.jobs(asked)}


def show(asked: Asked[Nothing, Nothing]) -> Any:
    """One of them."""
    return _page(asked, actions.job(asked, asked.path["job"]))


def _page(asked: Asked[Any, Any], job: Job, why: str = "") -> Page:
    progress = job.progress()
    if progress.state == "prepared" and job.seen is None:
        job.seen = _preview(asked, job)
    may = all(asked.may(RIGHTS[job.verb], one) for one in job.channels)
    values = {"job": job, "progress": progress, "seen": job.seen, "why": why, "may": may}
    return Page("replay.html", values, 409 if why else 200)


def _preview(asked: Asked[Any, Any], job: Job) -> Any:
    """None where looking takes too long: the job can be started all the same."""
    try:
        if job.verb == "replay":
            return actions.replay_preview(asked, job.messages)
        return actions.move_preview(asked, job.verb, job.messages)
    except StoreError:
        return None


def progress(asked: Asked[Nothing, Nothing]) -> dict[str, Any]:
    """The part of the page that changes."""
    job = actions.job(asked, asked.path["job"])
    may = all(asked.may(RIGHTS[job.verb], one) for one in job.channels)
    return {"job": job, "progress": job.progress(), "may": may}


def drift(asked: Asked[Nothing, Nothing]) -> dict[str, Any]:
    """What today's mapping would make otherwise."""
    job = actions.job(asked, asked.path["job"])
    return {"job": job, "drift": actions.drift(asked, job.messages)}


def start(asked: Asked[Nothing, Form]) -> Any:
    """Begin."""
    job, body = actions.job(asked, asked.path["job"]), asked.body
    how = Replay(
        to=body.to,
        same_bytes=body.mode == "same_bytes",
        as_new=bool(body.as_new),
        rate=body.rate,
        reason=body.reason,
    )
    try:
        actions.start(asked, job, how, body.state)
    except Problem as problem:
        if problem.status == 403:
            raise
        return _page(asked, job, f"{problem.detail}.")
    return Redirect(f"/replays/{job.id}")


def _controlling(what: str) -> Any:
    def handler(asked: Asked[Nothing, Nothing]) -> Redirect:
        job = actions.job(asked, asked.path["job"])
        begun = job.progress().state != "prepared"
        actions.control(asked, job, what)
        return Redirect(f"/replays/{job.id}" if begun else "/messages")

    return handler


endpoints = (
    get("/replays", listed, Right.VIEW, "Work on many messages.", template="replays.html"),
    get("/replays/{job}", show, Right.VIEW, "One job."),
    get("/replays/{job}/progress", progress, Right.VIEW, "How it goes on.", template="replay_progress.html"),
    get("/replays/{job}/drift", drift, Right.REPLAY, "What would differ today.", template="replay_drift.html"),
    post("/replays/{job}/start", start, Right.VIEW, "Begin.", body=Form),
    post("/replays/{job}/pause", _controlling("pause"), Right.VIEW, "Pause."),
    post("/replays/{job}/resume", _controlling("resume"), Right.VIEW, "Go on."),
    post("/replays/{job}/cancel", _controlling("cancel"), Right.VIEW, "Cancel."),
)  # fmt: skip
