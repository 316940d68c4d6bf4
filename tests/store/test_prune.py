"""Bodies of old messages are dropped; what is known about them stays."""

from __future__ import annotations

import os

import pytest

from engine.effects import Join
from engine.errors import StoreError
from engine.message import LARGE, Outbound, Plan, State, Verdict
from engine.store.home import large_folder

NOW = 1_800_000_000.0


async def rounds(store, older_than):
    while await store.prune(older_than, 2):
        pass


async def test_only_old_messages_that_are_done_with_lose_their_bodies(bench):
    done, waits, refused, young = [
        await bench.accept(received_at=at) for at in (1.0, 2.0, 3.0, NOW)
    ]
    await bench.step(done.deliveries[0], State.DELIVERED, attempt=1)
    await bench.step(waits.deliveries[0], State.QUEUED)
    await bench.step(refused.deliveries[0], State.REFUSED, attempt=1)
    await rounds(bench.store, NOW)
    archive = bench.archive()
    with pytest.raises(StoreError, match="pruned"):
        archive.raw(done.id)
    with pytest.raises(StoreError, match="pruned"):
        archive.payload(done.deliveries[0].id)
    for other in (waits, refused, young):
        assert archive.raw(other.id) == b"raw"
    assert archive.message(done.id).states == {"delivered": 1}
    assert len(archive.trail(done.id)) == 5
    assert await bench.verified() == []


async def test_a_large_body_goes_with_its_last_message(bench):
    spooled = await bench.store.spool([b"x" * (LARGE + 1)])
    out = (Outbound(destination="d", payload=spooled),)
    one = await bench.accept(
        Plan(verdict=Verdict.ACCEPTED, outbound=out), raw=spooled, received_at=1.0
    )
    two = await bench.accept(bench.plan(to=()), raw=spooled)
    fresh = await bench.store.spool([b"y" * (LARGE + 1)])
    await bench.step(one.deliveries[0], State.DELIVERED, attempt=1)
    path = large_folder(bench.home) / spooled.digest.hex()
    os.utime(path, (1, 1))
    os.utime(fresh.path, (NOW, NOW))
    await rounds(bench.store, NOW)
    assert path.exists() and bench.archive().raw(two.id)
    await rounds(bench.store, NOW + 1)
    assert not path.exists()
    assert (large_folder(bench.home) / fresh.digest.hex()).exists(), (
        "its message may be on its way"
    )
    assert await bench.verified() == []


async def test_free_pages_are_given_back(bench):
    for _ in range(100):
        await bench.accept(bench.plan(to=()), raw=b"x" * 8000, received_at=1.0)
    before = bench.store._connection.pragma("page_count")
    await rounds(bench.store, NOW)
    assert bench.store._connection.pragma("page_count") < before * 0.7


async def test_what_waits_in_an_open_group_is_kept_until_its_message_goes(bench):
    def collected(member):
        join = Join(key="A", member=member, entity=b"entity", of="ChargeEvent", quiet=1.0)
        return Plan(verdict=Verdict.COLLECTED, joins=(join,))

    one = await bench.accept(collected(b"one"), received_at=1.0)
    await rounds(bench.store, NOW)
    (group,) = bench.store.due(NOW + 1)
    read = bench.store.group(group.id)
    assert [(member.member, member.entity) for member in read.members] == [(b"one", b"entity")]
    assert bench.archive().raw(one.id) == b"raw"
    released = await bench.accept(bench.plan(), group=group.id, version=group.version)
    await rounds(bench.store, NOW)
    with pytest.raises(StoreError, match="pruned"):
        bench.archive().raw(one.id)
    rows = bench.store._connection.execute(
        "SELECT count(*) FROM member JOIN content ON content.id IN (member.content, entity)"
        " WHERE bytes IS NOT NULL"
    )
    assert rows.fetchall() == [(0,)], "members go with their message"
    assert bench.archive().raw(released.id) == b"raw", "it is young and its delivery is open"
    assert len(bench.archive().members(group.id)) == 1
    assert await bench.verified() == []
