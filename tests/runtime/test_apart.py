"""Large files are taken apart chunk by chunk: each record once, whatever happens; a report at the end; the loop stays free."""

from __future__ import annotations

import asyncio
import csv
from importlib import import_module
from typing import Any

import msgspec
import pytest

from engine.message import LARGE, Inbound, Reply, Verdict, short_id
from engine.planning import chunks
from engine.reading import Reading
from engine.runtime.state import state_of
from engine.runtime.watch import facts
from engine.store.loading import Loading
from tests.runtime.conftest import House, until

CHANNEL = """
description: The vendor's item master
owner: supply
source:
  file: {folder: in, pattern: "*.csv"}
format: delimited/items
split: record
accept: {unique: "{item}-{price}"}
keys: {item: item}
transform: items
destinations:
  erp:
    file: {folder: out, name: "items.jsonl", append: true}
"""
LAYOUT = "columns: [item, price]\nheader: names\n"
MAPPING = "from: delimited/items\nto: json\nfields:\n  item: item\n  price: price | decimal\n"
BACK = """
  back:
    of: rejects
    file: {folder: back, name: "rejects-{count}.csv"}
"""


def rows(numbers: Any, price: str = "1.50") -> list[tuple[str, str]]:
    return [(f"A-{number:06d}", price) for number in numbers]


def csv_of(found: list[tuple[str, str]]) -> bytes:
    return b"item,price\n" + b"".join(f"{item},{price}\n".encode() for item, price in found)


def lay(house: House, channel: str = CHANNEL, layout: str = LAYOUT) -> None:
    for folder in ("in", "out", "back"):
        (house.home / folder).mkdir(exist_ok=True)
    house.write("channels/items.yaml", channel)
    house.write("mappings/items.yaml", MAPPING)
    house.write("mappings/layouts/items.yaml", layout)


async def give(house: House, raw: bytes, **more: Any) -> Reply:
    assert house.engine is not None
    engine = house.engine
    body = await engine.store.spool([raw]) if len(raw) > LARGE else raw
    facts = {"file_name": "items.csv"}
    inbound = Inbound(raw=body, received_at=engine.clock.now(), facts=facts, **more)
    return await engine.stations["items"].receive(inbound)


async def through(house: House, message: int, within: float = 30) -> Loading:
    assert house.engine is not None
    store, apart = house.engine.store, house.engine.apart

    def over() -> bool:
        found = store.loading(message)
        if found is None or found.phase < 2:
            return False
        return all(one.message != message for one in apart.open.values())

    await until(over, within)
    found = store.loading(message)
    assert found is not None
    return found


async def parts(house: House, message: int) -> list[tuple[str, str]]:
    """Item and verdict of every part that is kept, in order."""
    sql = "SELECT m.verdict, m.keys, m.facts FROM message AS m WHERE m.parent = ? ORDER BY id"
    assert house.engine is not None
    found = await house.engine.store.write(lambda one: one.execute(sql, (message,)).fetchall())
    verdicts = list(Verdict)
    return [
        (dict(msgspec.json.decode(keys)).get("item", "") if keys else "", verdicts[code].value)
        for code, keys, _ in found
    ]


@pytest.mark.slow
async def test_a_large_file_is_acknowledged_first_and_then_taken_apart(house: House) -> None:
    lay(house)
    await house.start()
    found = rows(range(20_000))
    found[777] = ("A-000777", "dear")
    raw = csv_of(found).replace(b"A-000005,1.50\n", b"A-000005,1.50,more\n")
    assert len(raw) > LARGE
    reply = await give(house, raw)
    receipt = reply.receipt
    assert receipt is not None and receipt.verdict is Verdict.SPLIT
    refused = await give(house, csv_of(rows([1])))
    assert refused.receipt is None and "taken apart" in refused.error
    loading = await through(house, receipt.id)
    assert (loading.met, loading.rejected, loading.unchanged) == (20_000, 2, 0)
    assert loading.reasons == {"bad_value": 1, "ragged_line": 1}
    assert loading.report().startswith("20000 records read: 19998 taken, 2 rejected (")
    kept = await parts(house, receipt.id)
    assert len(kept) == 20_000
    assert {item for item, verdict in kept if verdict == "accepted"} == {
        item for item, price in found if item not in ("A-000005", "A-000777")
    }
    (bad,) = house.archive().search(channel="items", verdict="quarantined", limit=1)
    assert house.archive().inbound(bad.id).facts == {"file_name": "items.csv", "line": "779"}
    assert "taken_apart" in house.log("items") or await _logged(house, "20000 records read")
    again = await give(house, csv_of(rows([1, 2])))
    assert again.receipt is not None


async def _logged(house: House, text: str) -> bool:
    await until(lambda: text in house.log("items"))
    return True


