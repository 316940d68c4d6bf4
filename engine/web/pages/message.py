"""One message: trail, deliveries, content for who asks, and what can be done with it."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from engine.errors import CommandError, EngineError
from engine.people.rights import Right
from engine.store import Found
from engine.web import content
from engine.web.actions import messages as actions
from engine.web.actions.messages import Replay
from engine.web.answering import Page, Redirect
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.problem import Problem, unknown
from engine.web.views import message as views
from engine.web.views import messages, opened
from engine.web.views.messages import Text


class LookForm(msgspec.Struct, frozen=True, kw_only=True):
    """What of the content is asked for."""

    open: Text = "raw"
    """raw, keys, tree, canonical, difference; payload:NUMBER, reply:NUMBER of a delivery."""
    reason: actions.Reason = ""


class ReplayForm(msgspec.Struct, frozen=True, kw_only=True):
    """How it is sent once more."""

    to: list[Text] = []
    mode: str = "again"
    as_new: str = ""
    accept_snapshot: str = ""
    reason: actions.Reason = ""


class MoveForm(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a delivery."""

    do: Text = ""
    delivery: Text = ""
    reason: actions.Reason = ""


class EditForm(msgspec.Struct, frozen=True, kw_only=True):
    """A corrected copy."""

    text: str = ""
    encoding: Text = "utf-8"
    line_end: Text = "cr"
    to: list[Text] = []
    do: Text = "send"
    """try, send."""
    reason: actions.Reason = ""


def _found(asked: Asked[Any, Any]) -> Found:
    return messages.found(asked, asked.path["id"])


def show(asked: Asked[Nothing, Nothing]) -> Any:
    """Everything but the content."""
    return _page(asked, _found(asked))


def _page(
    asked: Asked[Any, Any], found: Found, shown: opened.Opened | None = None, why: str = ""
) -> Page:
    deliveries = views.deliveries(asked, found)
    values = {
        "one": views.message(asked, found),
        "trail": views.trail(asked, found),
        "deliveries": deliveries,
        "destinations": list(dict.fromkeys(row.destination for row in deliveries)),
        "may": {right.name.lower(): asked.may(right, found.channel) for right in Right},
        "opened": shown,
        **_lines(shown),
        "why": why,
    }
    return Page("message.html", values, 409 if why else 200)


def _lines(shown: opened.Opened | None) -> dict[str, Any]:
    """What is shown of a body, and whether it was indented for that."""
    text = shown.text if shown else ""
    indented = content.indented(text)
    if indented is not None:
        return {"lines": indented, "indented": True}
    return {"lines": content.lines(text[: content.SHOWN]) if text else [], "indented": False}


def look(asked: Asked[Nothing, LookForm]) -> Any:
    """A part of the content, recorded before; alone for a part of the page, else within it."""
    found, body = _found(asked), asked.body
    part, _, delivery = body.open.partition(":")
    if part not in get_args(opened.Part) or (delivery and not _is_number(delivery)):
        raise unknown("part of a message of that name")
    try:
        shown = opened.opened(asked, found, part, int(delivery or 0), body.reason)  # type: ignore[arg-type]
    except EngineError as error:
        if isinstance(error, Problem) and error.code in ("forbidden", "not_found"):
            raise
        return Page("message_opened.html", {"opened": None, "lines": [], "indented": False, "why": str(error), "found": messages.listed(found)})  # fmt: skip
    values = {
        "opened": shown,
        **_lines(shown),
        "why": "",
        "found": messages.listed(found),
    }
    return Page("message_opened.html", values)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def replay(asked: Asked[Nothing, ReplayForm]) -> Any:
    """Once more, and on to what that made."""
    found, body = _found(asked), asked.body
    how = Replay(
        to=body.to,
        same_bytes=body.mode == "same_bytes",
        as_new=bool(body.as_new),
        accept_snapshot=bool(body.accept_snapshot),
        reason=body.reason,
    )
    return _sent(asked, found, lambda: actions.replay(asked, found, how))


def _sent(asked: Asked[Any, Any], found: Found, send: Any) -> Any:
    try:
        made = send()
    except (CommandError, Problem) as error:
        if isinstance(error, Problem) and error.status in (403, 404):
            raise
        return _page(asked, found, why=str(error))
    id = messages.listed(found).id
    return Redirect(f"/messages/{made.id}", f"{id} is replayed as {made.id}: {made.verdict}.")


