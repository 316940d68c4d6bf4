"""Groups: nothing in none, nothing in two; released once, when their time has come."""

from __future__ import annotations

import asyncio
import threading

import apsw
import pytest

from engine.effects import Join, Numbered, Remembered
from engine.errors import CommitRefused, GroupChanged
from engine.message import Outbound, Plan, Verdict

NOW = 1_800_000_000.0
DAY = 86_400.0


def collected(*joins, **more):
    return Plan(
        **{"verdict": Verdict.COLLECTED, "summary": f"{len(joins)} ChargeEvent", **more},
        joins=joins,
    )


def charge(member=b'{"amount":1}', key="A1", **more):
    return Join(**{"key": key, "member": member, "of": "ChargeEvent", "quiet": DAY, **more})


def waiting(payload=b"payload", to="billing", **more):
    return Join(
        **{"group": to, "member": payload, "entity": b'{"n":1}', "of": "ChargeEvent", **more}
    )


def releasing(to=("d",), **more):
    outbound = tuple(Outbound(destination=name, payload=b"claim") for name in to)
    return Plan(**{"verdict": Verdict.ACCEPTED, "outbound": outbound, "kind": "group", **more})


async def collect(bench, *joins, **inbound):
    return await bench.accept(collected(*joins), **inbound)


def only(groups):
    assert len(groups) == 1, groups
    return groups[0]


def due(bench, at=NOW + 100 * DAY):
    """The groups with their members whose time has come at a moment; the one that never comes by itself left out."""
    return [bench.store.group(group.id) for group in bench.store.due(at)]


def members(group):
    return [member.member for member in group.members]


async def release(bench, group, plan=None, **more):
    facts = {"group": group.id, "version": group.version, "raw": b'{"group":1}', **more}
    return await bench.accept(plan or releasing(), **facts)


# -- joining ------------------------------------------------------------------------------------------------


async def test_what_is_collected_joins_the_group_of_its_key(bench):
    first = await collect(bench, charge(b"1"))
    second = await collect(bench, charge(b"2"), charge(b"3"), charge(b"4", key="A2"))
    assert (first.verdict, second.verdict) == ("collected", "collected")
    one, two = due(bench)
    assert (one.channel, one.group, one.key, one.opened_at) == ("c", "", "A1", NOW)
    assert members(one) == [b"1", b"2", b"3"] and members(two) == [b"4"]
    assert [member.message for member in one.members] == [first.id, second.id, second.id]
    assert one.members[0].of == "ChargeEvent" and one.version == 3
    await bench.again()
    assert [members(group) for group in due(bench)] == [[b"1", b"2", b"3"], [b"4"]]
    assert await bench.verified() == []


async def test_in_one_commit_all_join_the_same_group(bench):
    await asyncio.gather(*(collect(bench, charge(b"%d" % n)) for n in range(50)))
    assert members(only(due(bench))) == [b"%d" % n for n in range(50)]
    assert await bench.verified() == []


async def test_a_group_belongs_to_a_channel_and_a_destination(bench):
    await collect(bench, charge())
    await collect(bench, charge(), channel="other")
    plan = bench.plan(to=(), joins=(waiting(key="A1", quiet=1), waiting(to="b", quiet=1)))
    await bench.accept(plan)
    assert [(group.channel, group.group) for group in bench.store.due(NOW + 2 * DAY)] == [
        ("c", "billing"),
        ("c", "b"),
        ("c", ""),
        ("other", ""),
    ]
    batch = bench.store.group(bench.store.due(NOW + 1)[0].id)
    assert (batch.members[0].member, batch.members[0].entity) == (b"payload", b'{"n":1}')
    assert await bench.verified() == []


async def test_synthetic_messages_have_groups_of_their_own(bench):
    await collect(bench, charge(b"real"))
    await collect(bench, charge(b"test"), test=True)
    found = {group.test: members(group) for group in due(bench)}
    assert found == {False: [b"real"], True: [b"test"]}


