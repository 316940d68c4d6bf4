"""Names as senders write them: odd, long, in other character sets; and very many of them."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import pytest

from engine.connectors import Site
from engine.settings import Duration

from .conftest import until

QUICK: dict[str, Any] = {"every": Duration(0.02), "minimum_age": Duration(0)}

ODD = [
    "with space.csv", "quote'\".csv", "back\\slash.csv", "*?[a].csv", "-rf.csv", "Müller ünïcode.csv", "日本.csv",
    "semi;colon&$(x).csv", "new\nline.csv", "x" * 200 + ".csv", "é.csv", "%41{b}.csv",
]  # fmt: skip
RAW = [b"latin-\xe9.csv", b"\xff\xfe.csv"]


async def test_odd_names_are_taken_and_archived_under_them(
    place: Any, site: Site, line: Any
) -> None:
    for number, name in enumerate(ODD):
        (place.drop / name).write_bytes(b"%d" % number)
    task = asyncio.create_task(place.source(site, **QUICK).run(line))
    await until(lambda: len(line.inbound) == len(ODD))
    await until(lambda: len(list((place.drop / "archive").iterdir())) == len(ODD))
    assert {path.name for path in (place.drop / "archive").iterdir()} == set(ODD)
    assert sorted(line.names) == sorted(ODD)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_names_that_are_no_unicode_do_not_stop_the_others(
    place: Any, site: Site, line: Any
) -> None:
    """They are bytes to a server; the message says what can be said of them."""
    for number, name in enumerate(RAW):
        with open(os.fsencode(place.drop) + b"/" + name, "wb") as file:
            file.write(b"%d" % number)
    (place.drop / "sound.csv").write_bytes(b"sound")
    task = asyncio.create_task(place.source(site, **QUICK).run(line))
    await until(lambda: len(line.inbound) == 3)
    archive = place.drop / "archive"
    await until(lambda: archive.exists() and len(os.listdir(os.fsencode(archive))) == 3)
    assert sorted(os.listdir(os.fsencode(archive))) == sorted([*RAW, b"sound.csv"])
    assert sorted(line.names) == ["latin-é.csv", "sound.csv", "ÿþ.csv"]
    for name in line.names:
        name.encode()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.slow
@pytest.mark.alone
async def test_ten_thousand_files_that_are_not_ours_cost_little(
    place: Any, site: Site, line: Any
) -> None:
    for number in range(10_000):
        (place.drop / f"other-{number:05}.txt").touch()
    (place.drop / "ours.csv").write_bytes(b"ours")
    began = time.perf_counter()
    task = asyncio.create_task(place.source(site, **QUICK, pattern="*.csv").run(line))
    await until(lambda: line.inbound, within=20)
    assert time.perf_counter() - began < 15, "three looks"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
