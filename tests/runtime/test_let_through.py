"""A file in which too much vanishes is stopped; a person who meant it lets it through, and that is recorded."""

from __future__ import annotations

import pytest

from engine.errors import CommandError
from engine.message import Verdict
from tests.runtime.conftest import House
from tests.runtime.test_apart import CHANNEL, LAYOUT, csv_of, give, lay, parts, rows, through

SNAPSHOT = "snapshot: {key: item, stop_at: 50%, only_changed: true}\n"


async def test_a_stopped_file_is_let_through_by_a_person(house: House) -> None:
    lay(house, CHANNEL.replace('accept: {unique: "{item}-{price}"}\n', ""), LAYOUT + SNAPSHOT)
    await house.start()
    first = await give(house, csv_of(rows(range(10))))
    assert first.receipt is not None
    await through(house, first.receipt.id)
    stopped = await give(house, csv_of(rows([1, 77])))
    assert stopped.receipt is not None and stopped.receipt.reason == "snapshot_stopped"
    assert "--accept-snapshot" in stopped.receipt.detail
    meant = {"messages": [stopped.receipt.id], "accept_snapshot": True}
    for wrong in ({"messages": [first.receipt.id]}, {"to": ["erp"]}, {"mode": "same_bytes"}):
        with pytest.raises(CommandError):
            await house.order("replay", **{**meant, **wrong})
    (made,) = (await house.order("replay", **meant))["replayed"]
    told = await through(house, made["id"])
    assert (told.met, told.unchanged, told.vanished) == (2, 1, 9)
    audited = [(one["action"], one["what"]) for one in house.archive().audits(limit=10)]
    assert ("accept_snapshot", f"message {stopped.receipt.id}") in audited
    (same,) = (await house.order("replay", messages=[made["id"]]))["replayed"]
    assert len(await parts(house, same["id"])) == 2, "to repeat it is no acceptance"
    back = await give(house, csv_of(rows(range(10))))
    assert back.receipt is not None and back.receipt.verdict is Verdict.SPLIT
    changed = (await through(house, back.receipt.id)).changed
    assert changed == 9, "what was let through is the last file"
