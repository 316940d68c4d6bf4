"""A growing file under a crash before, within and after every single call to the disk, and under a power cut."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.connectors.file import growing, journal
from engine.connectors.file.growing import GrowingFile
from engine.errors import Unavailable

HEADER = b"key;amount\n"
CALLS = ("pwrite", "fsync", "fdatasync", "rename", "link", "unlink", "open", "close", "replace")


class Disk:
    """Counts the calls that change the disk and kills the process at one of them. For a forked child."""

    def __init__(self, crash_at: int, when: str, report: Path) -> None:
        self.calls = 0
        self.crash_at, self.when, self.report = crash_at, when, report
        self.synced: dict[int, int] = {}
        """Length of each file, by inode, that a power cut leaves."""
        for name in CALLS:
            setattr(os, name, self._watched(name, getattr(os, name)))

    def die(self) -> None:
        self.crash_at = 0
        self.report.write_text(json.dumps([self.calls, self.synced]))
        os._exit(9)

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **more: Any) -> Any:
            self.calls += 1
            here = self.calls == self.crash_at
            if here and self.when == "before":
                self.die()
            if here and self.when == "within" and name == "pwrite":
                handle, content, offset = arguments
                call(handle, bytes(content)[: len(content) // 2], offset)
                self.die()
            if name in ("fsync", "fdatasync"):
                found = os.fstat(arguments[0])
                self.synced[found.st_ino] = found.st_size
                result = None  # counted, not done: a thousand runs take seconds
            else:
                result = call(*arguments, **more)
            if here and self.when == "after":
                self.die()
            return result

        return watched


class Engine:
    """Sends deliveries until each is settled, as lanes do: again, with the same key, after a crash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "settled"
        self.file = GrowingFile(folder / "nightly.csv.open", HEADER, b"\n")

    def live(self, rotate: bool) -> None:
        done = self.store.read_text().split() if self.store.exists() else []
        waiting = [key for key in KEYS if key not in done]
        with self.store.open("a", buffering=1) as store:
            for at in range(0, len(waiting), 3):
                batch = waiting[at : at + 3]
                self.file.append([(key, f"{key};1.00\n".encode()) for key in batch], now=1.0)
                store.write("\n".join(batch) + "\n")  # the store's commit
                self.file.settle(batch[:2])  # told of some, and of the rest never
                if rotate and at == 3:
                    self.file.publish(self.folder / "nightly_20261121.csv", now=2.0)
        self.file.close()

    def lines(self) -> list[str]:
        found: list[str] = []
        for path in sorted(self.folder.glob("nightly*")):
            text = path.read_bytes()
            assert text.startswith(HEADER) and text.endswith(b"\n"), path.name
            found += text.decode().splitlines()[1:]
        return sorted(found)


def live_and_die(
    folder: Path, crash_at: int, when: str, rotate: bool = True
) -> tuple[int, dict[str, int]]:
    """A life of the engine in a process of its own; how many calls it made and what it had synced."""
    report = folder / "report"
    if (child := os.fork()) == 0:
        try:
            disk = Disk(crash_at, when, report)
            Engine(folder).live(rotate)
            disk.die()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9
    calls, synced = json.loads(report.read_text())
    return calls, synced


KEYS = [f"a1-{number}-1-1" for number in range(9)]
EXPECTED = sorted(f"{key};1.00" for key in KEYS)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "within"])
@pytest.mark.parametrize("power", [False, True], ids=["killed", "power cut"])
def test_every_line_stands_once_whatever_crashes_when(
    tmp_path: Path, when: str, power: bool
) -> None:
    quiet = tmp_path / "quiet"
    quiet.mkdir()
    total, _ = live_and_die(quiet, 0, when)
    assert total > 40 and Engine(quiet).lines() == EXPECTED
    for crash_at in range(1, total + 2):
        folder = tmp_path / str(crash_at)
        folder.mkdir()
        _, synced = live_and_die(folder, crash_at, when)
        if power:
            for path in [*folder.glob("nightly*"), *folder.glob(".nightly*")]:
                os.truncate(
                    path, min(synced.get(str(path.stat().st_ino), 0), path.stat().st_size)
                )
        engine = Engine(folder)
        engine.file.resume(now=3.0)
        engine.live(rotate=False)
        assert engine.lines() == EXPECTED, (when, crash_at)


@pytest.mark.slow
def test_two_crashes_in_a_row(tmp_path: Path) -> None:
    """The mending is itself killed at every step."""
    for crash_at in range(1, 40):
        folder = tmp_path / str(crash_at)
        folder.mkdir()
        live_and_die(folder, 24, "after", rotate=False)
        live_and_die(folder, crash_at, "before", rotate=False)
        engine = Engine(folder)
        engine.file.resume(now=3.0)
        engine.live(rotate=False)
        assert engine.lines() == EXPECTED, crash_at


# -- one thing at a time ------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Iterator[GrowingFile]:
    file = GrowingFile(tmp_path / "out.csv", b"", b"\n")
    yield file
    file.close()


