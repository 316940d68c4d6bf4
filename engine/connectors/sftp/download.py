"""One file of a partner's server, read whole. Blocks; a large one goes through a nameless file of the home."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import paramiko

from engine.connectors.sftp.listing import joined, sight
from engine.connectors.sftp.session import Session
from engine.folders import Chunks, Content
from engine.message import LARGE
from engine.wire.pickup import Sight

_PIECE = 32 * 1024
#: Pieces asked for at once: what is held in memory of a large file.
_AHEAD = 64


def download(session: Session, folder: str, seen: Sight, home: Path) -> Content | None:
    """The content; None where the file no longer looks as it did. FileNotFoundError, PermissionError, OSError as the server says."""
    digest = hashlib.blake2b(digest_size=16)
    body: bytes | Chunks = b""
    whole = False
    try:
        with session.asking() as sftp, sftp.open(joined(folder, seen.name), "rb", 0) as file:
            if seen.size <= LARGE:
                body = _small(file, seen.size)
                digest.update(body)
            else:
                body = _large(file, seen.size, digest, home)
            after = file.stat()
        whole = sight(seen.name, after) == seen
    finally:
        if not whole and isinstance(body, Chunks):
            body.close()
    return Content(body, digest.digest()) if whole else None


def _small(file: paramiko.SFTPFile, size: int) -> bytes:
    pieces, left = [], size
    while left and (piece := file.read(min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _large(file: paramiko.SFTPFile, size: int, digest: hashlib.blake2b, home: Path) -> Chunks:
    draft = tempfile.TemporaryFile(dir=home)  # noqa: SIM115 (closed by whoever reads it)
    try:
        for start in range(0, size, _AHEAD * _PIECE):
            end = min(size, start + _AHEAD * _PIECE)
            wanted = [(at, min(_PIECE, end - at)) for at in range(start, end, _PIECE)]
            for piece in file.readv(wanted):
                digest.update(piece)
                draft.write(piece)
        draft.flush()
    except BaseException:
        draft.close()
        raise
    return Chunks(draft)
