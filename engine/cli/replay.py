"""`replay`: send messages through their channels once more, linked to the originals."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.app import FOUND, Home, Json, Reason, Yes, app, fail, here
from engine.cli.orders import needed
from engine.cli.people import order
from engine.cli.running import counted
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
    recorded,
    search,
)

if TYPE_CHECKING:
    from engine.store import Archive, Found

#: Messages in one order; between two orders people see how far it is.
STEP = 50
#: Newer messages of a channel that the preview looks through.
LOOKED_AT = 2000

Place = tuple[str, str]


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
    from engine.cli.terminal import ask, json_out

    folder = here(home)
    archive = open_archive(folder)
    recorded(folder, "" if ids else key, reason)
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
        also = "" if reason else " and --reason"
        raise fail(f"nothing was replayed; give --yes{also} to go on without being asked")
    needed(reason)
    mode = "same_bytes" if same_bytes else "again"
    arguments = {"to": list(to or ()), "mode": mode, "as_new": as_new}
    made: list[dict[str, Any]] = []
    for some in paced([message.id for message in found], rate):
        step = order(folder, "replay", {**arguments, "messages": some}, reason)["replayed"]
        made += step
        if not as_json:
            _report(step)
    if as_json:
        json_out([_named(one) for one in made])
    if any(one["verdict"] == "quarantined" for one in made):
        raise typer.Exit(FOUND)


def paced(numbers: Sequence[int], rate: float) -> Iterator[Sequence[int]]:
    """The numbers in steps, each handed out when the rate allows it; a rate of 0 waits for nothing."""
    step = min(STEP, max(1, int(rate / 4))) if rate > 0 else STEP
    start = time.monotonic()
    for at in range(0, len(numbers), step):
        if rate > 0:
            time.sleep(max(0.0, start + at / rate - time.monotonic()))
        yield numbers[at : at + step]


def _preview(
    archive: Archive, found: list[Found], to: tuple[str, ...], same_bytes: bool, as_new: bool
) -> None:
    """Counts by channel and destination, and what newer deliveries went out in the same lanes since."""
    from collections import Counter

    from engine.cli.terminal import moment, safe

    counts: Counter[Place] = Counter()
    lanes: dict[Place, dict[int, int]] = {}
    for message in found:
        for row in archive.deliveries(message.id):
            if not to or row["destination"] in to:
                place = (message.channel, row["destination"])
                counts[place] += 1
                oldest = lanes.setdefault(place, {})
                for lane in row["lanes"]:
                    oldest[lane] = min(oldest.get(lane, row["id"]), row["id"])
    how = "the same bytes" if same_bytes else "with today's channels and mappings"
    key = (
        "new keys: partners take them as new"
        if as_new
        else "the partners know the originals' keys"
    )
    first, last = found[0].received_at, found[-1].received_at
    last_too = f" to {moment(last)}" if len(found) > 1 else ""
    print(f"{counted(len(found), 'message')}, received {moment(first)}{last_too}, {how}; {key}")
    newer = newer_ones(archive, {message.id for message in found}, lanes, first)
    for (channel, destination), count in sorted(counts.items()):
        text = f"  {safe(channel)} to {safe(destination)}: {count} deliveries then"
        after = newer.get((channel, destination), 0)
        print(text + (f"; {after} newer went out since in the same lanes" if after else ""))


def newer_ones(
    archive: Archive, chosen_ids: set[int], lanes: dict[Place, dict[int, int]], since: float
) -> dict[Place, int]:
    """
    How many newer deliveries, of other messages, were delivered in the lanes where older ones are to be sent again.
    `lanes`: by channel and destination the lanes, each with its oldest delivery that is meant.
    """
    found: dict[Place, int] = {}
    for channel in sorted({channel for channel, _ in lanes}):
        newest = search(archive, LOOKED_AT, channel=channel, state="delivered", since=since)
        for message in newest:
            if message.id in chosen_ids:
                continue
            for row in archive.deliveries(message.id):
                place = (channel, row["destination"])
                meant = lanes.get(place, {})
                passed = any(lane in meant and row["id"] > meant[lane] for lane in row["lanes"])
                if row["state"] == "delivered" and passed:
                    found[place] = found.get(place, 0) + 1
    return found


def _report(made: list[dict[str, Any]]) -> None:
    for one in map(_named, made):
        print(f"{one['of']} is replayed as {one['id']}: {one['verdict']}", flush=True)


def _named(one: dict[str, Any]) -> dict[str, Any]:
    from engine.message import short_id

    return {**one, "of": short_id(one["of"]), "id": short_id(one["id"])}