async def test_a_duplicate_joins_nothing(bench):
    plan = collected(charge(), unique="k", digest=b"d")
    first = await bench.accept(plan)
    again = await bench.accept(plan)
    assert (again.verdict, again.original, again.reason) == ("duplicate", first.id, "collected")
    reused = await bench.accept(collected(charge(), unique="k", digest=b"x"))
    assert reused.reason == "key_reused"
    assert len(only(due(bench)).members) == 1
    assert await bench.verified() == []


async def test_of_two_equal_messages_in_one_commit_one_joins(bench):
    plan = collected(charge(), unique="k", digest=b"d")
    await asyncio.gather(*(bench.accept(plan) for _ in range(4)))
    assert len(only(due(bench)).members) == 1
    assert await bench.verified() == []


async def test_parts_and_handed_over_messages_join_too(bench):
    parts = tuple(collected(charge(b"%d" % n), part_raw=b"%d" % n) for n in range(3))
    handed = collected(charge(b"h"), part_raw=b"h", channel="second")
    split = Plan(verdict=Verdict.SPLIT, parts=(*parts, handed))
    receipt = await bench.accept(split, raw=b"012")
    one, two = due(bench)
    assert members(one) == [b"0", b"1", b"2"] and members(two) == [b"h"]
    assert two.channel == "second"
    assert [member.message for member in one.members] == [part.id for part in receipt.parts[:3]]
    assert await bench.verified() == []


async def test_a_later_member_of_the_same_source_takes_the_place_of_the_earlier(bench):
    await collect(bench, charge(b"1", source="s1"), charge(b"2", source="s2"))
    await collect(bench, charge(b"1 corrected", source="s1"), charge(b"3"), charge(b"4"))
    await collect(bench, charge(b"1 again", source="s1"), charge(b"1 once more", source="s1"))
    await collect(bench, charge(b"elsewhere", key="A2", source="s1"))
    one, two = due(bench)
    assert members(one) == [b"2", b"3", b"4", b"1 once more"] and one.version == 7
    assert members(two) == [b"elsewhere"]
    rows = bench.store._connection.execute("SELECT count(*) FROM member WHERE replaced > 0")
    assert rows.fetchall() == [(3,)]
    assert await bench.verified() == []


async def test_what_would_be_a_message_itself_is_kept_once(bench):
    raw = b"MSH|" + b"x" * 100
    await collect(bench, charge(raw, of="hl7v2"), raw=raw)
    rows = bench.store._connection.execute("SELECT count(*) FROM content").fetchall()
    assert rows == [(1,)] and members(only(due(bench))) == [raw]
    assert await bench.verified() == []


async def test_a_replay_joins_only_the_chosen_destinations(bench):
    plan = bench.plan(to=(), joins=(waiting(quiet=1), waiting(to="b", quiet=1)))
    await bench.accept(plan, replay_of=1, only=("b",))
    assert [group.group for group in due(bench)] == ["b"]
    assert await bench.verified() == []


# -- when a group's time comes --------------------------------------------------------------------------------


@pytest.fixture
def clock(bench, monkeypatch):
    """Turns the store's clock."""

    def turn(at):
        monkeypatch.setattr(bench.store._ledger, "now", lambda: at)

    return turn


async def test_quiet_counts_from_the_last_member(bench, clock):
    await collect(bench, charge(quiet=100))
    assert bench.store.next_due() == NOW + 100
    clock(NOW + 60)
    await collect(bench, charge(quiet=100))
    assert bench.store.next_due() == NOW + 160
    assert bench.store.due(NOW + 159) == []
    assert only(bench.store.due(NOW + 160)).version == 2


async def test_the_end_counts_from_the_first_member(bench, clock):
    await collect(bench, charge(quiet=100, ends_at=NOW + 150))
    clock(NOW + 60)
    await collect(bench, charge(quiet=100, ends_at=NOW + 9999))
    assert bench.store.next_due() == NOW + 150


async def test_a_member_that_completes_the_group_releases_it_at_once(bench):
    await collect(bench, charge(b"1"))
    assert bench.store.due(NOW) == []
    await collect(bench, charge(b"2", complete=True))
    assert bench.store.next_due() == NOW
    assert members(only(due(bench, NOW))) == [b"1", b"2"]


