"""The data folder of a home: where it is, who owns it, and on which kind of disk it may lie."""

from __future__ import annotations

import ctypes
import fcntl
import os
from pathlib import Path

from engine.errors import StoreError, StoreInUse

#: File systems of other machines, by the `f_type` of statfs(2): locks and fsync are not to be relied on there.
NETWORK = {
    0x6969: "NFS",
    0xFF534D42: "CIFS",
    0xFE534D42: "SMB2",
    0x517B: "SMB",
    0x01021997: "9P",
    0x00C36400: "Ceph",
    0x5346414F: "AFS",
    0x6B414653: "AFS",
    0x013111A8: "IBRIX",
    0x0BD00BD0: "Lustre",
    0x47504653: "GPFS",
    0x7461636F: "OCFS2",
    0x01161970: "GFS2",
    0x65735546: "FUSE",
}


def data_folder(home: Path) -> Path:
    """`HOME/data`."""
    return home / "data"


def store_file(home: Path) -> Path:
    """`HOME/data/store.db`."""
    return home / "data" / "store.db"


def large_folder(home: Path) -> Path:
    """`HOME/data/large`: bodies over message.LARGE, each named by its digest."""
    return home / "data" / "large"


def prepare(home: Path) -> None:
    """Make the data folder, readable by its owner only. StoreError where the disk is another machine's."""
    for folder in (home, data_folder(home), large_folder(home)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    data_folder(home).chmod(0o700)  # also where somebody made it before
    kind = NETWORK.get(file_system(data_folder(home)))
    if kind is not None:
        raise StoreError(
            f"{data_folder(home)} lies on a network file system ({kind}), where locks and fsync cannot be"
            " relied on: move the home to a local disk"
        )


def file_system(path: Path) -> int:
    """The `f_type` of the file system that holds `path`; 0 where the platform does not tell."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "statfs"):
        return 0
    buffer = ctypes.create_string_buffer(512)
    if library.statfs(os.fsencode(path), buffer) != 0:
        return 0
    return ctypes.c_ulong.from_buffer(buffer).value & 0xFFFFFFFF


class Lock:
    """The exclusive lock of a home; let go when closed or when the process ends, however it ends."""

    def __init__(self, home: Path) -> None:
        """StoreInUse when another process has it."""
        self._file = os.open(
            data_folder(home) / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.pread(self._file, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise StoreInUse(
                f"{home} is in use by process {owner}: stop that one, or choose another home"
            ) from None
        os.truncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def close(self) -> None:
        """Let go."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def sync_folder(folder: Path) -> None:
    """Make what was created in or renamed into a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
