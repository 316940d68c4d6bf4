"""
Messages of EDIFACT as data: a folder for each directory (`D96A/ORDERS.yaml`), and service messages beside them (`CONTRL.yaml`).

A directory that has no folder is read by the nearest that has one: 93A to 98B by D96A, from 99A on by D01B. Only a
directory of its own is checked to the letter.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import msgspec

from engine.edi.data import read
from engine.edi.edifact.words import FOLDER, LATEST, dictionary
from engine.edi.maps import Guide, Head, LoopPart, item

_RELEASE = re.compile(r"[A-Z]?\.?(\d\d)[ABC]?")
_FILES = ("elements", "segments", "charsets")


@cache
def files() -> dict[str, dict[str, Path]]:
    """Messages by name, and their files by directory; that of a service message has no name."""
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(FOLDER.glob("**/*.yaml")):
        if path.stem not in _FILES:
            directory = path.parent.name if path.parent != FOLDER else ""
            found.setdefault(path.stem, {})[directory] = path
    return found


@cache
def guide(path: Path) -> Guide:
    """A map, read once."""
    from engine.edi.edifact import DIALECT  # noqa: PLC0415

    head, _, items = path.read_text("utf-8").partition("\nof:")
    made = [item(node, {}) for node in read(items)]
    root = LoopPart("UNH", True, 0, [item("UNH! 1", {}), *made, item("UNT! 1", {})])
    root.deepen()
    directory = path.parent.name if path.parent != FOLDER else LATEST
    return Guide(msgspec.convert(read(head), Head), root, DIALECT, dictionary(directory))


@cache
def resolve(name: str, version: str) -> tuple[Guide | None, bool]:
    """
    The map of a message by UNH02-1 and the directory of UNH02-2 and UNH02-3, and whether it describes that one exactly.

    >>> resolve("ORDERS", "D97A")[1], resolve("ORDERS", "D96A")[1], resolve("IFTMIN", "D96A")
    (False, True, (None, False))
    """
    there = files().get(name, {})
    if "" in there:
        found = guide(there[""])
        return found, True
    if version in there:
        return guide(there[version]), True
    return (guide(there[_nearest(version)]), False) if there else (None, False)


def _nearest(version: str) -> str:
    said = _RELEASE.fullmatch(version)
    year = int(said[1]) if said else 96
    return "D96A" if 80 <= year <= 98 else LATEST


def named(name: str) -> tuple[Guide, str]:
    """
    The map and the directory of `D96A/ORDERS`; `D.97A/ORDERS` is built by the nearest map, and says D97A.

    Raises LookupError, with what there is, where there is none.
    """
    version, _, wanted = name.replace(".", "").partition("/")
    there = files().get(wanted, {})
    if wanted and there and (_RELEASE.fullmatch(version) or version in there):
        found, _ = resolve(wanted, version)
        assert found is not None
        return found, version
    known = [f"{one}/{message}" for message, by in files().items() for one in by if one]
    service = [f"D96A/{message}" for message, by in files().items() if "" in by]
    raise LookupError(f"there is {', '.join(sorted(known) + service)}")
