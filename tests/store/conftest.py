"""The stores there are, and small messages for them."""

from __future__ import annotations

import asyncio
import time
from hashlib import blake2b

import pytest

from engine.message import Inbound, Outbound, Plan, Settlement, State, Verdict
from engine.store.archive import SqliteArchive
from engine.store.sqlite import SqliteStore

NOW = 1_800_000_000.0


class Bench:
    """A store in a home of its own, and what tests do with it again and again."""

    def __init__(self, home):
        self.home = home
        self.store = None
        self.announced = []

    async def open(self, vfs=None):
        self.store = await SqliteStore.open(
            self.home, asyncio.get_running_loop(), lambda: NOW, vfs
        )
        self.store.listen(self.announced.extend)
        return self.store

    async def close(self):
        if self.store is not None:
            store, self.store = self.store, None
            await store.close()

    async def again(self):
        """Close and open, as after an orderly end."""
        await self.close()
        return await self.open()

    def archive(self):
        return SqliteArchive(self.home)

    async def verified(self):
        """What verify finds once nothing is under way."""
        await self.settled()
        with self.archive() as archive:
            return list(archive.verify())

    async def settled(self):
        """Wait until what rides is on the disk."""
        self.store.hurry()
        await self.store.put("test", "tick", b"")

    async def accept(self, plan=None, raw=b"raw", channel="c", store=None, **inbound):
        """Accept one message."""
        message = Inbound(**{"raw": raw, "received_at": NOW, "peer": "p", **inbound})
        return await (store or self.store).accept(channel, message, plan or self.plan(raw))

    def plan(self, content=b"raw", key=None, to=("d",), **more):
        """A plan with one payload for each destination."""
        outbound = tuple(
            Outbound(destination=name, payload=b"to " + name.encode()) for name in to
        )
        facts = {
            "verdict": Verdict.ACCEPTED,
            "outbound": outbound,
            "unique": key,
            "digest": digest(content),
        }
        return Plan(**{**facts, **more})

    async def queue(self, count=1, lanes=(0,), to="d"):
        """Accept messages with one delivery each; the deliveries."""
        outbound = (Outbound(destination=to, payload=b"payload", lanes=lanes),)
        plans = [Plan(verdict=Verdict.ACCEPTED, outbound=outbound) for _ in range(count)]
        receipts = await asyncio.gather(*(self.accept(plan) for plan in plans))
        return [receipt.deliveries[0] for receipt in receipts]

    async def step(self, delivery, state, claim=True, **more):
        """Claim, settle, and wait until both are on the disk."""
        if claim:
            self.store.claim(delivery, NOW)
        settlement = Settlement(delivery=delivery.id, state=state, at=NOW + 1, **more)
        self.store.settle(settlement, None, more.pop("keep_lane", False))
        await self.settled()

    async def heads(self, to="d", limit=100):
        return await self.store.heads(self.store.destination("c", to), limit)

    def states(self, message):
        with self.archive() as archive:
            return archive.message(message).states


def digest(content):
    return blake2b(content, digest_size=16).digest()


@pytest.fixture(params=["sqlite"])
async def bench(request, tmp_path):
    bench = Bench(tmp_path)
    await bench.open()
    yield bench
    await bench.close()


@pytest.fixture
def clock():
    return time.monotonic


DELIVERED, REFUSED, UNCERTAIN, QUEUED = (
    State.DELIVERED,
    State.REFUSED,
    State.UNCERTAIN,
    State.QUEUED,
)
