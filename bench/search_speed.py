"""
The console's search in a store of many messages: python bench/search_speed.py [--messages 10000000] [--channels 500].

One message goes through the store itself; the others are copies of its rows, spread over channels, kinds, verdicts, states
and keys. Each kind of search is timed as the page asks it, five times; a page of 50 messages, slowest told.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
import time
from pathlib import Path

from engine.message import Inbound, Outbound, Plan, Verdict
from engine.store.archive import SqliteArchive
from engine.store.home import store_file
from engine.store.search import Wanted
from engine.store.sqlite import SqliteStore
from engine.web.views.messages import PATIENCE

#: Messages that are copied in one transaction.
STRIDE = 500_000
NOW = time.time()


async def begin(home: Path) -> None:
    """One message, so that every table has a row to copy."""
    (home / "config.yaml").write_text("environment: test\n", "utf-8")
    store = await SqliteStore.open(home, asyncio.get_running_loop(), time.time)
    plan = Plan(
        verdict=Verdict.ACCEPTED,
        kind="DFT^P03",
        control="C0",
        keys=(("mrn", "0"),),
        outbound=(Outbound(destination="billing", payload=b"{}", shows="json"),),
    )
    inbound = Inbound(raw=b"MSH|", received_at=NOW, peer="10.0.0.1")
    await store.accept("channel_0", inbound, plan, store.reserve(), "supply")
    await store.close()


def fill(home: Path, messages: int, channels: int) -> None:
    """Copies, a second of time for each ten; 1 of 1000 quarantined, 1 of 5000 refused, 20 to a patient."""
    store = sqlite3.connect(store_file(home))
    store.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000")
    (first,) = store.execute("SELECT id FROM message").fetchone()
    names = {table: _columns(store, table) for table in ("message", "delivery")}
    store.executemany("INSERT INTO channel (id, name) VALUES (?, ?)", [(n + 2, f"channel_{n + 1}") for n in range(channels - 1)])  # fmt: skip
    chosen = {
        "message": {
            "id": "?1 + value", "arrival": "?1 + value", "channel": "1 + value % ?3",
            "received_at": "received_at + value / 10.0", "control": "printf('C%09d', value)",
            "verdict": "CASE WHEN value % 1000 = 7 THEN 3 ELSE 0 END",
            "kind": "CASE WHEN value % 100000 = 9 THEN 'ADT^A40' ELSE kind END",
        },
        "delivery": {"id": "(?1 + value) * 65536 + 1", "state": "CASE WHEN value % 5000 = 11 THEN 3 ELSE 4 END"},
    }  # fmt: skip
    for start in range(1, messages, STRIDE):
        numbers = f"WITH RECURSIVE n (value) AS (SELECT {start} UNION ALL SELECT value + 1 FROM n WHERE value < {min(start + STRIDE, messages) - 1})"
        for table, where in (("message", "t.id = ?1"), ("delivery", "t.id / 65536 = ?1")):
            made = ", ".join(chosen[table].get(name, f"t.{name}") for name in names[table])
            store.execute(f"{numbers} INSERT INTO {table} ({', '.join(names[table])}) SELECT {made} FROM n, {table} AS t WHERE {where} AND ?3", (first, 0, channels))  # fmt: skip
        store.execute(f"{numbers} INSERT INTO search (value, name, message) SELECT printf('%09d', value / 20), 1, ?1 + value FROM n", (first,))  # fmt: skip
        store.commit()
    store.close()


def _columns(store: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in store.execute(f"PRAGMA table_info({table})")]


def searches(messages: int) -> dict[str, Wanted]:
    """Each kind of search that the page offers."""
    middle = NOW + messages / 20
    return {
        "newest": Wanted(),
        "one channel": Wanted(channel="channel_7"),
        "quarantined": Wanted(verdict="quarantined"),
        "quarantined of a channel": Wanted(verdict="quarantined", channel="channel_7"),
        "refused": Wanted(state="refused"),
        "delivered, an hour long ago": Wanted(state="delivered", since=middle, until=middle + 3600),
        "sender's number": Wanted(control=f"C{messages // 2:09}"),
        "key": Wanted(key=("mrn", f"{messages // 100:09}")),
        "rare kind": Wanted(kind="ADT^A40"),
        "a kind that there is not": Wanted(kind="ADT^A99"),
        "a person of 3 channels": Wanted(channels=frozenset({"channel_1", "channel_2", "channel_3"})),
    }  # fmt: skip


def main() -> None:
    """Print milliseconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--channels", type=int, default=500)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        asyncio.run(begin(home))
        fill(home, given.messages, given.channels)
        with SqliteArchive(home) as archive:
            for name, wanted in searches(given.messages).items():
                took = []
                for _ in range(5):
                    start = time.perf_counter()
                    rows, reached = archive.look(wanted, None, 51, PATIENCE)
                    took.append((time.perf_counter() - start) * 1000)
                more = "  looked on behind a link" if reached and len(rows) < 51 else ""
                print(f"{name:28} {len(rows):3} found  {max(took):7.1f} ms slowest{more}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