async def test_a_group_is_due_though_it_was_asked_while_its_commit_was_on_its_way(
    bench, monkeypatch
):
    committing, going_on = threading.Event(), threading.Event()
    writer = bench.store._writer
    commit = writer._commit

    def slowly():
        committing.set()
        assert going_on.wait(10)
        commit()

    monkeypatch.setattr(writer, "_commit", slowly)
    collected = asyncio.create_task(collect(bench, charge(complete=True)))
    while not committing.is_set():
        await asyncio.sleep(0.001)
    assert bench.store.next_due() == 0
    going_on.set()
    await collected
    assert bench.store.next_due() == NOW
    group = only(due(bench, NOW))
    committing.clear(), going_on.clear()
    let_go = asyncio.create_task(bench.store.release(group.id, NOW - 5))
    while not committing.is_set():
        await asyncio.sleep(0.001)
    assert bench.store.next_due() == NOW
    going_on.set()
    await let_go
    assert bench.store.next_due() <= NOW


async def test_a_full_group_is_released_at_once(bench):
    for number in range(3):
        assert bench.store.due(NOW) == []
        await collect(bench, charge(b"%d" % number, most=3, source=f"s{number}"))
        if number == 1:
            await collect(bench, charge(b"again", most=3, source="s0"))
    assert members(only(due(bench, NOW))) == [b"1", b"again", b"2"]


async def test_no_group_is_larger_than_most(bench):
    await asyncio.gather(*(collect(bench, charge(b"%d" % n, most=4)) for n in range(10)))
    assert [len(group.members) for group in due(bench)] == [4, 4, 2]
    assert len(bench.store.due(NOW)) == 2
    assert await bench.verified() == []


async def test_who_comes_after_the_time_joins_a_new_group(bench, clock):
    await collect(bench, charge(b"1", quiet=0, ends_at=NOW + 10))
    before = only(due(bench, NOW + 10))
    clock(NOW + 10)
    await collect(bench, charge(b"2", quiet=0, ends_at=NOW + 99))
    assert members(bench.store.group(before.id)) == [b"1"], "a busy group can be released"
    await release(bench, before)
    assert members(only(due(bench))) == [b"2"]
    assert await bench.verified() == []


async def test_a_group_may_wait_for_somebody_to_release_it(bench):
    await collect(bench, charge(quiet=0))
    assert bench.store.next_due() == 0 and due(bench) == []
    number = bench.archive().groups()[0]["id"]
    assert await bench.store.release(number, NOW + 5) is True
    assert bench.store.next_due() == NOW + 5
    assert only(due(bench, NOW + 5)).id == number
    await release(bench, only(due(bench)))
    assert await bench.store.release(number, NOW + 6) is False
    assert await bench.store.release(999, NOW) is False


async def test_a_group_that_a_person_releases_takes_no_more(bench):
    await collect(bench, charge(b"1"))
    await bench.store.release(only(due(bench)).id, NOW)
    await collect(bench, charge(b"2"))
    assert members(only(due(bench, NOW))) == [b"1"]
    assert len(due(bench)) == 2


async def test_the_oldest_are_due_first_and_at_most_so_many(bench):
    for number in range(5):
        await collect(bench, charge(key=str(number), quiet=10 - number))
    assert [group.key for group in bench.store.due(NOW + 99)] == ["4", "3", "2", "1", "0"]
    assert [group.key for group in bench.store.due(NOW + 7, 1)] == ["4"]
    assert bench.store.next_due() == NOW + 6


# -- release --------------------------------------------------------------------------------------------------


async def test_a_release_closes_the_group_with_its_message(bench):
    await collect(bench, charge(b"1"), charge(b"2"))
    group = only(due(bench))
    receipt = await release(bench, group)
    assert receipt.verdict == "accepted" and len(receipt.deliveries) == 1
    assert bench.store.due(NOW + 99 * DAY) == [] and bench.store.next_due() == 0
    assert bench.store.group(group.id) is None
    await bench.again()
    assert bench.store.due(NOW + 99 * DAY) == []
    assert await bench.verified() == []


