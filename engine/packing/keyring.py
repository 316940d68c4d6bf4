"""
Keys where GnuPG finds them: one keyring for each set of keys, in memory where the machine has a file system for that, made
when it is first needed and gone when the engine ends.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from engine.errors import Misconfigured

#: Where keyrings are, the first that exists: a file system in memory, so that a key from a variable is on no disk.
_PLACES = (Path("/dev/shm"), Path(tempfile.gettempdir()))
_PREFIX = "corridor-pgp-"
#: Keyrings at a time; the oldest goes when a rotated key brings a new one.
_MOST = 32
_TIMEOUT = 60.0

_alone = threading.Lock()
_rings: dict[bytes, Keyring] = {}


class Keyring(msgspec.Struct, frozen=True):
    """A folder of GnuPG's with just the keys of one setting."""

    home: Path
    ours: tuple[str, ...]
    """Fingerprints of our private keys."""
    theirs: tuple[str, ...]
    """Fingerprints of the partner's public keys."""

    def command(self, *words: str) -> list[str]:
        """GnuPG with this keyring, asking nobody and nothing."""
        return [
            "gpg", "--homedir", str(self.home), "--batch", "--no-tty", "--quiet", "--disable-dirmngr",
            "--no-auto-key-locate", "--trust-model", "always", "--pinentry-mode", "loopback", *words,
        ]  # fmt: skip


def keyring(ours: bytes, theirs: bytes, passphrase: str) -> Keyring:
    """
    The keyring with these keys. Misconfigured where one is none, or GnuPG is not there. Blocks.

    GnuPG remembers for a while that a passphrase opened a key: so that another one is not taken for it, each has its own.
    """
    name = hashlib.sha256(
        b"\0".join(_hash(each) for each in (ours, theirs, passphrase.encode()))
    ).digest()
    with _alone:
        found = _rings.get(name)
        if found is None or not found.home.exists():
            if not _rings:
                _sweep()
                atexit.register(close)
            while len(_rings) >= _MOST:
                _end(_rings.pop(next(iter(_rings))))
            found = _rings[name] = _made(ours, theirs)
    return found


def _hash(part: bytes) -> bytes:
    return hashlib.sha256(part).digest()


def close() -> None:
    """End every keyring."""
    while _rings:
        _end(_rings.popitem()[1])


def _made(ours: bytes, theirs: bytes) -> Keyring:
    if shutil.which("gpg") is None:
        raise Misconfigured("no gpg", "GnuPG is not installed on this machine (Debian: gnupg)")
    place = next(place for place in _PLACES if os.access(place, os.W_OK))
    home = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    empty = Keyring(home, (), ())
    try:
        mine = _imported(empty, ours, "our private key", "IMPORT_OK 17", "IMPORT_OK 16")
        partners = _imported(empty, theirs, "the partner's public key", "IMPORT_OK")
    except BaseException:
        _end(empty)
        raise
    return Keyring(home, mine, partners)


def _imported(ring: Keyring, keys: bytes, whose: str, *signs: str) -> tuple[str, ...]:
    """The fingerprints of keys that were put into the ring, by the status lines that tell of them."""
    if not keys:
        return ()
    command = ring.command("--status-fd", "1", "--import")
    try:
        run = subprocess.run(
            command, input=keys, capture_output=True, check=False, timeout=_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired):
        raise Misconfigured("no gpg", "GnuPG did not answer") from None
    lines = [
        line.removeprefix("[GNUPG:] ")
        for line in run.stdout.decode("utf-8", "replace").splitlines()
    ]
    found = [line.split()[2] for line in lines if line.startswith(signs)]
    if not found:
        raise Misconfigured("no key", f"{whose} cannot be read: it is no such OpenPGP key")
    return tuple(dict.fromkeys(found))


def _end(ring: Keyring) -> None:
    kill = ["gpgconf", "--homedir", str(ring.home), "--kill", "all"]
    with suppress(
        OSError, subprocess.TimeoutExpired
    ):  # it ends by itself when its folder is gone
        subprocess.run(kill, capture_output=True, check=False, timeout=_TIMEOUT)
    shutil.rmtree(ring.home, ignore_errors=True)


def _sweep() -> None:
    """End what an engine that was killed has left."""
    left = [path for place in _PLACES for path in place.glob(f"{_PREFIX}*")]
    for path in left:
        number = path.name.removeprefix(_PREFIX).partition("-")[0]
        if number.isdigit() and not _lives(int(number)) and path.stat().st_uid == os.geteuid():
            _end(Keyring(path, (), ()))


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
