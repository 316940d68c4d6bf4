"""`replay`: send messages through their channels once more, linked to the originals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.app import FOUND, USAGE, Home, Json, Reason, Yes, app, fail, here
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
)

if TYPE_CHECKING:
    from engine.store import Archive, Found


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
    accept_snapshot: Annotated[
        bool,
        typer.Option(
            "--accept-snapshot",
            help="A file that was stopped because too much vanishes in it: let it through, and count it as the last one.",
        ),
    ] = False,
    rate: Annotated[
        float, typer.Option("--rate", help="Messages per second; 0 = no limit.")
    ] = 10.0,
    edited: Annotated[
        Path | None,
        typer.Option(
            "--edited",
            metavar="FILE",
            help="One message, with what stands in this file in its place. Under a new key.",
        ),
    ] = None,
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
    from engine.handling.replaying import paced

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
    if edited is not None and (len(ids or ()) != 1 or same_bytes):
        raise fail(
            "--edited takes the id of one message, and goes through today's mapping", USAGE
        )
    _check_accepted(accept_snapshot, bool(to or same_bytes or edited is not None))
    if not as_json:
        _preview(archive, found, tuple(to or ()), same_bytes, as_new)
    if not yes and not ask("Replay these?"):
        also = "" if reason else " and --reason"
        raise fail(f"nothing was replayed; give --yes{also} to go on without being asked")
    needed(reason)
    mode = "same_bytes" if same_bytes else "again"
    arguments = {
        "to": list(to or ()), "mode": mode, "as_new": as_new, "accept_snapshot": accept_snapshot
    }  # fmt: skip
    made: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for some in paced([message.id for message in found], rate):
        if edited is not None:
            step = order(folder, "edit", _corrected(found[0].id, edited, to), reason)
        else:
            step = order(folder, "replay", {**arguments, "messages": some}, reason)
        made += step["replayed"]
        failed += step.get("failed", ())
        if not as_json:
            _report(step)
    if as_json:
        json_out([_named(one) for one in (*made, *failed)])
    if failed or any(one["verdict"] == "quarantined" for one in made):
        raise typer.Exit(FOUND)


def _check_accepted(accepted: bool, otherwise: bool) -> None:
    if accepted and otherwise:
        raise fail("--accept-snapshot takes a stopped file whole, as it is", USAGE)


def _corrected(message: int, file: Path, to: list[str] | None) -> dict[str, Any]:
    from base64 import b64encode

    from engine.handling.outgoing import outgoing

    raw = outgoing(file.read_bytes())
    return {"message": message, "raw": b64encode(raw).decode(), "to": list(to or ())}


def _preview(
    archive: Archive, found: list[Found], to: tuple[str, ...], same_bytes: bool, as_new: bool
) -> None:
    """Counts by channel and destination, and what newer deliveries went out in the same lanes since."""
    from engine.cli.terminal import moment, safe
    from engine.handling.replaying import preview

    seen = preview(archive, found, to)
    how = "the same bytes" if same_bytes else "with today's channels and mappings"
    key = (
        "new keys: partners take them as new"
        if as_new
        else "the partners know the originals' keys"
    )
    last_too = f" to {moment(seen.last)}" if len(found) > 1 else ""
    received = f"received {moment(seen.first)}{last_too}"
    print(f"{counted(len(found), 'message')}, {received}, {how}; {key}")
    for one in seen.places:
        text = f"  {safe(one.channel)} to {safe(one.destination)}: {one.deliveries} deliveries then"
        more = f"; {one.newer} newer went out since in the same lanes" if one.newer else ""
        print(text + more)


def _report(step: dict[str, Any]) -> None:
    from engine.cli.terminal import safe

    for one in map(_named, step["replayed"]):
        print(f"{one['of']} is replayed as {one['id']}: {one['verdict']}", flush=True)
    for one in map(_named, step.get("failed", ())):
        print(f"{one['of']} is not replayed: {safe(one['why'])}", flush=True)


def _named(one: dict[str, Any]) -> dict[str, Any]:
    from engine.message import short_id

    return {**one, **{name: short_id(one[name]) for name in ("of", "id") if name in one}}
