"""Accounts and tokens, each change recorded before it is made."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from engine.people import onetime
from engine.web.asked import Asked


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A new account."""

    name: str
    """Small letters, digits, dots and dashes: `a.smith`."""
    roles: list[str] = []
    """What they are here."""
    tags: list[str] = []
    """Only channels with one of these tags; empty = all."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of an account; what is left out stays."""

    roles: list[str] | None = None
    tags: list[str] | None = None
    disabled: bool | None = None
    """Whether they may sign in no more."""
    new_password: bool = False
    """Whether they get a fresh first password; their authenticator app is forgotten with the old one."""


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token for a program."""

    name: str
    """Which program: `grafana`."""
    roles: list[str] = []
    tags: list[str] = []
    until: float = 0.0
    """When it ends, seconds since 1970; 0 = never."""


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is shown this once."""

    secret: str


def add(asked: Asked[Any, Any], account: Account) -> Secret:
    """A new account and its first password, to be handed over and changed by them. CommandError where it cannot be."""
    made = password()
    asked.audit("add_person", f"person {account.name}", _said(account.roles, account.tags))
    asked.house.directory.add(account.name, made, account.roles, account.tags)
    return Secret(secret=made)


def change(asked: Asked[Any, Any], name: str, wanted: Change) -> Secret | None:
    """Change an account; its sessions end. The new first password, where one is wanted."""
    made = password() if wanted.new_password else None
    said = [_said(wanted.roles, wanted.tags), "disabled" if wanted.disabled else "", "new password" if made else ""]  # fmt: skip
    asked.audit("change_person", f"person {name}", "; ".join(one for one in said if one))
    asked.house.directory.change(
        name, roles=wanted.roles, tags=wanted.tags, disabled=wanted.disabled, password=made
    )
    return Secret(secret=made) if made else None


def issue(asked: Asked[Any, Any], token: NewToken) -> Secret:
    """A new token."""
    asked.audit("issue_token", f"token {token.name}", _said(token.roles, token.tags))
    return Secret(
        secret=asked.house.directory.tokens.issue(
            token.name, token.roles, asked.person.name, tags=token.tags, until=token.until
        )
    )


def revoke(asked: Asked[Any, Any], token: int) -> None:
    """A token is void from now on."""
    asked.audit("revoke_token", f"token {token}")
    asked.house.directory.tokens.revoke(token)


def new_password(asked: Asked[Any, Any], old: str, new: str) -> None:
    """Somebody's own new password. CommandError where the old one is wrong."""
    name = asked.person.name
    asked.house.directory.own_password(name, old, new)
    asked.audit("change_password", f"person {name}")


def one_time(asked: Asked[Any, Any], secret: str, code: str) -> None:
    """From now on they sign in with an authenticator app besides."""
    asked.house.directory.set_one_time(asked.person.name, secret, code)
    asked.audit("set_one_time_code", f"person {asked.person.name}")


def password() -> str:
    """A first password that can be read over the telephone."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(5))


def app_address(asked: Asked[Any, Any], secret: str) -> str:
    """What an authenticator app is given."""
    return onetime.address(secret, asked.person.name, asked.house.installation.name)


def _said(roles: list[str] | None, tags: list[str] | None) -> str:
    said = []
    if roles is not None:
        said.append("roles " + ", ".join(roles))
    if tags:
        said.append("tags " + ", ".join(tags))
    return "; ".join(said)
