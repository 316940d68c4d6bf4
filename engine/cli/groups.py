"""`groups` and `release-group`: what waits in groups and batches, and an end to the waiting."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli import completion
from engine.cli.app import Home, Json, Reason, app, fail, here

if TYPE_CHECKING:
    from engine.store import Archive

#: Groups that are listed.
LISTED = 200


@app.command()
def groups(
    channel: str = typer.Argument(
        "", metavar="[CHANNEL]", help="Only this channel.", autocompletion=completion.channels
    ),
    show_keys: Annotated[
        bool, typer.Option("--show-keys", help="Also what each group is of. Is recorded.")
    ] = False,
    reason: Reason = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show the groups and batches that wait, and until when."""
    from engine.cli.people import record
    from engine.cli.selection import open_archive
    from engine.cli.terminal import json_out

    folder = here(home)
    archive = open_archive(folder)
    if show_keys:
        record(folder, "read_group_keys", f"channel {channel or '*'}", reason)
    found = archive.groups(channel or None, LISTED)
    for one in found:
        one["key"] = _key(archive, one["id"], show_keys)
    if as_json:
        json_out({"groups": found})
    else:
        _show(found)


def _key(archive: Archive, group: int, show: bool) -> str:
    """The key for people; how long it is says nothing of it either."""
    from engine.errors import StoreError

    try:
        said = archive.key(group)
    except StoreError:  # it was released a moment ago
        return ""
    if not said:
        return ""
    return said.replace("\x1f", ", ") if show else "****"


def _show(found: list[dict[str, Any]]) -> None:
    from engine.cli.terminal import safe, span, table

    if not found:
        print("nothing waits in groups")
        return
    now = time.time()
    heads = ("id", "channel", "waits for", "members", "open for", "released", "key")
    rows = [
        (
            one["id"],
            one["channel"],
            one["group"] or "collect",
            one["members"],
            span(now - one["opened_at"]),
            _due(one["due_at"], now),
            safe(one["key"]),
        )
        for one in found
    ]
    for line in table(rows, heads):
        print(line)
    if len(found) == LISTED:
        print(f"the first {LISTED}; name a channel for others")


def _due(due_at: float, now: float) -> str:
    """
    When a group is released, in words.

    >>> _due(0.0, 5.0), _due(4.0, 5.0)
    ('when it is complete', 'now')
    """
    from engine.cli.terminal import span

    if not due_at:
        return "when it is complete"
    return "now" if due_at <= now else f"in {span(due_at - now)} at the latest"


@app.command("release-group")
def release_group(
    group: Annotated[int, typer.Argument(metavar="ID", help="As `corridor groups` shows it.")],
    reason: Reason = "",
    home: Home = None,
) -> None:
    """Release a group or close a batch now, as if its time had come."""
    from engine.cli.orders import needed
    from engine.cli.running import counted

    needed(reason)
    answer = _ordered(here(home), group, reason)
    place = f"{answer['channel']}, {answer['group'] or 'collect'}"
    print(f"group {group} of {place} is released: {counted(answer['members'], 'member')}")


def _ordered(home: Path, group: int, reason: str) -> dict[str, Any]:
    from engine.cli.people import order

    if group < 1:
        raise fail("a group has a number from 1: see corridor groups")
    return order(home, "release_group", {"group": group}, reason)
