"""
Encrypted and signed files (OpenPGP, RFC 9580), by GnuPG in a process of its own: a message of kilobytes that becomes
gigabytes ends there, and what it says of a message is read from its status lines, never from its words.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import IO

import msgspec

from engine.errors import MessageError, Misconfigured
from engine.packing import PIECE
from engine.packing.keyring import Keyring, keyring

#: Seconds that one file may take.
_TIMEOUT = 600.0
_STATUS = "[GNUPG:] "
#: SHA-1 is no signature any more.
_STRICT = ("--weak-digest", "SHA1")
#: Why a key of the partner cannot be encrypted to (GnuPG's DETAILS, INV_RECP).
_INVALID = {
    "4": "is revoked",
    "5": "has expired",
    "6": "cannot encrypt",
    "10": "is not trusted",
}


class _Outcome(msgspec.Struct, frozen=True):
    body: bytes
    status: dict[str, list[list[str]]]
    """The words of each status line, by its keyword."""


def opened(
    content: bytes, key: bytes, passphrase: str, signed_by: bytes, longest: int
) -> bytes:
    """
    What was encrypted, signed, or both. Empty `key` = it is signed only; empty `signed_by` = nobody asks who signed it.
    Blocks.

    MessageError where it is no such message, for somebody else, without integrity protection, wrongly signed or longer
    than `longest` bytes; Misconfigured where a key of ours cannot be used. No word of it says what is inside.
    """
    ring = keyring(key, signed_by, passphrase)
    words = (*_STRICT, "--max-output", str(longest + 1), "--decrypt")
    found = _asked(ring, words, content, passphrase, longest)
    said = found.status
    if key:
        _check_encryption(said, ring)
    elif "BEGIN_DECRYPTION" in said or "ENC_TO" in said:
        raise MessageError(
            "pgp_not_encrypted",
            "the file is encrypted, and the channel names no key that opens it",
        )
    if signed_by:
        _check_signature(said, ring)
    if "PLAINTEXT" not in said:
        raise _damaged()
    return found.body


def _check_encryption(said: dict[str, list[list[str]]], ring: Keyring) -> None:
    """What must be said of a message that was encrypted for us."""
    if "DECRYPTION_INFO" not in said:
        raise _not_opened(said, ring)
    protection = said["DECRYPTION_INFO"][0]
    if protection[0] == "0" and protection[2:3] in ([], ["0"]):
        why = "the file is encrypted without integrity protection (MDC), so that anybody could have changed it"
        raise MessageError("pgp_unsafe", why)
    if "DECRYPTION_OKAY" not in said:
        raise _damaged()


def _not_opened(said: dict[str, list[list[str]]], ring: Keyring) -> Exception:
    if "ENC_TO" not in said and "PLAINTEXT" in said:
        why = "the file is not encrypted, though the channel expects it to be"
        return MessageError("pgp_not_encrypted", why)
    if "ENC_TO" not in said:
        return _damaged()
    considered = {words[0] for words in said.get("KEY_CONSIDERED", [])}
    if considered & set(ring.ours):
        return Misconfigured(
            "no key", "the passphrase does not open our private key, or is missing"
        )
    return MessageError("pgp_not_for_us", "the file is encrypted for another key than ours")


def _check_signature(said: dict[str, list[list[str]]], ring: Keyring) -> None:
    made = {words[-1] for words in said.get("VALIDSIG", [])}
    if "GOODSIG" not in said or not made & set(ring.theirs) or "BADSIG" in said:
        why = "the file is not signed by the partner's key, or was changed since"
        raise MessageError("pgp_not_signed", why)


def _damaged() -> MessageError:
    return MessageError("pgp_damaged", "the file is no OpenPGP message, or is damaged")


def sealed(
    content: bytes, encrypt_to: bytes, sign_with: bytes, passphrase: str, armored: bool
) -> bytes:
    """
    Encrypted for every key of `encrypt_to`, with integrity protection, and signed where `sign_with` is not empty. Blocks.
    Misconfigured where a key cannot be used.
    """
    ring = keyring(sign_with, encrypt_to, passphrase)
    words = ["--encrypt", *(word for each in ring.theirs for word in ("--recipient", each))]
    if sign_with:
        words += ["--sign", "--local-user", ring.ours[0]]
    if armored:
        words += ["--armor"]
    found = _asked(ring, words, content, passphrase, 2 * len(content) + PIECE)
    if "END_ENCRYPTION" in found.status and bool(sign_with) == ("SIG_CREATED" in found.status):
        return found.body
    raise Misconfigured("no key", _unusable(found.status))


def _unusable(said: dict[str, list[list[str]]]) -> str:
    if "INV_RECP" in said:
        why = _INVALID.get(said["INV_RECP"][0][0], "has expired, is revoked or cannot encrypt")
        return f"the partner's key {why}; ask for the new one"
    if "INV_SGNR" in said:
        return "our private key cannot sign: it has expired or is revoked"
    return "our private key cannot be used: its passphrase is another, or is missing"


# -- the process -----------------------------------------------------------------------------------------------


def _asked(
    ring: Keyring, words: Iterable[str], content: bytes, passphrase: str, longest: int
) -> _Outcome:
    """What GnuPG makes of the content, and what it says. MessageError where more than `longest` bytes come."""
    reading, writing = os.pipe()
    command = ring.command("--status-fd", "2", "--passphrase-fd", str(reading), *words)
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=(reading,),
            env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except OSError:
        os.close(writing)
        raise Misconfigured("no gpg", "GnuPG cannot be started") from None
    finally:
        os.close(reading)
    with suppress(BrokenPipeError), open(writing, "wb") as file:
        file.write(passphrase.encode() + b"\n")
    return _talked(process, content, longest)


def _talked(process: subprocess.Popen[bytes], content: bytes, longest: int) -> _Outcome:
    assert (
        process.stdin is not None and process.stdout is not None and process.stderr is not None
    )
    lines: list[bytes] = []
    timer = threading.Timer(_TIMEOUT, process.kill)
    threads = [
        threading.Thread(target=_feed, args=(process.stdin, content)),
        threading.Thread(target=lines.extend, args=(process.stderr,)),
        timer,
    ]
    with process:
        for thread in threads:
            thread.start()
        body = _read(process.stdout, longest)
        if len(body) > longest:
            process.kill()
        for thread in threads[:2]:
            thread.join()
        timer.cancel()
    if len(body) > longest:
        raise MessageError("archive_too_large", "the file is too long when it is opened")
    return _Outcome(body, _status(lines))


def _feed(into: IO[bytes], content: bytes) -> None:
    with suppress(BrokenPipeError), into:
        into.write(content)


def _read(file: IO[bytes], longest: int) -> bytes:
    pieces, length = [], 0
    while length <= longest and (piece := file.read(PIECE)):
        pieces.append(piece)
        length += len(piece)
    return b"".join(pieces)


def _status(lines: list[bytes]) -> dict[str, list[list[str]]]:
    said: dict[str, list[list[str]]] = {}
    for line in lines:
        text = line.decode("utf-8", "replace")
        if text.startswith(_STATUS):
            keyword, *words = text.removeprefix(_STATUS).split()
            said.setdefault(keyword, []).append(words)
    return said
