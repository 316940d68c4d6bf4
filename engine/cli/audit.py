"""`corridor audit`: who did and read what; whether the trail is whole; a copy of it to be kept elsewhere."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from engine.cli.app import FOUND, Home, Json, app, here
from engine.cli.selection import Since, Until

audit_app = typer.Typer(
    help="Who did and read what.", rich_markup_mode=None, no_args_is_help=True
)
app.add_typer(audit_app, name="audit", help="Who did and read what: list, verify, export.")

Word = Annotated[str, typer.Option("--what", metavar="TEXT", help="Only about this: 774K-6.")]
Who = Annotated[str, typer.Option("--who", metavar="NAME", help="Only by them.")]
Action = Annotated[
    str, typer.Option("--action", metavar="TEXT", help="Only such actions: read.")
]


@audit_app.command("list")
def list_(
    *,
    who: Who = "",
    action: Action = "",
    what: Word = "",
    since: Since = "",
    until: Until = "",
    last: Annotated[int, typer.Option("--last", "-n", help="At most this many.")] = 50,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """The newest records, oldest of them first."""
    from engine.cli.selection import open_archive
    from engine.cli.terminal import json_line, moment, table
    from engine.handling.choosing import at

    found = open_archive(here(home)).audits(
        last, who=who, action=action, what=what,
        since=at(since) if since else None, until=at(until) if until else None,
    )[::-1]  # fmt: skip
    if as_json:
        for one in found:
            json_line(one)
        return
    rows = [(one["id"], moment(one["at"]), one["who"], one["action"], one["what"], one["reason"]) for one in found]  # fmt: skip
    print("\n".join(table(rows, ("id", "time", "who", "action", "what", "reason"))) if rows else "no record fits")  # fmt: skip


@audit_app.command()
def verify(as_json: Json = False, home: Home = None) -> None:
    """Recompute the chain that seals the trail; name the first record that does not fit."""
    import msgspec

    from engine.cli.terminal import json_line, paint, safe
    from engine.store import audit

    found = audit.verify(here(home))
    if as_json:
        json_line(msgspec.structs.asdict(found))
    elif found.sound:
        print(paint(f"the audit trail is whole: {found.records} records", "good"))
        print(f"head: {found.head or 'none yet'}")
    else:
        print(safe(found.broken))
    if not found.sound:
        raise typer.Exit(FOUND)


@audit_app.command()
def export(
    *,
    since: Since = "",
    until: Until = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV for spreadsheets.")] = False,
    as_jsonl: Annotated[
        bool, typer.Option("--jsonl", help="One JSON object per line (the default).")
    ] = False,
    home: Home = None,
) -> None:
    """Write the records to standard output; the head of the chain, to be kept elsewhere, to standard error."""
    from engine.cli.app import USAGE, fail
    from engine.cli.people import record
    from engine.handling.auditing import exported
    from engine.handling.choosing import at
    from engine.store import audit

    if as_csv and as_jsonl:
        raise fail("either --csv or --jsonl", USAGE)
    folder = here(home)
    begin, end = at(since) if since else None, at(until) if until else None
    record(folder, "export_audit", f"audit trail {since or 'from the beginning'}", "")
    found = audit.verify(folder)
    for line in exported(audit.records(folder, begin, end), "csv" if as_csv else "jsonl"):
        sys.stdout.write(line)
    sys.stdout.flush()
    if not found.sound:
        raise fail(f"the trail is not whole: {found.broken}", FOUND)
    print(f"records {found.records}, head {found.head}", file=sys.stderr)
