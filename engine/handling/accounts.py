"""What is done about accounts and tokens, by page, API and terminal: each change is recorded before it is made."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection

from engine.people.directory import Directory

#: Writes an audit record: action, what, reason.
Record = Callable[[str, str, str], None]


class Accounts:
    """Changes accounts and tokens in somebody's name."""

    def __init__(self, directory: Directory, record: Record, by: str) -> None:
        self._directory, self._record, self._by = directory, record, by

    def add(self, name: str, roles: Collection[str], tags: Collection[str] = ()) -> str:
        """A new account; its first password, to be handed over and changed by them. CommandError where it cannot be."""
        made = password()
        self._record("add_person", f"person {name[:100]}", _said(roles, tags))
        self._directory.add(name, made, roles, tags)
        return made

    def change(
        self,
        name: str,
        *,
        roles: Collection[str] | None = None,
        tags: Collection[str] | None = None,
        disabled: bool | None = None,
        new_password: bool = False,
    ) -> str:
        """Change an account; what is None stays, and its sessions end. The new first password, empty where none is wanted."""
        made = password() if new_password else ""
        ends = "" if disabled is None else "shut out" if disabled else "let in again"
        said = [_said(roles, tags), ends, "new password" if made else ""]
        self._record("change_person", f"person {name[:100]}", "; ".join(filter(None, said)))
        self._directory.change(
            name, roles=roles, tags=tags, disabled=disabled, password=made or None
        )
        return made

    def issue(
        self, name: str, roles: Collection[str], tags: Collection[str] = (), until: float = 0.0
    ) -> str:
        """A new token's secret; `until` is when it ends, 0 = never."""
        self._record("issue_token", f"token {name[:100]}", _said(roles, tags))
        return self._directory.tokens.issue(name, roles, self._by, tags=tags, until=until)

    def revoke(self, token: int) -> None:
        """A token is void. CommandError where there is none of that number."""
        self._record("revoke_token", f"token {token}", "")
        self._directory.tokens.revoke(token)


def password() -> str:
    """
    A first password that can be read over the telephone: 97 bits.

    >>> len(password())
    24
    """
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(5))


def _said(roles: Collection[str] | None, tags: Collection[str] | None) -> str:
    said = [] if roles is None else ["roles " + ", ".join(roles)]
    if tags is not None:
        said.append("tags " + (", ".join(tags) or "none: all channels"))
    return "; ".join(said)[:300]
