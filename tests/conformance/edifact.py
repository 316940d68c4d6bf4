"""EDIFACT: other projects' files, read or refused by name, given back byte for byte, taken apart and put together again."""

from __future__ import annotations

import re
from pathlib import Path

from engine.errors import MessageError
from engine.formats import edifact
from engine.message import Receipt, Verdict
from engine.reading import Reading

READING = Reading()
FOLDERS = ("staedi", "edi-net")
_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*UN[AB][^A-Za-z0-9]")


def run(fixtures: Path) -> dict[str, tuple[int, int]]:
    """The marks by name: how many are good, of how many."""
    files = [path for folder in FOLDERS for path in interchanges(fixtures / folder)]
    if not files:
        return {}
    return {
        "files read, or refused by name": _count(files, _is_read_or_refused),
        "files read": _count(files, _is_read),
        "given back byte for byte": _count(files, _comes_back),
        "one element changed, nothing else": _count(files, _changes_one),
        "joined again from their interchanges": _count(files, _joins),
        "messages taken apart, each whole": _count(files, _takes_apart),
        "answered by a CONTRL": _count(files, _is_answered),
    }


def interchanges(folder: Path) -> list[Path]:
    """The EDIFACT files below a folder: those that begin as one does."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path for path in found if _BEGINS.match(path.read_bytes()[:40])]


def _count(files: list[Path], good: object) -> tuple[int, int]:
    assert callable(good)
    return sum(bool(good(path.read_bytes())) for path in files), len(files)


def _is_read_or_refused(raw: bytes) -> bool:
    try:
        return bool(edifact.parse(raw, READING).kind())
    except MessageError as error:
        return bool(error.code)


def _is_read(raw: bytes) -> bool:
    try:
        document = edifact.parse(raw, READING)
    except MessageError:
        return False
    return len(document.loops.sets) == len(document.index.get("UNH", ()))


def _comes_back(raw: bytes) -> bool:
    editor = edifact.parse(raw, READING).edit()
    editor.changed()
    return editor.render() == raw


def _changes_one(raw: bytes) -> bool:
    """Another reference in UNH01 of the first message is the only thing that differs."""
    document = edifact.parse(raw, READING)
    editor = document.edit()
    line = editor.named("UNH")[0]
    was = line.elements[1]
    line.write(1, "CHANGED")
    editor.changed()
    made = edifact.parse(editor.render(), READING)
    other = [
        (one.line, two.line)
        for one, two in zip(document.segments, made.segments, strict=True)
        if one.line != two.line
    ]
    bar = document.marks.element
    return other == [(bar.join(["UNH", was, *line.elements[2:]]), bar.join(line.elements))]


def _joins(raw: bytes) -> bool:
    return b"".join(edifact.parts(raw, READING) or [raw]) == raw


def _takes_apart(raw: bytes) -> bool:
    """Each message stands in a part of its own, with the same segments but for its count."""
    document = edifact.parse(raw, READING)
    inside = [loop.segments() for loop in document.loops.sets]
    parts = list(edifact.split(raw, READING, "UNH"))
    if len(parts) != len(inside):
        return False
    for part, segments in zip(parts, inside, strict=True):
        sets = edifact.parse(part, READING).loops.sets
        if len(sets) != 1:
            return False
        now = [segment.line for segment in sets[0].segments() if segment.name != "UNT"]
        if now != [segment.line for segment in segments if segment.name != "UNT"]:
            return False
    return True


def _is_answered(raw: bytes) -> bool:
    whole = edifact.parts(raw, READING) or [raw]
    for each in whole:
        receipt = Receipt(id=7, verdict=Verdict.QUARANTINED)
        answer = edifact.acknowledge(each, receipt, READING, 0.0)
        if not answer or not edifact.parse(answer, READING).index.get("UCI"):
            return False
    return True
