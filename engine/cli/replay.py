"""`replay`: send messages through their channels once more, linked to the originals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.app import FOUND, Home, Json, Reason, Yes, app, fail, here
from engine.cli.orders import needed
from engine.cli.people import order
from engine.cli.selection import (
    Channel,
    Control,
    Ids,
    Key,
    Kind,
    Since,
    State,
    Until,
    Verdict,
    chosen,
    open_archive,
)

if TYPE_CHECKING:
    from engine.store import Archive, Found

#: Messages in one order; between two orders people see how far it is.
STEP = 50


@app.command()
def replay(
    ids: Ids = None,
    *,
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to", metavar="DESTINATION", help="Only to these; may be given several times."
        ),
    ] = None,
    same_bytes: Annotated[
        bool,
        typer.Option(
            "--same-bytes/--again", help="The very bytes of then, or today's mapping."
        ),
    ] = False,
    as_new: Annotated[
        bool,
        typer.Option(
            "--as-new", help="Under a new key: partners will not know it as a repeat."
        ),
    ] = False,
    rate: Annotated[
        float, typer.Option("--rate", help="Messages per second; 0 = no limit.")
    ] = 10.0,
    channel: Channel = "",
    state: State = "",
    verdict: Verdict = "",
    kind: Kind = "",
    key: Key = "",
    control: Control = "",
    since: Since = "",
    until: Until = "",
    limit: Annotated[int, typer.Option("--limit", help="At most this many messages.")] = 1000,
    reason: Reason = "",
    yes: Yes = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Send messages once more, after a preview."""
    from engine.cli.terminal import ask

    folder = here(home)
    archive = open_archive(folder)
    found = chosen(
        archive,
        ids,
        limit,
        channel=channel,
        state=state,
        verdict=verdict,
        kind=kind,
        key=key,
        control=control,
        since=since,
        until=until,
    )
    if not found:
        raise fail("no message fits")
    if not as_json:
        _preview(archive, found, tuple(to or ()), same_bytes, as_new)
    if not yes and not ask("Replay these?"):
        raise fail("nothing was replayed; give --yes to go on without being asked")
    needed(reason)
    mode = "same_bytes" if same_bytes else "again"
    arguments = {"to": list(to or ()), "mode": mode, "as_new": as_new, "rate": rate}
    made: list[dict[str, Any]] = []
    for at in range(0, len(found), STEP):
        some = [message.id for message in found[at : at + STEP]]
        made += order(folder, "replay", {**arguments, "messages": some}, reason)["replayed"]
    _report(made, as_json)


def _preview(
    archive: Archive, found: list[Found], to: tuple[str, ...], same_bytes: bool, as_new: bool
) -> None:
    """Counts by channel and destination, and what newer deliveries went out in the same lanes since."""
    from collections import Counter

    from engine.cli.terminal import moment, safe

    deliveries: Counter[tuple[str, str]] = Counter()
    newer: Counter[tuple[str, str]] = Counter()
    for message in found:
        for row in archive.deliveries(message.id):
            if to and row["destination"] not in to:
                continue
            place = (message.channel, row["destination"])
            deliveries[place] += 1
            newer[place] += int(row.get("newer") or 0)
    how = "the same bytes" if same_bytes else "with today's channels and mappings"
    key = (
        "new keys: partners take them as new"
        if as_new
        else "the partners know the originals' keys"
    )
    first, last = found[0].received_at, found[-1].received_at
    print(f"{len(found)} messages, received {moment(first)} to {moment(last)}, {how}; {key}")
    for (channel, destination), count in sorted(deliveries.items()):
        text = f"  {safe(channel)} to {safe(destination)}: {count} deliveries then"
        after = newer[channel, destination]
        print(
            text + (f"; {after} newer ones were sent since in the same lanes" if after else "")
        )


def _report(made: list[dict[str, Any]], as_json: bool) -> None:
    from engine.cli.terminal import json_out
    from engine.message import short_id

    rows = [{**one, "of": short_id(one["of"]), "id": short_id(one["id"])} for one in made]
    if as_json:
        json_out(rows)
    else:
        for row in rows:
            print(f"{row['of']} is replayed as {row['id']}: {row['verdict']}")
    if any(row["verdict"] == "quarantined" for row in rows):
        raise typer.Exit(FOUND)
