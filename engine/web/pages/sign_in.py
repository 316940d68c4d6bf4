"""Signing in and out, and the first account."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.errors import CommandError
from engine.web.actions import entering as actions
from engine.web.answering import Page, Redirect
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.guard import COOKIE


class Back(msgspec.Struct, frozen=True):
    """Where somebody was going."""

    back: str = "/"


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs in."""

    name: str = ""
    password: str = ""
    code: str = ""
    back: str = "/"


class First(msgspec.Struct, frozen=True, kw_only=True):
    """The first account."""

    token: str = ""
    name: str = ""
    password: str = ""


def _safe(back: str) -> str:
    """A path of this console, whatever was sent."""
    local = back.startswith("/") and not back.startswith(("//", "/\\"))
    return back if local and back.isprintable() else "/"


def _page(back: str, why: str = "", status: int = 200) -> Page:
    return Page("sign_in.html", {"back": _safe(back), "why": why}, status)


def show(asked: Asked[Back, Nothing]) -> Any:
    """The form; where nobody has an account yet, the one that makes the first."""
    if not asked.house.directory.begun():
        return Redirect("/begin")
    return _page(asked.query.back)


def sign_in(asked: Asked[Nothing, Names]) -> Any:
    """A session, or the form again with the reason."""
    body = asked.body
    try:
        asked.set_cookies[COOKIE] = actions.sign_in(
            asked, body.name.strip(), body.password, body.code
        )
    except CommandError as error:
        return _page(body.back, str(error), 401)
    return Redirect(_safe(body.back))


def sign_out(asked: Asked[Nothing, Nothing]) -> Redirect:
    """The end of the session."""
    actions.sign_out(asked)
    asked.set_cookies[COOKIE] = ""
    return Redirect("/sign-in")


def begin(asked: Asked[Nothing, Nothing]) -> Any:
    """The form for the first account."""
    if asked.house.directory.begun():
        return Redirect("/sign-in")
    return {"why": "", "name": ""}


def begun(asked: Asked[Nothing, First]) -> Any:
    """The first account, and its session."""
    body = asked.body
    try:
        asked.set_cookies[COOKIE] = actions.begin(
            asked, body.token.strip(), body.name.strip(), body.password
        )
    except CommandError as error:
        return Page("begin.html", {"why": str(error), "name": body.name}, 409)
    return Redirect("/", "Welcome. This account can make others: see People.")


endpoints = (
    get("/sign-in", show, None, "Sign in.", query=Back, template="sign_in.html", open=True),
    post("/sign-in", sign_in, None, "Sign in.", body=Names, open=True, heavy=True),
    post("/sign-out", sign_out, None, "Sign out."),
    get("/begin", begin, None, "The first account.", template="begin.html", open=True),
    post("/begin", begun, None, "The first account.", body=First, open=True, heavy=True),
)
