"""
One file per delivery, there whole or not at all, and once however often the delivery is sent.

The bytes go to a draft, `.KEY.part`, and onto the disk; a mark, `.KEY.sent`, says that the draft is whole; then
the draft gets its name, and the folder is put on the disk. A delivery sent again after a crash goes on where it
stopped: mark and draft = it has no name yet; mark alone = it has been published, whoever took it since. The mark
is taken away when the outcome is durable in the store.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from engine.connectors.file.disk import place, place_numbered, sync_folder, write_synced


def publish(target: Path, key: str, payload: bytes, exists: str) -> None:
    """
    Publish a delivery's bytes under a name; `exists` says what to do where the name is taken: `refuse`
    (FileExistsError), `number` or `overwrite`. OSError where the folder is missing, full or read-only.
    """
    draft, mark = _draft(target.parent, key), _mark(target.parent, key)
    if not mark.exists():
        write_synced(draft, payload)
        os.close(os.open(mark, os.O_CREAT | os.O_WRONLY, 0o640))
    elif not draft.exists():
        return
    try:
        _name(draft, target, exists)
    except FileExistsError:
        mark.unlink(missing_ok=True)
        draft.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def settle(folder: Path, key: str) -> None:
    """The outcome is durable: forget the delivery."""
    _mark(folder, key).unlink(missing_ok=True)


def _name(draft: Path, target: Path, exists: str) -> None:
    if exists == "overwrite":
        os.replace(draft, target)
    elif exists == "number":
        place_numbered(draft, target)
    else:
        place(draft, target)


def _draft(folder: Path, key: str) -> Path:
    return folder / f".{_safe(key)}.part"


def _mark(folder: Path, key: str) -> Path:
    return folder / f".{_safe(key)}.sent"


def _safe(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "_", key)
