"""What lies in a folder of a partner's server, and where a taken file goes. Blocks; links are never followed."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress

import paramiko

from engine.connectors.sftp.session import Session
from engine.errors import Misconfigured
from engine.folders import DEEPEST, MOST, Listing
from engine.wire.pickup import Sight, is_name, is_open

#: Numbers that are tried for a name that is taken.
_NUMBERS = 1000


def look(session: Session, folder: str, deep: bool, passed_over: set[str]) -> Listing:
    """
    The files of a folder, and with `deep` of the folders in it; `passed_over` are those not to look into. Misconfigured
    where the folder is missing or may not be read.
    """
    found = Listing([], set())
    try:
        for at, one in _entries(session, folder, "", deep, passed_over):
            if len(found.names) >= MOST:
                return Listing(found.files, found.names, cut=True)
            found.names.add(at)
            if stat.S_ISREG(one.st_mode or 0):
                found.files.append(sight(at, one))
    except FileNotFoundError:
        missing = f"the folder does not exist on the server (folder: {folder})"
        raise Misconfigured("no folder", missing) from None
    except PermissionError:
        raise Misconfigured(
            "no folder", f"the folder may not be read (folder: {folder})"
        ) from None
    return found


def sight(name: str, found: paramiko.SFTPAttributes) -> Sight:
    """How a file looks; SFTP tells whole seconds."""
    return Sight(name=name, size=found.st_size or 0, modified=(found.st_mtime or 0) * 10**9)


def _entries(
    session: Session, root: str, below: str, deep: bool, passed_over: set[str]
) -> Iterator[tuple[str, paramiko.SFTPAttributes]]:
    with session.asking() as sftp:
        entries = sftp.listdir_attr(joined(root, below))
    for one in entries:
        if not is_name(one.filename):
            continue
        at = f"{below}/{one.filename}" if below else one.filename
        yield at, one
        inside = deep and stat.S_ISDIR(one.st_mode or 0) and is_open(one.filename)
        if inside and at.count("/") < DEEPEST and joined(root, at) not in passed_over:
            with suppress(FileNotFoundError, PermissionError):  # gone, or not ours
                yield from _entries(session, root, at, deep, passed_over)


def joined(folder: str, name: str) -> str:
    """
    A path below a folder, or one of its own where it begins with a slash.

    >>> joined("in", "a"), joined("in", "/done"), joined("/", "a"), joined("in", "")
    ('in/a', '/done', '/a', 'in')
    """
    if name.startswith("/") or not name:
        return name or folder
    return f"{folder.rstrip('/')}/{name}"


def put_away(session: Session, path: str, target: str) -> None:
    """Move a taken file to a free name, making the folder. Gone already = done. PermissionError, OSError as the server says."""
    try:
        _rename(session, path, target)
        return
    except FileNotFoundError:
        if not exists(session, path):
            return
    except OSError:
        if not exists(session, path):
            return
        if not exists(session, target) and exists(session, target.rpartition("/")[0]):
            raise
    make_folder(session, target.rpartition("/")[0])
    free = next((name for name in numbered(target) if not exists(session, name)), None)
    if free is None:
        raise OSError("all numbered names exist")
    _rename(session, path, free)


def _rename(session: Session, path: str, target: str) -> None:
    with session.asking() as sftp:
        sftp.rename(path, target)


def make_folder(session: Session, folder: str) -> None:
    """Make a folder and those above it where they are missing."""
    if not folder or folder == "/" or exists(session, folder):
        return
    make_folder(session, folder.rpartition("/")[0])
    try:
        with session.asking() as sftp:
            sftp.mkdir(folder, 0o750)
    except OSError:
        if not exists(session, folder):  # nobody else made it meanwhile
            raise


def remove(session: Session, path: str) -> None:
    """Delete a file; gone already = done."""
    with suppress(FileNotFoundError), session.asking() as sftp:
        sftp.remove(path)


def exists(session: Session, path: str) -> bool:
    """Whether there is anything of that name."""
    return size(session, path) is not None


def size(session: Session, path: str) -> int | None:
    """The size of what has that name; None where nothing has."""
    try:
        with session.asking() as sftp:
            return sftp.lstat(path).st_size or 0
    except FileNotFoundError:
        return None


def numbered(path: str) -> Iterator[str]:
    """
    The path, then the path with `_2`, `_3` before its ending.

    >>> names = numbered("out/a.csv"); next(names), next(names)
    ('out/a.csv', 'out/a_2.csv')
    """
    yield path
    folder, slash, name = path.rpartition("/")
    stem, dot, ending = name.rpartition(".") if "." in name[1:] else (name, "", "")
    for number in range(2, _NUMBERS):
        yield f"{folder}{slash}{stem}_{number}{dot}{ending}"
