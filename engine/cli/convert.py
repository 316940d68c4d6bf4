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

#: So many mappings are named where one is not known.
_FEW = 12


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
        raise fail(_unknown(home, name), USAGE) from None
    if loaded is None:
        raise ConfigError(mistakes.found)
    if loaded.part:
        problem = f"'{name}' reads {loaded.from_}, a part of a message: others use it ({{use: {name}, of: ...}})"
        raise fail(f"{problem}; convert takes a mapping that reads a whole one", USAGE)
    return loaded


def _unknown(home: Path, name: str) -> str:
    """That there is no such mapping, and which are: all where they are few, else those that look like it."""
    from difflib import get_close_matches

    known = sorted(path.stem for path in (home / "mappings").glob("*.yaml"))
    alike = known if len(known) <= _FEW else get_close_matches(name, known, n=5)
    said = f"there is no mapping '{name}' in {home}"
    if not known:
        return f"{said}; there are: none"
    return f"{said}; there are: {', '.join(alike)}" if alike else f"{said}, and none like it"


def _converted(mapping: Any, raw: bytes, path: Path, reading: Any) -> list[bytes]:
    import msgspec

    from engine import canonical, formats
    from engine.message import Context, Facts, Inbound

    now = time.time()
    inbound = Inbound(raw=raw, received_at=now, facts={"file_name": path.name})
    facts = Facts(inbound=inbound, context=Context(now=now))
    if mapping.from_ in canonical.names():
        made = [mapping.apply(node, facts) for node in _entities(mapping.from_, raw)]
    else:
        try:
            format_ = formats.load(mapping.from_.partition("/")[0])
        except LookupError:
            problem = f"'{mapping.name}' reads {mapping.from_}, which is no file format"
            raise fail(problem, USAGE) from None
        reading = msgspec.structs.replace(reading, layout=mapping.layout)
        documents = (format_.parse(part, reading) for part in parts(format_, raw, reading))
        made = [mapping.apply(document, facts) for document in documents]
    return [_bytes_of(product) for products in made for product in products]


def _bytes_of(product: Any) -> bytes:
    from engine import canonical

    body = product.payload if product.entity is None else canonical.encode(product.entity)
    return bytes(body)


def _entities(name: str, raw: bytes) -> list[Any]:
    """Canonical JSON: one entity, or a list of them. MessageError where it is none."""
    import msgspec

    from engine import canonical
    from engine.errors import MessageError

    try:
        listed = raw.lstrip()[:1] == b"["
        each = msgspec.json.decode(raw, type=list[msgspec.Raw]) if listed else [raw]
        return [canonical.decode(name, bytes(one)) for one in each]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        place = str(error).rpartition(" - at ")[2].strip("`") if " - at " in str(error) else ""
        rule = f"this is no {name} as canonical JSON"
        raise MessageError("bad_entity", rule, place) from None


def _put(path: Path, made: list[bytes], out: Path | None) -> None:
    from engine.cli.messages import readable

    if out is None:
        for body in made:
            print(readable(_laid_out(body)))
        return
    out.mkdir(parents=True, exist_ok=True)
    for at, body in enumerate(made, 1):
        suffix = ".json" if body[:1] in (b"{", b"[") else path.suffix or ".txt"
        (out / f"{path.stem}-{at}{suffix}").write_bytes(body)
    print(f"{path}: {len(made)} written to {out}")


def _laid_out(body: bytes) -> bytes:
    """JSON as people read it; anything else as it is."""
    import msgspec

    return msgspec.json.format(body, indent=2) if body[:1] in (b"{", b"[") else body
