"""A partner's numbered files: what is missing, what came twice, and that a restart forgets nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.connectors import Site
from engine.folders.sequence import Counts, Sequence, counted, forgotten, number_of
from engine.message import Inbound, Reply
from engine.settings import Duration

from .conftest import until

QUICK: dict[str, Any] = {"every": Duration(0.02), "minimum_age": Duration(0)}


def came(sequence: Sequence, *names: str, day: str = "2026-11-21") -> tuple[list[int], Any]:
    """What is missing and what came again after these names; a name `|` begins a day."""
    counts: Counts = {}
    for at, name in enumerate(names):
        day = f"2026-11-{int(day[-2:]) + 1}" if name == "|" else day
        counts = counted(counts, name, sequence, now=float(at), day=day)
    missing = [number for each in counts.values() for number in each.missing]
    again = [each.again[0] for each in counts.values() if each.again]
    return sorted(missing), again


def test_gaps_repeats_and_late_ones() -> None:
    plain = Sequence.read("PO_{number}.csv")
    assert came(plain, "PO_7.csv", "PO_8.csv", "PO_009.csv", "other.csv") == ([], [])
    assert came(plain, "PO_7.csv", "PO_10.csv") == ([8, 9], [])
    assert came(plain, "PO_7.csv", "PO_10.csv", "PO_9.csv") == ([8], []), "late is not again"
    assert came(plain, "PO_7.csv", "PO_7.csv") == ([], [7])
    assert came(plain, "PO_7.csv", "PO_6.csv") == ([], [6])
    assert came(plain, "PO_7.csv", "PO_7.csv", "PO_8.csv") == ([], []), "in order again"


def test_wrap_around_and_days() -> None:
    wraps = Sequence(name="PO_{number}.csv", highest=999)
    assert came(wraps, "PO_998.csv", "PO_999.csv", "PO_001.csv") == ([], [])
    assert came(wraps, "PO_998.csv", "PO_002.csv") == ([1, 999], [])
    assert came(wraps, "PO_998.csv", "PO_997.csv") == ([], [997])
    daily = Sequence(name="PO_{number}.csv", begins="daily")
    assert came(daily, "PO_1.csv", "PO_2.csv", "|", "PO_1.csv") == ([], [])
    assert came(daily, "PO_1.csv", "PO_3.csv", "|", "PO_2.csv", "PO_2.csv") == ([], [2])
    assert came(daily, "PO_3.csv", "|", "PO_2.csv") == ([1], [])
    assert came(daily, "PO_3.csv", "PO_1.csv") == ([], [1]), "not on the same day"
    dated = Sequence.read("{date}-{number}*.csv")
    assert came(dated, "20261120-5a.csv", "20261121-1b.csv", "20261121-2.csv") == ([], [])
    assert came(dated, "20261120-5.csv", "20261121-3.csv", "20261120-7.csv") == ([1, 2, 6], [])


def test_what_was_waited_for_long_enough() -> None:
    sequence = Sequence(name="{number}", wait=Duration(100))
    counts = counted({}, "1", sequence, now=0, day="")
    counts = counted(counts, "3", sequence, now=0, day="")
    assert forgotten(counts, sequence, 99) is counts
    assert not forgotten(counts, sequence, 101)[""].missing


@given(st.lists(st.integers(0, 50), max_size=40))
def test_any_order_of_numbers(numbers: list[int]) -> None:
    """What is missing lies between the first and the highest, and never came after it was missed."""
    sequence = Sequence.read("{number}")
    missing, _ = came(sequence, *(str(number) for number in numbers))
    assert not set(missing) & set(numbers)
    if numbers and sorted(set(numbers)) == list(dict.fromkeys(numbers)):
        assert missing == sorted(set(range(numbers[0], max(numbers))) - set(numbers))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": "PO.csv"}, "number"), ({"name": "{number}{number}"}, "one name"), ({"name": "in/{number}"}, "one name"),
        ({"name": "{number}{week}"}, "holes"), ({"name": "{number}", "highest": 1}, "highest"),
        ({"name": "{date}{number}", "begins": "daily"}, "begins"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Sequence(**wrong)
    assert number_of("x", Sequence.read("{number}")) is None


# -- as files come ------------------------------------------------------------------------------------------


@pytest.fixture
async def watch(site: Site, line: Any, place: Any) -> AsyncIterator[Any]:
    running: list[asyncio.Task[None]] = []

    async def start(receive: Any = None, **settings: Any) -> Any:
        for task in running:  # one engine at a time
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        given = {**QUICK, "sequence": Sequence.read("PO_{number}.csv"), **settings}
        source = place.source(site, **given)
        running.append(asyncio.create_task(source.run(receive or line)))
        await source.ready.wait()
        return source

    yield start
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def kinds(source: Any) -> list[str]:
    return [kind for kind, _, _ in source.warned() or ()]


async def test_a_gap_is_told_until_the_file_comes_also_after_a_restart(
    watch: Any, line: Any, place: Any, notices: Any
) -> None:
    source = await watch()
    for number in (1, 2, 5):
        (place.drop / f"PO_{number}.csv").write_bytes(b"%d" % number)
    await until(lambda: len(line.inbound) == 3)
    await until(lambda: kinds(source) == ["file_sequence_gap"])
    assert "3 to 4" in source.warned()[0][2]
    assert ("warning", "file_sequence_gap", {"missing": "3 to 4"}) in notices
    source = await watch()
    assert kinds(source) == ["file_sequence_gap"]
    for number in (3, 4):
        (place.drop / f"PO_{number}.csv").write_bytes(b"%d" % number)
    await until(lambda: len(line.inbound) >= 5 and not kinds(source))


async def test_a_repeat_is_told_until_the_next_and_the_same_file_again_is_none(
    watch: Any, line: Any, place: Any, notices: Any
) -> None:
    source = await watch()
    (place.drop / "PO_1.csv").write_bytes(b"1")
    await until((place.drop / "archive/PO_1.csv").exists)
    (place.drop / "PO_1.csv").write_bytes(b"1")
    await until((place.drop / "archive/PO_1_2.csv").exists)
    assert notices.events() == ["file_taken_before"] and not kinds(source)
    (place.drop / "PO_1.csv").write_bytes(b"other")
    await until(lambda: kinds(source) == ["file_sequence_repeat"])
    (place.drop / "PO_2.csv").write_bytes(b"2")
    await until(lambda: not kinds(source))


async def test_the_number_is_kept_with_the_message_or_not_at_all(
    watch: Any, line: Any, place: Any, site: Site, notices: Any
) -> None:
    class Crash(BaseException):
        """The engine is gone."""

    async def crashing(inbound: Inbound) -> Reply:
        if len(line.inbound) == 1:
            raise Crash
        return await line(inbound)

    for number in (1, 2):
        (place.drop / f"PO_{number}.csv").write_bytes(b"%d" % number)
    with pytest.raises(Crash):
        await place.source(site, **QUICK, sequence=Sequence.read("PO_{number}.csv")).run(
            crashing
        )
    source = await watch()
    await until((place.drop / "archive/PO_2.csv").exists)
    assert not kinds(source) and line.bodies == [b"1", b"2"]
    assert not [event for event in notices.events() if event.startswith("file_sequence")]
