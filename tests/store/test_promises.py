"""What every store promises. Parametrised over the stores there are (`bench`)."""

from __future__ import annotations

import asyncio
from hashlib import blake2b

import pytest

from engine.errors import CommitRefused, StoreError, StoreInUse
from engine.message import (
    LARGE,
    TRANSITIONS,
    Inbound,
    Outbound,
    Plan,
    Settlement,
    State,
    Verdict,
    number_of,
)
from engine.store import Hold

NOW = 1_800_000_000.0
OTHER = blake2b(b"other").digest()[:16]

# -- accept -------------------------------------------------------------------------------------------------


async def test_an_accepted_message_is_there_after_a_restart(bench):
    receipt = await bench.accept(raw=b"MSH|raw", facts={"file_name": "a.hl7"})
    await bench.again()
    archive = bench.archive()
    assert archive.raw(receipt.id) == b"MSH|raw"
    assert archive.inbound(receipt.id).facts == {"file_name": "a.hl7"}
    assert archive.payload(receipt.deliveries[0].id) == b"to d"


async def test_deliveries_are_announced_before_the_receipt_and_in_commit_order(bench):
    receipts = await asyncio.gather(
        *(bench.accept(bench.plan(to=("d", "e"))) for _ in range(20))
    )
    wanted = [delivery.id for receipt in receipts for delivery in receipt.deliveries]
    assert [delivery.id for delivery in bench.announced] == wanted


async def test_the_listener_hears_before_the_sender(bench):
    order = []
    bench.store.listen(lambda deliveries: order.append("lanes"))
    await bench.accept()
    order.append("sender")
    assert order == ["lanes", "sender"]


async def test_same_key_and_same_bytes_is_a_duplicate(bench):
    first = await bench.accept(bench.plan(key="k"))
    again = await bench.accept(bench.plan(key="k"))
    assert (again.verdict, again.original, again.reason) == ("duplicate", first.id, "accepted")
    assert again.deliveries == () and len(bench.announced) == 1


async def test_a_duplicate_of_a_filtered_message_says_filtered(bench):
    await bench.accept(bench.plan(key="k", to=(), verdict=Verdict.FILTERED, reason="not ours"))
    again = await bench.accept(bench.plan(key="k"))
    assert (again.verdict, again.reason) == ("duplicate", "filtered")


async def test_same_key_and_other_bytes_is_quarantined(bench):
    first = await bench.accept(bench.plan(key="k"))
    again = await bench.accept(bench.plan(key="k", digest=OTHER))
    assert (again.verdict, again.reason, again.original) == (
        "quarantined",
        "key_reused",
        first.id,
    )
    assert again.deliveries == ()


async def test_of_two_equal_keys_in_one_commit_the_first_wins(bench):
    receipts = await asyncio.gather(*(bench.accept(bench.plan(key="k")) for _ in range(5)))
    verdicts = [receipt.verdict for receipt in receipts]
    assert verdicts == ["accepted"] + ["duplicate"] * 4
    assert {receipt.original for receipt in receipts[1:]} == {receipts[0].id}
    assert receipts[1].reason == "accepted"


async def test_a_key_counts_in_its_own_channel_only(bench):
    await bench.accept(bench.plan(key="k"))
    assert (await bench.accept(bench.plan(key="k"), channel="other")).verdict == "accepted"


async def test_a_quarantined_message_leaves_its_key_free(bench):
    await bench.accept(bench.plan(key="k", to=(), verdict=Verdict.QUARANTINED, reason="bad"))
    assert (await bench.accept(bench.plan(key="k"))).verdict == "accepted"


async def test_what_would_be_quarantined_is_a_duplicate_when_its_original_was_accepted(bench):
    await bench.accept(bench.plan(key="k"))
    plan = bench.plan(key="k", to=(), verdict=Verdict.QUARANTINED, reason="bad")
    assert (await bench.accept(plan)).verdict == "duplicate"


async def test_a_message_without_key_is_never_a_duplicate(bench):
    await bench.accept(bench.plan())
    assert (await bench.accept(bench.plan())).verdict == "accepted"


async def test_a_key_outlives_a_restart(bench):
    await bench.accept(bench.plan(key="k"))
    await bench.again()
    assert (await bench.accept(bench.plan(key="k"))).verdict == "duplicate"


