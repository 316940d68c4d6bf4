"""`messages` and `show`: what was received, and the whole trail of one message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.app import Home, Json, Reason, app, fail, here
from engine.cli.selection import (
    Channel,
    Control,
    Key,
    Kind,
    Since,
    State,
    Until,
    Verdict,
    number,
    open_archive,
    recorded,
    search,
    wanted,
)

if TYPE_CHECKING:
    from engine.store import Archive, Found


@app.command()
def messages(
    *,
    channel: Channel = "",
    state: State = "",
    verdict: Verdict = "",
    kind: Kind = "",
    key: Key = "",
    control: Control = "",
    since: Since = "",
    until: Until = "",
    limit: Annotated[
        int, typer.Option("--limit", "-n", help="At most this many; 0 = all.")
    ] = 50,
    reason: Reason = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Search messages, newest first. A search by key is recorded."""
    from engine.cli.terminal import json_line, moment, states, table
    from engine.message import short_id

    filters = wanted(
        channel=channel,
        verdict=verdict,
        state=state,
        kind=kind,
        key=key,
        control=control,
        since=since,
        until=until,
    )
    archive = open_archive(here(home))
    recorded(here(home), key, reason)
    found = search(archive, limit, **filters)
    if as_json:
        for one in found:
            json_line(described(one))
        return
    rows = [
        (
            short_id(one.id),
            moment(one.received_at),
            one.channel,
            one.kind,
            one.verdict,
            states(one.states) or _reason(one),
        )
        for one in found
    ]
    for line in table(
        rows, ("id", "received", "channel", "kind", "verdict", "what became of it")
    ):
        print(line)
    if not rows:
        print("no message fits")
    elif len(rows) == limit:
        print(f"(the newest {limit}; more with --limit 0)")


def _reason(found: Found) -> str:
    from engine.handling.telling import reason_of

    return reason_of(found.verdict, found.reason)


def described(found: Found) -> dict[str, Any]:
    """A message for JSON, with its short id."""
    from engine.message import short_id

    fields = ("channel", "received_at", "verdict", "reason", "kind", "control", "peer", "size")
    facts = {name: getattr(found, name) for name in fields}
    return {"id": short_id(found.id), "number": found.id, **facts, "states": found.states}


@app.command()
def show(
    short: Annotated[str, typer.Argument(metavar="ID", help="Short id: 774K-6.")],
    content: Annotated[
        bool,
        typer.Option(
            "--content", help="Also the keys, the message and what was sent. Is recorded."
        ),
    ] = False,
    reason: Reason = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show the whole trail of one message, with reasons."""
    from engine.cli.terminal import safe

    folder = here(home)
    archive = open_archive(folder)
    found = archive.message(number(short))
    if found is None:
        raise fail(f"there is no message {short}")
    if content:
        from engine.cli.people import record
        from engine.message import short_id

        record(folder, "read_content", f"message {short_id(found.id)}", reason)
    if as_json:
        _show_json(archive, found, content)
        return
    _show_head(archive, found, content)
    _show_trail(archive, found.id)
    _show_deliveries(archive, found.id)
    if found.verdict == "quarantined":
        again = f"corridor replay {safe(short)} --reason TEXT"
        print(f"\nnothing was sent; once the cause is mended: {again}")
    if content:
        _show_content(archive, found.id)


def _show_json(archive: Archive, found: Found, content: bool) -> None:
    from engine.cli.terminal import json_out
    from engine.message import short_id

    keys = archive.keys(found.id)
    facts = {
        **described(found),
        "tables": archive.tables(found.id),
        "keys": dict(keys) if content else [name for name, _ in keys],
        "trail": [
            {**_step(step), "message": short_id(step.message)}
            for step in archive.trail(found.id)
        ],
        "deliveries": [_row(row, content) for row in archive.deliveries(found.id)],
    }
    if content:
        facts["raw"] = archive.raw(found.id)
        facts["payloads"] = {
            str(row["id"]): archive.payload(row["id"]) for row in archive.deliveries(found.id)
        }
    json_out(facts)


def _row(row: dict[str, Any], content: bool) -> dict[str, Any]:
    """A delivery; without content, not what the message filled in: file name, path, headers, lanes."""
    hidden = () if content else ("options", "lanes")
    return {name: value for name, value in row.items() if name not in hidden}


def _step(step: Any) -> dict[str, Any]:
    import msgspec

    facts = msgspec.structs.asdict(step)
    return {name: value for name, value in facts.items() if value not in ("", 0, 0.0, None)}


def _show_head(archive: Archive, found: Found, content: bool) -> None:
    from engine.cli.terminal import moment, paint, safe
    from engine.log import MASK
    from engine.message import short_id

    words = [paint(short_id(found.id), "strong"), safe(found.channel)]
    words += [paint(found.verdict, found.verdict), safe(_reason(found)), safe(found.kind)]
    print("  ".join(word for word in words if word))
    peer = f" from {safe(found.peer)}" if found.peer else ""
    print(f"received {moment(found.received_at)}{peer}, {found.size:,} bytes")
    keys = archive.keys(found.id)
    if keys:
        print("keys     " + " ".join(f"{k}={safe(v) if content else MASK}" for k, v in keys))
    if tables := archive.tables(found.id):
        print("tables   " + safe(" ".join(tables)))
    if (loading := archive.loading(found.id)) is not None:
        print("loaded   " + safe(loading.standing()))
    print()


def _show_trail(archive: Archive, message: int) -> None:
    from engine.cli.lines import Layout
    from engine.cli.terminal import width
    from engine.handling.lines import from_step
    from engine.handling.telling import story
    from engine.message import short_id

    steps = story(archive.trail(message))
    layout = Layout(len({step.channel for step in steps}) > 1, width())
    lines = [from_step(step, short_id(step.message) if step.message else "") for step in steps]
    print("\n".join(layout.page(lines)))


def _show_deliveries(archive: Archive, message: int) -> None:
    import time

    from engine.cli.terminal import span, table

    rows = []
    for row in archive.deliveries(message):
        wait = (row.get("due_at") or 0) - time.time()
        again = f"again in {span(wait)}" if row["state"] == "queued" and wait > 0 else ""
        said = ", ".join(str(row.get(k) or "") for k in ("status", "detail") if row.get(k))
        cells = (row["id"], row["destination"], row.get("shows", ""), row["state"])
        rows.append((*cells, row["attempt"], said, again))
    if rows:
        print()
        heads = ("delivery", "destination", "what", "state", "attempts", "last answer", "")
        for line in table(rows, heads):
            print(line)


def _show_content(archive: Archive, message: int) -> None:
    print("\n--- as received")
    print(readable(archive.raw(message)))
    for row in archive.deliveries(message):
        print(f"\n--- to {row['destination']} (delivery {row['id']})")
        print(readable(archive.payload(row["id"])))


def readable(content: bytes) -> str:
    """Content for a terminal: line ends kept (HL7's too), everything else that a terminal obeys made visible."""
    from engine.cli.terminal import safe_lines

    text = content.decode("utf-8", "backslashreplace")
    return safe_lines(text.replace("\r\n", "\n").replace("\r", "\n"))
