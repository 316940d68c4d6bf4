"""What people order of the running engine: hold and release destinations, move deliveries, reload, start, stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli import completion
from engine.cli.app import Home, Reason, Yes, app, fail, here
from engine.cli.people import order
from engine.cli.running import counted
from engine.cli.selection import (
    Channel,
    Ids,
    Key,
    Kind,
    Since,
    State,
    Until,
    chosen,
    open_archive,
    recorded,
)

Where = Annotated[
    str,
    typer.Argument(
        metavar="CHANNEL",
        help="The channel; 'all' for every one.",
        autocompletion=completion.channels,
    ),
]
Destination = Annotated[
    str,
    typer.Argument(metavar="[DESTINATION]", help="One destination; without it all of them."),
]
To = Annotated[
    str,
    typer.Option("--to", metavar="DESTINATION", help="Only deliveries to this destination."),
]
Limit = Annotated[int, typer.Option("--limit", help="At most this many messages.")]


@app.command()
def hold(
    where: Where, destination: Destination = "", reason: Reason = "", home: Home = None
) -> None:
    """Put destinations on hold: queue, send nothing."""
    _flag(here(home), "hold", where, destination, rate=0.0, reason=reason)


@app.command()
def release(
    where: Where,
    destination: Destination = "",
    rate: Annotated[
        float,
        typer.Option("--rate", help="Deliveries per second while draining; 0 = no limit."),
    ] = 0.0,
    reason: Reason = "",
    home: Home = None,
) -> None:
    """End a hold or a pause, at a rate if wanted."""
    _flag(here(home), "release", where, destination, rate=rate, reason=reason)


def _flag(
    home: Path, verb: str, where: str, destination: str, *, rate: float, reason: str
) -> None:
    if verb == "hold":
        needed(reason)
    channel = "" if where == "all" else where
    arguments = {"channel": channel, "destination": destination, "rate": rate}
    answer = order(home, verb, arguments, reason)
    done = "on hold" if verb == "hold" else "released"
    at = f", at most {rate:g} a second" if rate else ""
    print(f"{counted(answer.get('destinations', 1), 'destination')} {done}{at}")


def needed(reason: str) -> None:
    """An order that changes what people rely on carries a reason."""
    if not reason.strip():
        raise typer.BadParameter("say why with --reason; it is kept with your name")


@app.command()
def discard(
    ids: Ids = None,
    *,
    to: To = "",
    channel: Channel = "",
    state: State = "",
    kind: Kind = "",
    key: Key = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 10_000,
    reason: Reason = "",
    yes: Yes = False,
    home: Home = None,
) -> None:
    """Give up queued, refused or uncertain deliveries."""
    filters = {"channel": channel, "state": state, "kind": kind, "key": key, "since": since}
    move(
        here(home),
        "discard",
        ids,
        to,
        filters={**filters, "until": until},
        limit=limit,
        reason=reason,
        yes=yes,
    )


@app.command()
def resend(
    ids: Ids = None,
    *,
    to: To = "",
    channel: Channel = "",
    state: State = "",
    kind: Kind = "",
    key: Key = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 10_000,
    reason: Reason = "",
    yes: Yes = False,
    home: Home = None,
) -> None:
    """Queue refused or uncertain deliveries again. The same bytes go under the same idempotency key."""
    filters = {"channel": channel, "state": state, "kind": kind, "key": key, "since": since}
    move(
        here(home),
        "resend",
        ids,
        to,
        filters={**filters, "until": until},
        limit=limit,
        reason=reason,
        yes=yes,
    )


@app.command()
def delivered(
    ids: Ids = None, to: To = "", reason: Reason = "", yes: Yes = False, home: Home = None
) -> None:
    """Declare uncertain deliveries delivered. The partner has said that it has them."""
    move(here(home), "delivered", ids, to, filters={}, limit=0, reason=reason, yes=yes)


def move(
    home: Path,
    verb: str,
    ids: list[str] | None,
    to: str,
    *,
    filters: dict[str, str],
    limit: int,
    reason: str,
    yes: bool,
) -> None:
    """Preview which deliveries an order moves, ask, and order it."""
    from engine.cli.terminal import ask
    from engine.handling.moving import MOVABLE, movable

    needed(reason)
    archive = open_archive(home)
    recorded(home, "" if ids else filters["key"], reason)
    found = chosen(archive, ids, limit, **filters)
    numbers = [message.id for message in found]
    rows = movable(archive, verb, numbers, to, filters.get("state", ""))
    if not rows:
        states = " or ".join(MOVABLE[verb])
        raise fail(f"none of {len(found)} messages has a {states} delivery that is meant")
    _preview(verb, rows, len(found))
    if not yes and not ask("Go on?"):
        raise fail("nothing was done; give --yes to go on without being asked")
    answer = order(home, verb, {"deliveries": [row["id"] for row in rows]}, reason)
    busy = answer.get("busy", 0)
    print(f"{answer['moved']} moved" + (f", {busy} are being sent just now" if busy else ""))


def _preview(verb: str, rows: list[dict[str, object]], messages: int) -> None:
    from collections import Counter

    counts = Counter((str(row["destination"]), str(row["state"])) for row in rows)
    print(f"{verb}: {len(rows)} deliveries of {messages} messages")
    for (destination, state), count in sorted(counts.items()):
        print(f"  {destination}: {count} {state}")


@app.command("reload")
def reload_channels(home: Home = None) -> None:
    """Read the channels again. What has mistakes keeps running as it was."""
    changed = order(here(home), "reload", {})["changed"]
    print("changed: " + ", ".join(changed) if changed else "nothing changed")


@app.command()
def start(
    channel: Annotated[
        str, typer.Argument(metavar="CHANNEL", autocompletion=completion.channels)
    ],
    reason: Reason = "",
    home: Home = None,
) -> None:
    """Let a stopped channel receive again."""
    order(here(home), "start", {"channel": channel}, reason)
    print(f"{channel} receives")


@app.command()
def stop(
    channel: Annotated[
        str,
        typer.Argument(
            metavar="[CHANNEL]",
            help="Without it the whole engine.",
            autocompletion=completion.channels,
        ),
    ] = "",
    reason: Reason = "",
    home: Home = None,
) -> None:
    """Stop a channel, or the whole engine. What a stopped channel has queued is still delivered."""
    order(here(home), "stop", {"channel": channel}, reason)
    print(f"{channel} receives no more" if channel else "the engine stops")