async def test_a_replay_is_no_duplicate_of_what_it_repeats(bench):
    first = await bench.accept(bench.plan(key="k"))
    once = await bench.accept(bench.plan(key="k"), replay_of=first.id)
    twice = await bench.accept(bench.plan(key="k"), replay_of=once.id)
    assert (once.verdict, twice.verdict) == ("accepted", "accepted")
    assert (await bench.accept(bench.plan(key="k"))).original == first.id


async def test_a_replay_is_a_duplicate_when_the_sender_has_sent_it_again_meanwhile(bench):
    bad = bench.plan(key="k", to=(), verdict=Verdict.QUARANTINED, reason="bad")
    first = await bench.accept(bad)
    corrected = await bench.accept(bench.plan(key="k"))
    replayed = await bench.accept(bench.plan(key="k"), replay_of=first.id)
    assert (replayed.verdict, replayed.original) == ("duplicate", corrected.id)


async def test_a_replay_as_new_is_not_checked(bench):
    first = await bench.accept(bench.plan(key="k"))
    other = await bench.accept(bench.plan(key="k"))
    again = await bench.accept(bench.plan(key="k"), replay_of=other.id, as_new=True)
    assert again.verdict == "accepted" and first.deliveries[0].key != again.deliveries[0].key


async def test_a_replay_goes_to_the_chosen_destinations_only(bench):
    receipt = await bench.accept(bench.plan(to=("a", "b")), replay_of=1, only=("b",))
    with bench.archive() as archive:
        assert [row["destination"] for row in archive.deliveries(receipt.id)] == ["b"]


async def test_a_split_keeps_parent_and_parts_together(bench):
    parts = (
        bench.plan(b"one", key="1", part_raw=b"one"),
        bench.plan(
            b"two", key="2", part_raw=b"two", to=(), verdict=Verdict.QUARANTINED, reason="bad"
        ),
        bench.plan(b"one", key="1", part_raw=b"one"),
    )
    receipt = await bench.accept(Plan(verdict=Verdict.SPLIT, parts=parts), raw=b"onetwoone")
    assert [part.verdict for part in receipt.parts] == ["accepted", "quarantined", "duplicate"]
    assert receipt.parts[2].original == receipt.parts[0].id
    archive = bench.archive()
    assert archive.raw(receipt.parts[1].id) == b"two"
    whole = {step.message for step in archive.trail(receipt.id)}
    assert whole == {receipt.id, *(part.id for part in receipt.parts)}
    assert await bench.verified() == []


async def test_a_repeated_split_brings_no_parts(bench):
    part = bench.plan(b"one", key="1", part_raw=b"one")
    plan = Plan(verdict=Verdict.SPLIT, parts=(part,), unique="batch", digest=b"d")
    await bench.accept(plan)
    again = await bench.accept(plan)
    assert again.verdict == "duplicate" and again.parts == ()
    assert len(bench.announced) == 1


async def test_a_replayed_split_repeats_its_parts(bench):
    plan = Plan(verdict=Verdict.SPLIT, parts=(bench.plan(b"one", key="1", part_raw=b"one"),))
    first = await bench.accept(plan)
    again = await bench.accept(plan, replay_of=first.id)
    assert [part.verdict for part in again.parts] == ["accepted"]
    assert (await bench.accept(plan)).parts[0].verdict == "duplicate"


async def test_a_handed_over_message_is_kept_in_the_same_commit(bench):
    handed = bench.plan(b"inner", to=("x",), part_raw=b"inner", channel="second")
    receipt = await bench.accept(bench.plan(to=("d",), parts=(handed,)))
    archive = bench.archive()
    inner = archive.message(receipt.parts[0].id)
    assert (inner.channel, inner.verdict) == ("second", "accepted")
    assert archive.inbound(inner.id).depth == 1
    assert archive.trail(inner.id, hops=False)[0].what == "handed_over"
    assert [delivery.id for delivery in bench.announced] == [
        receipt.deliveries[0].id,
        receipt.parts[0].deliveries[0].id,
    ]


async def test_the_idempotency_key_stays_the_same(bench):
    receipt = await bench.accept()
    key = receipt.deliveries[0].key
    await bench.again()
    found = await bench.heads()
    assert [one.key for one in found] == [key]
    assert key.startswith(bench.store.incarnation)


async def test_a_reserved_number_is_the_message_s(bench):
    number = bench.store.reserve()
    receipt = await bench.store.accept(
        "c", Inbound(raw=b"", received_at=NOW), bench.plan(), number
    )
    assert receipt.id == number
    assert (await bench.accept()).id > number


