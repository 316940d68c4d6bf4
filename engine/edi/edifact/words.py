"""Segments, composites and elements of EDIFACT, as each directory has them (`segments.yaml`, `elements.yaml`)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from engine.edi.data import read
from engine.edi.dictionary import Description, Dictionary, Element, Slot

FOLDER = Path(__file__).parent
#: The directory that stands in the files first; what others have otherwise is said behind it.
LATEST = "D01B"
_TOKEN = re.compile(r"([A-Z0-9]{4})(!?)(?:x(\d+))?")
#: As the dictionary of X12 calls them.
_TYPES = {"AN": "AN", "A": "AN", "N": "R", "Q": "Q"}


@cache
def dictionary(directory: str = LATEST) -> Dictionary:
    """What a directory describes: `D96A`, `D01B`."""
    said = _content("segments")
    own = said.get(directory, {})
    composites = said["composites"] | own.get("composites", {})
    slots = {name: _slots(text, {}, directory) for name, text in composites.items()}
    found = {}
    for name, text in (said["segments"] | own.get("segments", {})).items():
        title, _, elements = text.partition(" |")
        found[name] = Description(name, title, _slots(elements, slots, directory))
    pairs = {name: (first, second) for name, (first, second) in said["pairs"].items()}
    return Dictionary(found, frozenset(said["others"].split()), pairs)


@cache
def _content(name: str) -> Any:
    return read((FOLDER / f"{name}.yaml").read_text("utf-8"))


@cache
def _elements(directory: str) -> dict[str, Element]:
    found = {}
    for name, text in _content("elements").items():
        said, _, other = text.partition(" ; ")
        type_, most, title = said.split(" ", 2)
        if other and directory != LATEST:
            type_, most = other.split()
        found[name] = Element(name, _TYPES[type_], 1, int(most), title, int(most))
    return found


def _slots(
    text: str, composites: dict[str, tuple[Slot, ...]], directory: str
) -> tuple[Slot, ...]:
    made = []
    for token in text.split():
        said = _TOKEN.fullmatch(token)
        assert said is not None, token
        name, required, repeat = said[1], bool(said[2]), int(said[3] or 1)
        element = None if name in composites else _elements(directory)[name]
        made.append(Slot(name, required, repeat, element, composites.get(name, ())))
    return tuple(made)
