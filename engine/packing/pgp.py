"""
Encrypted and signed files (OpenPGP, RFC 9580), by Sequoia: old ciphers, hashes and messages without integrity protection
are refused by its policy.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pysequoia
from pysequoia.packet import PacketPile, Tag

from engine.errors import MessageError, Misconfigured

_ENCRYPTED = (Tag.PKESK, Tag.SKESK, Tag.SEIP, Tag.SED, Tag.AED)
#: What the library's words for a refusal begin with, and what they mean; its other words are not shown.
_REASONS = {
    "No key to decrypt": ("pgp_not_for_us", "the file is encrypted for another key than ours"),
    "Missing session key": (
        "pgp_not_for_us",
        "the file is encrypted for another key than ours",
    ),
    "Signature verification": (
        "pgp_not_signed",
        "the file is not signed by the partner's key, or was changed since",
    ),
    "Policy rejected": ("pgp_unsafe", "the file is encrypted in a way that is no longer safe"),
}


def opened(
    content: bytes, key: bytes, passphrase: str, signed_by: bytes, longest: int
) -> bytes:
    """
    What was encrypted, signed, or both. Empty `key` = it is signed only; empty `signed_by` = nobody asks who signed it.

    MessageError where it is no such message, for somebody else, unprotected, wrongly signed or longer than `longest`
    bytes; Misconfigured where a key of ours cannot be used. No word of it says what is inside.
    """
    tags = _tags(content)
    if Tag.SED in tags:
        why = "the file is encrypted without integrity protection (MDC), so that anybody could have changed it"
        raise MessageError("pgp_unsafe", why)
    if bool(key) != any(tag in _ENCRYPTED for tag in tags):
        raise MessageError("pgp_not_encrypted", _unexpected(bool(key)))
    store = _store(signed_by)
    try:
        if key:
            decryptor = _private(key).decryptor(*_with(passphrase))
    except RuntimeError:
        raise _no_key("it has no part that decrypts and is valid today") from None
    try:
        found = (
            pysequoia.decrypt(content, decryptor=decryptor, store=store)
            if key
            else pysequoia.verify(content, store=store)
        )
    except RuntimeError as error:
        raise _refusal(str(error)) from None
    body: bytes = found.bytes or b""
    if len(body) > longest:
        raise MessageError("archive_too_large", "the file is too long when it is opened")
    return body


def _tags(content: bytes) -> list[Any]:
    if content.lstrip()[:34] == b"-----BEGIN PGP SIGNED MESSAGE-----":
        return [Tag.Literal]
    try:
        return [packet.tag for packet in PacketPile.from_bytes(content)]
    except RuntimeError:
        raise MessageError("pgp_damaged", "the file is no OpenPGP message, or is cut") from None


def _unexpected(wanted: bool) -> str:
    if wanted:
        return "the file is not encrypted, though the channel expects it to be"
    return "the file is encrypted, and the channel names no key that opens it"


def _refusal(words: str) -> MessageError:
    print("RAW", words[:300], flush=True)
    for begin, (code, why) in _REASONS.items():
        if words.startswith(begin):
            return MessageError(code, why)
    return MessageError("pgp_damaged", "the file is damaged")


# -- keys ----------------------------------------------------------------------------------------------------


def _no_key(why: str) -> Misconfigured:
    return Misconfigured(
        "no key", f"our private key cannot be used: its passphrase is another, or {why}"
    )


def _private(key: bytes) -> pysequoia.Tsk:
    try:
        return pysequoia.Tsk.from_bytes(key)
    except RuntimeError:
        raise Misconfigured(
            "no key", "our private key cannot be read: it is no OpenPGP private key"
        ) from None


def _with(passphrase: str) -> tuple[str, ...]:
    return (passphrase,) if passphrase else ()


def _public(keys: bytes, whose: str) -> list[pysequoia.Cert]:
    try:
        found = pysequoia.Cert.split_bytes(keys)
    except RuntimeError:
        found = []
    if not found:
        raise Misconfigured("no key", f"{whose} cannot be read: it is no OpenPGP public key")
    return found


def _store(signed_by: bytes) -> Any:
    if not signed_by:
        return None
    known = _public(signed_by, "the key under signed_by")
    return lambda _: known


def sealed(
    content: bytes,
    encrypt_to: bytes,
    sign_with: bytes,
    passphrase: str,
    armored: bool,
    now: float,
) -> bytes:
    """
    Encrypted for every key of `encrypt_to`, with integrity protection, and signed where `sign_with` is not empty. `now` is
    the wall clock. Misconfigured where a key cannot be used.
    """
    recipients = _public(encrypt_to, "the partner's key")
    for each in recipients:
        _check(each, datetime.fromtimestamp(now, UTC))
    try:
        signer = _private(sign_with).signer(*_with(passphrase)) if sign_with else None
    except RuntimeError:
        raise _no_key("it has no part that signs and is valid today") from None
    try:
        return pysequoia.encrypt(content, recipients=recipients, signer=signer, armor=armored)
    except RuntimeError:
        detail = "the partner's key has no part that one may encrypt to"
        raise Misconfigured("no key", detail) from None


def _check(recipient: pysequoia.Cert, now: datetime) -> None:
    if recipient.is_revoked:
        raise Misconfigured("no key", "the partner has revoked its key; ask for the new one")
    if recipient.expiration is not None and recipient.expiration <= now:
        raise Misconfigured(
            "no key",
            f"the partner's key expired on {recipient.expiration:%Y-%m-%d}; ask for the new one",
        )