async def test_one_bad_message_fails_one_sender(bench):
    good = [bench.accept(bench.plan(key=str(number))) for number in range(5)]
    bad = bench.accept(bench.plan(control="\ud800"))
    results = await asyncio.gather(*good, bad, return_exceptions=True)
    assert [result.verdict for result in results[:5]] == ["accepted"] * 5
    assert isinstance(results[5], CommitRefused)
    assert await bench.verified() == []


async def test_a_large_body_is_a_file_and_is_read_back(bench):
    body = b"x" * (LARGE + 1)
    spooled = await bench.store.spool([body[:1000], body[1000:]])
    plan = Plan(
        verdict=Verdict.ACCEPTED, outbound=(Outbound(destination="d", payload=spooled),)
    )
    receipt = await bench.accept(plan, raw=spooled)
    await bench.again()
    payload, _ = await bench.store.payload(receipt.deliveries[0].id)
    assert await bench.store.read(payload) == body
    assert bench.archive().raw(receipt.id) == body
    assert bench.archive().message(receipt.id).size == len(body)
    assert await bench.verified() == []


async def test_equal_payloads_of_a_message_are_kept_once(bench):
    same = tuple(Outbound(destination=name, payload=b"same") for name in "abc")
    await bench.accept(Plan(verdict=Verdict.ACCEPTED, outbound=same), raw=b"same")
    rows = bench.archive()._connection.execute("SELECT count(*) FROM content").fetchall()
    assert rows == [(1,)]


async def test_classes_share_a_transaction_by_weight(bench):
    flood = [
        bench.store.accept(
            "c", Inbound(raw=b"", received_at=NOW), bench.plan(to=()), 0, "admin"
        )
        for _ in range(3000)
    ]
    care = bench.store.accept(
        "c", Inbound(raw=b"", received_at=NOW), bench.plan(to=()), 0, "care"
    )
    await care
    assert sum(future.done() for future in flood) < 1500
    await asyncio.gather(*flood)


# -- claims and settlements ---------------------------------------------------------------------------------


async def test_a_claim_tells_when_it_is_durable(bench):
    (delivery,) = await bench.queue()
    durable = asyncio.Event()
    bench.store.claim(delivery, NOW, durable.set)
    bench.store.hurry()
    await asyncio.wait_for(durable.wait(), 5)
    assert bench.states(delivery.message) == {"sending": 1}


async def test_a_claim_rides_without_being_hurried(bench):
    (delivery,) = await bench.queue()
    durable = asyncio.Event()
    bench.store.claim(delivery, NOW, durable.set)
    await asyncio.wait_for(durable.wait(), 5)


async def test_claim_and_settlement_in_one_commit_are_one_row(bench):
    (delivery,) = await bench.queue()
    bench.store.claim(delivery, NOW)
    await bench.step(delivery, State.DELIVERED, claim=False, attempt=1, status="200")
    archive = bench.archive()
    events = archive._connection.execute("SELECT count(*) FROM event").fetchall()
    assert events == [(1,)]
    steps = [step.what for step in archive.trail(delivery.message)]
    assert steps == ["received", "accepted", "queued", "sending", "delivered"]


async def test_a_delivered_one_leaves_its_lane_and_stays_out(bench):
    first, second = await bench.queue(2)
    await bench.step(first, State.DELIVERED, attempt=1)
    assert [one.id for one in await bench.heads()] == [second.id]
    await bench.again()
    assert [one.id for one in await bench.heads()] == [second.id]
    assert bench.states(first.message) == {"delivered": 1}


async def test_a_delivered_one_is_not_read_before_its_settlement_is_on_the_disk(bench):
    first, second = await bench.queue(2)
    await bench.settled()
    bench.store.claim(first, NOW)
    bench.store.settle(Settlement(delivery=first.id, state=State.DELIVERED, at=NOW, attempt=1))
    assert [one.id for one in await bench.heads()] in ([], [second.id])


async def test_one_that_waits_keeps_its_place_and_its_time(bench):
    first, _ = await bench.queue(2)
    await bench.step(first, State.QUEUED, due_at=NOW + 60, status="503")
    await bench.again()
    (head,) = await bench.heads()
    assert (head.id, head.due_at, head.attempt) == (first.id, NOW + 60, 0)


