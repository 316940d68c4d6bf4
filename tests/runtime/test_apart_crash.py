"""An engine that is killed while it takes a file apart goes on where it stopped: every record once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

from engine.store.archive import SqliteArchive

CHANNEL = """
description: The vendor's item master
owner: supply
source:
  file: {folder: in, pattern: "*.csv", every: 100ms, minimum_age: 100ms}
format: delimited/items
split: record
keys: {item: item}
destinations:
  erp:
    http: {url: "http://127.0.0.1:9/items"}
    queue_limit: 1000000
"""
ROWS = 60_000
CHANGED = 100


def lay(home: Path) -> None:
    files = {
        "config.yaml": "environment: production\n",
        "channels/items.yaml": CHANNEL,
        "mappings/layouts/items.yaml": "columns: [item, price]\nheader: names\nsnapshot: {key: item, only_changed: true}\n",
    }
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (home / "in").mkdir()


def drop(home: Path, name: str, price: str) -> None:
    """A file; of a later one every hundredth item has another price, and the last hundred are gone."""
    later = price != "1"
    rows = (
        f"A-{number:06d},{price if number % CHANGED == 0 else '1'}\n"
        for number in range(ROWS - (100 if later else 0))
    )
    made = home / name
    made.write_text("item,price\n" + "".join(rows))
    made.rename(home / "in" / name)


def started(home: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "engine.cli", "--home", str(home), "run"]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def ask(home: Path, sql: str) -> list[tuple[object, ...]]:
    path = home / "data/store.db"
    if not path.exists():
        return []
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(2000)
        return connection.execute(sql).fetchall()
    except apsw.SQLError:
        return []  # the schema is being made
    finally:
        connection.close()


def killed_again_and_again(home: Path, loadings: int, step: float) -> int:
    """Run the engine and kill it, later each time, until so many files are through; how often it was killed."""
    ends, kills = time.monotonic() + 150, 0
    while True:
        engine = started(home)
        try:
            within = time.monotonic() + 1.5 + step * kills
            while time.monotonic() < within:
                assert time.monotonic() < ends, "it does not come to an end"
                if len(ask(home, "SELECT 1 FROM loading WHERE phase = 2")) == loadings:
                    return kills
                time.sleep(0.02)
        finally:
            os.killpg(engine.pid, signal.SIGKILL)
            engine.wait()
        kills += 1


@pytest.mark.slow
def test_every_record_once_however_often_the_engine_is_killed(tmp_path: Path) -> None:
    lay(tmp_path)
    drop(tmp_path, "first.csv", "1")
    killed = killed_again_and_again(tmp_path, 1, 0.15)
    drop(tmp_path, "second.csv", "2")
    killed += killed_again_and_again(tmp_path, 2, 0.15)
    assert killed >= 3
    first, second = ask(
        tmp_path,
        "SELECT message, met, unchanged, vanished, rejected FROM loading ORDER BY message",
    )
    kept = ROWS - 100
    assert first[1:] == (ROWS, 0, 0, 0)
    assert second[1:] == (kept, kept - kept // CHANGED, 100, 0)
    for message, wanted in (
        (first[0], [f"A-{number:06d}" for number in range(ROWS)]),
        (
            second[0],
            [f"A-{number:06d}" for number in (*range(0, kept, CHANGED), *range(kept, ROWS))],
        ),
    ):
        sql = "SELECT json_extract(keys, '$[0][1]') FROM message WHERE parent = {} ORDER BY id"
        assert [row[0] for row in ask(tmp_path, sql.format(message))] == wanted
    deliveries = ask(tmp_path, "SELECT count(*), count(DISTINCT id) FROM delivery")
    assert deliveries == [(ROWS + kept // CHANGED + 100,) * 2]
    with SqliteArchive(tmp_path) as archive:
        assert list(archive.verify()) == []
