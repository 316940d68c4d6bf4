"""People and tokens, and everybody's own page."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import segno

from engine.errors import CommandError
from engine.people import onetime
from engine.people.rights import ROLES, Right
from engine.web.actions import people as actions
from engine.web.answering import Page, Redirect
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post

_DAY = 86400.0


class AccountForm(msgspec.Struct, frozen=True, kw_only=True):
    """A new account."""

    name: str = ""
    roles: list[str] = []
    tags: str = ""


class ChangeForm(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of an account."""

    roles: list[str] = []
    tags: str = ""
    do: str = "save"
    """save, disable, enable, password."""


class TokenForm(msgspec.Struct, frozen=True, kw_only=True):
    """A new token."""

    name: str = ""
    roles: list[str] = []
    tags: str = ""
    days: int = 0


class PasswordForm(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's own password."""

    old: str = ""
    new: str = ""


class AppForm(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticator app."""

    password: str = ""
    secret: str = ""
    code: str = ""


def _values(asked: Asked[Any, Any], **more: Any) -> dict[str, Any]:
    directory = asked.house.directory
    return {
        "accounts": directory.accounts(),
        "tokens": directory.tokens.all(),
        "roles": ROLES,
        "secret": "",
        "secret_of": "",
        "why": "",
        **more,
    }


def show(asked: Asked[Nothing, Nothing]) -> dict[str, Any]:
    """Everybody, and all tokens."""
    return _values(asked)


def _done(asked: Asked[Any, Any], what: str, secret: actions.Secret | None) -> Any:
    if secret is None:
        return Redirect("/people", f"{what} is changed.")
    return Page("people.html", _values(asked, secret=secret.secret, secret_of=what))


def _refused(asked: Asked[Any, Any], error: CommandError) -> Page:
    return Page("people.html", _values(asked, why=str(error)), 409)


def add(asked: Asked[Nothing, AccountForm]) -> Any:
    """A new account; its first password is shown once."""
    body = asked.body
    try:
        account = actions.Account(
            name=body.name.strip(), roles=body.roles, tags=_words(body.tags)
        )
        return _done(asked, account.name, actions.add(asked, account))
    except CommandError as error:
        return _refused(asked, error)


def change(asked: Asked[Nothing, ChangeForm]) -> Any:
    """Roles, tags, whether they may sign in; or a new first password."""
    body, name = asked.body, asked.path["name"]
    wanted = {
        "save": actions.Change(roles=body.roles, tags=_words(body.tags)),
        "disable": actions.Change(disabled=True),
        "enable": actions.Change(disabled=False),
        "password": actions.Change(new_password=True),
    }.get(body.do, actions.Change())
    try:
        return _done(asked, name, actions.change(asked, name, wanted))
    except CommandError as error:
        return _refused(asked, error)


def issue(asked: Asked[Nothing, TokenForm]) -> Any:
    """A new token; its secret is shown once."""
    body = asked.body
    until = time.time() + body.days * _DAY if body.days > 0 else 0.0
    token = actions.NewToken(
        name=body.name.strip(), roles=body.roles, tags=_words(body.tags), until=until
    )
    try:
        return _done(asked, f"token {token.name}", actions.issue(asked, token))
    except CommandError as error:
        return _refused(asked, error)


def revoke(asked: Asked[Nothing, Nothing]) -> Any:
    """A token is void."""
    text = asked.path["token"]
    actions.revoke(asked, int(text) if text.isdigit() else 0)
    return Redirect("/people", "The token is void.")


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


# -- one's own ---------------------------------------------------------------------------------------------------


def _own(asked: Asked[Any, Any], why: str = "", secret: str = "") -> dict[str, Any]:
    secret = secret or onetime.new_secret()
    mine = [one for one in asked.house.directory.accounts() if one.name == asked.person.name]
    picture = segno.make_qr(actions.app_address(asked, secret)).svg_data_uri(scale=4)
    return {
        "why": why,
        "mine": mine[0] if mine else None,
        "app_secret": secret,
        "picture": picture,
    }


def own(asked: Asked[Nothing, Nothing]) -> dict[str, Any]:
    """Who one is here, and what one may do."""
    return _own(asked)


def own_password(asked: Asked[Nothing, PasswordForm]) -> Any:
    """A new password."""
    try:
        actions.new_password(asked, asked.body.old, asked.body.new)
    except CommandError as error:
        return Page("me.html", _own(asked, str(error)), 409)
    return Redirect("/me", "Your password is changed.")


def own_app(asked: Asked[Nothing, AppForm]) -> Any:
    """An authenticator app from now on."""
    try:
        actions.one_time(asked, asked.body.password, asked.body.secret, asked.body.code)
    except (CommandError, ValueError) as error:
        why = str(error) if isinstance(error, CommandError) else "load the page again"
        return Page("me.html", _own(asked, why), 409)
    return Redirect("/me", "From now on you sign in with a code of your app besides.")


endpoints = (
    get("/people", show, Right.USERS, "People and tokens.", template="people.html"),
    post("/people", add, Right.USERS, "A new account.", body=AccountForm),
    post("/people/{name}", change, Right.USERS, "Change an account.", body=ChangeForm),
    post("/tokens", issue, Right.USERS, "A new token.", body=TokenForm),
    post("/tokens/{token}/revoke", revoke, Right.USERS, "A token is void."),
    get("/me", own, None, "One's own page.", template="me.html"),
    post("/me/password", own_password, None, "A new password.", body=PasswordForm, heavy=True),
    post("/me/app", own_app, None, "An authenticator app.", body=AppForm, heavy=True),
)
