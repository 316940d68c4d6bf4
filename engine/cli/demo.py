"""`demo`: the whole engine at work in front of one's eyes, with an outage in the middle."""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import FOUND, Home, app, here
from engine.cli.running import NoConsole


@app.command(hidden=True)
def demo(
    *,
    seconds: Annotated[
        float,
        typer.Option("--seconds", help="Send for this long, wait until all is delivered, end."),
    ] = 0.0,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines instead of a live screen.")
    ] = False,
    rate: Annotated[float, typer.Option("--rate", help="Messages per second.")] = 3.0,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="DIR", help="Scratch home; default .demo."),
    ] = None,
    no_console: NoConsole = False,
    home: Home = None,
) -> None:
    """Show the engine at work, with partners and an outage."""
    from engine.cli import console
    from engine.cli.course import Show, programme_name, shortened
    from engine.cli.hospital import hospital
    from engine.cli.stage import Sender, Stage, origin, programme, scratch

    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.default_int_handler)
    print("starting simulated partners and the engine ...", flush=True)
    with contextlib.ExitStack() as running:
        stage = running.enter_context(Stage(origin(here(home)), scratch(folder)))
        if not no_console and console.wanted(stage.home):
            running.enter_context(console.beside(stage.home))
            console.announce(stage.home)
        sender, chains = Sender(programme(stage.home), rate), hospital(stage.home)
        show = Show(stage, sender, chains, seconds, live=not plain and sys.stdout.isatty())
        sender.start()
        if chains is not None:
            chains.start()
        stopped = False
        try:
            show.run()
        except KeyboardInterrupt:
            print("\nstopping ...", flush=True)
            stopped = True
        finally:
            for teller in (sender, chains):
                if teller is not None:
                    teller.ending.set()
                    teller.join()
        delivered = show.settle() if seconds and not stopped else True
        if stopped:
            show.sum_up()
    if stopped:
        said = f"{programme_name()} --home {shortened(stage.home)}"
        print(f"all ended; what it did can still be read: {said} messages", flush=True)
    if not delivered:
        raise typer.Exit(FOUND)
