"""The stores there are, and small messages for them."""

from __future__ import annotations

import asyncio
import random
from hashlib import blake2b
from pathlib import Path

import apsw
import pytest

from engine.message import Inbound, Outbound, Plan, Settlement, Verdict
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


class Disk(apsw.VFS):
    """
    A disk that writes down every write and fsync, in order, and fails when told to.

    `fails(what, name)` is asked before each write and sync and may raise.
    """

    def __init__(self, name):
        self.name, self.log, self.fails = name, [], None
        super().__init__(name, "")

    def xOpen(self, name, flags):
        return DiskFile(self, name, flags)

    def xDelete(self, name, sync_folder):
        super().xDelete(name, sync_folder)
        self.log.append(("delete", Path(name).name, 0, b""))


class DiskFile(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self.disk, self.path = disk, Path(path).name if path else ""
        super().__init__("", name, flags)

    def _ask(self, what):
        if self.disk.fails is not None:
            self.disk.fails(what, self.path)

    def xWrite(self, data, offset):
        self._ask("write")
        self.disk.log.append(("write", self.path, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size):
        self.disk.log.append(("truncate", self.path, size, b""))
        super().xTruncate(size)

    def xSync(self, flags):
        self._ask("sync")
        super().xSync(flags)
        self.disk.log.append(("sync", self.path, 0, b""))


def after_power_cut(log, point, chance, folder):
    """
    Files as a disk may hold them when the power fails at a point of the log.

    What was written before a file's last fsync is there; of each later write all, nothing, or some sectors.
    """
    files = {}
    for name in {entry[1] for entry in log[:point] if entry[1].startswith("store.db")}:
        steps = [entry for entry in log[:point] if entry[1] == name]
        if steps[-1][0] == "delete":
            continue
        gone = max((at for at, entry in enumerate(steps) if entry[0] == "delete"), default=-1)
        steps = steps[gone + 1 :]
        synced = max((at for at, entry in enumerate(steps) if entry[0] == "sync"), default=-1)
        content = bytearray()
        for at, (what, _, offset, data) in enumerate(steps):
            if what == "sync" or (at > synced and chance.random() < 0.4):
                continue
            if what == "truncate":
                del content[offset:]
                continue
            torn = at > synced and chance.random() < 0.5
            _apply(content, offset, data, chance if torn else None)
        files[name] = content
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _apply(content, offset, data, chance):
    for start in range(0, len(data), 512):
        if chance is not None and chance.random() < 0.5:
            continue
        piece, at = data[start : start + 512], offset + start
        if len(content) < at + len(piece):
            content.extend(bytes(at + len(piece) - len(content)))
        content[at : at + len(piece)] = piece


@pytest.fixture
def disk():
    disk = Disk(f"disk-{random.randrange(10**12)}")
    yield disk
    disk.unregister()


@pytest.fixture
async def on_disk(disk, tmp_path):
    """A bench whose store lies on the recording disk."""
    bench = Bench(tmp_path)
    await bench.open(disk.name)
    yield bench
    disk.fails = None
    await bench.close()


@pytest.fixture
def power_cut():
    return after_power_cut


@pytest.fixture
def make_bench():
    return Bench
