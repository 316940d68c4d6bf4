"""`console`: the web console on its own, where `corridor run` does not serve it or for a look at a store without an engine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import Home, app, here

#: A console that has run this long, in seconds, had begun well.
LONG = 30.0


@app.command()
def console(
    parent: Annotated[
        int, typer.Option("--parent", hidden=True, help="End when this process is gone.")
    ] = 0,
    home: Home = None,
) -> None:
    """Serve the web console and the API of a home."""
    from engine.web import serving

    folder = here(home)
    if not parent:
        announce(folder)
    serving.serve(folder, parent if parent == os.getppid() else 0)


def announce(home: Path) -> None:
    """Say where the console is, and how the first account is made."""
    from engine.people.directory import Directory
    from engine.web import serving

    directory = Directory(home)
    try:
        print(f"console: {serving.address(home)}", flush=True)
        if not directory.begun():
            print(
                f"its first account: open /begin there; the token, for one use: {directory.invite()}",
                flush=True,
            )
    finally:
        directory.file.close()


def wanted(home: Path) -> bool:
    """Whether config.yaml wants one beside the engine; not where it has mistakes, which the engine tells."""
    from engine import installation
    from engine.placed import Mistakes

    said = installation.load(home, Mistakes())
    return said is not None and said.console.run


@contextlib.contextmanager
def beside(home: Path) -> Iterator[None]:
    """The console in a process of its own while the engine runs; it is begun again where it ends."""
    keeper = _Keeper(home)
    keeper.start()
    try:
        yield
    finally:
        keeper.end()


class _Keeper(threading.Thread):
    """Begins the console, and again when it ends, after a wait that doubles."""

    def __init__(self, home: Path) -> None:
        super().__init__(name="console", daemon=True)
        self._home, self._over = home, threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        wait = 1.0
        while not self._over.is_set():
            began = time.monotonic()
            command = [sys.executable, "-m", "engine.cli", "--home", str(self._home), "console"]
            self._process = subprocess.Popen(
                [*command, "--parent", str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            self._process.wait()
            wait = 1.0 if time.monotonic() - began > LONG else min(60.0, wait * 2)
            self._over.wait(wait)

    def end(self) -> None:
        """No console any more."""
        self._over.set()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
