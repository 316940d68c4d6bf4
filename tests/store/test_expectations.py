"""Confirmations that must come, each told once where it is missing; and deliveries that wait for another destination."""

from __future__ import annotations

import asyncio

import pytest

from engine.effects import Expected, Join
from engine.message import Outbound, Plan, Settlement, State, Verdict

NOW = 1_800_000_000.0
HOUR = 3600.0


def expected(value="PO1", **more):
    facts = {"destination": "d", "channel": "replies", "name": "po_number", "value": value}
    return Expected(**{**facts, "within": 4 * HOUR, **more})


def order(bench, *expects, to=("d",), **more):
    return bench.plan(to=to, expects=expects or (expected(),), **more)


async def reply(bench, value="PO1", channel="replies", name="po_number", **more):
    return await bench.accept(bench.plan(to=(), keys=((name, value),), **more), channel=channel)


def what(bench, message, *wanted):
    with bench.archive() as archive:
        steps = archive.trail(message)
    return [step.what for step in steps if step.what in wanted]


def owed(bench, message):
    with bench.archive() as archive:
        return archive.deliveries(message)[0]["expects"]


def overdue(bench, after=4 * HOUR + 1):
    """What is missing so long after the delivery, which comes a second after NOW."""
    return [(late.message, late.awaited) for late in bench.store.overdue(NOW + 1 + after)]


async def test_what_is_not_delivered_is_not_overdue(bench):
    await bench.accept(order(bench))
    assert overdue(bench, 1000 * HOUR) == []
    (delivery,) = await bench.heads()
    await bench.step(delivery, State.REFUSED, attempt=1)
    assert overdue(bench, 1000 * HOUR) == []
    assert await bench.verified() == []


async def test_a_confirmation_is_overdue_after_its_time_and_told_once(bench):
    receipt = await bench.accept(order(bench))
    await bench.step(receipt.deliveries[0], State.DELIVERED, attempt=1)
    assert overdue(bench, 4 * HOUR - 1) == []
    (late,) = bench.store.overdue(NOW + 1 + 4 * HOUR)
    assert (late.message, late.channel, late.destination, late.awaited) == (
        receipt.id,
        "c",
        "d",
        "replies",
    )
    assert (late.delivered_at, late.within) == (NOW + 1, 4 * HOUR)
    assert overdue(bench) == [], "told, whether the disk has it or not"
    await bench.settled()
    await bench.again()
    assert overdue(bench) == []
    assert what(bench, receipt.id, "awaited", "overdue", "confirmed") == ["awaited", "overdue"]
    assert owed(bench, receipt.id)[0]["overdue"] is True
    assert await bench.verified() == []


async def test_a_message_of_the_channel_with_the_value_confirms(bench):
    receipt = await bench.accept(order(bench))
    await bench.step(receipt.deliveries[0], State.DELIVERED, attempt=1)
    with bench.archive() as archive:
        assert archive.message(receipt.id).unconfirmed == 1
    confirming = await reply(bench)
    assert overdue(bench) == []
    assert what(bench, receipt.id, "awaited", "confirmed") == ["awaited", "confirmed"]
    assert what(bench, confirming.id, "confirms") == ["confirms"]
    (debt,) = owed(bench, receipt.id)
    assert (debt["channel"], debt["confirmed"], debt["overdue"]) == (
        "replies",
        confirming.id,
        False,
    )
    with bench.archive() as archive:
        assert archive.message(receipt.id).unconfirmed == 0
    assert await bench.verified() == []


@pytest.mark.parametrize(
    ("other", "counts"),
    [
        ({}, True),
        ({"verdict": Verdict.FILTERED, "reason": "seen"}, True),
        ({"verdict": Verdict.COLLECTED, "joins": (Join(key="k", member=b"m"),)}, True),
        ({"verdict": Verdict.QUARANTINED, "reason": "bad"}, False),
        ({"channel": "elsewhere"}, False),
        ({"name": "order_number"}, False),
        ({"value": "PO2"}, False),
    ],
)
async def test_what_confirms(bench, other, counts):
    receipt = await bench.accept(order(bench))
    await bench.step(receipt.deliveries[0], State.DELIVERED, attempt=1)
    await reply(bench, **other)
    assert (overdue(bench) == []) is counts
    assert await bench.verified() == []


