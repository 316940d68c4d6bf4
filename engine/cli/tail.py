"""`tail`: follow what happens, as it is written to the logs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import completion
from engine.cli.app import Home, Json, app, here
from engine.cli.selection import Key, named, number, open_archive, recorded

#: How often the files are looked at, in seconds.
PERIOD = 0.25
#: Most lines shown of one look at one file; a person reads no more.
MOST = 30
#: Those who watch give way to the engine.
NICE = 19
#: Most messages that a key may stand for.
SAME_KEY = 2000

Wanted = Callable[[dict[str, Any]], bool]


@app.command()
def tail(
    channel: Annotated[
        str,
        typer.Argument(
            metavar="[CHANNEL]", help="Only this channel.", autocompletion=completion.channels
        ),
    ] = "",
    *,
    last: Annotated[int, typer.Option("--last", "-n", help="Begin with this many lines.")] = 20,
    level: Annotated[
        str,
        typer.Option("--level", metavar="LEVEL", help="At least: debug, info, warning, error."),
    ] = "info",
    state: Annotated[
        str,
        typer.Option(
            "--state", metavar="STATE", help="Only what became this: delivered, waiting, ..."
        ),
    ] = "",
    short: Annotated[
        str, typer.Option("--id", metavar="ID", help="Only this message: 774K-6.")
    ] = "",
    key: Key = "",
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", "-f", help="Go on until Ctrl-C.")
    ] = True,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Follow what happens, as it happens."""
    from engine.cli.lines import Layout
    from engine.cli.terminal import json_line, width
    from engine.handling.follow import Follower, Which
    from engine.handling.lines import from_log

    folder = here(home)
    _known(folder, channel)
    if follow:
        os.nice(NICE)
    which = Which(level=_level(level), event=state, message=_message(short))
    has_key = _key(folder, key)
    layout = Layout(channels=not channel, width=width())
    follower = Follower(logs(folder), channel, which.needles, 0 if as_json else MOST)

    def wanted(fact: dict[str, Any]) -> bool:
        return which.fits(fact) and (has_key is None or has_key(fact))

    def show(facts: list[dict[str, Any]]) -> None:
        if as_json:
            for fact in facts:
                json_line(fact)
        elif facts:
            print("\n".join(layout.page([from_log(fact) for fact in facts])), flush=True)

    show(follower.last(last, wanted))
    while follow:
        time.sleep(PERIOD)
        show([fact for fact in follower.fresh() if wanted(fact)])


def logs(home: Path) -> Path:
    """The folder of the home's log files, as config.yaml says."""
    if not (home / "config.yaml").is_file():
        return home / "logs"
    from engine import installation
    from engine.placed import Mistakes

    said = installation.load(home, Mistakes())
    return home / (said.logs.folder if said is not None else "logs")


def _known(home: Path, channel: str) -> None:
    """A channel that is neither defined nor logged is a slip of the keyboard."""
    if not channel or channel == "engine":
        return
    names = {path.stem for path in (home / "channels").glob("*.yaml")}
    if channel in names or (logs(home) / f"{channel}.log").is_file():
        return
    from difflib import get_close_matches

    close = get_close_matches(channel, names, 1)
    raise typer.BadParameter(
        f"there is no channel '{channel}'" + (f"; did you mean '{close[0]}'?" if close else "")
    )


def _level(level: str) -> str:
    from engine.log import LEVELS

    if level not in LEVELS:
        raise typer.BadParameter(f"--level is one of {', '.join(LEVELS)}")
    return level


def _message(short: str) -> str:
    from engine.message import short_id

    return short_id(number(short)) if short else ""


def _key(home: Path, key: str) -> Wanted | None:
    """Messages with this key; the store is asked again when an unknown message shows up."""
    if not key:
        return None
    from engine.message import short_id

    archive, meant = open_archive(home), named(key)
    recorded(home, key)
    known: dict[str, bool] = {}

    def has(fact: dict[str, Any]) -> bool:
        short = str(fact.get("message", ""))
        if not short:
            return False
        if short not in known:
            for found in archive.search(key=meant, limit=SAME_KEY):
                known[short_id(found.id)] = True
            known.setdefault(short, False)
        return known[short]

    return has
