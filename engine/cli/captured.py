"""`try --all`: a folder of captured messages, summarised. No value of a message is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from engine.cli.app import FOUND, USAGE, fail

if TYPE_CHECKING:
    from engine.channel import Channel, Home
    from engine.check.captured import Summary


def show(home: Home, folder: Path, chosen: Channel | None, as_json: bool) -> None:
    """Try every file of a folder and print what came of them; exit code 1 where any was quarantined."""
    from engine.check.captured import summarise
    from engine.check.dry import DryRun
    from engine.cli.terminal import json_out

    files = list(_files(folder))
    dry = DryRun(home)
    try:
        found = [
            summarise(channel, [one for one in files if chosen or _reads(channel, one[1])], dry)
            for channel in ([chosen] if chosen else home.channels.values())
        ]
    finally:
        dry.close()
    summaries = [summary for summary in found if summary.messages]
    if not summaries:
        raise fail("no channel reads the format of any of these files; name one", USAGE)
    if as_json:
        json_out(summaries)
    else:
        print("\n\n".join("\n".join(_lines(summary)) for summary in summaries))
    if any("quarantined" in summary.verdicts for summary in summaries):
        raise typer.Exit(FOUND)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    from engine.cli.files import found
    from engine.handling.outgoing import outgoing

    for path in found([folder]):
        name = path.relative_to(folder) if path != folder else Path(path.name)
        yield str(name), outgoing(path.read_bytes())


def _reads(channel: Channel, raw: bytes) -> bool:
    """Whether a channel is one for such files; of those recognised as nothing it cannot be said."""
    from engine.cli.files import recognised

    return channel.source.kind != "channel" and recognised(raw) in ("", channel.format_name)


def _lines(summary: Summary) -> Iterator[str]:
    from engine.cli.running import counted
    from engine.cli.terminal import paint, safe, span, table

    took = f"{counted(summary.messages, 'message')}, {span(summary.seconds)}"
    yield f"{paint(safe(summary.channel), 'strong')}: {took}"
    yield from table([(f"  {paint(verdict, verdict)}", count) for verdict, count in sorted(summary.verdicts.items())])  # fmt: skip
    if summary.deliveries:
        yield "to"
        yield from table([(f"  {name}", count) for name, count in summary.deliveries.items()])
    if summary.reasons:
        yield "why"
        for one in summary.reasons:
            where = {"": "", "part": " (parts)"}.get(one.where, f" (in {one.where})")
            told = "  ".join(text for text in (one.verdict + where, one.reason, one.detail) if text)  # fmt: skip
            yield f"  {one.count:5}  {safe(told)}"
            yield f"         in {safe(', '.join(one.files))}"
    slow = ", ".join(f"{safe(one.file)} {one.milliseconds:.1f} ms" for one in summary.slowest)
    yield f"slowest {slow}"
