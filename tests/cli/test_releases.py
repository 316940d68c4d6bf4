"""`releases`: what a channel was made of, and what changed."""

from __future__ import annotations

import asyncio
import time

from engine.store import Used
from engine.store.sqlite import SqliteStore
from tests.cli.conftest import Corridor


async def kept(corridor: Corridor) -> None:
    store = await SqliteStore.open(corridor.home, asyncio.get_running_loop(), time.time)
    for release, text in (("r1", b"a\nb\n"), ("r2", b"a\nc\x1b[2J\n")):
        used = Used(channel="charges", release=release, texts={"channels/charges.yaml": text})
        await store.put_to_use([used], "ann", 1_700_000_000.0)
    await store.close()


async def test_releases_are_listed_and_compared(corridor: Corridor) -> None:
    await kept(corridor)
    listed = corridor("releases", "charges")
    assert [line.split()[0] for line in listed.lines] == ["RELEASE", "r2", "r1"]
    told = corridor("releases", "charges", "--diff", "r1", "r2").out
    assert "- b" in told and "+ c" in told and "\x1b" not in told
    assert corridor("releases", "charges", "--files", "r1").lines[1:3] == ["a", "b"]
    assert corridor("releases", "charges", "--diff", "r1", "r9").code != 0
    assert corridor("releases", "nobody").code != 0
    found = corridor("releases", "charges", "--json").json["releases"]
    assert [one["who"] for one in found] == ["ann", "ann"]
