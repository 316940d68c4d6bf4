"""What a channel is made of: files, releases, differences."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.errors import CommandError, StoreError
from engine.people.rights import Right
from engine.web.actions import channel_orders as actions
from engine.web.actions.channel_orders import Reason
from engine.web.answering import Page, Redirect
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.problem import Problem
from engine.web.views import channel_files as views
from engine.web.views.channel_line import one


class Two(msgspec.Struct, frozen=True, kw_only=True):
    """Which two releases; empty = the newest and the one before."""

    a: str = ""
    b: str = ""


class ReloadForm(msgspec.Struct, frozen=True, kw_only=True):
    """The channels are read again."""

    reason: Reason = ""


def _releases(asked: Asked[Any, Any]) -> list[views.Release]:
    try:
        return views.releases(asked)
    except StoreError:
        return []  # nothing was ever received


def show(asked: Asked[Nothing, Nothing]) -> dict[str, Any]:
    """The newest release, and all before it."""
    return _files(asked, "")


def release(asked: Asked[Nothing, Nothing]) -> dict[str, Any]:
    """One release."""
    return _files(asked, asked.path["release"])


def _files(asked: Asked[Any, Any], wanted: str, why: str = "") -> dict[str, Any]:
    releases = _releases(asked)
    chosen = wanted or (releases[0].id if releases else views.DISK)
    return {
        "channel": one(asked),
        "releases": releases,
        "chosen": chosen,
        "files": views.files(asked, chosen),
        "unused": views.unused(asked, releases),
        "may_reload": asked.may(Right.DEPLOY) and not asked.person.tags,
        "why": why,
    }


def reload(asked: Asked[Nothing, ReloadForm]) -> Any:
    """Channels are read again."""
    try:
        changed = actions.reload(asked, asked.body.reason)
    except CommandError as error:
        return Page("channel_files.html", _files(asked, "", str(error)), 409)
    except Problem as problem:
        if problem.status != 422:
            raise
        return Page("channel_files.html", _files(asked, "", problem.detail), 422)
    said = "Changed: " + ", ".join(changed) + "." if changed else "Nothing changed."
    return Redirect(f"/channels/{one(asked).name}/releases", said)


def diff(asked: Asked[Two, Nothing]) -> dict[str, Any]:
    """What differs between two."""
    releases, query = _releases(asked), asked.query
    newest = releases[0].id if releases else views.DISK
    before = releases[1].id if len(releases) > 1 else newest
    return {
        "channel": one(asked),
        "releases": releases,
        "difference": views.difference(asked, query.a or before, query.b or newest),
    }


endpoints = (
    get("/channels/{channel}/releases", show, Right.VIEW, "What it is made of.", template="channel_files.html"),
    get("/channels/{channel}/releases/{release}", release, Right.VIEW, "A release.", template="channel_files.html"),
    post("/channels/{channel}/reload", reload, Right.DEPLOY, "Read the channels again.", body=ReloadForm),
    get("/channels/{channel}/diff", diff, Right.VIEW, "What differs between two releases.", query=Two, template="channel_diff.html"),
)  # fmt: skip
