"""`try`: what a channel would do with a message, field by field; nothing is kept or sent."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli import completion
from engine.cli.app import FOUND, USAGE, Home, Json, Reason, app, fail, here
from engine.cli.running import find
from engine.handling.outgoing import outgoing

if TYPE_CHECKING:
    from engine.channel import Channel
    from engine.channel import Home as Loaded
    from engine.check.trial import Trial
    from engine.message import Plan


@app.command("try")
def try_(
    channel: Annotated[
        str, typer.Argument(metavar="[CHANNEL]", autocompletion=completion.channels)
    ] = "",
    sample: Annotated[
        str,
        typer.Argument(
            metavar="[SAMPLE]", help="A file, or the short id of a message received."
        ),
    ] = "",
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--all",
            metavar="DIR",
            help="Try every file of a folder and say what came of them, without any value. No CHANNEL: with all that read their format.",
        ),
    ] = None,
    tree: Annotated[
        bool, typer.Option("--tree", help="Also the parsed message, with names.")
    ] = False,
    reason: Reason = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show what a channel makes of a message. Verdict, keys, fields, payloads, answer; nothing is kept or sent."""
    from engine.channel import load_all
    from engine.cli import captured

    place = here(home)
    loaded = load_all(place)
    if folder is not None:
        captured.show(loaded, folder, find(loaded, channel) if channel else None, as_json)
        return
    if not channel or not sample:
        raise fail("name a channel and a sample, or a folder: corridor try --all DIR", USAGE)
    _try(loaded, find(loaded, channel), sample, tree=tree, reason=reason, as_json=as_json)


def _try(
    loaded: Loaded, chosen: Channel, sample: str, *, tree: bool, reason: str, as_json: bool
) -> None:
    from engine.check.trial import trial
    from engine.message import Inbound

    raw, name = _sample(loaded.folder, sample, reason)
    inbound = Inbound(raw=raw, received_at=time.time(), peer="try", facts={"file_name": name})
    tried = trial(loaded, chosen, inbound)
    if as_json:
        _show_json(tried)
    else:
        if tree:
            _show_tree(chosen, raw)
        _show_plan(chosen, tried.plan, loaded)
        _show_traces(tried.traces)
        _show_payloads(tried.payloads)
        _show_answer(tried.answer)
    if tried.plan.verdict == "quarantined":
        raise typer.Exit(FOUND)


def _sample(home: Path, sample: str, reason: str) -> tuple[bytes, str]:
    """A file (as given, or below the home), or a message of the store, which is recorded."""
    from engine.errors import MessageError

    for path in (Path(sample), home / sample):
        if path.is_file():
            return outgoing(path.read_bytes()), path.name
    from engine.cli.people import record
    from engine.cli.selection import number, open_archive

    try:
        found = number(sample)
    except MessageError:
        raise fail(f"{sample} is neither a file nor the id of a message", USAGE) from None
    archive = open_archive(home)
    if archive.message(found) is None:
        raise fail(f"there is no message {sample}")
    record(home, "read_content", f"message {sample}", reason)
    return archive.raw(found), ""


def _show_tree(channel: Channel, raw: bytes) -> None:
    from engine.cli.files import tree_lines
    from engine.errors import MessageError

    try:
        lines = tree_lines(channel.format, channel.format.parse(raw, channel.reading))
    except MessageError as error:
        lines = [str(error)]
    print("\n".join(lines) + "\n")


def _show_plan(channel: Channel, plan: Plan, loaded: Loaded, indent: str = "") -> None:
    from engine.check.effects import said
    from engine.cli.terminal import paint, safe

    words = [paint(plan.verdict.value, plan.verdict.value), plan.reason, plan.detail, plan.kind]
    print(indent + "  ".join(safe(word) if word else "" for word in words if word).strip())
    if plan.summary:
        print(f"{indent}makes   {safe(plan.summary)}")
    if plan.keys:
        print(indent + "keys    " + "  ".join(f"{k}={safe(v)}" for k, v in plan.keys))
    for kind, text in said(channel, plan, loaded.channels):
        print(f"{indent}{kind:7} {safe(text)}")
    for at, part in enumerate(plan.parts, 1):
        inner = loaded.channels.get(part.channel, channel)
        print(f"{indent}part {at}" + (f", handed to {part.channel}" if part.channel else ""))
        _show_plan(inner, part, loaded, indent + "  ")


def _show_traces(traces: list[Any]) -> None:
    from engine.cli.terminal import paint, safe, table

    for at, (mapping, product, rules) in enumerate(traces, 1):
        file = f"mappings/{mapping}.yaml"
        print(f"\n{paint(f'{at}. {safe(product.shows or product.of)}', 'strong')}  by {file}")
        rows = [
            (
                f"  {rule.field}",
                rule.value,
                f"{rule.file} line {rule.line}".lstrip(),
                rule.rule,
                ", ".join(rule.paths),
            )
            for rule in rules
        ]
        for line in table(rows):
            print(line)


def _show_payloads(payloads: list[Any]) -> None:
    from engine.cli.messages import readable
    from engine.cli.terminal import paint, safe

    for one in payloads:
        options = ", ".join(f"{name} {value}" for name, value in (one.options or {}).items())
        head = " ".join(part for part in (one.shows, options) if part)
        print(f"\n{paint('to ' + safe(one.destination), 'strong')}  {safe(head)}".rstrip())
        print(readable(one.payload) if isinstance(one.payload, bytes) else "(a large body)")


def _show_answer(answer: bytes) -> None:
    from engine.cli.messages import readable
    from engine.cli.terminal import paint

    if answer:
        print(f"\n{paint('answer', 'strong')}\n{readable(answer).rstrip()}")


def _show_json(tried: Trial) -> None:
    from engine.cli.terminal import json_out

    plan = tried.plan
    payloads = [
        {"destination": one.destination, "shows": one.shows, "payload": one.payload}
        for one in tried.payloads
    ]
    json_out(
        {
            "verdict": plan.verdict.value,
            "reason": plan.reason,
            "detail": plan.detail,
            "kind": plan.kind,
            "summary": plan.summary,
            "keys": dict(plan.keys),
            "effects": [{"kind": kind, "says": text} for kind, text in tried.effects],
            "parts": [_part(part) for part in plan.parts],
            "fields": tried.made,
            "payloads": payloads,
            "answer": tried.answer,
        }
    )


def _part(part: Plan) -> dict[str, Any]:
    return {
        "channel": part.channel,
        "verdict": part.verdict.value,
        "reason": part.reason,
        "detail": part.detail,
        "kind": part.kind,
        "summary": part.summary,
    }
