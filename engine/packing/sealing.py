"""One payload through the steps of `pack:`, innermost first. Blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from engine.packing import gzip, pgp, zip
from engine.packing.opening import bare, revealed
from engine.packing.settings import MakePgp, Packing

_ZIP = re.compile(r"\.zip$", re.IGNORECASE)


def packed(name: str, payload: bytes, steps: Sequence[Packing], home: Path) -> bytes:
    """The bytes of the file that gets the name. Misconfigured where a key cannot be used."""
    for step in steps:
        if step.zip is not None:
            payload = zip.made(payload, member_name(name))
        elif step.gzip is not None:
            payload = gzip.made(payload)
        else:
            assert step.pgp is not None
            payload = _encrypted(step.pgp, payload, home)
    return payload


def member_name(name: str) -> str:
    """
    What a file is called inside its archive.

    >>> member_name("claims.837.zip.pgp"), member_name("claims.zip"), member_name("claims")
    ('claims.837', 'claims', 'claims')
    """
    while (shorter := bare(name)) != name:
        name = shorter
    return _ZIP.sub("", name) or name


def _encrypted(settings: MakePgp, payload: bytes, home: Path) -> bytes:
    passphrase = revealed(settings.passphrase, home).decode().strip()
    to, ours = revealed(settings.encrypt_to, home), revealed(settings.sign_with, home)
    return pgp.sealed(payload, to, ours, passphrase, settings.armored)
