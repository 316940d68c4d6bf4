"""`status`: channels, destinations, what waits, and why."""

from __future__ import annotations

import time
from typing import Any

import typer

from engine.cli import completion
from engine.cli.app import CANNOT, Home, Json, app, here
from engine.cli.selection import open_archive


@app.command()
def status(
    channel: str = typer.Argument(
        "", metavar="[CHANNEL]", help="Only this channel.", autocompletion=completion.channels
    ),
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show what waits, since when and why. Exit code 3 when no engine runs."""
    from engine import orders
    from engine.cli.people import order
    from engine.cli.terminal import json_out

    folder = here(home)
    running = orders.running(folder)
    live: dict[str, Any] = order(folder, "status", {}) if running else {"running": False}
    counts = open_archive(folder).counts() if (folder / "data").is_dir() else []
    counts = [row for row in counts if channel in ("", row["channel"])]
    if as_json:
        json_out({"engine": live, "destinations": counts})
    else:
        _show(live, counts, channel)
    if not running:
        raise typer.Exit(CANNOT)


def _show(live: dict[str, Any], counts: list[dict[str, Any]], channel: str) -> None:
    from engine.cli.terminal import paint, safe_lines, span

    if not live["running"]:
        print(paint("no engine runs here", "warning") + "; start it with: corridor run")
    else:
        since = span(time.time() - live["started_at"])
        print(
            f"{paint('running', 'good')} for {since}, process {live['process']}, {live['environment']}"
        )
    for mistake in live.get("mistakes", ()):
        print(paint("mistake  ", "error") + safe_lines(str(mistake)))
    stations = {one["channel"]: one for one in live.get("channels", ())}
    names = sorted({*stations, *(row["channel"] for row in counts)})
    for name in names:
        if channel in ("", name):
            _show_channel(name, stations.get(name), [r for r in counts if r["channel"] == name])
    if channel and channel not in names:
        raise typer.BadParameter(f"there is no channel '{channel}'")


def _show_channel(
    name: str, station: dict[str, Any] | None, counts: list[dict[str, Any]]
) -> None:
    from engine.cli.terminal import paint, safe, span, states, table

    print()
    head = paint(safe(name), "strong")
    if station is not None:
        last = station["last_received_at"]
        ago = f", last {span(time.time() - last)} ago" if last else ""
        verdicts = states(station["verdicts"])
        head += f"  {safe(station['source'])}  {verdicts or 'nothing received'} since the start{ago}"
        if station["trouble"]:
            head += "\n  " + paint(safe(station["trouble"]), "error")
        if loading := station.get("loading"):
            head += f"\n  {safe(loading['message'])} is {safe(loading['said'])}"
        for warning in station.get("warnings", ()):
            head += "\n  " + paint(safe(warning), "warning")
    print(head)
    running = {one["name"]: one for one in (station or {}).get("destinations", ())}
    stored = {row["destination"]: row for row in counts}
    rows = [
        _destination(one, running.get(one), stored.get(one))
        for one in sorted({*running, *stored})
    ]
    heads = (
        "destination",
        "state",
        "queued",
        "oldest",
        "refused",
        "uncertain",
        "delivered",
        "why",
    )
    for line in table(rows, heads):
        print("  " + line)


def _destination(
    name: str, live: dict[str, Any] | None, stored: dict[str, Any] | None
) -> tuple[object, ...]:
    from engine.cli.terminal import span
    from engine.handling.standing import acknowledged, why

    kept, counts = stored or {}, (stored or {}).get("states", {})
    oldest = kept.get("oldest_open") or 0
    state = live["state"] if live else ("held" if kept.get("held") else "stopped")
    waiting = counts.get("queued", 0) + counts.get("sending", 0)
    return (
        name,
        state,
        max(waiting, live["queued"]) if live else waiting,
        span(time.time() - oldest) if oldest else "",
        counts.get("refused", 0),
        counts.get("uncertain", 0),
        counts.get("delivered", 0),
        "; ".join(filter(None, (why(live, span) if live else "", acknowledged(kept)))),
    )
