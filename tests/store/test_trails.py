"""What people see of groups: the trail both ways, groups that wait, and no key where nobody audits."""

from __future__ import annotations

import pytest

from engine.effects import Join, Numbered, Remembered
from engine.errors import StoreError
from engine.message import Plan, Verdict, short_id

NOW = 1_800_000_000.0


def charge(member=b"1", **more):
    return Join(
        **{"key": "canary", "member": member, "of": "ChargeEvent", "quiet": 9.0, **more}
    )


async def collect(bench, *joins, **more):
    plan = Plan(verdict=Verdict.COLLECTED, summary="1 ChargeEvent", joins=joins)
    return await bench.accept(plan, **more)


@pytest.fixture
async def story(bench):
    """Three messages that were collected, one of them replaced, and what came of them."""
    first = await collect(bench, charge(source="s"), charge(b"2"))
    second = await collect(bench, charge(b"3", source="s"))
    (group,) = bench.store.due(NOW + 9)
    third = await bench.accept(
        bench.plan(b"claim"), raw=b'{"members":[]}', group=group.id, version=group.version
    )
    return group.id, first, second, third


def told(steps, message):
    names = ("collected", "accepted", "joined", "replaced", "released", "queued")
    return [
        (step.what, step.detail)
        for step in steps
        if step.message == message.id and step.what in names
    ]


async def test_a_collected_message_says_what_came_of_it(bench, story):
    group, first, second, third = story
    with bench.archive() as archive:
        steps = archive.trail(first.id, hops=False)
        assert told(steps, first) == [
            ("collected", "1 ChargeEvent"),
            ("joined", f"group {group}, 2 members"),
            ("replaced", f"in group {group} by {short_id(second.id)}"),
            ("released", f"group {group} as {short_id(third.id)}"),
        ]
        assert {step.message for step in steps} == {first.id}


async def test_a_releasing_message_says_what_it_was_made_of(bench, story):
    group, first, second, third = story
    with bench.archive() as archive:
        steps = archive.trail(third.id)
    assert told(steps, third) == [
        ("accepted", ""),
        ("released", f"group {group} of 2 members"),
        ("queued", ""),
    ]
    assert {step.message for step in steps} == {first.id, second.id, third.id}


async def test_the_trail_leads_both_ways(bench, story):
    _, first, second, third = story
    with bench.archive() as archive:
        for message in (first, second, third):
            found = {step.message for step in archive.trail(message.id)}
            assert found == {first.id, second.id, third.id}


async def test_groups_that_wait_are_listed_without_their_keys(bench):
    await collect(bench, charge(), charge(b"2"))
    await collect(bench, charge(quiet=0.0), channel="b", test=True)
    joins = (Join(group="billing", member=b"p", most=9, ends_at=NOW + 5),)
    await bench.accept(bench.plan(to=(), joins=joins))
    with bench.archive() as archive:
        groups = archive.groups()
        assert "canary" not in repr(groups)
        assert [(one["channel"], one["group"], one["members"]) for one in groups] == [
            ("b", "", 1),
            ("c", "", 2),
            ("c", "billing", 1),
        ]
        assert [one["due_at"] for one in groups] == [0.0, NOW + 9, NOW + 5]
        assert [one["test"] for one in groups] == [True, False, False]
        assert groups[1]["opened_at"] == NOW and groups[1]["version"] == 2
        assert archive.groups("b") == groups[:1] and archive.groups("nowhere") == []
        assert archive.groups(limit=2) == groups[:2]
        assert archive.key(groups[1]["id"]) == "canary"
        with pytest.raises(StoreError, match="no such group"):
            archive.key(99)


async def test_a_released_group_is_not_listed_and_keeps_its_members(bench, story):
    group, first, second, _ = story
    with bench.archive() as archive:
        assert archive.groups() == []
        assert [
            (one["message"], one["of"], one["replaced"]) for one in archive.members(group)
        ] == [
            (first.id, "ChargeEvent", True),
            (first.id, "ChargeEvent", False),
            (second.id, "ChargeEvent", False),
        ]


async def test_memory_and_sequences_are_counted(bench):
    records = tuple(
        Remembered(name=name, key=str(n), value=b"{}", until=NOW + 9)
        for n, name in enumerate(["visit", "visit", "order"])
    )
    names = ("po", "po\x1fACME\x1f2026-11-21", "po\x1fOTHER\x1f2026-11-21", "claim")
    numbers = tuple(Numbered(sequence=name, value=3) for name in names)
    await bench.accept(bench.plan(remembers=records, numbers=numbers))
    with bench.archive() as archive:
        assert archive.remembered() == {"visit": 2, "order": 1}
        assert archive.sequences() == {"po": 3, "claim": 1}


async def test_the_tables_that_a_plan_asked_are_kept(bench):
    receipt = await bench.accept(bench.plan(tables=("cdm@12", "sites@3")))
    plain = await bench.accept()
    with bench.archive() as archive:
        assert archive.tables(receipt.id) == ["cdm@12", "sites@3"]
        assert archive.tables(plain.id) == [] == archive.tables(99)


async def test_no_key_is_in_the_trail_or_in_a_finding(bench, story):
    with bench.archive() as archive:
        assert "canary" not in repr(archive.trail(story[1].id))
    bench.store._connection.execute("UPDATE grouping SET version = 7; DELETE FROM member")
    with bench.archive() as archive:
        found = list(archive.verify())
    assert found and "canary" not in " ".join(found)
