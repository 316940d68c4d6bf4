"""What the shell completes beside commands and options: the names of channels, states and verdicts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import typer


def channels(ctx: typer.Context, incomplete: str) -> list[str]:
    """Channels of the home that begin so; the files are only listed, never read."""
    home = _home(ctx)
    return sorted(
        path.stem
        for path in (home / "channels").glob("*.yaml")
        if path.stem.startswith(incomplete)
    )


def states(incomplete: str) -> list[str]:
    """States of deliveries that begin so."""
    from engine.message import State

    return [state.value for state in State if state.value.startswith(incomplete)]


def verdicts(incomplete: str) -> list[str]:
    """Verdicts of messages that begin so."""
    from engine.message import Verdict

    return [verdict.value for verdict in Verdict if verdict.value.startswith(incomplete)]


def lookup_tables(ctx: typer.Context, incomplete: str) -> list[str]:
    """Data tables that the home declares and that begin so."""
    folder = _home(ctx) / "mappings/tables"
    return sorted(
        path.stem for path in folder.glob("*.yaml") if path.stem.startswith(incomplete)
    )


def _home(ctx: typer.Context) -> Path:
    """The home that the half-written command line means."""
    at: Any = ctx
    while at is not None:
        given = at.params.get("home")
        if given:
            return Path(given)
        at = at.parent
    return Path(os.environ.get("CORRIDOR_HOME") or ".")
