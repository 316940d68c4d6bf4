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

    if orders.running(home):
        orders.send(home, "audit", {"action": action, "what": what}, who(), reason)
    else:
        _record_directly(home, action, what, reason)


def _record_directly(home: Path, action: str, what: str, reason: str) -> None:
    import asyncio
    import time

    from engine.store.sqlite import SqliteStore

    async def write() -> None:
        store = await SqliteStore.open(home, asyncio.get_running_loop(), time.time)
        try:
            await store.audit(who(), action, what, reason, time.time())
        finally:
            await store.close()

    asyncio.run(write())
