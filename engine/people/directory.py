"""People with accounts. Whoever changes anything writes the audit record first."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from engine.errors import CommandError
from engine.people import onetime, passwords
from engine.people.answers import Answers
from engine.people.door import Door
from engine.people.file import PeopleFile
from engine.people.kept import NAME, digest, known, listed
from engine.people.tokens import Tokens
from engine.people.work import Work

_VOID = "this token is not valid; the terminal of `corridor run` shows the one that is"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's account, for lists. Nothing in it is secret."""

    name: str
    roles: tuple[str, ...]
    tags: tuple[str, ...]
    one_time: bool
    """Whether they sign in with a code of an authenticator app besides."""
    disabled: bool
    since: float


class Directory(Door):
    """People and sessions of one home. Safe for threads."""

    def __init__(self, home: Path, now: Callable[[], float] = time.time) -> None:
        self.file = PeopleFile(home)
        self.tokens = Tokens(self.file, now)
        """Those of programs."""
        self.work = Work(self.file, now)
        """What people do about what is held."""
        self.answers = Answers(self.file, now)
        """What was answered to requests that may come twice."""
        self._now = now

    # -- the first account ----------------------------------------------------------------------------------

    def begun(self) -> bool:
        """Whether there is an administrator who can sign in."""
        return any(_manages(one) for one in self.accounts())

    def invite(self) -> str:
        """A fresh one-time token that makes the first administrator; the one before is void. CommandError once there is one."""
        if self.begun():
            raise CommandError("there is an administrator already; ask them for an account")
        secret = secrets.token_urlsafe(18)
        self.file.together(
            [
                ("DELETE FROM invitation", ()),
                ("INSERT INTO invitation VALUES (?, ?)", (digest(secret), self._now())),
            ]
        )
        return secret

    def begin(self, invitation: str, name: str, password: str) -> None:
        """Make the first administrator. CommandError where the token is not the one that was given out, or is used up."""
        given = digest(invitation)
        if self.begun() or not self.file.rows(
            "SELECT 1 FROM invitation WHERE secret = ?", given
        ):
            raise CommandError(_VOID)
        self._acceptable(name, password, ["administrator"])
        if not self.file.rows("DELETE FROM invitation WHERE secret = ? RETURNING 1", given):
            raise CommandError(_VOID)  # somebody else used it just now
        self.add(name, password, ["administrator"])

    # -- accounts -------------------------------------------------------------------------------------------

    def accounts(self) -> list[Account]:
        """Everybody, by name."""
        found = self.file.rows(
            "SELECT name, roles, tags, onetime, disabled, since FROM person ORDER BY name"
        )
        return [
            Account(
                name=name,
                roles=tuple(json.loads(roles)),
                tags=tuple(json.loads(tags)),
                one_time=bool(secret),
                disabled=bool(disabled),
                since=since,
            )
            for name, roles, tags, secret, disabled, since in found
        ]

    def add(
        self, name: str, password: str, roles: Collection[str], tags: Collection[str] = ()
    ) -> None:
        """A new account. CommandError where the name, the password or a role cannot be taken."""
        self._acceptable(name, password, roles)
        if not self.file.rows(
            "INSERT INTO person VALUES (?, ?, ?, ?, '', 0, 0, 0, 0, ?) ON CONFLICT DO NOTHING RETURNING 1",
            name, passwords.hashed(password), listed(roles), listed(tags), self._now(),
        ):  # fmt: skip
            raise CommandError(f"there is an account '{name}' already")

    def _acceptable(self, name: str, password: str, roles: Collection[str]) -> None:
        if not NAME.fullmatch(name):
            raise CommandError(
                "a name is 1 to 63 small letters, digits, dots and dashes: a.smith"
            )
        passwords.check(password, name)
        known(roles)

    def change(
        self,
        name: str,
        *,
        roles: Collection[str] | None = None,
        tags: Collection[str] | None = None,
        disabled: bool | None = None,
        password: str | None = None,
    ) -> None:
        """Change an account; its sessions end. CommandError where the house would be left without an administrator."""
        account = self._account(name)
        new = Account(
            name=name,
            roles=account.roles if roles is None else tuple(roles),
            tags=account.tags if tags is None else tuple(tags),
            one_time=account.one_time,
            disabled=account.disabled if disabled is None else disabled,
            since=account.since,
        )
        known(new.roles)
        others = [one for one in self.accounts() if one.name != name]
        if not any(_manages(one) for one in (*others, new)):
            raise CommandError(
                "nobody would be left who can manage people; make another administrator first"
            )
        steps: list[tuple[str, tuple[object, ...]]] = [
            (
                "UPDATE person SET roles = ?, tags = ?, disabled = ? WHERE name = ?",
                (listed(new.roles), listed(new.tags), new.disabled, name),
            ),
            ("DELETE FROM session WHERE person = ?", (name,)),
        ]
        if password is not None:
            passwords.check(password, name)
            steps.append(
                (
                    "UPDATE person SET password = ?, wrong = 0, onetime = '', step = 0 WHERE name = ?",
                    (passwords.hashed(password), name),
                )
            )
        self.file.together(steps)

    def own_password(self, name: str, new: str, session: str) -> None:
        """Somebody's own new password, once they proved the old one; of their sessions only this one goes on. CommandError where it is too weak."""
        passwords.check(new, name)
        self.file.together(
            [
                (
                    "UPDATE person SET password = ? WHERE name = ?",
                    (passwords.hashed(new), name),
                ),
                (
                    "DELETE FROM session WHERE person = ? AND secret <> ?",
                    (name, digest(session)),
                ),
            ]
        )

    def set_one_time(self, name: str, secret: str, code: str) -> None:
        """From now on `name` signs in with codes of this secret besides. CommandError where the code does not fit it."""
        step = onetime.step_of(secret, code, self._now(), 0)
        if step is None:
            raise CommandError("the code does not fit; is the clock of the telephone right?")
        self.file.rows(
            "UPDATE person SET onetime = ?, step = ? WHERE name = ?", secret, step, name
        )

    def _account(self, name: str) -> Account:
        for account in self.accounts():
            if account.name == name:
                return account
        raise CommandError(f"there is no account '{name}'")


def _manages(account: Account) -> bool:
    """Whether they can manage people: an administrator of some channels only cannot."""
    return "administrator" in account.roles and not account.disabled and not account.tags
