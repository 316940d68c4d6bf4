"""
What the console costs: python bench/console.py [viewers] [channels] [search] [--messages 10000000] [--rounds 3] [--seconds 5].

viewers   the engine's rate at 32 connections without and with 20 open consoles (overview and logs, both streams), in turns;
          the console's memory and CPU
channels  the overview of a home of 500 channels: first byte, whole page, what it costs to keep it open; what `status` takes
          of the engine's loop
search    messages by time, verdict, channel, type, key and control id in a store of many messages (rows made by SQL)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import httpx
from run import ENGINE, HERE, SINK, cpu, listens, measure, memory, running

from engine.people.directory import Directory
from engine.store.home import store_file
from engine.store.schema import STATE_CODE, VERDICT_CODE
from engine.store.sqlite import SqliteStore

CONSOLE, FIRST = 18470, 21000
ADDRESS = f"http://127.0.0.1:{CONSOLE}"
COMMAND = [sys.executable, "-m", "engine.cli", "--home"]
PASSWORD = "seven purple lanterns"


@contextmanager
def home(prepare: Callable[[Path], None]) -> Iterator[Path]:
    """A scratch home with an administrator."""
    scratch = Path(tempfile.mkdtemp(prefix="corridor-bench-"))
    made = scratch / "home"
    try:
        prepare(made)
        (made / "config.yaml").write_text(
            f"environment: production\nconsole: {{port: {CONSOLE}}}\n"
        )
        yield made
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def apart(made: Path) -> Iterator[tuple[int, int]]:
    """Engine and console as `corridor run` has them, but begun one by one: process ids of both."""
    quiet = {**os.environ, "CORRIDOR_NO_CONSOLE": "1"}
    first = FIRST if (made / "channels/feed_000.yaml").exists() else ENGINE
    with (
        running([*COMMAND, str(made), "run"], first, env=quiet) as engine,
        running([*COMMAND, str(made), "console"], CONSOLE) as console,
    ):
        yield engine.pid, console.pid


def token(made: Path, name: str) -> dict[str, str]:
    directory = Directory(made)
    try:
        secret = directory.tokens.issue(name, ["administrator"], "bench")
    finally:
        directory.file.close()
    return {"authorization": f"Bearer {secret}"}


# -- viewers ------------------------------------------------------------------------------------------------------


@contextmanager
def consoles(made: Path, count: int) -> Iterator[list[int]]:
    """
    So many people with the overview and the logs open; each reads all that comes. One process for all their browsers, with what
    the machine has left: browsers run elsewhere.
    """
    headers = [token(made, f"viewer-{number}") for number in range(count)]
    code = (
        "import asyncio, json, os, sys, httpx\n"
        "os.nice(19)\n"
        "async def watch(client, path, headers):\n"
        "    async with client.stream('GET', path, headers=headers) as answer:\n"
        "        async for _ in answer.aiter_bytes(): pass\n"
        "async def main():\n"
        "    many = httpx.Limits(max_connections=None)\n"
        f"    async with httpx.AsyncClient(base_url={ADDRESS!r}, timeout=None, limits=many) as client:\n"
        "        await asyncio.gather(*(watch(client, path, one) for one in json.loads(sys.argv[1])\n"
        "                               for path in ('/overview/rows', '/logs/stream')))\n"
        "asyncio.run(main())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, json.dumps(headers)])
    time.sleep(3)
    assert not count or process.poll() is None
    try:
        yield [process.pid]
    finally:
        process.terminate()
        process.wait()


def viewers(count: int, rounds: int, seconds: float) -> None:
    """Without, with, with, without, and again; the middle of the ratios."""
    first = 1

    def once() -> float:
        nonlocal first
        first += 1_000_000
        return float(measure(engine, ENGINE, 32, seconds, first)["rate"])

    with (
        running([sys.executable, str(HERE / "sink.py"), str(SINK)], SINK),
        home(lambda made: shutil.copytree(HERE / "home", made)) as made,
        apart(made) as (engine, console),
    ):
        httpx.get(ADDRESS + "/sign-in")
        print(f"console, idle: {memory(console):.0f} MB")
        alone, watched, ratios = [], [], []
        once()
        for _ in range(rounds):
            rate = [once()]
            with consoles(made, count):
                used, began = cpu(console), time.time()
                rate += [once(), once()]
                spent = (cpu(console) - used) / (time.time() - began)
                held = memory(console)
            rate.append(once())
            ratios.append((rate[1] + rate[2]) / (rate[0] + rate[3]))
            alone += [rate[0], rate[3]]
            watched += rate[1:3]
            print(
                f"alone {rate[0]:.0f} {rate[3]:.0f}/s, with {count} consoles {rate[1]:.0f} {rate[2]:.0f}/s, ratio {ratios[-1]:.2f};"
                f" console {held:.0f} MB, {spent * 100:.0f} % of a core"
            )
        print(
            f"alone {statistics.median(alone):.0f}/s, with {count} consoles {statistics.median(watched):.0f}/s,"
            f" ratio {statistics.median(ratios):.2f}"
        )


# -- channels -----------------------------------------------------------------------------------------------------


def many(made: Path, count: int) -> None:
    (made / "channels").mkdir(parents=True)
    for number in range(count):
        (made / f"channels/feed_{number:03}.yaml").write_text(
            f"description: Feed {number} of the house\nowner: team{number % 7}\n"
            f"class: {('care', 'revenue', 'supply', 'admin')[number % 4]}\ntags: [site{number % 9}, adt]\n"
            f"source:\n  mllp: {{port: {FIRST + number}}}\nformat: hl7v2\ndestinations:\n"
            f'  ward:\n    file: {{folder: out/{number}, name: "{{MSH-10}}.hl7"}}\n'
            '  lab:\n    http: {url: "http://127.0.0.1:9/x"}\n'
        )


def channels(count: int) -> None:
    with home(lambda made: many(made, count)) as made, apart(made) as (engine, console):
        listens(FIRST + count - 1, 120)
        time.sleep(3)
        headers = token(made, "bench")
        for number in range(0, count, 5):  # some have messages, and something that waits
            subprocess.run(
                [sys.executable, str(HERE / "load.py"), str(FIRST + number), "1", "5", str(number * 10 + 1), "2"],
                check=True, capture_output=True,
            )  # fmt: skip
        with httpx.Client(base_url=ADDRESS, headers=headers, timeout=30) as client:
            for path in ("/", "/api/v1/channels"):
                client.get(path)
                times = [
                    timed(client, path, pause)
                    for pause in (0.0, 0.0, 0.0, 1.2, 1.2, 11.0, 11.0)
                ]
                first, whole, size = (max(one[at] for one in times) for at in range(3))
                print(f"GET {path} of {count} channels: first byte {first * 1000:.0f} ms, whole {whole * 1000:.0f} ms at worst, {size / 1024:.0f} KB")  # fmt: skip
            lag = client.get("/metrics").text
        print(next(line for line in lag.splitlines() if line.startswith("corridor_loop_lag")))
        for watching in (0, 1, 20):
            with consoles(made, watching):
                time.sleep(4)
                before, began = (cpu(console), cpu(engine)), time.time()
                time.sleep(8)
                took = time.time() - began
                spent = [(cpu(pid) - was) / took * 100 for pid, was in zip((console, engine), before, strict=True)]  # fmt: skip
                print(f"{watching} open: console {spent[0]:.1f} % of a core, engine {spent[1]:.1f} %, console {memory(console):.0f} MB")  # fmt: skip


def timed(client: httpx.Client, path: str, pause: float) -> tuple[float, float, int]:
    """Seconds to the first byte and to the last, and bytes."""
    time.sleep(pause)
    began = time.perf_counter()
    with client.stream("GET", path) as answer:
        assert answer.status_code == 200
        size, first = 0, 0.0
        for piece in answer.iter_bytes():
            first = first or time.perf_counter() - began
            size += len(piece)
    return first, time.perf_counter() - began, size


# -- search -------------------------------------------------------------------------------------------------------

FEEDS, PATIENTS, KINDS = 20, 1_000_000, ("ADT^A01", "ADT^A08", "DFT^P03", "ORU^R01")
#: Messages a second in the store that is made.
RATE = 4.0

NUMBERS = "WITH RECURSIVE n (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM n WHERE n < ?2) "
MESSAGE = (
    NUMBERS
    + "INSERT INTO message (id, channel, arrival, received_at, verdict, reason, detail, owner, kind, control, peer, parent,"
    " replay_of, original, summary, release, size, content, depth, flags, planned, keys)"
    " SELECT n, 1 + n * 7919 % {feeds}, n * 3, {begin} + n / {rate}, CASE WHEN n % 5003 = 0 THEN {quarantined}"
    " WHEN n % 307 = 0 THEN {duplicate} WHEN n % 10 = 3 THEN {filtered} ELSE {accepted} END,"
    " CASE WHEN n % 5003 = 0 THEN 'unmapped_code' ELSE '' END, '', 'bench',"
    " CASE WHEN n % 100003 = 0 THEN 'MDM^T02' ELSE json_extract({kinds}, '$[' || (n * 31 % 4) || ']') END,"
    " printf('LB%010d', n), '10.2.0.7', 0, 0, 0, '1 charge', 'r1', 1400, 0, 0, 0, 1,"
    " json_array(json_array('mrn', printf('M%07d', n % {patients})), json_array('account', printf('A%09d', n))) FROM n"
)
DELIVERY = (
    NUMBERS
    + "INSERT INTO delivery (id, destination, part, state, attempt, crashes, due_at, lane, holds_lane, content, shows,"
    " queued_at, flags, keyed) SELECT n * 65536 + 1, 1 + n * 7919 % {feeds}, 0,"
    " CASE WHEN n % 20011 = 0 THEN {refused} ELSE {delivered} END, 1, 0, 0.0, n % {patients}, 0, 0, 'json',"
    " {begin} + n / {rate}, 0, n FROM n WHERE n % 10 <> 3"
)
#: In the order of the table, so that ten million are made in minutes.
ACCOUNTS = NUMBERS + "INSERT INTO search SELECT printf('A%09d', n), 2, n FROM n"
PATIENT = (
    "WITH RECURSIVE p (p) AS (SELECT ?1 UNION ALL SELECT p + 1 FROM p WHERE p < ?2),"
    " k (k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM k WHERE k < ?3)"
    " INSERT INTO search SELECT printf('M%07d', p), 1, p + k * {patients} FROM p CROSS JOIN k"
    " WHERE p + k * {patients} BETWEEN 1 AND ?4"
)


async def empty(made: Path) -> None:
    store = await SqliteStore.open(made, asyncio.get_running_loop(), time.time)
    await store.close()


def fill(made: Path, messages: int) -> float:
    """Rows as the engine would have left them, without bodies; when the first came."""
    asyncio.run(empty(made))
    store = apsw.Connection(str(store_file(made)))
    store.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000").fetchall()  # fmt: skip
    begin = time.time() - messages / RATE
    words = {verdict.value: code for verdict, code in VERDICT_CODE.items()}
    words |= {state.value: code for state, code in STATE_CODE.items()}
    kinds = f"'{json.dumps(KINDS)}'"
    known = {"feeds": FEEDS, "begin": begin, "rate": RATE, "patients": PATIENTS, "kinds": kinds}
    indexes = [
        (name, sql)
        for name, sql in store.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('message', 'delivery') AND sql <> ''")
    ]  # fmt: skip
    for name, _ in indexes:
        store.execute(f"DROP INDEX {name}")
    for number in range(1, FEEDS + 1):
        store.execute("INSERT INTO channel VALUES (?, ?)", (number, f"feed_{number}"))
        store.execute("INSERT INTO destination VALUES (?, ?, 'billing')", (number, number))
    store.execute("INSERT INTO key_name VALUES (1, 'mrn'), (2, 'account')")
    store.execute("BEGIN")
    for statement in (MESSAGE, DELIVERY, ACCOUNTS):
        store.execute(statement.format(**known, **words), (1, messages))
    store.execute(PATIENT.format(**known), (0, PATIENTS - 1, messages // PATIENTS, messages))
    store.execute("COMMIT")
    for _, sql in indexes:
        store.execute(sql)
    store.execute("PRAGMA journal_mode = WAL").fetchall()
    store.close()
    return begin


def search(messages: int) -> None:
    """Through the API of a console whose engine does not run; the worst of three, each with a value of its own."""
    with home(lambda made: made.mkdir()) as made:
        began = time.perf_counter()
        begin = fill(made, messages)
        size = store_file(made).stat().st_size / 1024**3
        print(f"{messages} messages made in {time.perf_counter() - began:.0f} s, {size:.1f} GB")
        headers = token(made, "bench")
        with (
            running([*COMMAND, str(made), "console"], CONSOLE),
            httpx.Client(base_url=ADDRESS + "/api/v1", headers=headers, timeout=60) as client,
        ):
            client.get("/me")
            for words, ask in asked(begin, messages):
                times, found = [], []
                for part in (0.83, 0.5, 0.11):
                    before = time.perf_counter()
                    answer = ask(client, part)
                    times.append(time.perf_counter() - before)
                    assert answer.status_code == 200, answer.text
                    body = answer.json()
                    more = " to be gone on with" if body["looked_back_to"] else ""
                    found.append(f"{len(body['messages'])}{more}")
                print(f"{words:<44} {max(times) * 1000:>6.0f} ms   found {', '.join(found)}")


Asks = Callable[[httpx.Client, float], httpx.Response]


def asked(begin: float, messages: int) -> Iterator[tuple[str, Asks]]:
    """What support looks for."""

    def at(part: float) -> str:
        moment = datetime.fromtimestamp(begin + messages / RATE * part, UTC)
        return moment.strftime("%Y-%m-%d %H:%M")

    def get(**query: Any) -> Asks:
        return lambda client, part: client.get(
            "/messages", params={name: value(part) if callable(value) else value for name, value in query.items()}
        )  # fmt: skip

    def key(name: str, value: Callable[[float], str]) -> Asks:
        return lambda client, part: client.post(
            "/messages/search", json={"name": name, "value": value(part)}
        )

    def window(part: float) -> str:
        return at(part + 0.001)

    yield "the newest", get()
    yield "time", get(until=at)
    yield "an interval", get(since=at, until=window)
    yield "verdict quarantined", get(verdict="quarantined")
    yield "verdict quarantined, until a time", get(verdict="quarantined", until=at)
    yield "verdict filtered, until a time", get(verdict="filtered", until=at)
    yield "channel", get(channel="feed_7")
    yield "channel, until a time", get(channel="feed_7", until=at)
    yield "channel, verdict duplicate", get(channel="feed_7", verdict="duplicate")
    yield "channel, verdict quarantined, until a time", get(channel="feed_7", verdict="quarantined", until=at)  # fmt: skip
    yield "type", get(kind="DFT^P03")
    yield "type that is rare", get(kind="MDM^T02")
    yield "state refused", get(state="refused")
    yield "state delivered, channel, until a time", get(state="delivered", channel="feed_7", until=at)  # fmt: skip
    yield "control id", get(control=lambda part: f"LB{int(messages * part):010d}")
    yield "key account", key("account", lambda part: f"A{int(messages * part):09d}")
    yield "key mrn", key("mrn", lambda part: f"M{int(PATIENTS * part):07d}")
    yield "any key", key("", lambda part: f"M{int(PATIENTS * part):07d}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("what", nargs="*", default=["viewers", "channels", "search"])
    arguments.add_argument("--messages", type=int, default=10_000_000)
    arguments.add_argument("--channels", type=int, default=500)
    arguments.add_argument("--viewers", type=int, default=20)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=float, default=5.0)
    chosen = arguments.parse_args()
    if "viewers" in chosen.what:
        viewers(chosen.viewers, chosen.rounds, chosen.seconds)
    if "channels" in chosen.what:
        channels(chosen.channels)
    if "search" in chosen.what:
        search(chosen.messages)


if __name__ == "__main__":
    main()
