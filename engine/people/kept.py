"""How people and tokens are written into the file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection

from engine.errors import CommandError
from engine.people.rights import ROLES, Person, Right, rights_of

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def person_of(name: str, roles: str, tags: str) -> Person:
    known = [role for role in json.loads(roles) if role in ROLES]
    return Person(name=name, rights=rights_of(known), tags=frozenset(json.loads(tags)))


def known(roles: Collection[str]) -> frozenset[Right]:
    if not roles:
        raise CommandError(f"name at least one role; there are: {', '.join(ROLES)}")
    try:
        return rights_of(roles)
    except LookupError as error:
        raise CommandError(str(error)) from None


def listed(words: Collection[str]) -> str:
    return json.dumps(sorted(set(words)))


def digest(secret: str) -> bytes:
    """Secrets of 144 bits and more need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()
