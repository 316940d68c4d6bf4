"""Codes of an authenticator app: TOTP (RFC 6238) over HMAC-SHA-1, 30 seconds, six digits."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote

#: Seconds that a code holds; the one before and the one after are taken too.
PERIOD = 30
_DIGITS = 6


def new_secret() -> str:
    """A fresh secret of 160 bits, in base 32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code(secret: str, step: int) -> str:
    """
    The code of a step (RFC 4226, 5.3).

    >>> code(base64.b32encode(b"12345678901234567890").decode(), 59 // 30)
    '287082'
    """
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1)
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)


def step_of(secret: str, given: str, now: float, after: int) -> int | None:
    """
    The step whose code was given; None where it is none of now, or one that was used already (`after`).

    `now` is wall clock, seconds since 1970.
    """
    step = int(now) // PERIOD
    for near in (step, step - 1, step + 1):
        if near > after and hmac.compare_digest(
            code(secret, near).encode(), given.strip().encode()
        ):
            return near
    return None


def address(secret: str, person: str, installation: str) -> str:
    """What an app reads from the picture: `otpauth://totp/...`."""
    issuer = quote(installation or "Corridor")
    return f"otpauth://totp/{issuer}:{quote(person)}?secret={secret}&issuer={issuer}&period={PERIOD}"
