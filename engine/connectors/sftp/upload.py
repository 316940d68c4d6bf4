"""
One delivery as one file on a partner's server. Blocks.

The bytes go to a temporary name that is the delivery's own, are counted there, and then get their name: the partner sees
the file whole or not at all. A rename whose answer was lost is looked up: what has lost its temporary name has got the other.
"""

from __future__ import annotations

from contextlib import suppress

from engine.connectors.sftp.listing import exists, numbered, remove, size
from engine.connectors.sftp.session import Session
from engine.connectors.sftp.writing import PIECE, write_all
from engine.errors import Misconfigured, Unavailable


class NameTaken(Exception):
    """A file of that name exists."""


def write(session: Session, draft: str, payload: bytes) -> None:
    """
    Write the temporary file, in the place of what an earlier attempt left. Misconfigured where the folder is missing or may
    not be written, Unavailable where the disk is full or fails; the partner has seen nothing.
    """
    try:
        with session.asking() as sftp, sftp.open(draft, "wb", 0) as file:
            write_all(sftp, file, payload)
        written = len(payload) <= PIECE or size(session, draft) == len(payload)
    except FileNotFoundError:
        missing = f"the folder does not exist on the server (folder: {_folder(draft)})"
        raise Misconfigured("not written", missing) from None
    except PermissionError:
        closed = f"the folder may not be written (folder: {_folder(draft)})"
        raise Misconfigured("not written", closed) from None
    except (OSError, EOFError):
        written = False
    if not written:
        _forget(session, draft)
        detail = "the server could not write the file: its disk may be full"
        raise Unavailable("not written", detail)


def _folder(draft: str) -> str:
    """The folder of the setting, for people; a lone dot is where the server lets us in."""
    return draft.rpartition("/")[0] or "."


def _forget(session: Session, draft: str) -> None:
    """A draft that could not be written takes no room."""
    with suppress(OSError), session.asking() as sftp:
        sftp.remove(draft)


def publish(session: Session, draft: str, target: str, exist: str) -> None:
    """
    Give the temporary file its name; `exist` says what to do where the name is taken: `refuse` (NameTaken), `number` or
    `overwrite`. Misconfigured, Unavailable where the server says no and the file still has its temporary name.
    """
    if exist == "overwrite":
        _replace(session, draft, target)
        return
    for name in numbered(target) if exist == "number" else [target]:
        if not exists(session, name) and _rename(session, draft, name):
            return
    _forget(session, draft)
    raise NameTaken


def _rename(session: Session, draft: str, target: str) -> bool:
    """Whether it got the name; False where somebody else took it meanwhile."""
    try:
        with session.asking() as sftp:
            sftp.rename(draft, target)
    except OSError as error:
        if exists(session, target):
            return not exists(session, draft)
        raise _refused(error) from None
    return True


def _replace(session: Session, draft: str, target: str) -> None:
    """In one step where the server can (posix-rename); else the old file goes first."""
    try:
        with session.asking() as sftp:
            sftp.posix_rename(draft, target)
        return
    except OSError:
        remove(session, target)
    try:
        with session.asking() as sftp:
            sftp.rename(draft, target)
    except OSError as error:
        raise _refused(error) from None


def _refused(error: OSError) -> Exception:
    if isinstance(error, FileNotFoundError | PermissionError):
        return Misconfigured(
            "not renamed", "the server does not let us rename files in the folder"
        )
    return Unavailable("not renamed", "the server could not rename the file")


def is_published(session: Session, draft: str) -> bool:
    """Whether a whole temporary file has got its name: it has lost the other."""
    return not exists(session, draft)