async def test_an_uncertain_one_blocks_its_lane(bench):
    first, _ = await bench.queue(2)
    await bench.step(first, State.UNCERTAIN, attempt=1)
    await bench.again()
    (head,) = await bench.heads()
    assert (head.id, head.state) == (first.id, State.UNCERTAIN)


async def test_a_refused_one_frees_its_lane_unless_it_keeps_it(bench):
    first, second, third = await bench.queue(3)
    await bench.step(first, State.REFUSED, attempt=1, reply=b"AE")
    assert [one.id for one in await bench.heads()] == [second.id]
    bench.store.claim(second, NOW)
    bench.store.settle(
        Settlement(delivery=second.id, state=State.REFUSED, at=NOW), keep_lane=True
    )
    await bench.settled()
    (head,) = await bench.heads()
    assert (head.id, head.state) == (second.id, State.REFUSED)
    await bench.store.move([second.id], State.DISCARDED, "me", "why", NOW)
    assert [one.id for one in await bench.heads()] == [third.id]
    assert await bench.verified() == []


async def test_a_delivery_of_several_lanes_stands_in_all_and_leaves_all(bench):
    (both,) = await bench.queue(lanes=(7, 8))
    (behind,) = await bench.queue(lanes=(8,))
    heads = await bench.heads()
    assert [(one.id, one.lanes) for one in heads] == [(both.id, (7, 8))]
    await bench.step(both, State.DELIVERED, attempt=1)
    assert [one.id for one in await bench.heads()] == [behind.id]
    assert await bench.verified() == []


@pytest.mark.parametrize("state", sorted(set(State) - TRANSITIONS[State.SENDING]))
async def test_only_the_table_of_transitions_is_allowed(bench, state):
    (delivery,) = await bench.queue()
    bench.store.claim(delivery, NOW)
    with pytest.raises(ValueError):
        bench.store.settle(Settlement(delivery=delivery.id, state=state, at=NOW))


async def test_nothing_is_settled_unclaimed_nor_claimed_twice(bench):
    (delivery,) = await bench.queue()
    with pytest.raises(ValueError):
        bench.store.settle(Settlement(delivery=delivery.id, state=State.DELIVERED, at=NOW))
    bench.store.claim(delivery, NOW)
    with pytest.raises(ValueError):
        bench.store.claim(delivery, NOW)


async def test_a_stale_claim_changes_nothing(bench):
    (delivery,) = await bench.queue()
    await bench.store.move([delivery.id], State.DISCARDED, "me", "why", NOW)
    bench.store.claim(delivery, NOW)
    await bench.step(delivery, State.DELIVERED, claim=False, attempt=1)
    assert bench.states(delivery.message) == {"discarded": 1}
    assert bench.store.state()["dropped_steps"] == 1
    assert await bench.verified() == []


async def test_many_attempts_of_one_delivery_in_one_commit(bench):
    (delivery,) = await bench.queue()
    for attempt in (1, 2, 3):
        bench.store.claim(delivery, NOW)
        state = State.DELIVERED if attempt == 3 else State.QUEUED
        bench.store.settle(
            Settlement(delivery=delivery.id, state=state, at=NOW, attempt=attempt)
        )
    await bench.settled()
    (row,) = bench.archive().deliveries(delivery.message)
    assert (row["state"], row["attempt"]) == ("delivered", 3)
    assert await bench.verified() == []


async def test_a_partner_s_answer_that_is_not_text_is_recorded_all_the_same(bench):
    (delivery,) = await bench.queue()
    await bench.step(delivery, State.DELIVERED, attempt=1, status="\ud800")
    assert bench.states(delivery.message) == {"delivered": 1}


async def test_open_counts_follow_every_commit(bench):
    first, second = await bench.queue(2)
    number = first.destination
    assert bench.store.open_counts()[number] == 2
    await bench.step(first, State.DELIVERED, attempt=1)
    await bench.step(second, State.UNCERTAIN, attempt=1)
    assert bench.store.open_counts()[number] == 1
    await bench.again()
    assert bench.store.open_counts()[number] == 1


# -- lanes --------------------------------------------------------------------------------------------------


async def test_heads_gives_the_first_of_every_lane_oldest_first(bench):
    for lane in (5, 3, 5, 9, 3):
        await bench.queue(lanes=(lane,))
    assert [one.lanes for one in await bench.heads()] == [(5,), (3,), (9,)]
    assert [one.lanes for one in await bench.heads(limit=2)] == [(5,), (3,)]


