"""`groups` and `release-group`."""

from __future__ import annotations

import asyncio
import time

from engine.effects import Join
from engine.message import Inbound, Plan, Verdict
from engine.store.sqlite import SqliteStore
from tests.cli.conftest import Corridor


def gather(corridor: Corridor) -> None:
    """Two groups wait."""

    async def work() -> None:
        store = await SqliteStore.open(corridor.home, asyncio.get_running_loop(), time.time)
        for key, ends in (("CANARY1\x1fx", 0.0), ("CANARY2", time.time() + 3600)):
            join = Join(key=key, member=b"{}", of="ChargeEvent", ends_at=ends)
            plan = Plan(verdict=Verdict.COLLECTED, joins=(join,))
            await store.accept("charges", Inbound(raw=b"x", received_at=time.time()), plan)
        await store.close()

    asyncio.run(work())


def test_groups_are_listed_without_their_keys(corridor: Corridor) -> None:
    gather(corridor)
    ran = corridor("groups")
    assert ran.code == 0 and "CANARY" not in ran.out
    assert "when it is complete" in ran.out and "at the latest" in ran.out
    listed = corridor("groups", "charges", "--json").json["groups"]
    assert [one["members"] for one in listed] == [1, 1]
    assert "CANARY" not in str(listed)
    assert "nothing waits" in corridor("groups", "others").out


def test_who_wants_the_keys_is_recorded(corridor: Corridor) -> None:
    gather(corridor)
    assert "CANARY1, x" in corridor("groups", "--show-keys", "--reason", "asked by billing").out
    from engine.store.archive import SqliteArchive

    with SqliteArchive(corridor.home) as archive:
        (audit,) = archive.audits()
    assert (audit["action"], audit["reason"]) == ("read_group_keys", "asked by billing")


def test_a_group_is_released_with_a_reason_by_a_running_engine(corridor: Corridor) -> None:
    gather(corridor)
    assert corridor("release-group", 1).code == 2, "not without a reason"
    ran = corridor("release-group", 1, "--reason", "month end")
    assert ran.code == 3 and "no engine runs" in ran.err
