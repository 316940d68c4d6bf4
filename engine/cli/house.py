"""The house: `verify`, `backup`, `restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import FOUND, Home, Json, Yes, app, fail, here


@app.command()
def verify(as_json: Json = False, home: Home = None) -> None:
    """Recompute the store from its events; say what does not fit."""
    from engine.cli.running import counted
    from engine.cli.selection import open_archive
    from engine.cli.terminal import json_line, paint, safe

    findings = 0
    for finding in open_archive(here(home)).verify():
        findings += 1
        if as_json:
            json_line({"finding": finding})
        else:
            print(safe(finding))
    if findings:
        print(paint(counted(findings, "finding"), "error"))
        raise typer.Exit(FOUND)
    if not as_json:
        print(paint("the store is sound", "good"))


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="Made; must not exist yet.")],
    home: Home = None,
) -> None:
    """Make a verified copy of the store while the engine works."""
    from engine import orders
    from engine.cli.people import order

    folder, target = here(home), target.absolute()
    if target.exists() and any(target.iterdir()):
        raise fail(f"{target} is not empty")
    if orders.running(folder):
        order(folder, "backup", {"target": str(target)})
    else:
        _backup_directly(folder, target)
    print(f"backed up to {target}")


def _backup_directly(home: Path, target: Path) -> None:
    import asyncio
    import time

    from engine.cli.selection import open_archive
    from engine.store.sqlite import SqliteStore

    async def work() -> None:
        store = await SqliteStore.open(home, asyncio.get_running_loop(), time.time)
        try:
            await store.backup(target)
        finally:
            await store.close()

    open_archive(home)
    asyncio.run(work())


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `backup` made.")],
    yes: Yes = False,
    home: Home = None,
) -> None:
    """Put a backup in place of the store. Partners see new keys, every destination is on hold."""
    from engine import orders
    from engine.cli.terminal import ask
    from engine.store import backup as backups

    folder = here(home)
    if orders.running(folder):
        raise fail("an engine runs here; stop it first: corridor stop")
    if not source.is_dir():
        raise fail(f"{source} is not a folder that `corridor backup` made")
    if not yes and not ask(f"Set the store of {folder} aside and put {source} in its place?"):
        raise fail("nothing was done; give --yes to go on without being asked")
    backups.restore(source.absolute(), folder)
    print("restored; every destination is on hold. Start with: corridor run")
    print(
        f"sequences and batch numbers go on {backups.AHEAD} further, for partners have seen later ones;"
        " message ids too"
    )
    print("then look at what waits (corridor status) and let it go: corridor release all")
