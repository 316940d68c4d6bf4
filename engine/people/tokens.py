"""Tokens: how programs ask. Each has roles and tags of its own, and an end if it is given one."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection

import msgspec

from engine.errors import CommandError
from engine.people.file import PeopleFile
from engine.people.kept import NAME, digest, known, listed, person_of
from engine.people.rights import Person

#: A token's last use is noted this often, in seconds.
NOTED = 60.0


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A program's token, for lists; its secret was shown once."""

    id: int
    name: str
    roles: tuple[str, ...]
    tags: tuple[str, ...]
    made_by: str
    since: float
    until: float
    """0 = it does not end."""
    used_at: float


class Tokens:
    """The tokens of one home. Safe for threads."""

    def __init__(self, file: PeopleFile, now: Callable[[], float]) -> None:
        self._file, self._now = file, now

    def all(self) -> list[Token]:
        """All tokens, newest first."""
        found = self._file.rows(
            "SELECT id, name, roles, tags, made_by, since, until, used_at FROM token ORDER BY id DESC"
        )
        return [
            Token(
                id=id, name=name, roles=tuple(json.loads(roles)), tags=tuple(json.loads(tags)), made_by=made_by,
                since=since, until=until, used_at=used_at,
            )
            for id, name, roles, tags, made_by, since, until, used_at in found
        ]  # fmt: skip

    def issue(
        self,
        name: str,
        roles: Collection[str],
        by: str,
        *,
        tags: Collection[str] = (),
        until: float = 0.0,
    ) -> str:
        """A new token's secret, shown this once. CommandError where the name or a role cannot be taken."""
        if not NAME.fullmatch(name):
            raise CommandError(
                "a name is 1 to 63 small letters, digits, dots and dashes: grafana"
            )
        known(roles)
        secret = "corridor_" + secrets.token_urlsafe(32)
        self._file.rows(
            "INSERT INTO token (name, secret, roles, tags, made_by, since, until, used_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            name, digest(secret), listed(roles), listed(tags), by, self._now(), until,
        )  # fmt: skip
        return secret

    def revoke(self, token: int) -> None:
        """A token is void from now on. CommandError where there is none of that number."""
        if not self._file.rows("DELETE FROM token WHERE id = ? RETURNING id", token):
            raise CommandError(f"there is no token {token}")

    def bearer(self, secret: str) -> Person | None:
        """Whose token it is; None where it is none, or has ended."""
        row = self._file.one(
            "SELECT id, name, roles, tags, until, used_at FROM token WHERE secret = ?",
            digest(secret),
        )
        now = self._now()
        if row is None or (row[4] and now > row[4]):
            return None
        if now > row[5] + NOTED:
            self._file.rows("UPDATE token SET used_at = ? WHERE id = ?", now, row[0])
        return msgspec.structs.replace(person_of(row[1], row[2], row[3]), token=row[0])
