"""Files by hand, many at once: `parse`, `validate`, `ack`. Nothing is kept or sent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli import completion
from engine.cli.app import FOUND, USAGE, Home, Json, app, fail, here
from engine.cli.trial import outgoing

if TYPE_CHECKING:
    from engine.errors import MessageError
    from engine.formats import Format

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
    """
    head = raw[:200].removeprefix(b"\xef\xbb\xbf").lstrip(b"\x0b\x00 \t\r\n")
    if head[:3] in (b"MSH", b"FHS", b"BHS"):
        return "hl7v2"
    if head[:3] == b"ISA" and not head[3:4].isalnum():
        return "x12"
    if head[:3] in (b"UNA", b"UNB") and not head[3:4].isalnum():
        return "edifact"
    if head[:1] in (b"{", b"["):
        return "json"
    if head[:1] == b"<" or head[:4] in (b"\xff\xfe<\x00", b"\xfe\xff\x00<"):
        return "xml"
    return ""


def format_of(raw: bytes, path: Path, named: str) -> Format:
    """The format that was named, or the one recognised; an error that lists them where there is none."""
    from engine import formats

    name = named or recognised(raw)
    try:
        return formats.load(name)
    except LookupError:
        known = ", ".join(formats.names())
        said = f"there is no format '{name}'" if name else f"{path} is of no format known here"
        raise fail(f"{said}; name one with --format: {known}", USAGE) from None


def _readable(raw: bytes, path: Path, named: str) -> Format:
    """Like `format_of`, but a file of no known format is that file's own problem: the next ones are still looked at."""
    from engine import formats
    from engine.errors import MessageError

    if not named and not recognised(raw):
        known = ", ".join(formats.names())
        raise MessageError(
            "unreadable", f"no format known here; name one with --format: {known}"
        )
    return format_of(raw, path, named)


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
    files: Files, named: Named = "", encoding: Encoding = "", as_json: Json = False
) -> None:
    """Print messages as trees, with the standard's names."""
    from engine.cli.terminal import json_line, paint
    from engine.errors import MessageError
    from engine.formats import Reading

    reading, bad = Reading(encoding=encoding), 0
    for path in found(files):
        raw = path.read_bytes()
        try:
            format_ = _readable(raw, path, named)
            documents = [format_.parse(part, reading) for part in parts(format_, raw, reading)]
        except MessageError as error:
            bad += 1
            problem_of(path, error, as_json)
            continue
        for document in documents:
            if as_json:
                names = ("depth", "path", "name", "value")
                nodes = [dict(zip(names, node, strict=True)) for node in format_.tree(document)]
                json_line({"file": str(path), "kind": document.kind(), "tree": nodes})
            else:
                print(paint(f"{path}  {document.kind()}", "strong"))
                print("\n".join(tree_lines(format_, document)))
    if bad:
        raise typer.Exit(FOUND)


def problem_of(path: Path, error: Any, as_json: bool) -> None:
    """Say what is wrong with a file: the place and the rule."""
    from engine.cli.terminal import json_line, paint, safe

    if as_json:
        facts = {"code": error.code, "path": error.path, "rule": error.rule}
        json_line({"file": str(path), "problem": facts})
    else:
        print(f"{paint(str(path), 'strong')}: {paint(safe(str(error)), 'error')}")


@app.command()
def validate(
    files: Files, named: Named = "", encoding: Encoding = "", as_json: Json = False
) -> None:
    """Say of each file whether its format is kept."""
    from engine.cli.terminal import json_line, paint, safe
    from engine.errors import MessageError
    from engine.formats import Reading

    reading, bad, total = Reading(encoding=encoding), 0, 0
    for path in found(files):
        raw = path.read_bytes()
        total += 1
        problems: list[MessageError] = []
        try:
            format_ = _readable(raw, path, named)
            for part in parts(format_, raw, reading):
                problems += _problems(format_, part, reading)
        except MessageError as error:
            problems.append(error)
        bad += bool(problems)
        if as_json:
            facts = [{"code": p.code, "path": p.path, "rule": p.rule} for p in problems]
            json_line({"file": str(path), "valid": not problems, "problems": facts})
            continue
        print(
            f"{path}: {paint('valid', 'good') if not problems else paint('not valid', 'error')}"
        )
        for problem in problems:
            print(f"  {safe(str(problem))}")
    if total > 1 and not as_json:
        print(f"{total} files, {bad} not valid")
    if bad:
        raise typer.Exit(FOUND)


def _problems(format_: Format, raw: bytes, reading: Any) -> list[MessageError]:
    """What a format's own validation finds, and whether every leaf can be read."""
    from engine.errors import MessageError

    document = format_.parse(raw, reading)
    for _ in format_.tree(document):
        pass
    checks = getattr(format_, "validate", None)
    if checks is None or hasattr(format_, "level"):  # what XML is held against, a channel says
        return []
    if levels := getattr(format_, "levels", ()):
        try:
            checks(document, levels[-1])
        except MessageError as error:
            return [error]
        return []
    return [MessageError("not_valid", sentence, path) for path, sentence in checks(document)]


@app.command()
def ack(
    files: Files,
    channel: Annotated[
        str,
        typer.Option(
            "--channel",
            "-c",
            metavar="NAME",
            help="As this channel would answer.",
            autocompletion=completion.channels,
        ),
    ] = "",
    named: Named = "",
    home: Home = None,
) -> None:
    """Print the acknowledgement that each message would get."""
    from engine.channel import load_all
    from engine.cli.messages import readable
    from engine.cli.running import find

    folder = here(home)
    loaded = load_all(folder) if channel else None
    chosen = find(loaded, channel) if channel else None
    for path in found(files):
        raw = outgoing(path.read_bytes())
        answer = _planned(chosen, loaded, raw) if chosen else _plain(raw, path, named)
        print(f"--- {path}\n{readable(answer).rstrip() or '(none)'}")


def _planned(channel: Any, loaded: Any, raw: bytes) -> bytes:
    from engine.cli.trial import _answer
    from engine.message import Context, Inbound
    from engine.pipeline import plan

    now = time.time()
    inbound = Inbound(raw=raw, received_at=now)
    context = Context(now=now, id=1, environment=loaded.installation.environment)
    return _answer(channel, inbound, plan(channel, inbound, context))


def _plain(raw: bytes, path: Path, named: str) -> bytes:
    """The answer without a channel: accepted when it can be read, else the format's error."""
    from engine.errors import MessageError
    from engine.formats import Reading
    from engine.message import Receipt, Verdict

    format_, reading = format_of(raw, path, named), Reading()
    receipt = Receipt(id=1, verdict=Verdict.ACCEPTED)
    try:
        for part in parts(format_, raw, reading):
            format_.parse(part, reading)
    except MessageError as error:
        verdict = Verdict.QUARANTINED
        receipt = Receipt(id=1, verdict=verdict, reason=error.code, detail=str(error))
    return format_.acknowledge(raw, receipt, reading, time.time())
