"""`ack`: the acknowledgement that files would get. Nothing is kept or sent."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import completion
from engine.cli.app import FOUND, Home, Json, app, here
from engine.cli.files import Files, Named, found, parts, problem_of, reader_of
from engine.cli.validating import level_of
from engine.handling.outgoing import outgoing


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
    level: Annotated[
        str,
        typer.Option(
            "--level", metavar="LEVEL", help="Without a channel: how far it validates."
        ),
    ] = "",
    *,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Print the acknowledgement that each message would get."""
    from engine.channel import load_all
    from engine.cli.messages import readable
    from engine.cli.running import find
    from engine.cli.terminal import json_line
    from engine.errors import MessageError

    folder, bad = here(home), 0
    loaded = load_all(folder) if channel else None
    chosen = find(loaded, channel) if channel else None
    for path in found(files):
        raw = outgoing(path.read_bytes())
        try:
            answer = (
                _planned(chosen, loaded, raw)
                if chosen
                else _plain(raw, path, named, level, home)
            )
        except MessageError as error:
            bad += 1
            problem_of(path, error, as_json)
            continue
        if as_json:
            json_line({"file": str(path), "answer": answer})
        else:
            print(f"--- {path}\n{readable(answer).rstrip() or '(none)'}")
    if bad:
        raise typer.Exit(FOUND)


def _planned(channel: Any, loaded: Any, raw: bytes) -> bytes:
    from engine.check.trial import answer
    from engine.message import Context, Inbound
    from engine.pipeline import plan

    now = time.time()
    inbound = Inbound(raw=raw, received_at=now)
    context = Context(now=now, id=1, environment=loaded.installation.environment)
    return answer(channel, raw, plan(channel, inbound, context), now)


def _plain(raw: bytes, path: Path, named: str, level: str, home: Path | None) -> bytes:
    """The answer without a channel: accepted where it can be read and is valid at the level, else the format's error."""
    from engine.errors import MessageError
    from engine.message import Receipt, Verdict

    format_, reading = reader_of(raw, path, named, home)
    asked = level_of(format_, level) if level else ""
    receipts = []
    for number, part in enumerate(parts(format_, raw, reading), 1):
        try:
            document = format_.parse(part, reading)
            if asked:
                format_.validate(document, asked)
            receipts.append(Receipt(id=number, verdict=Verdict.ACCEPTED))
        except MessageError as error:
            verdict = Verdict.QUARANTINED
            receipts.append(
                Receipt(id=number, verdict=verdict, reason=error.code, detail=str(error))
            )
    whole = receipts[0]
    if len(receipts) > 1:
        whole = Receipt(id=1, verdict=Verdict.SPLIT, parts=tuple(receipts))
    return format_.acknowledge(raw, whole, reading, time.time())
