"""Words for people on a terminal: safe, aligned, in the viewer's time zone."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.handling.lines import span as span  # noqa: PLC0414 - known from here

#: Anything a terminal might obey: C0 and C1 controls, and what turns the direction of text around.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_COLOURS = {
    "error": "31",
    "refused": "31",
    "quarantined": "31",
    "uncertain": "35",
    "warning": "33",
    "waiting": "33",
    "held": "33",
    "paused": "31",
    "delivered": "32",
    "accepted": "36",
    "received": "36",
    "good": "32",
    "bad": "31",
    "dim": "2",
    "strong": "1",
}


def safe(text: str) -> str:
    """
    Text with everything a terminal might obey made visible.

    >>> print(safe("no" + chr(27) + "[2J"))
    no\\x1b[2J
    """
    return _OBEYED.sub(lambda found: _visible(ord(found[0])), text)


def safe_lines(text: str) -> str:
    """The same, but line ends stay line ends."""
    return "\n".join(safe(line) for line in text.split("\n"))


def _visible(code: int) -> str:
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def coloured() -> bool:
    """Whether colours are wanted here: a terminal, and NO_COLOR is not set."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def width() -> int:
    """Columns of the terminal; 0 where this is none."""
    return os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else 0


def paint(text: str, name: str) -> str:
    """Text in the colour of a state, where colours are wanted."""
    colour = _COLOURS.get(name)
    return f"\x1b[{colour}m{text}\x1b[0m" if colour and coloured() else text


def clock(at: float) -> str:
    """Time of day in the viewer's zone, with milliseconds."""
    return f"{time.strftime('%H:%M:%S', time.localtime(at))}.{int(at % 1 * 1000):03d}"


def moment(at: float) -> str:
    """Date and time in the viewer's zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def table(rows: Iterable[Sequence[object]], heads: Sequence[str] = ()) -> list[str]:
    """Rows as aligned lines; numbers to the right, texts made safe."""
    cells = [[_cell(value) for value in row] for row in rows]
    numbers = [all(_is_number(row[at]) for row in cells) for at in range(len(heads))]
    if heads:
        cells.insert(0, [head.upper() for head in heads])
    if not cells:
        return []
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))]
    lines = []
    for row in cells:
        padded = (
            text.rjust(width) if at < len(numbers) and numbers[at] else text.ljust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join(padded).rstrip())
    return lines


def _cell(value: object) -> str:
    return "" if value is None else safe(str(value))


def _is_number(text: str) -> bool:
    return not text or text.replace(".", "", 1).isdigit()


def json_out(value: Any) -> None:
    """Print one JSON value, indented; texts escaped to ASCII."""
    import json

    print(json.dumps(value, indent=2, default=_plain))


def json_line(value: Any) -> None:
    """Print one JSON value on one line; texts escaped to ASCII."""
    import json

    print(json.dumps(value, default=_plain), flush=True)


def _plain(value: object) -> object:
    import msgspec

    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return msgspec.to_builtins(value)


def ask(question: str) -> bool:
    """Ask a yes-or-no question; no where nobody can answer."""
    if not sys.stdin.isatty():
        return False
    import typer

    return typer.confirm(question)


def states(counts: Mapping[str, int]) -> str:
    """
    Numbers of deliveries by state, in words.

    >>> states({"delivered": 3, "queued": 0, "refused": 1})
    '3 delivered, 1 refused'
    """
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count)
