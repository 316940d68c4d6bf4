"""`convert`: a mapping applied to files by hand. Nothing is kept or sent."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.app import FOUND, USAGE, Home, Json, app, fail, here
from engine.cli.files import Encoding, Files, found, parts, problem_of
from engine.handling.outgoing import outgoing


@app.command()
def convert(
    mapping: Annotated[
        str, typer.Argument(metavar="MAPPING", help="Name of a file in mappings/.")
    ],
    files: Files,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write files here, not to the screen."),
    ] = None,
    encoding: Encoding = "",
    *,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Apply a mapping to files and print what it makes."""
    from engine.cli.terminal import json_line
    from engine.errors import MessageError
    from engine.formats import Reading

    applied, reading, bad = _mapping(here(home), mapping), Reading(encoding=encoding), 0
    for path in found(files):
        raw = outgoing(path.read_bytes())
        try:
            made = _converted(applied, raw, path, reading)
        except MessageError as error:
            bad += 1
            problem_of(path, error, as_json)
            continue
        if as_json:
            json_line({"file": str(path), "made": made})
            continue
        if not made:
            print(f"{path}: '{mapping}' makes nothing of it", file=sys.stderr)
        _put(path, made, out)
    if bad:
        raise typer.Exit(FOUND)


def _mapping(home: Path, name: str) -> Any:
    from engine import mapping
    from engine.errors import ConfigError
    from engine.placed import Mistakes

    mistakes = Mistakes()
    try:
        loaded = mapping.load(name, home, mistakes)
    except LookupError:
        known = ", ".join(sorted(p.stem for p in (home / "mappings").glob("*.yaml"))) or "none"
        raise fail(
            f"there is no mapping '{name}' in {home}; there are: {known}", USAGE
        ) from None
    if loaded is None:
        raise ConfigError(mistakes.found)
    return loaded


def _converted(mapping: Any, raw: bytes, path: Path, reading: Any) -> list[bytes]:
    import msgspec

    from engine import formats
    from engine.message import Context, Facts, Inbound

    now = time.time()
    inbound = Inbound(raw=raw, received_at=now, facts={"file_name": path.name})
    facts = Facts(inbound=inbound, context=Context(now=now))
    try:
        format_ = formats.load(mapping.from_.partition("/")[0])
    except LookupError:
        raise fail(
            f"'{mapping.name}' reads {mapping.from_}, which is no file format", USAGE
        ) from None
    reading = msgspec.structs.replace(reading, layout=mapping.layout)
    made: list[bytes] = []
    for part in parts(format_, raw, reading):
        for product in mapping.apply(format_.parse(part, reading), facts):
            entity = product.entity
            body = product.payload if entity is None else msgspec.json.encode(entity)
            made.append(msgspec.json.format(body, indent=2) if entity is not None else body)
    return made


def _put(path: Path, made: list[bytes], out: Path | None) -> None:
    from engine.cli.messages import readable

    if out is None:
        for body in made:
            print(readable(body))
        return
    out.mkdir(parents=True, exist_ok=True)
    for at, body in enumerate(made, 1):
        suffix = ".json" if body[:1] in (b"{", b"[") else path.suffix or ".txt"
        (out / f"{path.stem}-{at}{suffix}").write_bytes(body)
    print(f"{path}: {len(made)} written to {out}")
