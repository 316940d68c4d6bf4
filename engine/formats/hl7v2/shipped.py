"""The files of facts beside this module."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "data"


def content(name: str) -> bytes:
    """A file of `data/`."""
    return (_FOLDER / name).read_bytes()
