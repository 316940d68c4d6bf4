"""Files by hand, many at once: what they are and how they are read; `parse`. Nothing is kept or sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.app import FOUND, USAGE, Home, Json, app, fail, here

if TYPE_CHECKING:
    from engine.formats import Format
    from engine.reading import Reading

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Files, or folders of them.")
]
Named = Annotated[
    str, typer.Option("--format", "-f", metavar="FORMAT", help="Instead of recognising it.")
]
Encoding = Annotated[
    str,
    typer.Option("--encoding", metavar="NAME", help="Character set, whatever the file says."),
]


def found(paths: list[Path]) -> Iterator[Path]:
    """The files that are meant, folders opened, in order; an error names the first that is missing."""
    for path in paths:
        if path.is_dir():
            yield from sorted(
                one for one in path.rglob("*") if one.is_file() and not one.name.startswith(".")
            )
        elif path.is_file():
            yield path
        else:
            raise fail(f"there is no file {path}", USAGE)


def recognised(raw: bytes) -> str:
    """
    The format of some bytes, by how they begin; empty where it is none known here.

    >>> recognised(b"MSH|^~"), recognised(b' {"a": 1}'), recognised(b"ISA*00*"), recognised(b"UNB+UNOC:3")
    ('hl7v2', 'json', 'x12', 'edifact')
    >>> recognised(b'{"resourceType": "Patient"}'), recognised(b'<Patient xmlns="http://hl7.org/fhir"/>')
    ('fhir', 'fhir')
    """
    head = raw[:200].removeprefix(b"\xef\xbb\xbf").lstrip(b"\x0b\x00 \t\r\n")
    if head[:3] in (b"MSH", b"FHS", b"BHS"):
        return "hl7v2"
    if head[:3] == b"ISA" and not head[3:4].isalnum():
        return "x12"
    if head[:3] in (b"UNA", b"UNB") and not head[3:4].isalnum():
        return "edifact"
    if head[:1] in (b"{", b"["):
        return "fhir" if head[:1] == b"{" and _FHIR_JSON.search(raw, 0, _LOOKED) else "json"
    if head[:1] == b"<" or head[:4] in (b"\xff\xfe<\x00", b"\xfe\xff\x00<"):
        return "fhir" if _FHIR_XML.search(raw, 0, _LOOKED) else "xml"
    return ""


#: A resource says what it is, mostly at once: so many bytes are looked at.
_LOOKED = 64 * 1024
_FHIR_JSON = re.compile(rb'"resourceType"\s*:\s*"[A-Z]')
_FHIR_XML = re.compile(rb"<[A-Z]\w*\s[^>]*?xmlns\s*=\s*[\"']http://hl7\.org/fhir[\"']")


def reader_of(
    raw: bytes, path: Path, named: str, home: Path | None, encoding: str = ""
) -> tuple[Format, Reading]:
    """
    The format that was named, or the one recognised, and how it reads; a layout (`delimited/items`) is one of the home.

    MessageError where the file is of no format known here: the next ones are still looked at. An error ends the command
    where what was named is none.
    """
    from engine import formats
    from engine.errors import MessageError
    from engine.reading import Reading

    known = ", ".join(formats.names())
    name, _, layout = (named or recognised(raw)).partition("/")
    if not name:
        rule = f"no format known here; name one with --format: {known}"
        raise MessageError("unreadable", rule)
    try:
        format_ = formats.load(name)
    except LookupError:
        raise fail(
            f"there is no format '{name}'; name one with --format: {known}", USAGE
        ) from None
    if callable(getattr(format_, "layout", None)) and not layout:
        raise fail(
            f"{name} needs a layout: --format {name}/LAYOUT, a file of mappings/layouts/", USAGE
        )
    made = _layout(name, layout, here(home)) if layout else None
    return format_, Reading(encoding=encoding, layout=made)


@cache
def _layout(format_name: str, name: str, home: Path) -> Any:
    from engine.errors import ConfigError
    from engine.mapping.layouts import layout
    from engine.placed import Mistakes, Place, Scalar

    mistakes = Mistakes()
    place = Place(file="--format", line=1, column=1, path=f"{format_name}/{name}")
    at = Scalar(text=name, style="plain", place=place)
    found = layout(format_name, name, home, at, mistakes)
    if found is None:
        raise ConfigError(mistakes.found)
    return found[0]


def tree_lines(format_: Format, document: Any) -> list[str]:
    """A parsed message as aligned lines: path, the standard's name, value."""
    from engine.cli.terminal import table

    rows = [
        ("  " * depth + path, name, value)
        for depth, path, name, value in format_.tree(document)
    ]
    return table(rows)


def parts(format_: Format, raw: bytes, reading: Any) -> list[bytes]:
    """The messages of a batch, or the one message."""
    inside = format_.parts(raw, reading)
    return [raw] if inside is None else list(inside)


@app.command()
def parse(
    files: Files,
    named: Named = "",
    encoding: Encoding = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Print messages as trees, with the standard's names."""
    from engine.cli.terminal import json_line, paint
    from engine.errors import MessageError

    bad = 0
    for path in found(files):
        raw = path.read_bytes()
        try:
            format_, reading = reader_of(raw, path, named, home, encoding)
            inside = parts(format_, raw, reading)
        except MessageError as error:
            bad += 1
            problem_of(path, error, as_json)
            continue
        for at, part in enumerate(inside, 1):
            which = of_several(at, len(inside))
            try:
                document = format_.parse(part, reading)
            except MessageError as error:
                bad += 1
                problem_of(path, error, as_json, which)
                continue
            if as_json:
                names = ("depth", "path", "name", "value")
                nodes = [dict(zip(names, node, strict=True)) for node in format_.tree(document)]
                json_line({"file": str(path), "kind": document.kind(), "tree": nodes})
            else:
                print(paint(f"{path}{which}  {document.kind()}", "strong"))
                print("\n".join(tree_lines(format_, document)))
    if bad:
        raise typer.Exit(FOUND)


def of_several(at: int, count: int) -> str:
    """
    Which part of a file it is; empty where the file is one message.

    >>> of_several(2, 3), of_several(1, 1)
    (', 2 of 3', '')
    """
    return f", {at} of {count}" if count > 1 else ""


def problem_of(path: Path, error: Any, as_json: bool, which: str = "") -> None:
    """Say what is wrong with a file, or with one part of it: the place and the rule."""
    from engine.cli.terminal import json_line, paint, safe

    if as_json:
        facts = {"code": error.code, "path": error.path, "rule": error.rule}
        json_line({"file": str(path), "problem": facts})
    else:
        print(f"{paint(f'{path}{which}', 'strong')}: {paint(safe(str(error)), 'error')}")
