"""What a file system is asked to do so that it still holds after a power cut."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_synced(path: Path, content: bytes) -> None:
    """
    Write a new file in the place of whatever has the name, and put its bytes on the disk; not yet its name.

    Never through the old name: after a crash inside `place` it may be a second name of a file that is in use.
    """
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with open(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)


def numbered(path: Path) -> Iterator[Path]:
    """
    The path, then the path with `_2`, `_3` before its ending.

    >>> names = numbered(Path("out/a.csv")); next(names).name, next(names).name
    ('a.csv', 'a_2.csv')
    """
    yield path
    for number in range(2, 1_000_000):
        yield path.with_name(f"{path.stem}_{number}{path.suffix}")


def place(path: Path, target: Path) -> None:
    """
    Give a file its name, without ever replacing another. FileExistsError where the name is taken.

    Done again after a crash half way, it ends as if done once.
    """
    try:
        os.link(path, target)
    except FileExistsError:
        if not os.path.samestat(os.stat(path), os.stat(target)):
            raise
    except OSError as error:  # a file system without hard links
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK):
            raise
        if target.exists():
            raise FileExistsError(errno.EEXIST, "exists") from None
        os.rename(path, target)
        return
    os.unlink(path)


def place_numbered(path: Path, target: Path) -> Path:
    """Give a file its name or the first free numbered one; the name it got."""
    for candidate in numbered(target):
        try:
            place(path, candidate)
        except FileExistsError:
            continue
        return candidate
    raise FileExistsError(errno.EEXIST, "all numbered names exist")


def move_aside(path: Path, folder: Path) -> None:
    """Move a file into a folder under a free name, also onto another disk. Gone already = done."""
    try:
        place_numbered(path, folder / path.name)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = folder / f".{path.name}.part"
        copy.unlink(missing_ok=True)
        shutil.copy2(path, copy)
        with copy.open("rb") as file:
            os.fsync(file.fileno())
        place_numbered(copy, folder / path.name)
        sync_folder(folder)
        path.unlink()
        return
    sync_folder(folder)
