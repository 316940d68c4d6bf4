"""One file through the steps of `unpack:`, outermost first. Blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.errors import MessageError, Misconfigured
from engine.packing import PIECE, Content, Member, gzip, pgp, zip
from engine.packing.settings import OpenPgp, Unpacking
from engine.settings import Secret

#: Endings that say how a file is packed, and go with it.
_ENDINGS = re.compile(r"\.(pgp|gpg|asc|gz|gzip|sig)$", re.IGNORECASE)


def unpacked(
    name: str, content: Content, steps: Sequence[Unpacking], longest: int, home: Path
) -> list[Member]:
    """
    The members of a file, in order. `longest` is how many bytes one of them may have.

    All of it has been looked through when it returns: MessageError where a part cannot be opened, and then nothing is
    taken; Misconfigured where a key of ours is missing or cannot be used.
    """
    members = [_whole(name, content)]
    first: Content | None = content
    for step in steps:
        opened: list[Member] = []
        for member in members:
            inner = first if first is not None else _bytes(member, longest)
            opened += _opened(step, member.name, inner, longest, home)
        members, first = opened, None
    return members


def bare(name: str) -> str:
    """
    The name without the ending that says how it is packed.

    >>> bare("orders.csv.pgp"), bare("orders.csv"), bare(".pgp")
    ('orders.csv', 'orders.csv', '.pgp')
    """
    return _ENDINGS.sub("", name) or name


def _opened(
    step: Unpacking, name: str, content: Content, longest: int, home: Path
) -> list[Member]:
    if step.zip is not None:
        return zip.opened(content, step.zip, longest)
    if step.gzip is not None:
        return gzip.opened(content, bare(name), longest)
    assert step.pgp is not None
    body = _decrypted(step.pgp, _all(content), longest, home)
    return [_whole(bare(name), body)]


def _decrypted(settings: OpenPgp, content: bytes, longest: int, home: Path) -> bytes:
    passphrase = revealed(settings.passphrase, home).decode().strip()
    key, signers = revealed(settings.key, home), revealed(settings.signed_by, home)
    return pgp.opened(content, key, passphrase, signers, longest)


def revealed(secret: Secret | None, home: Path) -> bytes:
    """A key as it stands in its file or variable, read anew each time so that a new one counts at once; empty = none."""
    if secret is None:
        return b""
    try:
        return (
            (home / secret.file).read_bytes() if secret.file else secret.reveal(home).encode()
        )
    except OSError as error:
        raise Misconfigured("no key", f"cannot read {secret.file}: {error.strerror}") from None
    except LookupError as error:
        raise Misconfigured("no key", str(error.args[0])) from None


def _whole(name: str, content: Content) -> Member:
    size = len(content) if isinstance(content, bytes) else content.seek(0, 2)
    return Member(name, size, lambda: _pieces(content))


def _pieces(content: Content) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    content.seek(0)
    while piece := content.read(PIECE):
        yield piece


def _all(content: Content) -> bytes:
    return content if isinstance(content, bytes) else b"".join(_pieces(content))


def _bytes(member: Member, longest: int) -> bytes:
    if member.size > longest:
        raise MessageError(
            "archive_too_large", "a member is longer than max_size of the source"
        )
    return b"".join(member.read())
