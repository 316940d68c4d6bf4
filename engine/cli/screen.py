"""The demo's live screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from engine.cli.terminal import safe, span, states
from engine.handling.standing import why

_STYLES = {
    "held": "yellow",
    "waiting": "yellow",
    "paused": "red",
    "sending": "cyan",
    "idle": "green",
}


class Screen:
    """A table of destinations, the last events, and where to go next. `with` shows it."""

    def __init__(self) -> None:
        self._live = Live(console=Console(), refresh_per_second=4, transient=False)

    def __enter__(self) -> Screen:
        self._live.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._live.__exit__(*exception)

    def draw(
        self,
        status: Mapping[str, Any],
        answers: Mapping[str, int],
        news: str,
        events: Sequence[str],
        hints: Sequence[str],
    ) -> None:
        """Show how things stand now."""
        sent = ", ".join(f"{count} {safe(word)}" for word, count in sorted(answers.items()))
        head = Text.assemble(
            ("sent ", "bold"), f"{sum(answers.values())} ({sent})   ", (news, "bold")
        )
        log = Panel(
            Text.from_ansi("\n".join(events)), title="the last events", border_style="dim"
        )
        self._live.update(
            Group(head, _table(status["channels"]), log, Text("\n".join(hints), style="dim"))
        )


def _table(channels: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(expand=True, border_style="dim")
    for name, right in (
        ("channel", False),
        ("received", False),
        ("destination", False),
        ("state", False),
        ("waiting", True),
        ("delivered", True),
        ("why", False),
    ):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for channel in channels:
        head = (safe(channel["channel"]), states(channel["verdicts"]))
        for one in channel["destinations"]:
            state = Text(one["state"], style=_STYLES.get(one["state"], ""))
            numbers = (str(one["queued"]), str(one["delivered"]))
            table.add_row(
                *map(Text, head),
                Text(safe(one["name"])),
                state,
                *numbers,
                Text(safe(why(one, span))),
            )
            head = ("", "")
        table.add_section()
    return table
