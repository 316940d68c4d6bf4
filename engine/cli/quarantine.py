"""`corridor quarantine`: what is held and needs a person, by cause; put away what need not be sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.app import Home, Json, Reason, app, here
from engine.cli.selection import Channel

if TYPE_CHECKING:
    from engine.handling.quarantine import Group, Quarantine

quarantine_app = typer.Typer(
    help="What is held and needs a person.", rich_markup_mode=None, invoke_without_command=True
)
app.add_typer(quarantine_app, name="quarantine", help="What is held and needs a person, by cause.")  # fmt: skip

Why = Annotated[
    str,
    typer.Option(
        "--reason", metavar="CODE", help="Only of this reason code, or partner's status."
    ),
]
Owner = Annotated[
    str, typer.Option("--owner", metavar="NAME", help="Only what this owner looks after.")
]


@quarantine_app.callback()
def list_(
    context: typer.Context,
    *,
    channel: Channel = "",
    reason: Why = "",
    owner: Owner = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """
    Show what is held, by cause: quarantined messages, refused and uncertain deliveries. Example:

    corridor quarantine --channel charges
    """
    if context.invoked_subcommand is not None:
        return
    folder = here(home)
    owners = _owners(folder)
    found = [
        (one, one.cause.owner or owners.get(one.cause.channel, ""))
        for one in _read(folder).groups()
    ]
    shown = [
        (one, looks)
        for one, looks in found
        if channel in ("", one.cause.channel)
        and reason in ("", one.cause.reason)
        and owner in ("", looks)
    ]
    _told(shown, as_json)


def _read(home: Path) -> Quarantine:
    """All that is held now."""
    from engine.cli.selection import open_archive
    from engine.handling.quarantine import Quarantine
    from engine.people.directory import Directory

    directory, found = Directory(home), Quarantine()
    archive: Any = open_archive(home)
    found.refresh(archive.rows, directory.work.closed(), patience=3600.0)
    archive.close()
    directory.file.close()
    return found


def _owners(home: Path) -> dict[str, str]:
    """Who looks after each channel."""
    from engine.channel import load_all

    return {
        name: channel.owner for name, channel in load_all(home, lenient=True).channels.items()
    }


def _told(shown: list[tuple[Group, str]], as_json: bool) -> None:
    import time

    from engine.cli.terminal import json_out, safe, span, table

    if as_json:
        json_out([_plain(one, looks) for one, looks in shown])
        return
    if not shown:
        print("nothing is held")
        return
    lines = []
    for one, looks in shown:
        cause = one.cause
        where = (
            f"{cause.channel} to {cause.destination}" if cause.destination else cause.channel
        )
        lines.append(
            (one.count, cause.reason, where, looks, span(time.time() - one.oldest), safe(cause.pattern))
        )  # fmt: skip
    print(
        "\n".join(table(lines, ("held", "reason", "channel", "owner", "oldest", "what it is")))
    )


def _plain(one: Group, owner: str) -> dict[str, Any]:
    cause = one.cause
    return {
        "id": cause.id,
        "kind": cause.kind,
        "channel": cause.channel,
        "destination": cause.destination,
        "reason": cause.reason,
        "text": cause.pattern,
        "owner": owner,
        "count": one.count,
        "oldest": one.oldest,
        "newest": one.newest,
        "table": cause.table,
    }


@quarantine_app.command()
def close(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Short ids: 774K-6.")],
    *,
    reason: Reason = "",
    home: Home = None,
) -> None:
    """
    Put quarantined messages away without sending them. Deliveries are given up by `corridor discard`. Example:

    corridor quarantine close 774K-6 --reason "keyed by hand"
    """
    from engine.cli.orders import needed
    from engine.cli.people import record, who
    from engine.cli.running import counted
    from engine.cli.selection import number
    from engine.errors import CommandError
    from engine.people.directory import Directory
    from engine.store.schema import PLACES

    folder = here(home)
    needed(reason)
    held = _read(folder)
    items = [number(short) * PLACES for short in ids]
    for short, item in zip(ids, items, strict=True):
        if held.find(item) is None:
            raise CommandError(f"{short} is no quarantined message that is open")
    record(folder, "close", f"messages {' '.join(ids)}", reason)
    directory = Directory(folder)
    directory.work.close(items, who(), reason)
    directory.file.close()
    print(f"{counted(len(items), 'message')} put away")
