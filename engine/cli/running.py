"""`run`, `check` and `test`: start the engine, find mistakes, prove that the channels do what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import completion
from engine.cli.app import FOUND, Home, Json, app, here

Channels = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CHANNEL]...", help="Only these channels.", autocompletion=completion.channels
    ),
]

NoConsole = Annotated[
    bool,
    typer.Option(
        "--no-console",
        envvar="CORRIDOR_NO_CONSOLE",
        help="Without the web console and the API.",
    ),
]


@app.command()
def run(
    hold_all: Annotated[
        bool, typer.Option("--hold-all", help="Take messages, but send nothing until released.")
    ] = False,
    no_console: NoConsole = False,
    home: Home = None,
) -> None:
    """Start the engine and run until Ctrl-C or SIGTERM."""
    from engine import runtime
    from engine.cli import console

    folder = here(home)
    if no_console or not console.wanted(folder):
        runtime.run(folder, hold_all, on_ready=_ready)
        return

    def ready(engine: Any) -> None:
        _ready(engine)
        console.announce(folder)

    with console.beside(folder):
        runtime.run(folder, hold_all, on_ready=ready)


def _ready(engine: Any) -> None:
    from engine.cli.terminal import paint, safe, safe_lines

    for mistake in engine.mistakes:
        print(safe_lines(str(mistake)), flush=True)
    names = sorted(engine.stations)
    for name in names:
        station = engine.stations[name]
        why = station.receiving.trouble
        trouble = f"  {paint(safe(why), 'error')}" if why else ""
        print(f"{name}: {source(station.channel)}{trouble}", flush=True)
    held = ", everything on hold" if any(hold.held for hold in engine.holds.values()) else ""
    channels = counted(len(names), "channel")
    print(f"{paint('ready', 'good')}: {channels} in {engine.home}{held}", flush=True)
    if not names and not engine.mistakes:
        print("nothing can be received yet; begin with: corridor new channel NAME", flush=True)


def source(channel: Any) -> str:
    """Where a channel receives, in words."""
    link = channel.source
    settings = link.settings
    places = [getattr(settings, name, None) for name in ("host", "port", "path", "folder")]
    host, port, path, folder = (
        str(place) if place not in (None, "") else "" for place in places
    )
    address = f"{host}:{port}" if port else ""
    return " ".join(part for part in (link.kind, address + path, folder) if part)


@app.command()
def check(as_json: Json = False, home: Home = None) -> None:
    """Find every mistake in configuration and channels."""
    from engine.channel import load_all
    from engine.cli.terminal import json_out, paint
    from engine.errors import ConfigError

    folder = here(home)
    try:
        loaded = load_all(folder)
    except ConfigError as error:
        if as_json:
            json_out({"mistakes": error.mistakes})
            raise typer.Exit(FOUND) from None
        print_mistakes(error)
        raise typer.Exit(FOUND) from None
    if as_json:
        json_out({"mistakes": [], "channels": sorted(loaded.channels)})
        return
    print(f"{paint('no mistakes', 'good')} in {counted(len(loaded.channels), 'channel')}")
    if not loaded.channels:
        print(f"{folder} has no channels yet; begin with: corridor new channel NAME")


def print_mistakes(error: Any) -> None:
    """Every mistake with its place, then how many there are in how many files."""
    from engine.cli.terminal import paint, safe, safe_lines

    for mistake in error.mistakes:
        place, _, rest = str(mistake).partition("\n")
        print(f"{paint(safe(place), 'strong')}\n{safe_lines(rest)}\n")
    files = {mistake.file for mistake in error.mistakes}
    total = f"{counted(len(error.mistakes), 'mistake')} in {counted(len(files), 'file')}"
    print(paint(total, "error"))


def counted(number: int, noun: str) -> str:
    """
    A number and its noun.

    >>> counted(1, "channel"), counted(2, "channel")
    ('1 channel', '2 channels')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


@app.command()
def test(
    channels: Channels = None,
    *,
    coverage: Annotated[
        bool,
        typer.Option("--coverage", help="Also which rules and fields no test reaches."),
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Run the tests of the channels; nothing is sent."""
    from engine.cli.terminal import json_out

    results, covered = _tested(here(home), channels, coverage)
    if as_json:
        json_out({"results": results, "coverage": covered} if coverage else results)
    else:
        _show_results(results)
        _show_coverage(covered)
    if any(not result.passed for result in results):
        raise typer.Exit(FOUND)


def _tested(home: Path, names: list[str] | None, coverage: bool) -> tuple[list[Any], list[Any]]:
    """The results, and how much of each file the tests reach."""
    from engine import check as checks
    from engine.channel import load_all
    from engine.check.covering import covered
    from engine.coverage import watching

    if not coverage:
        loaded = load_all(home)
        chosen = [find(loaded, name) for name in names or loaded.channels]
        return [result for channel in chosen for result in checks.run(channel, loaded)], []
    with watching() as watched:
        loaded = load_all(home)
    chosen = [find(loaded, name) for name in names or loaded.channels]
    watched.recording = True
    results = [result for channel in chosen for result in checks.run(channel, loaded)]
    return results, covered(watched, chosen)


def _show_results(results: list[Any]) -> None:
    from engine.cli.terminal import paint, safe, safe_lines

    for result in results:
        mark = paint("ok  ", "good") if result.passed else paint("FAIL", "error")
        print(f"{mark}  {safe(result.channel)}: {safe(result.name)}")
        if not result.passed:
            print("      " + safe_lines(result.text()).replace("\n", "\n      "))
    failed = sum(not result.passed for result in results)
    total = f"{counted(len(results), 'test')}, {failed} failed"
    print(paint(total, "error" if failed else "good"))


def _show_coverage(covered: list[Any]) -> None:
    from engine.cli.terminal import paint, safe, table

    for file in covered:
        reached = file.rules - len(file.missed)
        said = f"{file.percent} %  {reached} of {counted(file.rules, 'rule')}"
        print(f"\n{paint(safe(file.file), 'strong')}  {said}")
        for line in table([(f"  line {one.line}", one.path, one.why) for one in file.missed]):
            print(line)


def find(loaded: Any, name: str) -> Any:
    """A channel by its name; BadParameter, with the nearest name, where there is none."""
    if name in loaded.channels:
        return loaded.channels[name]
    from difflib import get_close_matches

    close = get_close_matches(name, loaded.channels, 1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    raise typer.BadParameter(f"there is no channel '{name}'{hint}")
