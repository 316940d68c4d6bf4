"""Passwords: argon2id (RFC 9106), and the wait that grows with wrong ones instead of locking anybody out."""

from __future__ import annotations

import unicodedata
from functools import cache

import argon2

from engine.errors import CommandError

#: Shortest password (NIST SP 800-63B-4, 3.1.1.2: at least 15 where it stands alone).
SHORTEST = 15
#: Longest one that is hashed, in characters.
LONGEST = 256
#: Wrong attempts that cost no wait.
FREE = 3
#: Longest wait, in seconds.
LONGEST_WAIT = 300.0


@cache
def _hasher() -> argon2.PasswordHasher:
    # 50 to 100 ms of one core, and memory that a small machine has twice (engine/web lets two in at a time).
    return argon2.PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)


def check(password: str, name: str) -> None:
    """CommandError, with what to do instead, where a password is too weak to be taken."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise CommandError(
            f"a password has at least {SHORTEST} characters; a few words with blanks between them are good"
        )
    if len(set(password)) < 6 or name.lower() in password.lower():
        raise CommandError("a password repeats neither one character nor the name")


def hashed(password: str) -> str:
    """The password as it is kept."""
    return _hasher().hash(_normal(password))


def fits(kept: str, password: str) -> bool:
    """Whether it is the password; takes as long where there is none to compare with (`kept` empty)."""
    try:
        return _hasher().verify(kept or _nobody(), _normal(password)[: 4 * LONGEST]) and bool(
            kept
        )
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """Whether it was hashed with less effort than is spent now."""
    return _hasher().check_needs_rehash(kept)


def warm() -> None:
    """Make what the first comparison with nobody's password would have to make."""
    _nobody()


def wait(wrong: int) -> float:
    """
    Seconds before the next attempt counts, after so many wrong ones in a row.

    >>> [wait(wrong) for wrong in (0, 3, 4, 5, 8, 100)]
    [0.0, 0.0, 2.0, 4.0, 32.0, 300.0]
    """
    return 0.0 if wrong <= FREE else min(LONGEST_WAIT, 2.0 ** min(wrong - FREE, 20))


@cache
def _nobody() -> str:
    return _hasher().hash("nobody has this password")


def _normal(password: str) -> str:
    """One keyboard's ü is another one's u with dots (NIST SP 800-63B-4, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
