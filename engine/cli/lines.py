"""One event as one line of a terminal, whether it comes from a log file or from the store's trail."""

from __future__ import annotations

from collections.abc import Sequence

from engine.cli.terminal import clock, paint, safe
from engine.handling.lines import Line
from engine.log import MASK


class Layout:
    """Lays lines out in columns whose widths grow with what was seen, up to a limit."""

    def __init__(self, channels: bool, width: int = 0) -> None:
        """`width` is that of the terminal; 0 = not known, or none."""
        self._channels, self._width = channels, width
        self._widths = {"message": 6, "channel": 6, "event": 10, "destination": 7}

    def page(self, lines: Sequence[Line]) -> list[str]:
        """Lines that are known together, in columns that suit them all."""
        for line in lines:
            self.show(line)
        return [self.show(line) for line in lines]

    def show(self, line: Line) -> str:
        """One line for the terminal; every text made safe."""
        left = [clock(line.at), self._cell("message", line.message)]
        if self._channels:
            left.append(self._cell("channel", line.channel or "(engine)"))
        event, destination = (
            self._cell("event", line.event),
            self._cell("destination", line.destination),
        )
        text, right = safe(line.text), safe(line.right)
        taken = sum(map(len, (*left, event, destination))) + 2 * (len(left) + 3)
        if self._width and MASK in right and taken + len(text) + len(right) > self._width:
            right = safe(line.least)
        taken += len(right)
        room = min(self._width - taken, 60) if self._width else 48
        colour = line.event if line.level == "info" else line.level
        cells = [*left, paint(event, colour), destination, text.ljust(room) if right else text]
        return "  ".join([*cells, paint(right, "dim")] if right else cells).rstrip()

    def _cell(self, name: str, text: str) -> str:
        text = safe(text)
        self._widths[name] = max(self._widths[name], min(len(text), 24))
        return text.ljust(self._widths[name])
