"""Who sits at the keyboard, and the record that is written before anybody reads content."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def who() -> str:
    """The name that orders and audit records carry."""
    import getpass
    import os

    name = os.environ.get("SUDO_USER")
    try:
        return name or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def order(home: Path, verb: str, arguments: dict[str, Any], reason: str = "") -> dict[str, Any]:
    """Order something of the running engine; CommandError when none runs or it says no."""
    from engine import orders

    return orders.send(home, verb, arguments, who(), reason)


def record(home: Path, action: str, what: str, reason: str) -> None:
    """Write an audit record: through the engine where one runs, else into the store itself."""
    from engine import orders

    orders.record(home, action, what, who(), reason)
