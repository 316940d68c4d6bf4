"""`simulate`, `docs` and `demo`."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine import channel
from engine.cli import workshop
from engine.cli.addresses import loopback_partners
from engine.cli.stage import Stage, origin, programme
from engine.cli.workshop import configured
from engine.errors import CommandError
from tests.ports import free_port

ROOT = Path(__file__).parents[2]


def test_the_partners_of_a_home_that_are_on_this_machine(corridor) -> None:
    (corridor.home / "config.yaml").write_text(
        "partners:\n"
        '  billing: {http: {url: "http://127.0.0.1:9301"}}\n'
        '  real: {http: {url: "https://billing.example.org"}}\n'
        "  lab: {mllp: {host: 10.0.0.5, port: 2575}}\n"
        "  down: {mllp: {host: localhost, port: 9304}}\n"
    )
    assert loopback_partners(corridor.home) == {
        "billing": ("http", 9301),
        "down": ("mllp", 9304),
    }
    assert configured(corridor.home) == ["billing=http:9301", "down=mllp:9304"]


def test_nobody_to_simulate_is_said(corridor) -> None:
    assert corridor("simulate").code == 3
    ran = corridor("simulate", "billing=carrier:1")
    assert (ran.code, "write billing=http:9301" in ran.err) == (3, True)
    assert corridor("simulate", "--switch", "erp=down", "--control", "1").code == 3
    assert corridor("simulate", "--switch", "erp").code == 2


def test_simulated_partners_take_messages_and_faults(corridor, tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    command = [sys.executable, "-m", "engine.cli", "simulate", f"billing=http:{ports[0]}"]
    command += ["--control", str(ports[1])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as partners:
        assert partners.stdout is not None
        while "switch a fault" not in partners.stdout.readline():
            assert partners.poll() is None
        (tmp_path / "a.json").write_text("{}")
        to = ("--to", f"http://127.0.0.1:{ports[0]}/charges")
        assert corridor("send", tmp_path / "a.json", *to).code == 0
        switched = corridor("simulate", "--control", ports[1], "--switch", "billing=400")
        assert switched.out == "billing: 400\n"
        assert corridor("send", tmp_path / "a.json", *to).code == 1
        assert corridor("simulate", "--control", ports[1], "--switch", "billing=odd").code == 3
        partners.send_signal(signal.SIGINT)
        assert partners.wait(5) == 130


@pytest.mark.slow
def test_stale_reference_pages_are_found_and_written(corridor, tmp_path: Path) -> None:
    folder = tmp_path / "reference"
    folder.mkdir()
    assert corridor("docs", folder, "--check").code == 1
    assert corridor("docs", folder).code == 0
    assert corridor("docs", folder, "--check").code == 0
    (folder / "README.md").write_text("other")
    assert corridor("docs", folder, "--check").lines == ["README.md"]


def test_a_bench_without_the_source_tree_is_said(
    corridor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workshop, "__file__", "/nowhere/engine/cli/workshop.py")
    ran = corridor("bench")
    assert (ran.code, "source tree" in ran.err) == (3, True)


def test_the_demo_never_empties_a_folder_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").touch()
    with pytest.raises(CommandError, match="not made by the demo"), Stage(ROOT, tmp_path):
        pass
    assert (tmp_path / "config.yaml").exists()


def test_the_programme_is_what_the_channels_accept(
    shipped_home: channel.Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "load_all", {ROOT: shipped_home}.__getitem__)
    messages = programme(ROOT)
    ports = [port for port, _ in messages]
    assert len(set(ports[:2])) == 2, "the channels take turns"
    assert all(raw.startswith(b"MSH") for _, raw in messages)


def test_the_demo_shows_the_shipped_channels_when_the_home_has_none(corridor) -> None:
    assert origin(corridor.home) == ROOT
    (corridor.home / "channels").mkdir()
    assert origin(corridor.home) == corridor.home


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_demo_ends_with_all_it_started(tmp_path: Path, ending: signal.Signals) -> None:
    home = tmp_path / "demo"
    command = [sys.executable, "-m", "engine.cli", "--home", str(ROOT), "demo", "--plain"]
    with subprocess.Popen(
        [*command, "--folder", str(home)], stdout=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        while " delivered " not in demo.stdout.readline():
            assert demo.poll() is None
        demo.send_signal(ending)
        demo.communicate(timeout=30)
    assert demo.returncode in (0, 130)
    commands = [
        path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _there(path)
    ]
    assert not [words for words in commands if str(home).encode() in words]


def _there(path: Path) -> bool:
    try:
        return bool(path.read_bytes())
    except OSError:
        return False
