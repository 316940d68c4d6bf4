"""People with accounts, and sessions of browsers. Whoever changes anything writes the audit record first."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from engine.errors import CommandError
from engine.people import onetime, passwords
from engine.people.file import PeopleFile
from engine.people.kept import NAME, digest, known, listed, person_of
from engine.people.rights import Person
from engine.people.tokens import Tokens
from engine.people.work import Work

#: Seconds after which a session ends, whatever happens; and without a request.
SESSION, IDLE = 12 * 3600.0, 3600.0
#: A session's last request is noted this often, in seconds: not every request is a write.
NOTED = 60.0


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's account, for lists. Nothing in it is secret."""

    name: str
    roles: tuple[str, ...]
    tags: tuple[str, ...]
    one_time: bool
    """Whether they sign in with a code of an authenticator app besides."""
    disabled: bool
    since: float


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that somebody signed in with."""

    person: Person
    form: str
    """What every form of theirs carries (against forged requests)."""


class Directory:
    """People and sessions of one home. Safe for threads."""

    def __init__(self, home: Path, now: Callable[[], float] = time.time) -> None:
        self.file = PeopleFile(home)
        self.tokens = Tokens(self.file, now)
        """Those of programs."""
        self.work = Work(self.file, now)
        """What people do about what is held."""
        self._now = now

    # -- the first account ----------------------------------------------------------------------------------

    def begun(self) -> bool:
        """Whether there is an administrator who can sign in."""
        return any("administrator" in one.roles and not one.disabled for one in self.accounts())

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
        if self.begun() or not self.file.rows(
            "SELECT 1 FROM invitation WHERE secret = ?", digest(invitation)
        ):
            raise CommandError(
                "this token is not valid; the terminal of `corridor run` shows the one that is"
            )
        self.add(name, password, ["administrator"])
        self.file.rows("DELETE FROM invitation")

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
        if not NAME.fullmatch(name):
            raise CommandError(
                "a name is 1 to 63 small letters, digits, dots and dashes: a.smith"
            )
        passwords.check(password, name)
        known(roles)
        if self.file.rows("SELECT 1 FROM person WHERE name = ?", name):
            raise CommandError(f"there is an account '{name}' already")
        self.file.rows(
            "INSERT INTO person VALUES (?, ?, ?, ?, '', 0, 0, 0, 0, ?)",
            name, passwords.hashed(password), listed(roles), listed(tags), self._now(),
        )  # fmt: skip

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
        if not any("administrator" in one.roles and not one.disabled for one in (*others, new)):
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

    def own_password(self, name: str, old: str, new: str) -> None:
        """Somebody's own new password; their sessions go on. CommandError where the old one is wrong or the new one too weak."""
        row = self.file.one("SELECT password FROM person WHERE name = ?", name)
        if row is None or not passwords.fits(row[0], old):
            raise CommandError("the old password is not right")
        passwords.check(new, name)
        self.file.rows(
            "UPDATE person SET password = ? WHERE name = ?", passwords.hashed(new), name
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

    # -- signing in -----------------------------------------------------------------------------------------

    def sign_in(self, name: str, password: str, code: str = "") -> str:
        """
        A new session's secret. CommandError in the same words whatever was wrong; after several wrong attempts the next one
        counts only after a wait that doubles, so that nobody is locked out by somebody else for long.
        """
        row = self.file.one(
            "SELECT password, onetime, step, disabled, wrong, wrong_at FROM person WHERE name = ?",
            name,
        )
        kept, secret, step, disabled, wrong, wrong_at = row or ("", "", 0, 1, 0, 0.0)
        now = self._now()
        if now < wrong_at + passwords.wait(wrong):
            left = int(wrong_at + passwords.wait(wrong) - now) + 1
            raise CommandError(f"too many wrong attempts; try again in {left} s")
        fits = passwords.fits(kept, password)
        used = onetime.step_of(secret, code, now, step) if secret else 0
        if not fits or used is None or disabled:
            self.file.rows(
                "UPDATE person SET wrong = wrong + 1, wrong_at = ? WHERE name = ?", now, name
            )
            raise CommandError("name, password or code is not right")
        made = secrets.token_urlsafe(32)
        self.file.together(
            [
                (
                    "UPDATE person SET wrong = 0, step = max(step, ?) WHERE name = ?",
                    (used, name),
                ),
                ("DELETE FROM session WHERE since < ?", (now - SESSION,)),
                (
                    "INSERT INTO session VALUES (?, ?, ?, ?, ?)",
                    (digest(made), name, secrets.token_urlsafe(24), now, now),
                ),
            ]
        )
        return made

    def session(self, secret: str) -> Session | None:
        """Whose session it is; None where it has ended."""
        now, kept = self._now(), digest(secret)
        row = self.file.one(
            "SELECT person.name, roles, tags, disabled, form, session.since, seen_at FROM session"
            " JOIN person ON person.name = session.person WHERE secret = ?",
            kept,
        )
        if row is None:
            return None
        name, roles, tags, disabled, form, since, seen_at = row
        if disabled or now > since + SESSION or now > seen_at + IDLE:
            return None
        if now > seen_at + NOTED:
            self.file.rows("UPDATE session SET seen_at = ? WHERE secret = ?", now, kept)
        return Session(person=person_of(name, roles, tags), form=form)

    def sign_out(self, secret: str) -> None:
        """End a session."""
        self.file.rows("DELETE FROM session WHERE secret = ?", digest(secret))
