"""Messages that nobody here wrote: read, kept, edited, rebuilt, compared with an independent reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hl7 as independent
import pytest

from engine.errors import MessageError
from engine.formats import Reading, Scope, Shape
from engine.formats.hl7v2 import acknowledge, findings, parse, parts, paths, tree
from engine.formats.hl7v2.document import Document, split_lines
from engine.message import Receipt, Verdict

FIXTURES = Path(__file__).parents[3] / "../shared/fixtures"
BEGINS = re.compile(rb"[\xef\xbb\xbf\s\x0b]*(?:MSH|FHS|BHS)[^A-Za-z0-9]")
#: Names that say the file breaks a rule of HL7 itself, not of a profile.
FLAWED = re.compile(r"invalid|bad|no_msh10|error|junk", re.IGNORECASE)
SHAPE, READING = Shape(format="hl7v2"), Reading()
pytestmark = pytest.mark.skipif(
    not FIXTURES.exists(), reason="the third-party messages are not here"
)


def is_hl7(path: Path) -> bool:
    if path.suffix.lower() == ".hl7":
        return True
    return path.suffix == ".txt" and BEGINS.match(path.read_bytes()[:100]) is not None


FILES = (
    sorted(path for path in FIXTURES.rglob("*") if is_hl7(path)) if FIXTURES.exists() else []
)
#: A spread for the unit run; all of them in the slow one.
FEW = FILES[::9]


def messages(path: Path) -> Iterator[tuple[bytes, Document]]:
    """The messages of a file that can be read at all."""
    raw = path.read_bytes()
    found = parts(raw, READING)
    for one in (raw,) if found is None else found:
        try:
            yield one, parse(one, READING)
        except MessageError:
            continue


def untouched(raw: bytes, document: Document) -> None:
    assert document.edit().render() == raw
    rebuilt = document.edit()
    for line in rebuilt.lines:
        line.touched = bool(line.name) and bool(line.fields)
    rebuilt.changed()
    assert rebuilt.render() == raw


def one_field_changed(raw: bytes, document: Document) -> None:
    segment = document.segments[len(document.segments) // 2]
    number = 3
    target = paths.target(f"{segment.name}[1]-{number}", SHAPE, lambda *_: None)  # type: ignore[arg-type]
    editor = document.edit()
    target.set(editor, Scope(document, None), "CHANGED")
    first = document.index[segment.name][0]
    old = first.fields[number] if number < len(first.fields) else ""
    before = first.marks.field.join(
        first.line.split(first.marks.field)[: number - (segment.name == "MSH")]
    )
    written = editor.render()
    start = raw.find(before.encode(document.decoded.codec))
    assert start >= 0
    changed = start + len(before.encode(document.decoded.codec))
    assert written[:changed] == raw[:changed]
    kept = len(raw) - changed - len(old.encode(document.decoded.codec)) - 1
    if old:
        assert written[-kept:] == raw[-kept:]
    assert b"CHANGED" in written


def rebuilt_from_its_parts(document: Document) -> None:
    marks = document.marks
    for segment in document.segments:
        fields = (
            segment.fields
            if segment.name != "MSH"
            else [segment.fields[0], *segment.fields[2:]]
        )
        again = []
        for field in fields:
            repetitions = [
                marks.component.join(
                    marks.subcomponent.join(component.split(marks.subcomponent))
                    for component in repetition.split(marks.component)
                )
                for repetition in field.split(marks.repetition)
            ]
            again.append(marks.repetition.join(repetitions))
        assert marks.field.join(again) == segment.line.lstrip(" \t\x0b")


def leaves(found: Any) -> Iterator[str]:
    """All leaves of a field of python-hl7."""
    if isinstance(found, str):
        yield found
    else:
        for one in found:
            yield from leaves(one)


def like_an_independent_reader(document: Document) -> int:
    lines, _ = split_lines(document.decoded.text.lstrip("\ufeff \r\n"), document.marks.field)
    lines = [line for line in lines if line.strip(" \t")]
    if (
        any("\n" in line or line != line.lstrip() for line in lines)
        or len(set(document.marks.text)) < 5
    ):
        return 0
    end = f"ZZZ{document.marks.field}it strips blanks at the end of a message"
    theirs = independent.parse("\r".join([*lines, end]))[:-1]
    marks, compared = document.marks, 0
    assert len(theirs) == len(document.segments)
    for segment, other in zip(document.segments, theirs, strict=True):
        for number, raw in enumerate(segment.fields):
            if segment.name == "MSH" and number in (1, 2):
                continue
            ours = [
                leaf
                for repetition in raw.split(marks.repetition)
                for component in repetition.split(marks.component)
                for leaf in component.split(marks.subcomponent)
            ]
            assert ours == list(leaves(other[number]))
            compared += len(ours)
    return compared


def through_paths(document: Document) -> None:
    """Every leaf that the tree shows is what its path reads."""
    scope = Scope(document, None)
    shown = [(path, value) for _, path, _, value in tree(document) if value]
    for path, value in shown[:: max(1, len(shown) // 150)]:
        match = paths.match(path, 0, SHAPE, lambda *_: None)  # type: ignore[arg-type]
        assert match is not None
        read = match.read(scope)
        assert read == value or value == '""', path


def check(path: Path) -> int:
    compared = 0
    for raw, document in messages(path):
        untouched(raw, document)
        one_field_changed(raw, document)
        rebuilt_from_its_parts(document)
        through_paths(document)
        for segment in document.segments:
            document.groups.of(segment).find("OBX")
        compared += like_an_independent_reader(document)
        receipt = Receipt(id=1, verdict=Verdict.ACCEPTED)
        answer = parse(acknowledge(raw, receipt, READING, 0.0), READING)
        header = document.index["MSH"][0].fields
        said = answer.find("MSA")[0].fields
        assert said[1] == "AA"
        assert said[2] == (header[10] if len(header) > 10 else "")
    return compared


@pytest.mark.parametrize("path", FEW, ids=lambda path: path.name)
def test_a_spread_of_messages(path: Path) -> None:
    check(path)


@pytest.mark.slow
def test_all_messages() -> None:
    assert len(FILES) > 300
    assert sum(check(path) for path in FILES) > 100_000


def test_batches_are_put_together_from_their_parts() -> None:
    batches = 0
    for path in FILES:
        raw = path.read_bytes()
        found = parts(raw, READING)
        if found is None:
            continue
        batches += 1
        rest = raw
        for one in found:
            before, whole, rest = rest.partition(one)
            assert whole == one
            assert b"MSH|" not in before
    assert batches > 3


def test_nearly_all_that_are_not_called_flawed_are_valid() -> None:
    good = [path for path in FILES if not FLAWED.search(path.name)]
    accepted = 0
    for path in good:
        try:
            raw = path.read_bytes()
            found = parts(raw, READING)
            documents = [parse(one, READING) for one in ((raw,) if found is None else found)]
        except MessageError:
            continue
        accepted += all(not list(findings(document)) for document in documents)
    assert accepted >= 0.98 * len(good)


def test_files_that_are_called_invalid_for_their_header_are_found() -> None:
    for name in ("PHLIP_FLU_2.5.1_NO_MSH10.txt", "Lyme_WithBadDelimiters.txt"):
        (path,) = [one for one in FILES if one.name == name][:1]
        assert any(list(findings(document)) for _, document in messages(path))
