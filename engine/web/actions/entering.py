"""Signing in, as the audit trail has it: who came, and who did not get in."""

from __future__ import annotations

from typing import Any

from engine.errors import CommandError
from engine.web.asked import Asked

#: Whoever gives a name that nobody has: what they typed may be a password, and is not kept.
UNKNOWN = "(unknown)"


def sign_in(asked: Asked[Any, Any], name: str, password: str, code: str) -> str:
    """A new session's secret. CommandError where they are not let in."""
    directory, attempts = asked.house.directory, asked.house.attempts
    try:
        made = directory.sign_in(name, password, code)
    except CommandError:
        known = any(one.name == name for one in directory.accounts())
        attempts.note(name if known else UNKNOWN, "sign_in_refused", asked.address)
        raise
    attempts.note(name, "sign_in", asked.address)
    if asked.session:  # whatever this browser had before ends here
        directory.sign_out(asked.session)
    return made


def sign_out(asked: Asked[Any, Any]) -> None:
    """The end of the session."""
    asked.house.directory.sign_out(asked.session)
    asked.house.attempts.note(asked.person.name, "sign_out", asked.address)


def begin(asked: Asked[Any, Any], token: str, name: str, password: str) -> str:
    """The first account, and its session's secret. CommandError where the token or what was chosen cannot be taken."""
    try:
        asked.house.directory.begin(token, name, password)
    except CommandError:
        asked.house.attempts.note(UNKNOWN, "first_account_refused", asked.address)
        raise
    asked.house.attempts.note(name, "first_account", asked.address)
    return asked.house.directory.sign_in(name, password)
