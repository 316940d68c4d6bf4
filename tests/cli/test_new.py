"""`new channel`: what it writes passes `check`, `test` and `try` at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.skeletons import DESTINATIONS, FORMATS, SOURCES

COMBINATIONS = [
    (source, format_, to)
    for source in SOURCES
    for format_ in FORMATS
    for to in DESTINATIONS
    if (format_, to) != ("json", "mllp") and (source, format_) != ("mllp", "json")
]


@pytest.mark.parametrize(("source", "format_", "to"), COMBINATIONS)
def test_a_new_channel_passes_at_once(corridor, source: str, format_: str, to: str) -> None:
    made = corridor(
        "new", "channel", "lab_feed", "--source", source, "--format", format_, "--to", to
    )
    assert made.code == 0, made.err
    checked = corridor("check")
    assert checked.code == 0, checked.out
    tested = corridor("test", "lab_feed")
    assert (tested.code, tested.lines[-1]) == (0, "1 test, 0 failed"), tested.out
    sample = next(line.split()[1] for line in made.lines if line.startswith("wrote samples/"))
    tried = corridor("try", "lab_feed", sample)
    assert tried.code == 0, tried.err
    assert tried.lines[0].startswith("accepted")
    assert "to partner" in tried.out


def test_its_test_can_fail(corridor) -> None:
    corridor("new", "channel", "lab_feed")
    mapping = corridor.home / "mappings/lab_feed.yaml"
    mapping.write_text(mapping.read_text("utf-8").replace("PID-5.1.1", "PID-5.2"), "utf-8")
    ran = corridor("test")
    assert ran.code == 1
    assert 'partner: family is "Sally", expected "Sample"' in ran.out
    assert ran.lines[-1] == "1 test, 1 failed"


def test_ports_do_not_meet(corridor) -> None:
    for name in ("one", "two"):
        assert corridor("new", "channel", name).code == 0
    assert "port: 2575" in (corridor.home / "channels/one.yaml").read_text("utf-8")
    assert "port: 2576" in (corridor.home / "channels/two.yaml").read_text("utf-8")
    assert corridor("check").code == 0


def test_nothing_is_overwritten(corridor) -> None:
    corridor("new", "channel", "one")
    (corridor.home / "channels/one.yaml").unlink()
    before = sorted(path for path in corridor.home.rglob("*"))
    ran = corridor("new", "channel", "one")
    assert (ran.code, "exists already" in ran.err) == (3, True)
    assert sorted(path for path in corridor.home.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("../escape",),
        ("Lab Feed",),
        ("lab", "--source", "carrier_pigeon"),
        ("lab", "--format", "json", "--to", "mllp"),
        (),
    ],
)
def test_what_cannot_be_is_said(corridor, arguments: tuple[str, ...]) -> None:
    ran = corridor("new", "channel", *arguments)
    assert ran.code == 2
    assert ran.err
    assert list(Path(corridor.home).iterdir()) == []