async def test_a_group_is_released_once(bench):
    await collect(bench, charge())
    group = only(due(bench))
    results = await asyncio.gather(
        *(release(bench, group) for _ in range(3)), return_exceptions=True
    )
    assert results[0].verdict == "accepted"
    assert [type(result) for result in results[1:]] == [GroupChanged, GroupChanged]
    with pytest.raises(GroupChanged):
        await release(bench, group)
    assert len(bench.announced) == 1
    assert await bench.verified() == []


async def test_a_group_that_changed_is_not_released(bench):
    await collect(bench, charge(b"1"))
    group = only(due(bench))
    await collect(bench, charge(b"2"))
    taken = Numbered(sequence="batch", value=1)
    record = Remembered(name="visit", key="k", value=b"{}", until=NOW + 1)
    plan = releasing(numbers=(taken,), remembers=(record,), joins=(waiting(),))
    with pytest.raises(GroupChanged):
        await release(bench, group, plan, mark=("files", "a", b"1"))
    assert bench.archive().search(kind="group") == [], "nothing of it is kept"
    assert await bench.store.get("files", "a") is None
    assert bench.store.memory.recall("visit", "k") is None
    assert bench.announced == []
    again = only(due(bench))
    assert members(again) == [b"1", b"2"]
    assert (await release(bench, again)).verdict == "accepted"
    assert await bench.verified() == []


async def test_a_changed_group_refuses_one_message_of_a_commit(bench):
    await collect(bench, charge(b"1"))
    group = only(due(bench))
    results = await asyncio.gather(
        bench.accept(bench.plan(key="a")),
        collect(bench, charge(b"2")),
        release(bench, group),
        bench.accept(bench.plan(key="b")),
        return_exceptions=True,
    )
    assert [type(result).__name__ for result in results] == [
        "Receipt",
        "Receipt",
        "GroupChanged",
        "Receipt",
    ]
    commits = bench.store._writer.commits
    assert commits == 2, "the others share their transaction"
    assert await bench.verified() == []


async def test_who_joins_in_the_commit_of_the_release_is_in_one_group(bench):
    await collect(bench, charge(b"1"))
    group = only(due(bench))
    results = await asyncio.gather(release(bench, group), collect(bench, charge(b"2")))
    assert [result.verdict for result in results] == ["accepted", "collected"]
    assert members(only(due(bench))) == [b"2"]
    assert await bench.verified() == []


async def test_a_release_is_never_a_duplicate(bench):
    await bench.accept(bench.plan(key="k"))
    await collect(bench, charge())
    receipt = await release(bench, only(due(bench)), releasing(unique="k", digest=b"x"))
    assert receipt.verdict == "accepted"
    assert await bench.verified() == []


async def test_another_channel_cannot_release_it(bench):
    await collect(bench, charge())
    with pytest.raises(GroupChanged):
        await release(bench, only(due(bench)), channel="other")
    with pytest.raises(GroupChanged):
        await bench.accept(releasing(), group=99, version=1)
    assert len(only(due(bench)).members) == 1


async def test_a_release_may_join_the_next_batch(bench):
    await collect(bench, charge())
    plan = releasing(to=(), joins=(waiting(b"claim", quiet=5),))
    assert (await release(bench, only(due(bench)), plan)).verdict == "accepted"
    batch = only(due(bench))
    assert (batch.group, members(batch)) == ("billing", [b"claim"])
    assert await bench.verified() == []


async def test_a_release_may_be_handed_over(bench):
    await collect(bench, charge())
    handed = bench.plan(b"inner", to=("x",), part_raw=b"inner", channel="second")
    receipt = await release(bench, only(due(bench)), releasing(to=(), parts=(handed,)))
    assert receipt.parts[0].verdict == "accepted"
    with bench.archive() as archive:
        assert archive.message(receipt.parts[0].id).channel == "second"
    assert await bench.verified() == []


