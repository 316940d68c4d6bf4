"""`corridor people`: accounts and tokens from the terminal, also when nobody can sign in any more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.app import USAGE, Home, Json, app, fail, here

if TYPE_CHECKING:
    from engine.handling.accounts import Accounts
    from engine.people.directory import Directory

people_app = typer.Typer(
    help="Accounts and tokens of the console.", rich_markup_mode=None, no_args_is_help=True
)
token_app = typer.Typer(help="Tokens of programs.", rich_markup_mode=None, no_args_is_help=True)
app.add_typer(
    people_app, name="people", help="Accounts of the console, and tokens of programs."
)
people_app.add_typer(token_app, name="token", help="Tokens of programs: list, issue, revoke.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account: a.smith.")]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        metavar="ROLE",
        help="viewer, support, analyst, steward, auditor, administrator; may be repeated.",
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag", metavar="TAG", help="Only channels with this tag; may be repeated. Default: all."
    ),
]  # fmt: skip


@people_app.command("list")
def list_(as_json: Json = False, home: Home = None) -> None:
    """Everybody with an account."""
    import msgspec

    from engine.cli.terminal import json_line, moment, table

    found = _directory(here(home)).accounts()
    if as_json:
        for one in found:
            json_line(msgspec.structs.asdict(one))
        return
    rows = [
        (
            one.name, ", ".join(one.roles), ", ".join(one.tags) or "all", "app" if one.one_time else "none",
            "may not sign in" if one.disabled else "", moment(one.since),
        )
        for one in found
    ]  # fmt: skip
    heads = ("name", "roles", "channels", "second factor", "", "since")
    print("\n".join(table(rows, heads)) if rows else "nobody yet; begin with: corridor people add NAME --role administrator")  # fmt: skip


@people_app.command()
def add(name: Name, *, role: Roles = None, tag: Tags = None, home: Home = None) -> None:
    """Make an account; its first password is shown once."""
    made = _accounts(here(home)).add(name, role or (), tag or ())
    print(f"{name} may sign in with, shown this once: {made}")


@people_app.command()
def change(
    name: Name,
    *,
    role: Roles = None,
    tag: Tags = None,
    all_channels: Annotated[
        bool, typer.Option("--all-channels", help="No tags any more: all channels.")
    ] = False,
    disable: Annotated[bool, typer.Option("--disable", help="May sign in no more.")] = False,
    enable: Annotated[bool, typer.Option("--enable", help="May sign in again.")] = False,
    home: Home = None,
) -> None:
    """Change an account; what is not given stays. Its sessions end."""
    if (disable and enable) or (tag and all_channels):
        raise fail("either --disable or --enable, either --tag or --all-channels", USAGE)
    if not (role or tag or all_channels or disable or enable):
        raise fail("say what is to change: --role, --tag, --all-channels, --disable, --enable", USAGE)  # fmt: skip
    _accounts(here(home)).change(
        name,
        roles=role or None,
        tags=[] if all_channels else tag or None,
        disabled=True if disable else False if enable else None,
    )
    print(f"{name} is changed")


@people_app.command()
def password(name: Name, home: Home = None) -> None:
    """Give a fresh first password, shown once; the authenticator app is forgotten with the old one."""
    made = _accounts(here(home)).change(name, new_password=True)
    print(f"{name} may sign in with, shown this once: {made}")


@token_app.command("list")
def tokens(as_json: Json = False, home: Home = None) -> None:
    """All tokens, without their secrets."""
    import msgspec

    from engine.cli.terminal import json_line, moment, table

    found = _directory(here(home)).tokens.all()
    if as_json:
        for one in found:
            json_line(msgspec.structs.asdict(one))
        return
    rows = [
        (
            one.id, one.name, ", ".join(one.roles), ", ".join(one.tags) or "all",
            moment(one.until) if one.until else "no end", moment(one.used_at) if one.used_at else "never",
        )
        for one in found
    ]  # fmt: skip
    heads = ("id", "name", "roles", "channels", "until", "last used")
    print("\n".join(table(rows, heads)) if rows else "no token yet")


@token_app.command()
def issue(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which program: grafana.")],
    *,
    role: Roles = None,
    tag: Tags = None,
    days: Annotated[int, typer.Option("--days", min=0, help="Days until it ends; 0: it does not.")] = 365,
    home: Home = None,
) -> None:  # fmt: skip
    """Make a token; its secret is shown once."""
    import time

    until = time.time() + days * 86400.0 if days else 0.0
    secret = _accounts(here(home)).issue(name, role or (), tag or (), until)
    print(f"the token of {name}, shown this once: {secret}")


@token_app.command()
def revoke(
    token: Annotated[int, typer.Argument(metavar="NUMBER", help="Its number in the list.")],
    home: Home = None,
) -> None:
    """Make a token void."""
    _accounts(here(home)).revoke(token)
    print(f"token {token} is void")


def _directory(home: Path) -> Directory:
    from engine.people.directory import Directory

    return Directory(home)


def _accounts(home: Path) -> Accounts:
    from engine.cli.people import record, who
    from engine.handling.accounts import Accounts

    return Accounts(_directory(home), lambda *said: record(home, *said), who())