def move(asked: Asked[Nothing, MoveForm]) -> Any:
    """Resend, discard, or declare delivered."""
    found, body = _found(asked), asked.body
    if body.do not in ("resend", "discard", "delivered") or not _is_number(body.delivery):
        raise Problem(400, "bad_request", "say what is to be done, and with which delivery")
    number = int(body.delivery)
    if number >> 16 != found.id:
        raise unknown("delivery of this message")
    try:
        moved = actions.move(asked, body.do, [number], body.reason)
    except (CommandError, Problem) as error:
        if isinstance(error, Problem) and error.status in (403, 404):
            raise
        return _page(asked, found, why=str(error))
    done = {"resend": "queued again", "discard": "given up", "delivered": "declared delivered"}
    said = f"Delivery {number} is {done[body.do]}." if moved.moved else (
        "It is being sent just now, and was left alone." if moved.busy else "It does not stand any more as it did: nothing was done."
    )  # fmt: skip
    return Redirect(f"/messages/{messages.listed(found).id}", said)


# -- a corrected copy --------------------------------------------------------------------------------------------


def copy(asked: Asked[Nothing, LookForm]) -> Any:
    """The message in a text field; recorded as a look at its content."""
    found = _found(asked)
    asked.need(Right.EDIT, found.channel)
    shown = opened.opened(asked, found, "raw", 0, asked.body.reason or "to correct a copy")
    text = content.editable(shown.text.encode(shown.encoding))
    if text is None:
        raise Problem(409, "not_text", "this message holds bytes that a page cannot give back as they are: correct it in a file, with corridor replay ID --edited FILE")  # fmt: skip
    return _editing(asked, found, text)


def _editing(
    asked: Asked[Any, Any], found: Found, text: content.Editable, why: str = "", tried: opened.Opened | None = None,
    reason: str = "",
) -> Page:  # fmt: skip
    values = {
        "found": messages.listed(found), "text": text, "why": why, "opened": tried, "lines": [], "reason": reason,
    }  # fmt: skip
    return Page("message_edit.html", values, 409 if why else 200)


def edit(asked: Asked[Nothing, EditForm]) -> Any:
    """Try the corrected copy, or send it."""
    found, body = _found(asked), asked.body
    asked.need(Right.EDIT, found.channel)
    if body.line_end not in ("cr", "lf", "crlf"):
        raise Problem(400, "bad_request", "the form has no such kind of line end")
    text = content.Editable(body.text, body.encoding, body.line_end)
    try:
        raw = content.edited(body.text, body.encoding, body.line_end)
        if body.do == "try":
            asked.need(Right.CONTENT, found.channel)
            tried = opened.tried(asked, found, raw)
            return _editing(asked, found, text, tried=tried, reason=body.reason)
        made = actions.edit(asked, found, raw, body.to, body.reason)
    except UnicodeError:
        return _editing(asked, found, text, "The message is Latin-1 and cannot hold all of these characters.", reason=body.reason)  # fmt: skip
    except (CommandError, Problem) as error:
        if isinstance(error, Problem) and error.status in (403, 404):
            raise
        return _editing(asked, found, text, f"Nothing was sent: {error}.", reason=body.reason)
    id = messages.listed(found).id
    return Redirect(f"/messages/{made.id}", f"The corrected copy of {id} is {made.id}: {made.verdict}.")  # fmt: skip


endpoints = (
    get("/messages/{id}", show, Right.VIEW, "One message."),
    post("/messages/{id}/content", look, Right.CONTENT, "A part of its content; recorded.", body=LookForm),
    post("/messages/{id}/replay", replay, Right.REPLAY, "Send it once more.", body=ReplayForm),
    post("/messages/{id}/deliveries", move, Right.OPERATE, "Resend, discard, declare delivered.", body=MoveForm),
    post("/messages/{id}/copy", copy, Right.EDIT, "A copy to be corrected; recorded.", body=LookForm),
    post("/messages/{id}/edit", edit, Right.EDIT, "Try or send a corrected copy.", body=EditForm),
)  # fmt: skip
