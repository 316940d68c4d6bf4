"""What waits: groups whose place is gone, groups that cannot be released, deliveries behind others; nothing for ever."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

import msgspec
import pytest

from engine import pipeline, simulate
from engine.errors import ConfigError, StoreError
from engine.lanes.state import state_of
from engine.runtime import receiving, watch
from tests.ports import free_port
from tests.runtime.conftest import MAPPING, House, charge, until
from tests.runtime.test_groups import BATCH, BILL, CHARGE, COLLECT, LINE, usage
from tests.runtime.test_sequels import AFTER

#: The module; the package has a function of that name.
RELEASES = sys.modules["engine.runtime.releases"]


def collecting(house: House, text: str = COLLECT) -> None:
    house.channel(text)
    house.write("mappings/charge.yaml", CHARGE)
    house.write("mappings/bill.yaml", BILL)
    house.write("mappings/line.yaml", LINE)
    house.write("mappings/layouts/line.yaml", 'columns: [account, quantity]\nseparator: "|"\n')


async def test_a_channel_without_collect_any_more_is_a_mistake_while_groups_wait(
    house: House,
) -> None:
    collecting(house)
    await house.start()
    await house.send(usage("C1", "A1", "1", 2), usage("C2", "A2", "1", 2))
    without = COLLECT[: COLLECT.index("collect:")] + COLLECT[COLLECT.index("destinations:") :]
    house.channel(without)
    with pytest.raises(ConfigError) as refused:
        await house.order("reload")
    (mistake,) = refused.value.mistakes
    assert "2 groups wait for 'collect', which is no longer here" in mistake.problem
    for one in house.archive().groups():
        await house.order("release_group", group=one["id"])
    await until(lambda: house.partner.unique == 2)
    await house.committed()
    assert (await house.order("reload"))["changed"] == ["charges"]


@pytest.mark.slow
async def test_groups_without_a_place_wait_and_are_named_at_the_start(house: House) -> None:
    collecting(house, BATCH)
    await house.start()
    await house.send(usage("C1", "A1", "1", 2))
    await house.stop()
    collecting(house, BATCH[: BATCH.index("    batch:")].replace("nightly_{{number}}", "n"))
    engine = await house.start()
    assert any("the batch of 'nightly'" in str(one) for one in engine.mistakes)
    (group,) = house.archive().groups()
    with pytest.raises(Exception, match="put it back first"):
        await house.order("release_group", group=group["id"])
    await engine.store.release(group["id"], engine.clock.now())
    await asyncio.sleep(0.4)
    assert not house.archive().search(verdict="quarantined")
    collecting(house, BATCH)
    await house.order("reload")
    await until((house.home / "out/nightly_1.txt").exists, 12)


async def test_a_batch_is_closed_by_hand_with_a_record(house: House) -> None:
    collecting(house, BATCH)
    await house.start()
    await house.send(usage("C1", "A1", "1", 2))
    (group,) = house.archive().groups()
    answer = await house.order("release_group", group=group["id"])
    assert (answer["group"], answer["members"]) == ("nightly", 1)
    await until((house.home / "out/nightly_1.txt").exists)
    assert any(one["action"] == "release_group" for one in house.archive().audits())
    with pytest.raises(Exception, match="no group"):
        await house.order("release_group", group=group["id"])


async def test_a_release_that_fails_takes_no_number_and_does_not_end_the_releases(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RELEASES, "PATIENCE", 0.05)
    collecting(house, BATCH)
    engine = await house.start()
    pack, due, fails = pipeline.pack, engine.store.due, [1, 2]

    def packs(*arguments):
        if fails:
            fails.pop()
            raise OSError("the disk is full")
        return pack(*arguments)

    def dues(*arguments):
        if len(fails) == 1:
            fails.pop()
            raise StoreError("the store cannot be read")
        return due(*arguments)

    monkeypatch.setattr(pipeline, "pack", packs)
    monkeypatch.setattr(engine.store, "due", dues)
    await house.send(*(usage(f"C{at}", "A1", "1", at) for at in range(3)))
    await until(
        lambda: (house.home / "out").exists() and bool(list((house.home / "out").glob("n*")))
    )
    assert [path.name for path in (house.home / "out").glob("n*")] == ["nightly_1.txt"]


async def test_groups_of_a_stopped_channel_do_not_stand_in_the_way_of_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RELEASES, "AT_ONCE", 2)
    collecting(house)
    house.channel(COLLECT, "others", port=(other := free_port()))
    await house.start()
    await house.send(*(usage(f"C{at}", f"A{at}", "1", 1) for at in range(5)))
    await house.order("stop", channel="charges")
    for one in house.archive().groups():
        await house.engine.store.release(one["id"], 1.0)
    await house.send(usage("D1", "A1", "1", 1, last=True), port=other)
    await until(lambda: house.partner.unique == 1, 3)
    await house.order("start", channel="charges")
    await until(lambda: house.partner.unique == 6)


async def test_a_replay_takes_the_place_of_what_still_waits_in_the_group(house: House) -> None:
    collecting(house, COLLECT.replace("  replace_by: source_id\n", ""))
    await house.start()
    await house.send(usage("C1", "A1", "1", 4), usage("C2", "A1", "2", 1))
    (found,) = house.archive().search(control="C1")
    await house.order("replay", messages=[found.id])
    await house.order("replay", messages=[found.id], as_new=True)
    await house.send(usage("C3", "A1", "3", 2, last=True))
    await until(lambda: house.partner.unique == 1)
    assert msgspec.json.decode(house.bodies()[0]) == {
        "account": "A1",
        "lines": 4,
        "quantity": 11,
    }


async def test_a_replay_of_what_is_collected_cannot_be_for_one_destination(
    house: House,
) -> None:
    collecting(house)
    await house.start()
    await house.send(usage("C1", "A1", "1", 1))
    (found,) = house.archive().search(control="C1")
    with pytest.raises(Exception, match="goes into groups"):
        await house.order("replay", messages=[found.id], to=["billing"])


@pytest.mark.slow
async def test_what_waits_behind_another_spends_no_rate_and_says_why(house: House) -> None:
    async with simulate.http_partner("pointer") as other:
        text = AFTER.replace("after: document", "after: document\n    rate: 1")
        house.channel(text, other=other.port)
        house.partner.fault = "400"
        engine = await house.start()
        await house.send(*(charge(f"C{at}") for at in range(12)))
        lanes = engine.stations["charges"].lanes["pointer"]
        await until(lambda: len(lanes.following.states) == 12, 6)
        await until(lambda: state_of(lanes)["why"] == "waits for document: 12 refused")
        await until(lambda: state_of(lanes)["state"] == "waiting")
        house.partner.fault = "none"
        await house.send(charge("C99"))
        await until(lambda: other.unique == 1, 6)


async def test_a_store_that_cannot_be_read_for_a_moment_leaves_nothing_behind(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulate.http_partner("pointer") as other:
        house.channel(AFTER, other=other.port)
        engine = await house.start()
        unfinished, fails = engine.store.unfinished, [1]

        async def reads(message, destination):
            if fails:
                fails.pop()
                raise StoreError("the store cannot be read")
            return await unfinished(message, destination)

        monkeypatch.setattr(engine.store, "unfinished", reads)
        await house.send(charge("C1"), charge("C2"))
        await until(lambda: other.unique == 2)


async def test_what_stands_still_behind_others_lets_the_rest_of_a_free_destination_pass(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.lanes.lines.IN_LINE", 8)
    async with simulate.http_partner("pointer") as other:
        house.channel(AFTER, other=other.port)
        house.partner.fault = "400"
        await house.start()
        await house.send(*(charge(f"C{at}") for at in range(20)))
        lanes = house.engine.stations["charges"].lanes
        await until(lambda: lanes["document"].attempts == 20)
        await asyncio.sleep(0.2)
        house.partner.fault = "none"
        await house.send(charge("C99"))
        await until(lambda: other.unique == 1, 6)


async def test_hours_that_an_edit_brings_close_a_source_that_is_open(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "LOOK_AGAIN", 0.05)
    monkeypatch.setattr("engine.lanes.pace.LOOK_AGAIN", 0.05)
    house.write("mappings/charges.yaml", MAPPING)
    house.channel()
    engine = await house.start()
    shut = "mon 00:00-00:01" if datetime.now(UTC).weekday() != 0 else "tue 00:00-00:01"
    text = (house.home / "channels/charges.yaml").read_text()
    house.write("channels/charges.yaml", text.replace("format:", f'  open: "{shut}"\nformat:'))
    await house.order("reload")
    station = engine.stations["charges"]
    await until(lambda: station.receiving.closed, 3)
    house.write("channels/charges.yaml", text)
    await house.order("reload")
    await until(lambda: not station.receiving.closed, 3)
    await asyncio.sleep(0.1)
    assert b"MSA|AA" in (await house.send(charge("C1")))[0]


async def test_what_is_remembered_too_long_is_forgotten_where_no_bodies_are_dropped(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PRUNE_EVERY", 0.01)
    engine = await house.start()
    asked: list[int] = []

    async def forget(limit=200):
        asked.append(limit)
        return 0

    monkeypatch.setattr(engine.store, "forget", forget)
    task = asyncio.create_task(watch.prune(engine))
    await until(lambda: len(asked) > 1)
    task.cancel()
