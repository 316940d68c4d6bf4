"""`validate`: whether files keep the rules of their format. Nothing is kept or sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.app import FOUND, USAGE, Home, Json, app, fail, here
from engine.cli.files import Encoding, Files, Named, found, of_several, parts, reader_of

if TYPE_CHECKING:
    from engine.formats import Format
    from engine.reading import Reading


@app.command()
def validate(
    files: Files,
    named: Named = "",
    encoding: Encoding = "",
    level: Annotated[
        str,
        typer.Option(
            "--level",
            metavar="LEVEL",
            help="How far: x12 syntax, guide, balance; hl7v2 structure, standard; fhir structure, invariants, R4B, R5, STU3.",
        ),
    ] = "",
    schema: Annotated[
        str,
        typer.Option("--schema", metavar="NAME", help="XML: a schema of mappings/schemas/."),
    ] = "",
    *,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Say of each file whether its format is kept."""
    from engine.cli.terminal import json_line, paint, safe
    from engine.errors import MessageError

    bad, total = 0, 0
    for path in found(files):
        raw = path.read_bytes()
        total += 1
        problems: list[tuple[str, str, str]] = []
        try:
            format_, reading = reader_of(raw, path, named, home, encoding)
            asked = _schema(format_, schema, here(home)) if schema else level_of(format_, level)
            problems += _all(format_, parts(format_, raw, reading), reading, asked)
        except MessageError as error:
            problems.append((error.code, error.path, error.rule))
        bad += bool(problems)
        if as_json:
            facts = [dict(zip(("code", "path", "rule"), one, strict=True)) for one in problems]
            json_line({"file": str(path), "valid": not problems, "problems": facts})
            continue
        said = paint("valid", "good") if not problems else paint("not valid", "error")
        print(f"{path}: {said}")
        for _, place, rule in problems:
            print(f"  {safe(f'{place}: {rule}' if place else rule)}")
    if total > 1 and not as_json:
        print(f"{total} files, {bad} not valid")
    if bad:
        raise typer.Exit(FOUND)


def _all(
    format_: Format, inside: list[bytes], reading: Reading, level: Any
) -> Iterator[tuple[str, str, str]]:
    """What is wrong with each part of a file; of several it is said which."""
    from engine.errors import MessageError

    for at, part in enumerate(inside, 1):
        which = of_several(at, len(inside)).removeprefix(", ")
        try:
            for code, place, rule in findings(format_, part, reading, level):
                yield code, f"{which}: {place}" if which and place else which or place, rule
        except MessageError as error:
            if not which:
                raise
            place = f"{which}: {error.path}" if error.path else which
            yield error.code, place, error.rule


def level_of(format_: Format, said: str) -> Any:
    """The level that was asked for; the least one where none was."""
    levels: tuple[str, ...] = getattr(format_, "levels", ())
    if said and levels and said not in levels:
        raise fail(f"there is no level '{said}' here; there are: {', '.join(levels)}", USAGE)
    return said or (levels[0] if levels else "")


def _schema(format_: Format, name: str, home: Path) -> Any:
    from engine.errors import ConfigError
    from engine.placed import Mistakes, Place, Record, Scalar

    compile_ = getattr(format_, "level", None)
    if compile_ is None:
        raise fail("only XML is held against a schema", USAGE)
    mistakes = Mistakes()
    place = Place(file="--schema", line=1, column=1, path="")
    text = Scalar(text=name, style="plain", place=place)
    made = compile_(
        Record(entries={"xsd": text}, keys={"xsd": place}, place=place), home, mistakes
    )
    if made is None:
        raise ConfigError(mistakes.found)
    return made


def findings(
    format_: Format, raw: bytes, reading: Reading, level: Any
) -> list[tuple[str, str, str]]:
    """What is wrong with one message: code, place and rule. Every leaf is read, so that what cannot be is found too."""
    from engine.errors import MessageError

    document = format_.parse(raw, reading)
    for _ in format_.tree(document):
        pass
    if not level:
        return []
    if hasattr(format_, "findings"):
        return [("invalid", place, rule) for place, rule in format_.findings(document, level)]
    try:
        format_.validate(document, level)
    except MessageError as error:
        return [(error.code, error.path, error.rule)]
    return []
