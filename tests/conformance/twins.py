"""X12 interchanges against the JSON that another parser makes of them (staedi): every segment, every element."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine import formats
from engine.edi.document import parts_of
from engine.reading import Reading


def run(fixtures: Path) -> dict[str, tuple[int, int]]:
    """How many segments are equal, of how many there are on either side."""
    folder = fixtures / "staedi/src/test/resources/x12"
    if not folder.is_dir():
        return {}
    good = total = 0
    for twin in sorted(folder.glob("*.json")):
        document: Any = formats.load("x12").parse(
            twin.with_suffix(".edi").read_bytes(), Reading()
        )
        ours = [_ours(segment) for segment in document.segments]
        theirs = list(_theirs(json.loads(twin.read_text("utf-8"))))
        total += max(len(ours), len(theirs))
        good += sum(mine == other for mine, other in zip(ours, theirs, strict=False))
    return {"segments equal": (good, total)}


def _ours(segment: Any) -> list[Any]:
    marks = segment.marks
    if segment.name == "BIN":
        length, data = segment.elements[1:3]
        return ["BIN", _plain(length), base64.b64encode(data.encode("latin-1")).decode()]
    if segment.name == "ISA":
        found: list[Any] = [_plain(one) for one in segment.elements[1:]]
    else:
        found = [
            [_plain(part) for part in parts_of(one, marks.component)]
            if marks.component in one
            else _plain(one)
            for one in segment.elements[1:]
        ]
    return [segment.name, *_trimmed(found)]


def _theirs(node: dict[str, Any]) -> Iterator[list[Any]]:
    if node["type"] == "segment":
        yield [node["name"], *_trimmed([_value(one) for one in node["data"]])]
        return
    for child in node["data"]:
        yield from _theirs(child)


def _value(one: Any) -> Any:
    if isinstance(one, dict):
        return [_value(part) for part in one["data"]]
    return _plain(one)


def _plain(one: Any) -> str:
    """A number or its text: theirs takes leading zeros away."""
    text = "" if one is None else str(one)
    return (text.lstrip("0") or "0") if text.isdigit() else text


def _trimmed(found: list[Any]) -> list[Any]:
    while found and found[-1] == "":
        found.pop()
    return found
