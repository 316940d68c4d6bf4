"""Accounts and tokens, each change recorded before it is made."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.handling.accounts import Accounts
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
    return Secret(secret=_accounts(asked).add(account.name, account.roles, account.tags))


def change(asked: Asked[Any, Any], name: str, wanted: Change) -> Secret | None:
    """Change an account; its sessions end. The new first password, where one is wanted."""
    made = _accounts(asked).change(
        name,
        roles=wanted.roles,
        tags=wanted.tags,
        disabled=wanted.disabled,
        new_password=wanted.new_password,
    )
    return Secret(secret=made) if made else None


def issue(asked: Asked[Any, Any], token: NewToken) -> Secret:
    """A new token."""
    made = _accounts(asked).issue(token.name, token.roles, token.tags, token.until)
    return Secret(secret=made)


def revoke(asked: Asked[Any, Any], token: int) -> None:
    """A token is void from now on."""
    _accounts(asked).revoke(token)


def new_password(asked: Asked[Any, Any], old: str, new: str) -> None:
    """Somebody's own new password; their other sessions end. CommandError where the old one is wrong."""
    name, directory = asked.person.name, asked.house.directory
    directory.prove(name, old)
    asked.audit("change_password", f"person {name}")
    directory.own_password(name, new, asked.session)


def one_time(asked: Asked[Any, Any], password: str, secret: str, code: str) -> None:
    """From now on they sign in with an authenticator app besides. CommandError where the password or the code is wrong."""
    name, directory = asked.person.name, asked.house.directory
    directory.prove(name, password)
    asked.audit("set_one_time_code", f"person {name}")
    directory.set_one_time(name, secret, code)


def _accounts(asked: Asked[Any, Any]) -> Accounts:
    return Accounts(asked.house.directory, asked.audit, asked.person.name)


def app_address(asked: Asked[Any, Any], secret: str) -> str:
    """What an authenticator app is given."""
    return onetime.address(secret, asked.person.name, asked.house.installation.name)
