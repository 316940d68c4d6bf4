"""Large messages kept in chunks: nothing of a chunk that does not begin where the one before ended, counts that are right."""

from __future__ import annotations

import pytest

from engine.effects import Kept, Load, Step
from engine.errors import CommitRefused
from engine.message import Inbound, Plan, Verdict
from engine.store.last_file import Keys, LastFile, keys_file

NOW = 1_800_000_000.0


def part(bench, raw=b"part", **more):
    return bench.plan(raw, part_raw=raw, **more)


def bad(raw=b"bad"):
    return Plan(verdict=Verdict.QUARANTINED, reason="ragged_line", part_raw=raw)


async def begun(bench, **more):
    inbound = Inbound(**{"raw": b"whole", "received_at": 1.0, "peer": "in", **more})
    plan = Plan(verdict=Verdict.SPLIT, load=Load(known=b"k", parts=4, way=b"w"))
    return await bench.store.accept("c", inbound, plan)


async def step(bench, message, parts=(), begin=b"", end=b"x", **more):
    plan = Plan(
        verdict=Verdict.SPLIT, parts=tuple(parts), step=Step(begin=begin, end=end, **more)
    )
    loading = bench.store.loading(message)
    return await bench.store.accept("c", loading.inbound, plan, message)


async def test_a_chunk_is_kept_once_and_in_its_place(bench):
    message = (await begun(bench)).id
    receipt = await step(bench, message, [part(bench), bad()], unchanged=3)
    assert [one.verdict for one in receipt.parts] == [Verdict.ACCEPTED, Verdict.QUARANTINED]
    for begin in (b"", b"y"):
        with pytest.raises(CommitRefused):
            await step(bench, message, [part(bench)], begin=begin)
    await bench.again()
    loading = bench.store.loading(message)
    assert (loading.position, loading.met, loading.unchanged, loading.rejected) == (
        b"x",
        5,
        3,
        1,
    )
    assert loading.reasons == {"ragged_line": 1} and loading.inbound.raw == b"whole"
    assert (loading.known, loading.way) == (b"k", b"w")
    assert [one.message for one in bench.store.loadings()] == [message]
    await step(bench, message, [bad()], begin=b"x", end=b"", next=1)
    await step(bench, message, begin=b"", end=b"", phase=1, next=2, at=9.0)
    assert bench.store.loadings() == []
    assert (
        bench.archive().loading(message).report()
        == "6 records read: 1 changed, 3 unchanged, 2 rejected (ragged_line 2)"
    )
    (told,) = await bench.store.told()
    assert told.message == message and await bench.store.told() == []
    assert len(bench.archive().parts(message)) == 3
    assert await bench.verified() == []
    connection = bench.store._connection
    connection.execute("UPDATE loading SET met = met + 1")
    assert any("parts of it were counted" in found for found in await bench.verified())
    connection.execute("UPDATE loading SET met = met - 1")


async def test_what_the_last_file_had(bench, tmp_path):
    message = (await begun(bench)).id
    kept = tuple(Kept(at, f"A-{at}", b"d%d" % at) for at in range(3))
    await step(
        bench,
        message,
        [part(bench, b"a", to=()), bad(b"b"), part(bench, b"c", to=())],
        kept=kept,
    )
    number = bench.store.channel_number("c")
    with LastFile(bench.home, number) as last:
        assert last.digests(["A-0", "A-1", "A-9"]) == {"A-0": b"d0", "A-1": b""}
    keys = Keys(keys_file(bench.home, 99))
    keys.met("A-0")
    keys.close()
    with LastFile(bench.home, number, keys_file(bench.home, 99)) as last:
        assert last.counts() == (3, 2) and last.sure()
        assert last.vanished("", 1) == [("A-1", b"b")]
        assert last.vanished("A-1", 9) == [("A-2", b"c")]
    await step(bench, message, begin=b"x", end=b"", next=1)
    gone = [part(bench, b"b", to=())]
    await step(bench, message, gone, begin=b"", end=b"A-1", phase=1, next=1, gone=("A-1",))
    while await bench.store.prune(NOW, 50):
        pass
    with LastFile(bench.home, number, keys_file(bench.home, 99)) as last:
        assert last.vanished("", 9) == [("A-2", b"c")], "its bytes are needed and stay"
    assert bench.archive().raw(message) == b"whole", "it is being taken apart"
    assert await bench.verified() == []


async def test_the_keys_of_what_is_taken_apart_or_not_kept_yet_stay(bench):
    over = (await begun(bench)).id
    await step(bench, over, end=b"", next=1)
    await step(bench, over, begin=b"", end=b"", phase=1, next=2, at=9.0)
    standing = (await begun(bench, raw=b"another")).id
    plain = (await bench.accept()).id
    coming = bench.store.reserve()
    for number in (standing, over, plain, coming):
        Keys(keys_file(bench.home, number)).close()
    draft = Keys(keys_file(bench.home, bench.store.reserve()))
    await bench.store.keys_left()
    left = {
        number
        for number in (standing, over, plain, coming)
        if keys_file(bench.home, number).exists()
    }
    assert left == {standing, coming}
    draft.close()
    await bench.store.keys_left(coming=False)
    (only,) = keys_file(bench.home, standing).parent.iterdir()
    assert only == keys_file(bench.home, standing)


async def test_parts_of_a_replay_have_the_numbers_of_their_originals(bench):
    first = (await begun(bench)).id
    original = await step(bench, first, [part(bench, b"1"), part(bench, b"2")], next=1)
    await step(bench, first, begin=b"x", end=b"", phase=1, next=2, at=2.0)
    again = (await begun(bench, replay_of=first)).id
    one = await step(bench, again, [part(bench, b"1")])
    two = await step(bench, again, [part(bench, b"2")], begin=b"x", end=b"", next=1)
    keys = [receipt.deliveries[0].key for receipt in original.parts]
    assert [receipt.deliveries[0].key for receipt in (*one.parts, *two.parts)] == keys
    assert await bench.verified() == []