async def test_behind_gives_the_rest_of_a_lane_in_order(bench):
    queued = await bench.queue(5, lanes=(4,))
    await bench.queue(2, lanes=(5,))
    number = queued[0].destination
    found = await bench.store.behind(number, 4, queued[1].id, 2)
    assert [one.id for one in found] == [queued[2].id, queued[3].id]


async def test_payload_and_options_are_read_at_send(bench):
    out = Outbound(destination="d", payload=b"body", options={"path": "/x"})
    receipt = await bench.accept(Plan(verdict=Verdict.ACCEPTED, outbound=(out,)))
    assert await bench.store.payload(receipt.deliveries[0].id) == (b"body", {"path": "/x"})
    with pytest.raises(StoreError):
        await bench.store.payload(1)


async def test_what_was_claimed_at_a_crash_is_uncertain_and_the_second_time_refused(bench):
    (delivery,) = await bench.queue()
    await bench.queue()
    bench.store.claim(delivery, NOW)
    await bench.settled()
    await bench.again()
    (found,) = await bench.store.recover()
    assert (found.id, found.state, found.crashes) == (delivery.id, State.UNCERTAIN, 1)
    bench.store.settle(Settlement(delivery=found.id, state=State.QUEUED, at=NOW))
    await bench.settled()
    (head,) = await bench.heads()
    bench.store.claim(head, NOW)
    await bench.settled()
    await bench.again()
    assert await bench.store.recover() == []
    (row,) = bench.archive().deliveries(delivery.message)
    assert (row["state"], row["status"], row["crashes"]) == ("refused", "crashes_engine", 2)
    assert len(await bench.heads()) == 1
    assert await bench.verified() == []


# -- people -------------------------------------------------------------------------------------------------


async def test_a_hold_outlives_a_restart_and_is_audited(bench):
    number = bench.store.destination("c", "d")
    hold = Hold(destination=number, held=True, who="me", reason="move", since=NOW)
    await bench.store.hold(hold)
    await bench.again()
    assert bench.store.holds() == {number: hold}
    assert bench.archive().audits()[0]["action"] == "hold"


async def test_move_takes_only_legal_steps_and_announces_what_it_queued(bench):
    first, second, third = await bench.queue(3)
    await bench.step(first, State.REFUSED, attempt=10)
    await bench.step(second, State.DELIVERED, attempt=1)
    bench.announced.clear()
    moved = await bench.store.move(
        [first.id, second.id, third.id], State.QUEUED, "me", "again", NOW
    )
    assert moved == 1
    assert [(one.id, one.attempt, one.state) for one in bench.announced] == [
        (first.id, 0, State.QUEUED)
    ]
    assert [one.id for one in await bench.heads()] == [first.id]
    assert await bench.verified() == []


async def test_move_leaves_what_is_being_sent(bench):
    (delivery,) = await bench.queue()
    bench.store.claim(delivery, NOW)
    assert await bench.store.move([delivery.id], State.DISCARDED, "me", "why", NOW) == 0


async def test_an_uncertain_one_is_declared_delivered(bench):
    (delivery,) = await bench.queue()
    await bench.step(delivery, State.UNCERTAIN, attempt=1)
    assert (
        await bench.store.move([delivery.id], State.DELIVERED, "me", "they have it", NOW) == 1
    )
    trail = bench.archive().trail(delivery.message)
    assert (trail[-1].what, trail[-1].who, trail[-1].detail) == (
        "delivered",
        "me",
        "they have it",
    )
    assert await bench.verified() == []


async def test_an_order_is_kept_and_finished(bench):
    number = await bench.store.order("replay", {"ids": [1]}, "me", "why", NOW, NOW + 60)
    await bench.store.finish(number, "1 replayed", True, NOW)
    (order,) = bench.archive().orders()
    assert (order["verb"], order["arguments"], order["outcome"]) == (
        "replay",
        {"ids": [1]},
        "1 replayed",
    )


async def test_memory_is_durable_and_forgets(bench):
    await bench.store.put("space", "name", b"1")
    await bench.again()
    assert await bench.store.get("space", "name") == b"1"
    await bench.store.put("space", "name", None)
    assert await bench.store.get("space", "name") is None