@pytest.mark.slow
async def test_it_goes_on_where_it_stopped(house: House, monkeypatch: Any) -> None:
    lay(house)
    monkeypatch.setattr(chunks, "PARTS", 50)
    engine = await house.start()
    reply = await give(house, csv_of(rows(range(20_000))))
    assert reply.receipt is not None
    message = reply.receipt.id
    await until(lambda: (engine.store.loading(message) or 0).met > 200)  # type: ignore[union-attr]
    await house.stop()
    engine = await house.start()
    began = engine.store.loading(message)
    assert began is not None and 200 < began.met < 20_000
    loading = await through(house, message)
    assert loading.met == 20_000
    kept = await parts(house, message)
    assert [item for item, _ in kept] == [item for item, _ in rows(range(20_000))]


@pytest.mark.slow
async def test_a_file_that_is_the_whole_truth(house: House, monkeypatch: Any) -> None:
    monkeypatch.setattr(chunks, "PARTS", 7)
    snapshot = "snapshot: {key: item, stop_at: 50%, only_changed: true}\n"
    lay(house, CHANNEL.replace('accept: {unique: "{item}-{price}"}\n', ""), LAYOUT + snapshot)
    await house.start()
    first = await give(house, csv_of([*rows(range(40)), ("BAD", "dear")]))
    assert first.receipt is not None
    told = await through(house, first.receipt.id)
    assert (told.met, told.changed, told.unchanged, told.rejected) == (41, 40, 0, 1)
    second = [
        *rows(range(10, 40)),
        ("A-000012", "9.00"),
        ("A-000012", "1.50"),
        ("BAD", "dear"),
        *rows([77]),
    ]
    reply = await give(house, csv_of(second))
    assert reply.receipt is not None
    told = await through(house, reply.receipt.id)
    assert (told.met, told.unchanged, told.vanished, told.rejected) == (34, 30, 10, 1)
    kept = [item for item, verdict in await parts(house, reply.receipt.id)]
    assert kept == [
        "A-000012",
        "A-000012",
        "BAD",
        "A-000077",
        *(item for item, _ in rows(range(10))),
    ]
    stopped = await give(house, csv_of(rows([77])))
    assert stopped.receipt is not None and stopped.receipt.reason == "snapshot_stopped"
    assert stopped.receipt.verdict is Verdict.QUARANTINED
    same = await give(house, csv_of(second))
    assert same.receipt is not None
    told = await through(house, same.receipt.id)
    assert (told.changed, told.vanished) == (2, 0), (
        "the same item twice in a file changes twice"
    )


@pytest.mark.slow
async def test_no_record_counts_where_one_may_not_fail(house: House) -> None:
    lay(house, CHANNEL + "on_part: quarantine_message\n")
    await house.start()
    bad = [*rows(range(20_000)), ("A-x", "dear")]
    reply = await give(house, csv_of(bad))
    assert reply.receipt is not None
    assert (reply.receipt.verdict, reply.receipt.reason) == (Verdict.QUARANTINED, "bad_value")
    assert reply.receipt.detail.startswith("part 20001: ")
    assert await parts(house, reply.receipt.id) == []
    reply = await give(house, csv_of(bad[:-1]))
    assert reply.receipt is not None
    assert (await through(house, reply.receipt.id)).changed == 20_000


async def test_rejected_lines_are_sent_back_in_one_file(house: House) -> None:
    lay(house, CHANNEL + BACK)
    await house.start()
    found = csv_of(rows([1, 2, 3])).replace(b"A-000002,1.50\n", b"A-000002\n")
    reply = await give(house, found + b'"A-4","de,ar"\n')
    assert reply.receipt is not None
    told = await through(house, reply.receipt.id)
    assert told.rejected == 2
    path = house.home / "back/rejects-2.csv"
    await until(path.exists)
    header, *lines = list(csv.reader(path.read_text().splitlines()))
    assert header == ["reject_reason", "reject_line", "reject_detail", "item", "price"]
    assert [(line[0], line[1], *line[3:]) for line in lines] == [
        ("ragged_line", "3", "A-000002"),
        ("bad_value", "5", "A-4", "de,ar"),
    ]
    assert all("A-" not in line[2] and line[2] != "ar" for line in lines)
    good = await give(house, csv_of(rows([8, 9])))
    assert good.receipt is not None
    await through(house, good.receipt.id)
    assert [one.name for one in (house.home / "back").iterdir()] == ["rejects-2.csv"]


