"""What lies in a folder, and in the folders in it. Links are never followed: they lead out of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from engine.folders import DEEPEST, MOST, Listing
from engine.wire.file_names import decoded, encoded
from engine.wire.pickup import Sight, is_open


def look(folder: Path, deep: bool, away: set[Path]) -> Listing:
    """
    Every regular file and every name, by their path from the folder; with `deep` also in the folders in it, but not in
    those `away`. OSError, naming the folder, where it is missing or may not be read.
    """
    seen: list[Sight] = []
    names: set[str] = set()
    try:
        _look(folder, "", seen, names, away if deep else None)
    except FileNotFoundError:
        raise OSError(errno.ENOENT, f"the folder {folder} does not exist") from None
    except PermissionError:
        raise OSError(errno.EACCES, f"the folder {folder} may not be read") from None
    return Listing(seen, names, cut=len(names) >= MOST)


def _look(
    folder: Path, below: str, seen: list[Sight], names: set[str], passed_over: set[Path] | None
) -> None:
    """`passed_over` are the folders not to look into; None = none is looked into."""
    inside: list[str] = []
    with os.scandir(real(folder, below)) as entries:
        for entry in entries:
            said = decoded(os.fsencode(entry.name))
            name = f"{below}/{said}" if below else said
            if len(names) >= MOST:
                return
            names.add(name)
            if entry.is_file(follow_symlinks=False):
                sight = sight_of(name, entry.path)
                seen += [sight] if sight is not None else []
            elif passed_over is not None and _leads_in(entry, real(folder, name), passed_over):
                inside.append(name)
    for name in inside:
        if name.count("/") < DEEPEST:
            try:
                _look(folder, name, seen, names, passed_over)
            except (FileNotFoundError, PermissionError):  # gone, or not ours
                continue


def _leads_in(entry: os.DirEntry[str], path: Path, passed_over: set[Path]) -> bool:
    inside = entry.is_dir(follow_symlinks=False)
    return inside and is_open(entry.name) and path not in passed_over


def real(folder: Path, name: str) -> Path:
    """The path of what a look has named."""
    return folder / os.fsdecode(encoded(name))


def sight_of(name: str, path: str) -> Sight | None:
    """How a file looks; None where it was taken away meanwhile."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Sight(name=name, size=found.st_size, modified=found.st_mtime_ns, inode=found.st_ino)
