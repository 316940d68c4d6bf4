"""Names and bytes on the disk, and what a crash between two steps must not do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.connectors.file.disk import place, write_synced


def test_a_draft_that_a_crash_left_with_two_names_is_not_written_through(
    tmp_path: Path,
) -> None:
    draft, target = tmp_path / ".a.part", tmp_path / "a.csv"
    write_synced(draft, b"yesterday's lines\n")
    os.link(draft, target)  # the crash comes before the draft's name is taken away
    write_synced(draft, b"today's header\n")
    assert target.read_bytes() == b"yesterday's lines\n"
    assert draft.read_bytes() == b"today's header\n"


def test_a_name_that_is_taken_is_not_replaced(tmp_path: Path) -> None:
    draft, target = tmp_path / ".a.part", tmp_path / "a.csv"
    write_synced(draft, b"new")
    target.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        place(draft, target)
    assert target.read_bytes() == b"old"
