"""What people order of a running engine, over its socket."""

from __future__ import annotations

import asyncio
import os
import stat
from base64 import b64encode

import pytest

from engine import orders
from engine.errors import CommandError
from engine.runtime.desk import Desk
from tests.runtime.conftest import House, charge, until


async def test_the_socket_is_for_the_owner_alone_and_answers(house: House) -> None:
    engine = await house.start()
    server = await orders.serve(house.home, Desk(engine).obey)
    mode = os.stat(house.home / "data/corridor.sock").st_mode
    assert stat.S_IMODE(mode) == 0o600
    answer = await asyncio.to_thread(orders.send, house.home, "status")
    assert answer["channels"][0]["channel"] == "charges"
    with pytest.raises(CommandError, match="no order 'dance'"):
        await asyncio.to_thread(orders.send, house.home, "dance")
    server.close()


def test_without_an_engine_people_are_told_so(tmp_path) -> None:
    with pytest.raises(CommandError, match="corridor run"):
        orders.send(tmp_path, "status")
    assert not orders.running(tmp_path)


async def test_hold_keeps_and_release_lets_go_at_a_rate(house: House) -> None:
    await house.start()
    await house.order("hold", channel="charges", destination="billing")
    answers = await house.send(*[charge(f"C{number}", str(number)) for number in range(10)])
    assert all(b"MSA|AA" in answer for answer in answers)
    await asyncio.sleep(0.2)
    assert house.partner.unique == 0
    began = asyncio.get_running_loop().time()
    await house.order("release", channel="charges", destination="billing", rate=20)
    await until(lambda: house.partner.unique == 10)
    assert asyncio.get_running_loop().time() - began > 0.35


async def test_a_hold_outlives_a_restart(house: House) -> None:
    await house.start()
    await house.order("hold", channel="charges")
    await house.stop()
    await house.start()
    await house.send(charge("C1"))
    await asyncio.sleep(0.2)
    assert house.partner.unique == 0
    await house.order("release", channel="charges")
    await until(lambda: house.partner.unique == 1)


async def test_hold_all_takes_messages_and_sends_nothing(house: House) -> None:
    await house.start(hold_all=True)
    (answer,) = await house.send(charge("C1"))
    assert b"MSA|AA" in answer
    await asyncio.sleep(0.2)
    assert house.partner.unique == 0


async def test_a_replay_is_linked_and_keeps_its_idempotency_key(house: House) -> None:
    await house.start()
    await house.send(charge("C1"))
    await until(lambda: house.partner.unique == 1)
    await house.committed()
    (original,) = house.archive().search(control="C1")
    for mode in ("again", "same_bytes"):
        answer = await house.order("replay", messages=[original.id], mode=mode)
        assert answer["replayed"][0]["verdict"] == "accepted"
    await until(lambda: house.partner.repeats == 2)
    assert house.partner.unique == 1
    answer = await house.order("replay", messages=[original.id], mode="again", as_new=True)
    await until(lambda: house.partner.unique == 2)
    await house.committed()
    again = answer["replayed"][0]["id"]
    assert [
        step.message for step in house.archive().trail(original.id) if step.what == "replayed"
    ][-1] == again


async def test_a_corrected_copy_is_a_message_of_its_own_linked_to_the_original(
    house: House,
) -> None:
    await house.start()
    await house.send(charge("C1"))
    await until(lambda: house.partner.unique == 1)
    await house.committed()
    (original,) = house.archive().search(control="C1")
    raw = b64encode(charge("C1", "77")).decode()
    answer = await house.order("edit", message=original.id, raw=raw)
    await until(lambda: house.partner.unique == 2)
    await house.committed()
    (made,) = answer["replayed"]
    archive = house.archive()
    assert archive.raw(made["id"]) == charge("C1", "77") != archive.raw(original.id)
    steps = [step for step in archive.trail(original.id) if step.what == "replayed"]
    assert [step.message for step in steps] == [made["id"]]
    assert [raw in str(order["arguments"]) for order in archive.orders()] == [False]
    for wrong in ("%", ""):
        with pytest.raises(CommandError):
            await house.order("edit", message=original.id, raw=wrong)
    with pytest.raises(CommandError, match="there is no message"):
        await house.order("edit", message=999, raw=raw)


async def test_of_many_one_that_cannot_be_replayed_does_not_keep_the_others(
    house: House,
) -> None:
    await house.start()
    await house.send(charge("C1"))
    await house.committed()
    (original,) = house.archive().search(control="C1")
    answer = await house.order("replay", messages=[999, original.id])
    assert [one["of"] for one in answer["replayed"]] == [original.id]
    assert [one["of"] for one in answer["failed"]] == [999]
    with pytest.raises(CommandError):
        await house.order("replay", messages=[999])


async def test_a_replay_goes_only_where_it_is_told_to(house: House) -> None:
    await house.start()
    await house.send(charge("C1"))
    await until(lambda: house.partner.unique == 1)
    await house.committed()
    (original,) = house.archive().search(control="C1")
    with pytest.raises(CommandError):
        await house.order("replay", messages=[original.id], to=["nowhere"], mode="same_bytes")
    assert (await house.order("replay", messages=[original.id], to=["billing"]))["replayed"]


async def test_every_order_is_kept_with_who_and_why(house: House) -> None:
    await house.start()
    await house.order("hold", channel="charges")
    with pytest.raises(CommandError):
        await house.order("hold", channel="nothing")
    await house.committed()
    kept = house.archive().orders()
    assert [(row["verb"], row["who"], row["reason"]) for row in kept] == [
        ("hold", "ann", "a test")
    ] * 2


async def test_others_never_make_files_in_the_sockets_mode(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mask of new files belongs to the whole process, and the log's thread makes folders at any time."""
    engine = await house.start()

    def masked(mask: int) -> int:
        raise AssertionError("the mask of the whole process was changed")

    monkeypatch.setattr(os, "umask", masked)
    server = await orders.serve(house.home, Desk(engine).obey)
    mode = os.stat(house.home / "data/corridor.sock").st_mode
    assert stat.S_IMODE(mode) == 0o600
    server.close()