async def test_numbers_are_never_given_out_twice(bench):
    blocks = await asyncio.gather(*(bench.store.numbers("isa", 10) for _ in range(5)))
    await bench.again()
    blocks.append(await bench.store.numbers("isa", 10))
    numbers = [number for start in blocks for number in range(start, start + 10)]
    assert len(set(numbers)) == 60
    assert await bench.store.numbers("other", 1) == 1


async def test_two_stores_never_share_a_home(bench):
    other = type(bench)(bench.home)
    with pytest.raises(StoreInUse):
        await other.open()


async def test_close_writes_what_rides(bench):
    (delivery,) = await bench.queue()
    bench.store.claim(delivery, NOW)
    bench.store.settle(
        Settlement(delivery=delivery.id, state=State.DELIVERED, at=NOW, attempt=1)
    )
    await bench.close()
    assert bench.states(delivery.message) == {"delivered": 1}


async def test_a_closed_store_takes_nothing(bench):
    store = await bench.open() if bench.store is None else bench.store
    await bench.close()
    with pytest.raises(StoreError):
        await store.accept("c", Inbound(raw=b"", received_at=NOW), bench.plan())


# -- the read side ------------------------------------------------------------------------------------------


async def test_messages_are_found_by_what_is_known_about_them(bench):
    keys = (("mrn", "77"), ("account", "A1"))
    one = await bench.accept(bench.plan(kind="DFT^P03", control="C1", keys=keys))
    two = await bench.accept(
        bench.plan(to=(), kind="ADT^A08", control="C2", verdict=Verdict.QUARANTINED),
        channel="x",
    )
    await bench.step(one.deliveries[0], State.REFUSED, attempt=1)
    archive = bench.archive()

    def found(**wanted):
        return [message.id for message in archive.search(**wanted)]

    assert found() == [two.id, one.id]
    assert found(key=("mrn", "77")) == found(key=("", "A1")) == [one.id]
    assert found(key=("account", "77")) == found(key=("nothing", "77")) == []
    assert found(control="C2") == found(verdict="quarantined") == found(channel="x") == [two.id]
    assert found(state="refused") == found(kind="DFT^P03") == found(channel="c") == [one.id]
    assert found(state="delivered") == found(channel="none") == []
    assert found(since=NOW - 1, until=NOW + 1) == [two.id, one.id]
    assert found(since=NOW + 1) == found(until=NOW - 1) == []
    assert found(before=two.id) == [one.id] and found(limit=1) == [two.id]
    assert archive.keys(one.id) == list(keys)
    assert archive.message(number_of("1-1")).id == 1 and archive.message(999) is None


async def test_pages_follow_each_other(bench):
    ids = [
        receipt.id for receipt in await asyncio.gather(*(bench.accept() for _ in range(150)))
    ]
    archive, pages, before = bench.archive(), [], None
    while page := archive.recent("c", before, 40):
        pages += [message.id for message in page]
        before = page[-1].id
    assert pages == ids[::-1]


async def test_following_shows_every_step_once_and_in_order(bench):
    archive = bench.archive()
    number, steps = archive.follow(archive.latest())
    assert steps == []
    (delivery,) = await bench.queue()
    await bench.step(delivery, State.QUEUED, due_at=NOW + 9, status="503")
    await bench.step(delivery, State.DELIVERED, attempt=1)
    seen = []
    while True:
        after, steps = archive.follow(number, 1)
        if not steps:
            break
        number = after
        seen += [step.what for step in steps]
    assert seen == ["accepted", "sending", "waiting", "sending", "delivered"]


async def test_counts_say_what_waits_where(bench):
    first, _ = await bench.queue(2)
    await bench.step(first, State.DELIVERED, attempt=1)
    (row,) = bench.archive().counts()
    assert (row["channel"], row["destination"], row["states"]) == (
        "c",
        "d",
        {"queued": 1, "delivered": 1},
    )
    assert row["oldest_open"] == NOW and row["last_delivered"] == NOW + 1
    assert bench.archive().verdicts() == {"c": {"accepted": 2}}


async def test_a_sound_store_has_no_findings(bench):
    (delivery, *_) = await bench.queue(3)
    await bench.accept(bench.plan(key="k", keys=(("mrn", "1"),)))
    await bench.accept(bench.plan(key="k"))
    await bench.step(delivery, State.DELIVERED, attempt=1)
    assert await bench.verified() == []
