"""`corridor tables`: the data that `lookup(...)` reads: import, look at, go back, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli import completion
from engine.cli.app import FOUND, Home, Json, Reason, app, here

if TYPE_CHECKING:
    from engine.store.tables.publishing import Wanted

#: Columns left alone that are named; the others are counted.
SHOWN = 20

tables_app = typer.Typer(
    help="Data tables: what lookup(...) reads.", rich_markup_mode=None, no_args_is_help=True
)
app.add_typer(tables_app, name="tables", help="Data tables: import, compare, go back, export.")

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The table.", autocompletion=completion.lookup_tables),
]
Some = Annotated[
    str,
    typer.Argument(
        metavar="[NAME]",
        help="One table; without it all of them.",
        autocompletion=completion.lookup_tables,
    ),
]
Who = Annotated[
    str, typer.Option("--who", metavar="NAME", help="Whose change it is. Default: you.")
]
Approver = Annotated[
    str, typer.Option("--approved-by", metavar="NAME", help="Who approved the change.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would change; change nothing.")
]


@tables_app.command("import")
def import_(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV in UTF-8, with a header.")],
    *,
    reason: Reason = "",
    who: Who = "",
    approved_by: Approver = "",
    dry_run: DryRun = False,
    encoding: Annotated[
        str,
        typer.Option("--encoding", metavar="NAME", help="Character set of the file."),
    ] = "utf-8",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """
    Take the rows of a CSV as the table's next version. All or nothing; the next message sees it.

    The file holds the whole table: rows that are not in it are gone. Example:

    corridor tables import cdm charges.csv --reason "price list of October"
    """
    from engine.cli import people
    from engine.handling.table_changes import publish
    from engine.handling.tables import declared
    from engine.store.tables import publishing

    folder = here(home)
    definition = declared(folder, name)
    if not dry_run:
        _needed(reason)
    with publishing.imported(folder, definition, file, encoding, approved_by) as prepared:
        wanted = prepared.wanted
        done = not (dry_run or prepared.same)
        number = publish(folder, wanted, who.strip() or people.who(), reason) if done else 0
    if as_json:
        from engine.cli.terminal import json_out

        json_out(
            {"table": name, "version": number, "rows": wanted.rows, "changes": wanted.changes}
        )
        return
    if prepared.unused:
        more = len(prepared.unused) - SHOWN
        told = ", ".join(prepared.unused[:SHOWN]) + (f" and {more} more" if more > 0 else "")
        print(f"columns that {name} does not declare are left alone: {told}")
    if dry_run:
        print(f"{name}: {_told(wanted)}; nothing was imported (--dry-run)")
    elif prepared.same:
        print(f"{name}: version {wanted.after} says the same already; nothing was imported")
    else:
        print(f"{name}: version {number}, {_told(wanted)}")


@tables_app.command()
def rollback(
    name: Name,
    *,
    to: Annotated[
        int,
        typer.Option(
            "--to", metavar="VERSION", help="Default: the one before the present one."
        ),
    ] = 0,
    reason: Reason = "",
    who: Who = "",
    approved_by: Approver = "",
    home: Home = None,
) -> None:
    """
    Make the rows of an earlier version the next one. Example:

    corridor tables rollback cdm --reason "the October list has wrong prices"
    """
    from engine.cli import people
    from engine.handling.table_changes import publish
    from engine.handling.tables import declared
    from engine.store.tables import publishing

    folder = here(home)
    _needed(reason)
    wanted = publishing.rolled_back(folder, declared(folder, name), to, approved_by)
    number = publish(folder, wanted, who.strip() or people.who(), reason)
    print(
        f"{name}: version {number} says what version {wanted.rolled_back_to} said, {_told(wanted)}"
    )


def _needed(reason: str) -> None:
    from engine.cli.orders import needed

    needed(reason)


def _told(wanted: Wanted) -> str:
    from engine.cli.running import counted
    from engine.cli.table_views import changes

    return f"{counted(wanted.rows, 'row')}: {changes(wanted.changes)}"


@tables_app.command("list")
def list_(as_json: Json = False, home: Home = None) -> None:
    """
    Show every table: owner, rows, version, since when, by whom, and when it was last used. Example:

    corridor tables list
    """
    from engine.cli import table_views

    table_views.overview(here(home), as_json)


@tables_app.command()
def history(name: Name, as_json: Json = False, home: Home = None) -> None:
    """
    Show a table's versions: who changed it, why, and who approved. Example:

    corridor tables history cdm
    """
    from engine.cli import table_views

    table_views.history(here(home), name, as_json)


@tables_app.command()
def diff(
    name: Name,
    before: Annotated[
        int, typer.Argument(metavar="[V1]", help="Default: the version before V2.")
    ] = 0,
    after: Annotated[
        int, typer.Argument(metavar="[V2]", help="Default: the version in force.")
    ] = 0,
    limit: Annotated[int, typer.Option("--limit", help="At most this many rows.")] = 50,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """
    Show the rows that differ between two versions. Example:

    corridor tables diff cdm 3 4
    """
    from engine.cli import table_views

    if table_views.diff(here(home), name, before, after, limit, as_json):
        raise typer.Exit(FOUND)


@tables_app.command()
def export(
    name: Name,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Without it to the screen.")
    ] = None,
    version: Annotated[
        int, typer.Option("--version", metavar="VERSION", help="Default: the one in force.")
    ] = 0,
    home: Home = None,
) -> None:
    """
    Write a version as CSV, as it was imported. Example:

    corridor tables export cdm cdm.csv --version 3
    """
    from engine.cli import table_views

    table_views.export(here(home), name, file, version)


@tables_app.command()
def drift(
    name: Some = "",
    days: Annotated[int, typer.Option("--days", help="How far back to look.")] = 90,
    limit: Annotated[
        int, typer.Option("--limit", help="At most this many codes of each kind.")
    ] = 20,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """
    Show codes asked for and not found, rows that nobody used, and codes that changed. Example:

    corridor tables drift cdm --days 30
    """
    from engine.cli import table_views

    table_views.drifts(here(home), name, days, limit, as_json)


@tables_app.command()
def uses(name: Name, as_json: Json = False, home: Home = None) -> None:
    """
    Show which channels and mappings use a table, and where. Example:

    corridor tables uses cdm
    """
    from engine.cli import table_views

    table_views.uses(here(home), name, as_json)
