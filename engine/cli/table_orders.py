"""Orders about tables: through the engine where one runs, else into the store itself."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec

from engine import orders
from engine.cli import people
from engine.errors import CommandError, ConfigError
from engine.mapping import lookups
from engine.mapping.language import suggestion
from engine.mapping.lookups import Definition
from engine.placed import Mistakes
from engine.store.sqlite import SqliteStore
from engine.store.tables import Version, publishing
from engine.store.tables.publishing import Wanted


def publish(home: Path, wanted: Wanted, who: str, reason: str) -> int:
    """Bring a version into force; its number."""
    person = who.strip() or people.who()
    if orders.running(home):
        arguments = msgspec.to_builtins(wanted)
        answer = orders.send(home, "tables", arguments, person, reason)
        return int(answer["version"])
    return asyncio.run(_directly(home, wanted, person, reason)).version


async def _directly(home: Path, wanted: Wanted, who: str, reason: str) -> Version:
    store = await SqliteStore.open(home, asyncio.get_running_loop(), time.time)
    try:
        return await publishing.publish(store, home, wanted, who, reason, time.time())
    finally:
        await store.close()


def declared(home: Path, name: str) -> Definition:
    """The table's declaration; says what to write where there is none."""
    mistakes = Mistakes()
    try:
        found = lookups.load(name, home, mistakes)
    except LookupError:
        near = suggestion(name, lookups.names(home))
        raise CommandError(f"there is no table '{name}'{near or _declare(name)}") from None
    if found is None:
        raise ConfigError(mistakes.found)
    return found


def _declare(name: str) -> str:
    return (
        f"; declare it first, in mappings/tables/{name}.yaml:\n"
        "  description: What it says, in one line\n"
        "  owner: who-answers-for-it\n"
        "  keys: [code]\n"
        "  columns: [charge_code, price]"
    )