async def test_nothing_overtakes_a_file_that_is_looked_through(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(house, CHANNEL + BACK)
    engine = await house.start()
    survey, looked, go_on = engine.apart.survey, asyncio.Event(), asyncio.Event()

    async def slow(*asked: Any) -> Any:
        looked.set()
        await go_on.wait()
        return await survey(*asked)

    monkeypatch.setattr(engine.apart, "survey", slow)
    first = asyncio.create_task(give(house, csv_of(rows([1, 2]))))
    await looked.wait()
    second = asyncio.create_task(give(house, csv_of(rows([3]))))
    await asyncio.sleep(0.02)
    go_on.set()
    kept, refused = await first, await second
    assert kept.receipt is not None and refused.receipt is None
    await through(house, kept.receipt.id)
    assert not engine.apart.busy("items")


async def test_what_cannot_be_taken_apart_now_is_said_and_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(house, CHANNEL + BACK)
    monkeypatch.setattr(import_module("engine.runtime.apart"), "PATIENCE", 0.05)
    engine = await house.start()
    planned, failures = engine.apart._planned, iter([OSError("gone"), ValueError("A-000001")])

    async def failing(*asked: Any) -> Any:
        if (error := next(failures, None)) is not None:
            raise error
        return await planned(*asked)

    monkeypatch.setattr(engine.apart, "_planned", failing)
    reply = await give(house, csv_of(rows([1, 2])))
    assert reply.receipt is not None
    assert (await through(house, reply.receipt.id)).changed == 2
    await _logged(house, "not_taken_apart")
    assert "ValueError" in house.log("items") and "A-000001" not in house.log("items")
    assert not house.working[1].done()


async def test_an_edited_layout_or_split_waits_until_the_old_one_is_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The position belongs to the way in which the message is taken apart: in another one parts are lost or doubled."""
    lay(house, CHANNEL + BACK)
    monkeypatch.setattr(import_module("engine.runtime.apart"), "LOOK_AGAIN", 0.01)
    monkeypatch.setattr(import_module("engine.runtime.apart"), "SIZES", (2,))
    engine = await house.start()
    planned, reached, go_on = engine.apart._planned, asyncio.Event(), asyncio.Event()

    async def slow(station: Any, loading: Loading, *more: Any) -> Any:
        if loading.met == 4:
            reached.set()
            await go_on.wait()
        return await planned(station, loading, *more)

    monkeypatch.setattr(engine.apart, "_planned", slow)
    found = [(f"A-{number // 2}", f"{number}.50") for number in range(12)]
    reply = await give(house, csv_of(found))
    await asyncio.wait_for(reached.wait(), 10)
    house.write("mappings/layouts/items.yaml", LAYOUT + "group_by: item\n")
    assert await engine.reload() == ["items"]
    go_on.set()
    await _logged(house, "not_taken_apart")
    channels = (await state_of(engine))["channels"]
    (warning,) = [each for channel in channels for each in channel["warnings"]]
    assert "put them back" in warning and short_id(reply.receipt.id) in warning
    assert [each.warned[0][0] for each in facts(engine) if each.warned] == ["not_taken_apart"]
    await asyncio.sleep(0.05)
    waiting = engine.store.loading(reply.receipt.id)
    assert waiting is not None and waiting.phase == 0
    house.write("mappings/layouts/items.yaml", "# as before\n" + LAYOUT)
    assert await engine.reload() == ["items"]
    assert (await through(house, reply.receipt.id)).met == 12
    kept = [item for item, _ in await parts(house, reply.receipt.id)]
    assert kept == [item for item, _ in found]
    assert not any(each.warned for each in facts(engine))


MEMORY = """
remember:
  price: {key: item, fields: {price: price}, for: 10d}
"""


@pytest.mark.slow
async def test_a_channel_that_remembers_sees_the_parts_before(house: House) -> None:
    channel = CHANNEL.replace(
        'accept: {unique: "{item}-{price}"}\n',
        'accept: {when: changed("price"), because: same price}\n',
    )
    lay(house, channel + MEMORY)
    await house.start()
    found = [*rows(range(12_000)), *rows(range(12_000)), ("A-000003", "2.00")]
    reply = await give(house, csv_of(found))
    assert reply.receipt is not None
    await through(house, reply.receipt.id, 60)
    kept = [verdict for _, verdict in await parts(house, reply.receipt.id)]
    assert kept == ["accepted"] * 12_000 + ["filtered"] * 12_000 + ["accepted"]


@pytest.mark.slow
async def test_a_large_interchange_is_answered_out_of_the_loop(house: House) -> None:
    """One that is not taken apart: the answer is that of a whole one, and its bytes are not read here."""
    channel = CHANNEL.replace("delimited/items", "x12").replace("split: record\n", "")
    for line in (
        'accept: {unique: "{item}-{price}"}',
        "keys: {item: item}",
        "transform: items",
    ):
        channel = channel.replace(f"{line}\n", "")
    lay(house, channel)
    await house.start()
    assert house.engine is not None
    isa = b"ISA*00*          *00*          *ZZ*HOSPITAL       *ZZ*SUPPLIER       *260105*0930*^*00501*000000017*0*P*:~"
    lines = b"".join(b"PO1*%d*10*EA*2.5**VN*V-%d~" % (at, at) for at in range(15_000))
    count = lines.count(b"~") + 3
    raw = (
        isa + b"GS*PO*HOSPITAL*SUPPLIER*20260105*0930*17*X*005010~ST*850*0001~BEG*00*SA*P**20260105~"
        + lines + b"SE*%d*0001~GE*1*17~IEA*1*000000017~" % count
    )  # fmt: skip
    assert len(raw) > LARGE
    reply = await give(house, raw)
    assert reply.receipt.verdict is Verdict.ACCEPTED
    whole = house.engine.stations["items"].channel.format
    body, receipt = reply.body, reply.receipt
    assert b"AK5*A~AK9*A*1*1*1~" in body
    now = house.engine.clock.now()
    said = whole.acknowledge(raw, receipt, Reading(), now)
    assert said.partition(b"ST*997")[2] == body.partition(b"ST*997")[2]