async def test_a_duplicate_confirms_nothing(bench):
    await reply(bench, key="k")
    receipt = await bench.accept(order(bench))
    await bench.step(receipt.deliveries[0], State.DELIVERED, attempt=1)
    assert (await reply(bench, key="k")).verdict == "duplicate"
    assert overdue(bench) == [(receipt.id, "replies")]


async def test_what_came_before_the_order_does_not_confirm_it(bench):
    await reply(bench)
    receipt = await bench.accept(order(bench))
    await bench.step(receipt.deliveries[0], State.DELIVERED, attempt=1)
    assert overdue(bench) == [(receipt.id, "replies")]


async def test_a_reply_may_come_before_the_delivery_is_settled(bench):
    receipt = await bench.accept(order(bench))
    await reply(bench)
    await bench.step(receipt.deliveries[0], State.DELIVERED, attempt=1)
    assert overdue(bench) == []
    assert await bench.verified() == []


async def test_a_reply_in_the_same_commit_confirms(bench):
    receipt, _ = await asyncio.gather(bench.accept(order(bench)), reply(bench))
    await bench.step(receipt.deliveries[0], State.DELIVERED, attempt=1)
    assert overdue(bench) == []


async def test_a_message_does_not_confirm_itself(bench):
    plan = order(bench, expected(channel="c"), keys=(("po_number", "PO1"),))
    receipt = await bench.accept(plan)
    await bench.step(receipt.deliveries[0], State.DELIVERED, attempt=1)
    assert overdue(bench) == [(receipt.id, "c")]


async def test_a_late_confirmation_is_noted(bench):
    receipt = await bench.accept(order(bench))
    await bench.step(receipt.deliveries[0], State.DELIVERED, attempt=1)
    assert overdue(bench)
    await bench.settled()
    await reply(bench)
    await bench.settled()
    assert owed(bench, receipt.id)[0]["overdue"] is False
    assert what(bench, receipt.id, "overdue", "confirmed") == ["overdue", "confirmed"]


async def test_of_several_deliveries_all_must_be_there(bench):
    outs = tuple(Outbound(destination="d", payload=b"%d" % n, part=n) for n in (1, 2))
    receipt = await bench.accept(order(bench, outbound=outs))
    await bench.step(receipt.deliveries[0], State.DELIVERED, attempt=1)
    assert overdue(bench, 99 * HOUR) == []
    await bench.step(receipt.deliveries[1], State.REFUSED, attempt=1)
    assert overdue(bench, 99 * HOUR) == [], "a person decides about it"
    await bench.store.move([receipt.deliveries[1].id], State.DISCARDED, "ann", "no", NOW)
    assert overdue(bench) == [(receipt.id, "replies")]
    assert await bench.verified() == []


async def test_what_a_person_declares_delivered_counts(bench):
    receipt = await bench.accept(order(bench))
    await bench.step(receipt.deliveries[0], State.UNCERTAIN)
    id = receipt.deliveries[0].id
    await bench.store.move([id], State.DELIVERED, "ann", "they have it", NOW + 1)
    assert overdue(bench) == [(receipt.id, "replies")]
    assert await bench.verified() == []


async def test_what_is_expected_outlives_a_restart(bench):
    receipt = await bench.accept(order(bench))
    await bench.again()
    (delivery,) = await bench.heads()
    await bench.step(delivery, State.DELIVERED, attempt=1)
    assert overdue(bench) == [(receipt.id, "replies")]
    second = await bench.accept(order(bench, expected("PO2")))
    await bench.again()
    await reply(bench, "PO2")
    assert owed(bench, second.id)[0]["confirmed"] > 0


async def test_a_duplicate_expects_nothing(bench):
    await bench.accept(order(bench, key="k"))
    again = await bench.accept(order(bench, key="k"))
    assert again.verdict == "duplicate" and await bench.verified() == []
    with bench.archive() as archive:
        assert archive.message(again.id).unconfirmed == 0


async def test_a_replay_expects_of_what_it_sends_only(bench):
    both = (expected(), expected("E1", destination="e"))
    receipt = await bench.accept(
        order(bench, *both, to=("d", "e")), replay_of=1, only=("e",), as_new=True
    )
    with bench.archive() as archive:
        assert archive.message(receipt.id).unconfirmed == 1
    assert await bench.verified() == []


