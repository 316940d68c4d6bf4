"""Log files: torn lines, rotation, what is kept and for how long."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from engine import logfile
from engine.logfile import LogFile


def test_a_torn_line_does_not_spoil_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, room = os.write, 5

    def writes(handle: int, data: Any) -> int:
        nonlocal room
        if room <= 0:
            raise OSError(28, "No space left on device")
        taken = write(handle, bytes(data)[:room])
        room -= taken
        return taken

    monkeypatch.setattr(logfile.os, "write", writes)
    file = LogFile(tmp_path / "a.log", 1000, 1)
    with pytest.raises(OSError, match="No space"):
        file.write(b"0123456789\n")
    room = 1000
    file.write(b"whole\n")
    file.close()
    assert (tmp_path / "a.log").read_bytes() == b"01234\nwhole\n"


def test_files_rotate_by_size_and_only_so_many_are_kept(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "a.log", 100, 2)
    for number in range(10):
        file.write(b"%059d\n" % number)
    file.close()
    kept = {path.name: int(path.read_bytes()) for path in tmp_path.iterdir()}
    assert kept == {"a.log": 9, "a.log.1": 8, "a.log.2": 7}


def test_a_file_that_was_moved_away_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logfile, "LOOK", 0.0)
    file = LogFile(tmp_path / "a.log", 1000, 2)
    file.write(b"first\n")
    (tmp_path / "a.log").rename(tmp_path / "moved.log")
    file.write(b"second\n")
    file.close()
    assert (tmp_path / "moved.log").read_bytes() == b"first\n"
    assert (tmp_path / "a.log").read_bytes() == b"second\n"


def test_what_was_set_aside_too_long_ago_goes(tmp_path: Path) -> None:
    for name, age in (
        ("a.log.1", 10),
        ("a.log.2", 1000),
        ("a.log.old", 1000),
        ("b.log.1", 1000),
    ):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    LogFile(tmp_path / "a.log", 100, 5, age=100).write(b"line\n")
    assert {path.name for path in tmp_path.iterdir()} == {
        "a.log",
        "a.log.1",
        "a.log.old",
        "b.log.1",
    }
