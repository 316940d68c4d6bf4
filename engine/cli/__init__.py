"""
The command line: `corridor`. One file per family of commands; what a command needs is imported when it runs.

Exit codes: 0 fine · 1 something was found (a mistake, a failed test, a refused message) · 2 the command was written
wrongly · 3 it cannot be done now (no engine runs, no such message, the home is in use) · 70 a fault of Corridor itself ·
130 ended by Ctrl-C.
"""

from __future__ import annotations

import sys

from engine import __version__


def main() -> None:
    """Entry point of the `corridor` command."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        print(f"corridor {__version__}")
        return
    from engine.cli.commands import app

    app()
