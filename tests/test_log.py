"""The log: one line per event, safe for terminals, and never in the way of the line."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import log as log_module
from engine import logfile
from engine.log import Log
from engine.message import short_id


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def until(holds: Callable[[], bool], within: float = 5.0) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "did not come to pass"
        time.sleep(0.01)


def test_a_line_carries_every_fact_it_was_given(tmp_path: Path) -> None:
    log = Log(tmp_path, lambda: 1763721289.1189)
    log.event(
        "info",
        "or_supply",
        "delivered",
        236_691,
        destination="billing",
        status="201",
        reason="",
        detail="their number CHG-88213",
        duration=0.011,
        keys=("mrn", "visit"),
        attempt=2,
        test=True,
        peer="10.2.0.7",
    )
    log.close()
    assert lines(tmp_path / "or_supply.log") == [
        {
            "time": "2025-11-21T10:34:49.118Z",
            "level": "info",
            "channel": "or_supply",
            "event": "delivered",
            "message": short_id(236_691),
            "destination": "billing",
            "status": "201",
            "detail": "their number CHG-88213",
            "seconds": 0.011,
            "keys": "mrn=******* visit=*******",
            "attempt": 2,
            "test": True,
            "peer": "10.2.0.7",
        }
    ]


def test_each_channel_has_its_file_and_the_engine_its_own(tmp_path: Path) -> None:
    log = Log(tmp_path / "logs")
    log.event("info", "a", "received", 1)
    log.event("info", "b", "received", 2)
    log.event("info", "", "started")
    log.notice("a", "billing")("warning", "connection_lost", peer="10.0.0.1")
    log.close()
    found = {
        path.name: [line["event"] for line in lines(path)] for path in log._folder.iterdir()
    }
    assert found == {
        "a.log": ["received", "connection_lost"],
        "b.log": ["received"],
        "engine.log": ["started"],
    }
    assert lines(tmp_path / "logs/a.log")[1]["destination"] == "billing"


def test_a_partners_words_reach_no_terminal_as_control_sequences(tmp_path: Path) -> None:
    log = Log(tmp_path)
    said = "no\x1b[2J\x9b31m\r\n\u202etxt\ud800 é"
    log.event("info", "a", "refused", 1, status=said, reason=said, detail=said, other=said)
    log.close()
    written = (tmp_path / "a.log").read_bytes()
    assert written.count(b"\n") == 1
    assert all(0x20 <= byte < 0x7F for byte in written.rstrip(b"\n"))


def test_long_words_are_cut(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.event("info", "a", "refused", 1, detail="x" * 1_000_000, other="y" * 1_000_000)
    log.close()
    assert (tmp_path / "a.log").stat().st_size < 1500


def test_a_fact_that_cannot_be_written_costs_no_more_than_itself(tmp_path: Path) -> None:
    class Odd:
        def __str__(self) -> str:
            raise ValueError("odd")

    log = Log(tmp_path)
    log.event("info", "a", "first", 1, odd=Odd())
    log.event("info", "a", "second", 2, infinite=float("inf"), undefined=float("nan"))
    log.close()
    first, second = lines(tmp_path / "a.log")
    assert (first["event"], first["level"]) == ("first", "error")
    assert second["infinite"] is None


def test_what_a_full_queue_drops_is_counted_and_said(tmp_path: Path) -> None:
    log = Log(tmp_path, waiting=100)
    for number in range(5000):
        log.event("info", "a", "received", number + 1)
    dropped = log.dropped
    assert dropped
    log.close()
    assert len(lines(tmp_path / "a.log")) == 5000 - dropped
    [gap] = lines(tmp_path / "engine.log")
    assert (gap["event"], gap["lost"]) == ("log_gap", dropped)


def test_a_full_disk_never_blocks_and_is_said_when_it_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, full = os.write, True

    def writes(handle: int, data: Any) -> int:
        if full:
            raise OSError(28, "No space left on device")
        return write(handle, data)

    monkeypatch.setattr(logfile.os, "write", writes)
    log = Log(tmp_path)
    for number in range(200):
        log.event("info", "a", "received", number + 1)
    until(lambda: log.dropped == 200)
    assert log.failing == "No space left on device"
    full = False
    log.event("info", "a", "received", 201)
    log.close()
    assert [line["message"] for line in lines(tmp_path / "a.log")] == [short_id(201)]
    assert [line["lost"] for line in lines(tmp_path / "engine.log")] == [200]
    assert log.failing == ""


def test_a_channels_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    log = Log(tmp_path / "logs")
    log.event("info", "../../etc/x", "received", 1)
    log.close()
    assert [path.name for path in (tmp_path / "logs").iterdir()] == [".._.._etc_x.log"]


def test_the_sleeping_thread_wakes_for_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "QUIET", 0.0)
    log = Log(tmp_path)
    until(lambda: log._asleep)
    log.event("info", "a", "received", 1)
    until(lambda: (tmp_path / "a.log").exists() and (tmp_path / "a.log").stat().st_size > 0)
    until(lambda: log._asleep)
    log.event("info", "a", "received", 2)
    until(lambda: len(lines(tmp_path / "a.log")) == 2)
    log.close()
    assert log.dropped == 0


def test_a_call_costs_the_line_little(tmp_path: Path) -> None:
    log = Log(tmp_path, waiting=10**6)
    best = 1.0
    for _ in range(5):
        start = time.thread_time()
        for number in range(2000):
            log.event(
                "info", "a", "delivered", number, destination="b", status="201", keys=("mrn",)
            )
        best = min(best, (time.thread_time() - start) / 2000)
    log.close()
    assert best < 6e-6, "measured at 1.0 us on an idle machine"