async def test_what_waits_in_a_batch_counts_from_the_batch_s_delivery(bench):
    joins = (Join(group="d", member=b"line", quiet=1.0),)
    receipt = await bench.accept(order(bench, to=(), joins=joins))
    (group,) = bench.store.due(NOW + 1)
    assert await bench.verified() == []
    batch = await bench.accept(bench.plan(), group=group.id, version=group.version)
    assert overdue(bench, 99 * HOUR) == []
    await bench.step(batch.deliveries[0], State.DELIVERED, attempt=1)
    assert overdue(bench) == [(receipt.id, "replies")]
    assert await bench.verified() == []


async def test_a_quarantined_batch_that_is_replayed_takes_its_expectations_along(bench):
    joins = (Join(group="d", member=b"line", quiet=1.0),)
    receipt = await bench.accept(order(bench, to=(), joins=joins))
    (group,) = bench.store.due(NOW + 1)
    bad = bench.plan(to=(), verdict=Verdict.QUARANTINED, reason="bad")
    batch = await bench.accept(bad, group=group.id, version=group.version)
    assert await bench.verified() == []
    again = await bench.accept(bench.plan(), replay_of=batch.id)
    await bench.step(again.deliveries[0], State.DELIVERED, attempt=1)
    assert overdue(bench) == [(receipt.id, "replies")]
    assert await bench.verified() == []


async def test_at_most_so_many_are_told_at_once(bench):
    for number in range(5):
        receipt = await bench.accept(order(bench, expected(f"PO{number}")))
        await bench.step(receipt.deliveries[0], State.DELIVERED, attempt=1)
    told = [len(bench.store.overdue(NOW + 99 * HOUR, 2)) for _ in range(4)]
    assert told == [2, 2, 1, 0]


async def test_a_message_of_a_channel_that_nothing_awaits_asks_nothing(bench):
    await bench.accept(order(bench))
    asked = []
    bench.store._connection.trace_v2(1, lambda event: asked.append(event["sql"]))
    await reply(bench, channel="elsewhere")
    bench.store._connection.trace_v2(0, None)
    assert asked and not [sql for sql in asked if "expectation" in sql]


# -- after ----------------------------------------------------------------------------------------------------


async def followed(bench, **more):
    outs = (
        Outbound(destination="pdf", payload=b"1", part=1),
        Outbound(destination="pdf", payload=b"2", part=2),
        Outbound(destination="pointer", payload=b"3", after="pdf"),
    )
    return await bench.accept(Plan(verdict=Verdict.ACCEPTED, outbound=outs), **more)


async def test_a_delivery_says_which_destination_goes_first(bench):
    receipt = await followed(bench)
    pdf = bench.store.destination("c", "pdf")
    assert [delivery.after for delivery in receipt.deliveries] == [0, 0, pdf]
    assert [delivery.after for delivery in bench.announced] == [0, 0, pdf]
    await bench.again()
    (head,) = await bench.heads("pointer")
    (behind,) = await bench.store.behind(head.destination, 0, 0, 9)
    (chosen,) = await bench.store.chosen([head.id])
    assert [one.after for one in (head, behind, chosen)] == [pdf] * 3


async def test_it_may_go_when_all_before_it_is_delivered(bench):
    receipt = await followed(bench)
    first, second, pointer = receipt.deliveries

    async def unfinished():
        return await bench.store.unfinished(receipt.id, pointer.after)

    assert await unfinished() == "queued"
    bench.store.claim(first, NOW)
    assert await unfinished() == "sending"
    await bench.step(first, State.DELIVERED, claim=False, attempt=1)
    assert await unfinished() == "queued"
    await bench.step(second, State.REFUSED, attempt=1)
    assert await unfinished() == "refused"
    await bench.store.move([second.id], State.DISCARDED, "ann", "no", NOW)
    assert await unfinished() == "discarded"
    assert await bench.store.unfinished(receipt.id, 99) == ""
    assert await bench.store.unfinished(999, pointer.after) == ""


async def test_what_was_settled_a_moment_ago_counts(bench):
    receipt = await followed(bench)
    for delivery in receipt.deliveries[:2]:
        bench.store.claim(delivery, NOW)
        step = Settlement(delivery=delivery.id, state=State.DELIVERED, at=NOW, attempt=1)
        bench.store.settle(step)
    assert bench.states(receipt.id) == {"queued": 3}, "not on the disk yet"
    assert await bench.store.unfinished(receipt.id, receipt.deliveries[2].after) == ""
    await bench.settled()
    assert await bench.store.unfinished(receipt.id, receipt.deliveries[2].after) == ""
