"""The standards as data: the files of `x12/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "x12"


def content(name: str) -> Any:
    """A file of the folder."""
    return read((FOLDER / f"{name}.yaml").read_text("utf-8"))


def read(text: str) -> Any:
    """A file's text."""
    return yaml.load(text, Loader=yaml.CSafeLoader)