async def test_what_cannot_be_mapped_stays_released_and_can_be_replayed(bench):
    await collect(bench, charge(b"1"))
    bad = releasing((), verdict=Verdict.QUARANTINED, reason="no_such_code")
    receipt = await release(bench, only(due(bench)), bad, raw=b'{"members":[1]}')
    assert receipt.verdict == "quarantined" and due(bench) == []
    with bench.archive() as archive:
        inbound = archive.inbound(receipt.id)
    assert (inbound.raw, inbound.group) == (b'{"members":[1]}', 0)
    again = await bench.accept(releasing(), raw=inbound.raw, replay_of=receipt.id)
    assert again.verdict == "accepted"
    assert await bench.verified() == []


# -- latecomers -----------------------------------------------------------------------------------------------


async def test_a_late_member_opens_a_new_group(bench):
    await collect(bench, charge(b"1"))
    await release(bench, only(due(bench)))
    await collect(bench, charge(b"2"))
    assert members(only(due(bench))) == [b"2"]


async def test_a_late_member_is_quarantined_where_the_channel_says_so(bench):
    await collect(bench, charge(b"1", late="quarantine"))
    await collect(bench, charge(b"2", late="quarantine"))
    await release(bench, only(due(bench)))
    plan = collected(charge(b"3", late="quarantine"), unique="k", digest=b"d")
    record = Remembered(name="visit", key="k", value=b"{}", until=NOW + 1)
    late = await bench.accept(
        collected(*plan.joins, unique="k", digest=b"d", remembers=(record,))
    )
    assert (late.verdict, late.reason) == ("quarantined", "late_for_group")
    assert bench.store.memory.recall("visit", "k") is None
    assert due(bench) == []
    other = await collect(bench, charge(b"4", key="A2", late="quarantine"))
    assert other.verdict == "collected"
    again = await bench.accept(plan)
    assert again.reason == "late_for_group", "its key was left free"
    assert await bench.verified() == []


async def test_a_late_member_that_came_before_is_a_duplicate(bench):
    plan = collected(charge(b"1", late="quarantine"), unique="k", digest=b"d")
    first = await bench.accept(plan)
    await release(bench, only(due(bench)))
    again = await bench.accept(plan)
    assert (again.verdict, again.original) == ("duplicate", first.id)
    assert await bench.verified() == []


async def test_in_one_commit_a_member_after_the_release_is_late(bench):
    await collect(bench, charge(b"1", late="quarantine"))
    group = only(due(bench))
    equal = collected(charge(b"2", late="quarantine"), unique="k", digest=b"d")
    results = await asyncio.gather(
        release(bench, group), bench.accept(equal), bench.accept(equal)
    )
    assert [result.reason for result in results] == ["", "late_for_group", "late_for_group"]
    assert await bench.verified() == []


async def test_a_latecomer_that_a_person_replays_opens_a_new_group(bench):
    await collect(bench, charge(b"1", late="quarantine"))
    await release(bench, only(due(bench)))
    late = await collect(bench, charge(b"2", late="quarantine"))
    again = await collect(bench, charge(b"2", late="quarantine"), replay_of=late.id)
    assert again.verdict == "collected" and members(only(due(bench))) == [b"2"]
    assert await bench.verified() == []


# -- what goes wrong ------------------------------------------------------------------------------------------


async def test_one_bad_member_fails_one_sender_and_leaves_the_group_whole(bench):
    good = [collect(bench, charge(b"%d" % n, source=f"s{n}")) for n in range(3)]
    bad = bench.accept(collected(charge(b"bad", source="s1"), control="\ud800"))
    results = await asyncio.gather(*good, bad, return_exceptions=True)
    assert [getattr(result, "verdict", "refused") for result in results] == [
        *["collected"] * 3,
        "refused",
    ]
    assert members(only(due(bench))) == [b"0", b"1", b"2"]
    assert await bench.verified() == []


async def test_a_full_disk_leaves_a_group_as_it_was(on_disk, disk):
    await collect(on_disk, charge(b"1"))
    group = only(due(on_disk))

    def full(what, name):
        if what == "write" and name.endswith("-wal"):
            raise apsw.FullError("full")

    disk.fails = full
    for attempt in (collect(on_disk, charge(b"2")), release(on_disk, group)):
        with pytest.raises(CommitRefused):
            await attempt
    disk.fails = None
    assert (await release(on_disk, group)).verdict == "accepted"
    assert await on_disk.verified() == []
