"""The door: signing in, proving a password, and the sessions of browsers."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import msgspec

from engine.errors import CommandError
from engine.people import onetime, passwords
from engine.people.file import PeopleFile
from engine.people.kept import digest, person_of
from engine.people.rights import Person

#: Seconds after which a session ends, whatever happens; and without a request.
SESSION, IDLE = 12 * 3600.0, 3600.0
#: A session's last request is noted this often, in seconds: not every request is a write.
NOTED = 60.0
#: Names that nobody has, of which wrong attempts are remembered.
STRANGERS = 1000


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that somebody signed in with."""

    person: Person
    form: str
    """What every form of theirs carries (against forged requests)."""


class Door:
    """Lets people in who are known. Safe for threads."""

    def __init__(self, file: PeopleFile, now: Callable[[], float]) -> None:
        self.file, self._now = file, now

    def sign_in(self, name: str, password: str, code: str = "") -> str:
        """
        A new session's secret. CommandError in the same words whatever was wrong; after several wrong attempts the next one
        counts only after a wait that doubles, so that nobody is locked out by somebody else for long.
        """
        row = self.file.one(
            "SELECT password, onetime, step, disabled, wrong, wrong_at FROM person WHERE name = ?",
            name,
        )
        kept, secret, step, disabled, wrong, wrong_at = row or ("", "", 0, 1, *self._stranger(name))  # fmt: skip
        self._wait(wrong, wrong_at)
        self._count(name, somebody=row is not None)
        fits = passwords.fits(kept, password)
        used = onetime.step_of(secret, code, self._now(), step) if secret else 0
        if not fits or used is None or disabled or not self._use(name, used):
            raise CommandError("name, password or code is not right")
        if passwords.outdated(kept):
            self.file.rows(
                "UPDATE person SET password = ? WHERE name = ?",
                passwords.hashed(password),
                name,
            )
        return self._session_for(name)

    def prove(self, name: str, password: str) -> None:
        """CommandError where it is not their password; wrong ones count as they do at the door."""
        row = self.file.one("SELECT password, wrong, wrong_at FROM person WHERE name = ?", name)
        kept, wrong, wrong_at = row or ("", 0, 0.0)
        self._wait(wrong, wrong_at)
        self._count(name)
        if not passwords.fits(kept, password):
            raise CommandError("the old password is not right")
        self.file.rows("UPDATE person SET wrong = 0 WHERE name = ?", name)

    def _wait(self, wrong: int, wrong_at: float) -> None:
        left = wrong_at + passwords.wait(wrong) - self._now()
        if left > 0:
            raise CommandError(f"too many wrong attempts; try again in {int(left) + 1} s")

    def _stranger(self, name: str) -> tuple[int, float]:
        """Names that nobody has wait like those that somebody has: who is known here is not to be found out."""
        row = self.file.one("SELECT wrong, wrong_at FROM stranger WHERE name = ?", digest(name))
        return row or (0, 0.0)

    def _count(self, name: str, *, somebody: bool = True) -> None:
        """An attempt counts as wrong until it has been right: many at once are no way around the wait."""
        now = self._now()
        if somebody:
            self.file.rows(
                "UPDATE person SET wrong = wrong + 1, wrong_at = ? WHERE name = ?", now, name
            )
            return
        self.file.together(
            [
                (
                    "INSERT INTO stranger VALUES (?, 1, ?)"
                    " ON CONFLICT DO UPDATE SET wrong = wrong + 1, wrong_at = excluded.wrong_at",
                    (digest(name), now),
                ),
                (
                    "DELETE FROM stranger WHERE name IN"
                    " (SELECT name FROM stranger ORDER BY wrong_at DESC LIMIT -1 OFFSET ?)",
                    (STRANGERS,),
                ),
            ]
        )

    def _use(self, name: str, step: int) -> bool:
        """Whether the code of this step was still to be used; a code works once, also at the same moment."""
        return not step or bool(
            self.file.rows(
                "UPDATE person SET step = ? WHERE name = ? AND step < ? RETURNING 1",
                step, name, step,
            )
        )  # fmt: skip

    def _session_for(self, name: str) -> str:
        now, made = self._now(), secrets.token_urlsafe(32)
        self.file.together(
            [
                ("UPDATE person SET wrong = 0 WHERE name = ?", (name,)),
                (
                    "DELETE FROM session WHERE since < ? OR seen_at < ?",
                    (now - SESSION, now - IDLE),
                ),
                (
                    "INSERT INTO session VALUES (?, ?, ?, ?, ?)",
                    (digest(made), name, secrets.token_urlsafe(24), now, now),
                ),
            ]
        )
        return made

    def session(self, secret: str, *, attended: bool = True) -> Session | None:
        """Whose session it is; None where it has ended. What a page asks by itself (`attended` False) does not keep it open."""
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
        if attended and now > seen_at + NOTED:
            self.file.rows("UPDATE session SET seen_at = ? WHERE secret = ?", now, kept)
        return Session(person=person_of(name, roles, tags), form=form)

    def sign_out(self, secret: str) -> None:
        """End a session."""
        self.file.rows("DELETE FROM session WHERE secret = ?", digest(secret))
