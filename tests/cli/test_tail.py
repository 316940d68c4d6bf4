"""`tail`: the last lines, what comes, over rotations; nothing twice, nothing missed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.handling import follow
from engine.handling.follow import Follower, backwards
from engine.log import Log, LogFile
from engine.message import short_id


def written(home: Path) -> None:
    log = Log(home / "logs", lambda: 1_795_257_000.5)
    log.event("info", "adt", "accepted", 1, keys=("mrn",), peer="10.0.0.1")
    log.event("warning", "adt", "waiting", 1, destination="erp", status="503", again_in=5.0)
    log.event("info", "adt", "delivered", 2, destination="erp", status="201\x1b[2J")
    log.event("debug", "adt", "connected")
    log.event("info", "lab", "accepted", 3)
    log.close()


def test_tail_shows_the_last_lines_of_a_channel(corridor) -> None:
    written(corridor.home)
    ran = corridor("tail", "adt", "--no-follow")
    assert ran.code == 0, ran.err
    assert [line.split()[2] for line in ran.lines] == ["accepted", "waiting", "delivered"]
    assert "mrn=*******" in ran.lines[0]
    assert "503, again in 5 s" in ran.lines[1]
    assert "\x1b" not in ran.out


def test_tail_of_all_channels_names_them(corridor) -> None:
    written(corridor.home)
    ran = corridor("tail", "--no-follow")
    assert {line.split()[2] for line in ran.lines} == {"adt", "lab"}


def test_the_logs_are_where_the_configuration_says(corridor) -> None:
    (corridor.home / "config.yaml").write_text("logs: {folder: elsewhere}\n")
    log = Log(corridor.home / "elsewhere")
    log.event("info", "adt", "accepted", 1)
    log.close()
    assert "accepted" in corridor("tail", "--no-follow").out


@pytest.mark.parametrize(
    ("options", "events"),
    [
        (("--last", "1"), ["delivered"]),
        (("--level", "warning"), ["waiting"]),
        (("--level", "debug"), ["accepted", "waiting", "delivered", "connected"]),
        (("--state", "delivered"), ["delivered"]),
        (("--id", short_id(1)), ["accepted", "waiting"]),
        (("--last", "0"), []),
    ],
)
def test_tail_filters(corridor, options: tuple[str, ...], events: list[str]) -> None:
    written(corridor.home)
    ran = corridor("tail", "adt", "--no-follow", "--json", *options)
    assert [line.split('"event": "')[1].split('"')[0] for line in ran.lines] == events


def test_tail_finds_messages_by_key_through_the_store(corridor, kept) -> None:
    log = Log(corridor.home / "logs")
    for number in (kept.delivered, kept.waiting, kept.refused):
        log.event("info", "adt_feed", "accepted", number)
    log.event("info", "adt_feed", "connected")
    log.close()
    ran = corridor("tail", "adt_feed", "--no-follow", "--key", "mrn=2")
    assert [line.split()[1] for line in ran.lines] == [short_id(kept.waiting)]


def test_a_slip_in_a_channels_name_is_answered(corridor) -> None:
    (corridor.home / "channels").mkdir()
    (corridor.home / "channels/adt_feed.yaml").touch()
    ran = corridor("tail", "adt_fed", "--no-follow")
    assert (ran.code, "did you mean 'adt_feed'?" in ran.err) == (2, True)
    assert corridor("tail", "adt_feed", "--no-follow").code == 0
    assert corridor("tail", "adt_feed", "--level", "loud").code == 2


def test_a_file_is_read_from_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "CHUNK", 37)
    lines = [b'{"time": "%d", "number": %d}\n' % (n, n) for n in range(50)]
    (tmp_path / "a.log").write_bytes(b"".join(lines[:20]) + b"torn\n\n" + b"".join(lines[20:]))
    assert [fact["number"] for fact in backwards(tmp_path / "a.log")] == list(range(49, -1, -1))


def test_lines_that_were_set_aside_are_found(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "a.log", 200, 5)
    for number in range(30):
        file.write(b'{"time": "2026-01-01T00:00:%02dZ", "number": %d}\n' % (number, number))
    file.close()
    found = Follower(tmp_path, "a").last(12, lambda fact: True)
    assert [fact["number"] for fact in found] == list(range(18, 30))


def test_following_misses_nothing_over_a_rotation(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "a.log", 500, 5)
    follower = Follower(tmp_path)
    assert follower.last(5, lambda fact: True) == []
    seen = []
    for number in range(100):
        file.write(b'{"time": "2026-01-01T00:00:00Z", "number": %d}\n' % number)
        if number % 3 == 0:
            seen += [fact["number"] for fact in follower.fresh()]
    seen += [fact["number"] for fact in follower.fresh()]
    assert seen == list(range(100))


def test_a_half_written_line_waits_for_its_end(tmp_path: Path) -> None:
    follower = Follower(tmp_path, "a")
    path = tmp_path / "a.log"
    path.write_bytes(b'{"time": "1", "number": 1}\n{"time": "2", ')
    assert [fact["number"] for fact in follower.fresh()] == [1]
    with path.open("ab") as handle:
        handle.write(b'"number": 2}\n')
    assert [fact["number"] for fact in follower.fresh()] == [2]


def test_a_slow_viewer_gets_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "GAP", 1000)
    follower = Follower(tmp_path, "a")
    line = b'{"time": "2026-01-01T00:00:00Z", "number": 1}\n'
    (tmp_path / "a.log").write_bytes(line * 100)
    fresh = follower.fresh()
    assert "gap" in [fact.get("event") for fact in fresh]
    assert len(fresh) < 15


def test_a_flood_is_shown_by_its_end(tmp_path: Path) -> None:
    line = b'{"time": "2026-01-01T00:00:00Z", "event":"%s", "number": %d}\n'
    (tmp_path / "a.log").write_bytes(b"".join(line % (b"delivered", n) for n in range(1000)))
    gap, *rest = Follower(tmp_path, "a", most=10).fresh()
    assert "990 lines" in gap["detail"]
    assert rest[-1]["number"] == 999
    assert len(Follower(tmp_path, "a").fresh()) == 1000


def test_needles_are_found_in_a_flood(tmp_path: Path) -> None:
    line = b'{"time": "2026-01-01T00:00:00Z", "event":"%s", "number": %d}\n'
    lines = [line % (b"refused" if n == 500 else b"delivered", n) for n in range(1000)]
    (tmp_path / "a.log").write_bytes(b"".join(lines))
    follower = Follower(tmp_path, "a", needles=[b'"event":"refused"'], most=10)
    assert [fact["number"] for fact in follower.fresh()] == [500]
    assert [fact["number"] for fact in follower.last(10, lambda fact: True)] == [500]


def test_tail_follows_a_living_log_until_ctrl_c(corridor) -> None:
    log = Log(corridor.home / "logs")
    log.event("info", "adt", "accepted", 1)
    command = [sys.executable, "-m", "engine.cli", "--home", str(corridor.home), "tail"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        os.set_blocking(tail.stdout.fileno(), False)
        said = b""

        def heard(word: bytes) -> bool:
            nonlocal said
            said += tail.stdout.read() or b""  # type: ignore[union-attr]
            return word in said

        until(lambda: heard(b"accepted"))
        log.event("info", "adt", "delivered", 1, destination="erp")
        try:
            until(lambda: heard(b"delivered"))
            tail.send_signal(signal.SIGINT)
            assert tail.wait(5) == 130
        finally:
            tail.kill()
    log.close()


def until(holds: Callable[[], bool], within: float = 10.0) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "did not come to pass"
        time.sleep(0.02)
