"""What all commands share: help, version, home, exit codes, errors in words."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from engine import __version__
from engine.cli import app as app_module
from engine.cli.commands import FAMILIES, app
from engine.errors import CommandError, CommitRefused, ConfigError, MessageError, Mistake

SCRIPT = [sys.executable, "-m", "engine.cli"]


def test_the_help_lists_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys, contextlib, io\n"
        "sys.argv = ['corridor', '--help']\n"
        "from engine.cli import main\n"
        "with contextlib.suppress(SystemExit): main()\n"
        "heavy = {'rich', 'apsw', 'aiohttp', 'asyncio', 'uvloop', 'msgspec', 'yaml', 'pydantic'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for command in [
        "run",
        "check",
        "test",
        "try",
        "new",
        "send",
        "tail",
        "messages",
        "show",
        "replay",
        "hold",
        "status",
    ]:
        assert f"\n  {command} " in done.stdout
    assert "demo" not in done.stdout


@pytest.mark.slow
@pytest.mark.alone
def test_version_and_help_are_quick() -> None:
    for arguments, limit in ((["--version"], 0.25), (["--help"], 0.6)):
        best = min(_time([*SCRIPT, *arguments]) for _ in range(3))
        assert best < limit, "measured at 0.02 s and 0.13 s on an idle machine"


def _time(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def test_the_version() -> None:
    done = subprocess.run([*SCRIPT, "-V"], capture_output=True, text=True, check=True)
    assert done.stdout == f"corridor {__version__}\n"


def test_every_family_is_a_module_and_every_module_with_commands_a_family() -> None:
    folder = Path(app_module.__file__).parent
    with_commands = {
        path.stem for path in folder.glob("*.py") if "@app.command" in path.read_text("utf-8")
    }
    assert with_commands - set(FAMILIES) == set()


def test_every_command_has_a_short_line_of_help() -> None:
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        first = (command.help or command.short_help or "").split("\n")[0].split(". ")[0]
        assert 10 < len(first) <= 66, f"{name}: {first}"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            ConfigError([Mistake(file="a.yaml", line=2, column=1, path="x", problem="no")]),
            1,
            "a.yaml:2:1: x",
        ),
        (MessageError("bad_id", "an id looks like 774K-6"), 2, "an id looks like"),
        (MessageError("bad_date", "not a date", "PID-7"), 1, "PID-7: not a date"),
        (CommandError("no engine runs"), 3, "no engine runs"),
        (CommitRefused("the disk is full"), 3, "the disk is full"),
        (FileNotFoundError(2, "No such file", "/x"), 3, "/x: No such file"),
        (ZeroDivisionError("canary 1000123"), 70, "Corridor itself failed (ZeroDivisionError)"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_become_words_and_exit_codes(
    error: BaseException, code: int, said: str, corridor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("engine.cli.house.here", fails)
    ran = corridor("verify")
    assert ran.code == code
    assert said in ran.err
    assert "Traceback" not in ran.err + ran.out
    assert "canary" not in ran.err + ran.out


def test_a_trace_is_there_for_those_who_ask(corridor, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("engine.cli.house.here", fails)
    monkeypatch.setenv("CORRIDOR_TRACE", "1")
    assert "Traceback" in corridor("verify").err


def test_a_command_written_wrongly_ends_with_2(corridor) -> None:
    assert corridor("messages", "--nonsense").code == 2
    assert corridor("nonsense").code == 2
    assert "queued, sending" in corridor("messages", "--state", "lost").err


def test_the_home_may_stand_before_or_behind_the_command(corridor, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert str(corridor.home) in corridor("verify").err
    assert str(other) in corridor("verify", "--home", other).err
    assert corridor("verify", "--home", tmp_path / "missing").code == 2


@pytest.mark.parametrize(
    ("words", "suggested"),
    [
        ("corridor --home {home} try l", ["lab_feed", "lab_orders"]),
        ("corridor tail --home {home} a", ["adt"]),
        ("corridor messages --state re", ["refused"]),
        ("corridor messages --verdict q", ["quarantined"]),
        ("corridor rel", ["release", "release-group", "releases", "reload"]),
    ],
)
def test_the_shell_completes_names(tmp_path: Path, words: str, suggested: list[str]) -> None:
    (tmp_path / "channels").mkdir()
    for name in ("lab_feed", "lab_orders", "adt"):
        (tmp_path / f"channels/{name}.yaml").touch()
    line = words.format(home=tmp_path)
    asked = {
        "_CORRIDOR_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
    }
    code = "import sys; sys.argv = ['corridor']; from engine.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert sorted(done.stdout.split()) == suggested, done.stderr
