"""When an item is open: what stands in the place of what, and what people put away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.handling.quarantine import Quarantine
from engine.message import Plan, State, Verdict
from engine.people.directory import Directory
from engine.store.schema import PLACES
from tests.store.conftest import Bench

HELD = Plan(verdict=Verdict.QUARANTINED, reason="bad_value", detail="OBX[3]-5: not a number")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    await made.open()
    yield made
    await made.close()


def held(reader: Quarantine, bench: Bench, closed: Any = ()) -> list[int]:
    """The numbers of the items that are open; read by one who remembers and by one who comes anew."""
    found = []
    for one in (reader, Quarantine()):
        with bench.archive() as archive:
            one.refresh(archive.rows, closed)
        found.append(
            sorted(i.id for group in one.groups() for i in one.items(group.cause.id, 0, 100))
        )
    assert found[0] == found[1]
    return found[0]


async def test_the_newest_of_a_family_counts(bench: Bench) -> None:
    reader = Quarantine()
    first = (await bench.accept(HELD)).id
    other = (await bench.accept(HELD)).id
    assert held(reader, bench) == [first * PLACES, other * PLACES]
    (group,) = reader.groups()
    assert (group.count, group.cause.pattern) == (2, "OBX-5: not a number")
    again = (await bench.accept(HELD, replay_of=first)).id
    assert held(reader, bench) == [other * PLACES, again * PLACES]
    await bench.accept(
        bench.plan(), replay_of=first
    )  # of the first, while its replay is the item
    assert held(reader, bench) == [other * PLACES]


async def test_a_part_gives_way_to_a_replay_of_the_whole(bench: Bench) -> None:
    reader = Quarantine()
    bad = Plan(verdict=Verdict.QUARANTINED, reason="bad_value", part_raw=b"two")
    good = Plan(verdict=Verdict.FILTERED, reason="none", part_raw=b"one")
    whole = (await bench.accept(Plan(verdict=Verdict.SPLIT, parts=(good, bad)))).id
    (item,) = held(reader, bench)
    assert item // PLACES != whole
    await bench.accept(Plan(verdict=Verdict.SPLIT, parts=(good, good)), replay_of=whole)
    assert held(reader, bench) == []


async def test_a_refused_delivery_gives_way_only_at_its_own_destination(bench: Bench) -> None:
    reader = Quarantine()
    (delivery,) = await bench.queue(1)
    await bench.step(delivery, State.REFUSED, status="400", detail="patient '77' unknown")
    assert held(reader, bench) == [delivery.id]
    (group,) = reader.groups()
    assert (group.cause.kind, group.cause.pattern) == ("refused", "patient … unknown")
    await bench.accept(bench.plan(to=("elsewhere",)), replay_of=delivery.message)
    assert held(reader, bench) == [delivery.id]
    await bench.accept(bench.plan(to=("d",)), replay_of=delivery.message)
    assert held(reader, bench) == []


async def test_discarded_deliveries_and_what_is_put_away_drop_out(bench: Bench) -> None:
    reader, work = Quarantine(), Directory(bench.home).work
    (delivery,) = await bench.queue(1)
    await bench.step(delivery, State.UNCERTAIN)
    message = (await bench.accept(HELD)).id * PLACES
    assert held(reader, bench, work.closed()) == sorted([delivery.id, message])
    await bench.store.move([delivery.id], State.DISCARDED, "ann", "gone", 1.0)
    await bench.settled()
    work.assign([message], "bob", "ann")
    work.comment([message], "ann", "asked")
    work.close([message], "ann", "keyed by hand")
    assert held(reader, bench, work.closed()) == []
    assert work.of([message])[message].reason == "keyed by hand" and work.assigned() == {}
    work.reopen([message], "ann")
    assert held(reader, bench, work.closed()) == [message]
    assert work.assigned() == {message: "bob"}
    assert [one.text for one in work.comments([message])[message]] == ["asked"]