def test_a_key_that_was_settled_leaves_the_journal(file: GrowingFile, tmp_path: Path) -> None:
    file.append([("a", b"1\n"), ("b", b"2\n")], now=1.0)
    file.settle(["a"])
    file.append([("a", b"1\n"), ("b", b"2\n")], now=1.0)
    assert file.path.read_bytes() == b"1\n2\n1\n", (
        "b is known, a was settled and may not come again"
    )
    found = journal.read((tmp_path / ".out.csv.journal").read_bytes())
    assert found is not None and found.keys == ["b", "a"]
    file.settle(["a", "b"])
    file.close()
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_the_journal_begins_anew(
    file: GrowingFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "LONGEST_JOURNAL", 500)
    for number in range(100):
        file.append([(str(number), b"x" * 40 + b"\n")], now=1.0)
        file.settle([str(number)])
        assert (tmp_path / ".out.csv.journal").stat().st_size < 700
    assert file.path.read_bytes() == (b"x" * 40 + b"\n") * 100


def test_a_file_taken_away_is_begun_again(file: GrowingFile, tmp_path: Path) -> None:
    file.append([("a", b"1\n")], now=1.0)
    file.path.rename(tmp_path / "taken.csv")
    file.append([("a", b"1\n"), ("b", b"2\n")], now=1.0)
    assert (tmp_path / "taken.csv").read_bytes() == b"1\n"
    assert file.path.read_bytes() == b"2\n"
    file.path.unlink()
    file.append([("b", b"2\n"), ("c", b"3\n")], now=1.0)
    assert file.path.read_bytes() == b"3\n"


def test_a_file_somebody_wrote_to_is_continued_at_its_end(file: GrowingFile) -> None:
    file.path.write_bytes(b"by hand, no line end")
    file.append([("a", b"1\n")], now=1.0)
    with file.path.open("ab") as other:
        other.write(b"by hand\n")
    file.append([("b", b"2\n")], now=1.0)
    assert file.path.read_bytes() == b"by hand, no line end\n1\nby hand\n2\n"


def test_another_file_under_the_name_is_not_mended(file: GrowingFile, tmp_path: Path) -> None:
    file.append([("a", b"1111\n")], now=1.0)
    file._let_go()  # killed
    file.path.rename(tmp_path / "taken.csv")
    file.path.write_bytes(b"22\n")
    again = GrowingFile(file.path, b"", b"\n")
    again.append([("a", b"1111\n"), ("b", b"3333\n")], now=1.0)
    again.close()
    assert file.path.read_bytes() == b"22\n3333\n"


def test_nobody_else_appends(file: GrowingFile) -> None:
    file.append([("a", b"1\n")], now=1.0)
    other = GrowingFile(file.path, b"", b"\n")
    with pytest.raises(Unavailable, match="in use"):
        other.append([("b", b"2\n")], now=1.0)
    file.close()
    other.append([("b", b"2\n")], now=1.0)
    other.close()
    assert file.path.read_bytes() == b"1\n2\n"


@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
def test_a_disk_that_fails_loses_and_doubles_nothing(
    file: GrowingFile, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    file.append([("a", b"1\n")], now=1.0)
    real = getattr(os, call)
    for failing in (1, 2):
        calls = 0

        def fails(*arguments: Any, failing: int = failing) -> Any:
            nonlocal calls
            calls += 1
            if calls == failing:
                raise OSError(28, "No space left on device")
            return real(*arguments)

        monkeypatch.setattr(os, call, fails)
        with contextlib.suppress(OSError):
            file.append([(f"b{failing}", b"2\n")], now=1.0)
        monkeypatch.setattr(os, call, real)
        file.append([(f"b{failing}", b"2\n")], now=1.0)
    assert file.path.read_bytes() == b"1\n2\n2\n"


def test_only_so_many_unsettled_keys_are_kept(
    file: GrowingFile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(growing, "MOST_KEYS", 5)
    file.append([(str(number), b"x\n") for number in range(9)], now=1.0)
    file.close()
    found = journal.read((tmp_path / ".out.csv.journal").read_bytes())
    assert found is not None and found.keys == ["4", "5", "6", "7", "8"]


# -- the journal's bytes ------------------------------------------------------------------------------


def test_a_journal_is_read_up_to_its_first_torn_byte() -> None:
    first = journal.opening(journal.Opening(inode=1, length=5, since=1.0, keys=["z"]))
    whole = (
        first + journal.line("a", b"1\n") + journal.settled(["z"]) + journal.line("b", b"\0\n")
    )
    found = journal.read(whole)
    assert found is not None and (found.lines, found.keys) == (b"1\n\0\n", ["a", "b"])
    for cut in range(len(whole)):
        part = journal.read(whole[:cut])
        assert (part is None) == (cut < len(first))
        assert part is None or found.lines.startswith(part.lines)
    for at in range(len(first), len(whole)):
        flipped = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        part = journal.read(flipped)
        assert (
            part is not None
            and found.lines.startswith(part.lines)
            and part.lines != found.lines
        )
