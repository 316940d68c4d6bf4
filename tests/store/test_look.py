"""Search for people who wait: within some channels, and no longer than they want to."""

from __future__ import annotations

import pytest

from engine.store import search as searching
from engine.store.search import Wanted


async def test_a_look_stays_within_the_channels_and_goes_on_where_it_ended(bench) -> None:
    ids = [(await bench.accept(bench.plan(control=f"C{at}", keys=()), channel="abc"[at % 3])).id for at in range(9)]  # fmt: skip
    archive = bench.archive()
    wanted = Wanted(channels=frozenset({"a", "b", "nothing"}))
    mine = [id for at, id in enumerate(ids) if at % 3 != 2][::-1]
    first, on = archive.look(wanted, None, 4, 1.0)
    rest, end = archive.look(wanted, on, 4, 1.0)
    assert [one.id for one in (*first, *rest)] == mine
    assert archive.look(wanted, end or 1, 4, 1.0)[0] == []
    assert archive.look(Wanted(control="C2", channels=frozenset({"a"})), None, 4, 1.0) == (
        [],
        0,
    )
    assert archive.look(Wanted(channels=frozenset()), None, 4, 1.0) == ([], 0)


async def test_a_look_that_takes_too_long_says_where_to_look_on(
    bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "STRIDE", 5)
    ids = [(await bench.accept(bench.plan(control=f"C{at}", keys=(), kind="X" if at else "Y"))).id for at in range(80)]  # fmt: skip
    archive, wanted = bench.archive(), Wanted(kind="Y")
    found, on = archive.look(wanted, None, 1, 0.0)
    assert found == [] and ids[0] < on < ids[-1]
    looks = 1
    while on and not found:
        found, on = archive.look(wanted, on, 1, 0.0)
        looks += 1
    assert [one.id for one in found] == ids[:1] and looks > 1
