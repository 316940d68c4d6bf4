"""People, tokens, and who is asking."""

from __future__ import annotations

import msgspec

from engine.people.directory import Account
from engine.people.rights import ROLES, Right
from engine.people.tokens import Token
from engine.web.actions import people as actions
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, delete, get, post
from engine.web.problem import Problem


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks."""

    name: str
    rights: list[str]
    tags: list[str]
    """Only channels with one of these; empty = all."""


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A set of rights."""

    name: str
    rights: list[str]


def me(asked: Asked[Nothing, Nothing]) -> Me:
    """Who asks, and what they may do."""
    person = asked.person
    return Me(name=person.name, rights=sorted(person.rights), tags=sorted(person.tags))


def roles(asked: Asked[Nothing, Nothing]) -> list[Role]:
    """The roles there are."""
    return [Role(name=name, rights=sorted(rights)) for name, rights in ROLES.items()]


def listed(asked: Asked[Nothing, Nothing]) -> list[Account]:
    """Everybody with an account."""
    return asked.house.directory.accounts()


def add(asked: Asked[Nothing, actions.Account]) -> actions.Secret:
    """A new account and its first password."""
    return actions.add(asked, asked.body)


def change(asked: Asked[Nothing, actions.Change]) -> actions.Secret:
    """Change an account; the secret is empty unless a new password was wanted."""
    made = actions.change(asked, asked.path["name"], asked.body)
    return made or actions.Secret(secret="")


def tokens(asked: Asked[Nothing, Nothing]) -> list[Token]:
    """All tokens, without their secrets."""
    return asked.house.directory.tokens.all()


def issue(asked: Asked[Nothing, actions.NewToken]) -> actions.Secret:
    """A new token."""
    return actions.issue(asked, asked.body)


def revoke(asked: Asked[Nothing, Nothing]) -> None:
    """A token is void from now on."""
    text = asked.path["token"]
    if not (text.isdigit() and text.isascii() and len(text) < 10):
        raise Problem(400, "bad_request", "a token is named by its number")
    actions.revoke(asked, int(text))


endpoints = (
    get("/me", me, None, "Who asks, and what they may do.", gives=Me),
    get("/roles", roles, Right.USERS, "The roles there are.", gives=list[Role]),
    get("/people", listed, Right.USERS, "Everybody with an account.", gives=list[Account]),
    post("/people", add, Right.USERS, "A new account.", body=actions.Account, gives=actions.Secret, status=201),
    post("/people/{name}", change, Right.USERS, "Change an account; its sessions end.", body=actions.Change, gives=actions.Secret),
    get("/tokens", tokens, Right.USERS, "Tokens of programs.", gives=list[Token]),
    post("/tokens", issue, Right.USERS, "A new token; its secret is shown this once.", body=actions.NewToken, gives=actions.Secret, status=201),
    delete("/tokens/{token}", revoke, Right.USERS, "A token is void from now on."),
)  # fmt: skip
