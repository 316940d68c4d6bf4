"""The signed statement of a SMART backend service, and the public half of the key that signs it."""

from __future__ import annotations

import secrets
import warnings
from typing import Any

import msgspec
from joserfc import jwk, jwt
from joserfc.errors import JoseError, SecurityWarning

#: Seconds a statement is good for; servers take none that lasts longer than five minutes.
GOOD_FOR = 240
#: Bits of an RSA key at least (RFC 7518 section 3.3).
LEAST_BITS = 2048
#: What signs, by kind of key. joserfc refuses both unless they are named.
ALGORITHMS = {"RSA": "RS384", "EC": "ES384"}

Key = jwk.RSAKey | jwk.ECKey


def read_key(text: str, algorithm: str = "") -> tuple[Key, str]:
    """
    A private key in PEM or JWK form, and the algorithm it signs by. LookupError, saying what is wrong with it, where it
    cannot sign as SMART demands: RS384 by RSA of 2048 bits or more, ES384 by P-384.
    """
    key = _imported(text)
    if isinstance(key, jwk.RSAKey) and key.public_key.key_size < LEAST_BITS:
        raise LookupError(f"the key is shorter than {LEAST_BITS} bits")
    if isinstance(key, jwk.ECKey) and key.curve_name != "P-384":
        raise LookupError("an EC key for ES384 lies on the curve P-384; this one does not")
    if not key.is_private:
        raise LookupError("this is the public half of a key; signing takes the private one")
    fitting = ALGORITHMS[key.key_type]
    if algorithm not in ("", fitting):
        raise LookupError(
            f"the key is of kind {key.key_type}, which signs by {fitting}, not {algorithm}"
        )
    return key, fitting


def _imported(text: str) -> Key:
    try:
        found = msgspec.json.decode(text) if text.lstrip().startswith("{") else None
    except msgspec.DecodeError:
        raise LookupError("the key is neither PEM nor JWK") from None
    if isinstance(found, dict) and isinstance(found.get("keys"), list) and found["keys"]:
        found = found["keys"][0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # a short key is told by read_key
        for kind in (jwk.RSAKey, jwk.ECKey):
            try:
                return kind.import_key(found if isinstance(found, dict) else text)
            except (JoseError, ValueError, TypeError, KeyError):
                continue
    raise LookupError("the key is neither an RSA nor an EC key in PEM (without a passphrase) or JWK form")  # fmt: skip


def statement(
    key: Key, algorithm: str, *, kid: str, client_id: str, audience: str, now: float
) -> str:
    """A new statement (RFC 7523) that `client_id` asks for a token at `audience`; no two have the same number."""
    header = {"alg": algorithm, "kid": kid or key.thumbprint(), "typ": "JWT"}
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "exp": int(now) + GOOD_FOR,
        "jti": secrets.token_urlsafe(24),
    }
    return jwt.encode(header, claims, key, algorithms=[algorithm])


def public_set(text: str, kid: str = "") -> bytes:
    """What the partner is given of our key: a JSON Web Key Set with its public half. LookupError as `read_key`."""
    key, algorithm = read_key(text)
    public: dict[str, Any] = dict(key.as_dict(private=False))
    public |= {"kid": kid or key.thumbprint(), "alg": algorithm, "use": "sig"}
    public["key_ops"] = ["verify"]
    return msgspec.json.format(msgspec.json.encode({"keys": [public]}), indent=2)
