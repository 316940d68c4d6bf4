"""Rights, and roles as sets of them. Deny by default: what nobody granted is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

import msgspec


class Right(StrEnum):
    """One thing that somebody may be allowed to do."""

    VIEW = "view"  #: see channels, messages without their content, queues and logs
    CONTENT = (
        "content"  #: see the content of messages and the values of keys; each look is audited
    )
    REPLAY = "replay"  #: send messages once more, resubmit what is quarantined
    EDIT = "edit_replay"  #: correct a copy of a message and send that
    OPERATE = (
        "operate"  #: hold, release, stop and start; discard, resend and declare deliveries
    )
    TABLES = "tables"  #: change data tables
    DEPLOY = "deploy"  #: reload channels
    USERS = "users"  #: people, tokens, roles
    AUDIT = "audit"  #: read and export the audit trail


_SUPPORT = frozenset({Right.VIEW, Right.CONTENT, Right.REPLAY, Right.OPERATE})

#: What each role may do.
ROLES: dict[str, frozenset[Right]] = {
    "viewer": frozenset({Right.VIEW}),
    "support": _SUPPORT,
    "analyst": _SUPPORT | {Right.EDIT, Right.TABLES, Right.DEPLOY},
    "steward": frozenset({Right.VIEW, Right.REPLAY, Right.TABLES}),
    "auditor": frozenset({Right.VIEW, Right.AUDIT}),
    "administrator": frozenset(Right),
}


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, or a program with a token, as the rest of the house sees them."""

    name: str
    rights: frozenset[Right] = frozenset()
    tags: frozenset[str] = frozenset()
    """Only channels with one of these tags; empty = all channels."""
    token: int = 0
    """The number of the token that was shown; 0 = a person at a browser or a keyboard."""

    def may(self, right: Right, tags: Iterable[str] | None = None) -> bool:
        """
        Whether they may do something; with `tags`, to a channel that has these.

        >>> nurse = Person(name="n", rights=frozenset({Right.VIEW}), tags=frozenset({"lab"}))
        >>> nurse.may(Right.VIEW), nurse.may(Right.VIEW, ["erp"]), nurse.may(Right.REPLAY)
        (True, False, False)
        """
        if right not in self.rights:
            return False
        return tags is None or not self.tags or not self.tags.isdisjoint(tags)


def rights_of(roles: Collection[str]) -> frozenset[Right]:
    """
    What these roles may do together; LookupError, naming the roles there are, where one is unknown.

    >>> sorted(rights_of(["viewer", "auditor"]))
    [<Right.AUDIT: 'audit'>, <Right.VIEW: 'view'>]
    """
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise LookupError(f"there is no role '{unknown[0]}'; there are: {', '.join(ROLES)}")
    return frozenset().union(*(ROLES[role] for role in roles))
