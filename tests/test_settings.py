"""config.yaml and the types that settings are written in."""

from pathlib import Path

import pytest

from engine import installation
from engine.installation import Installation
from engine.placed import Mistakes
from engine.settings import Duration, Rate, Secret, Size, Zone


def load(home: Path, text: str) -> tuple[Installation | None, list[str]]:
    (home / "config.yaml").write_text(text)
    mistakes = Mistakes()
    return installation.load(home, mistakes), [str(each) for each in mistakes]


def test_without_a_file_everything_has_its_default(tmp_path):
    assert installation.load(tmp_path, Mistakes()) == Installation()
    assert Installation().listen.host == "127.0.0.1"
    assert Installation().environment == "production"


def test_all_that_may_be_said(tmp_path):
    installation, mistakes = load(
        tmp_path,
        """
name: North
environment: test
zone: America/Chicago
store: {sqlite: {}}
listen: {host: 0.0.0.0}
partners:
  lab: {mllp: {host: 10.0.0.5, port: 2575}}
defaults:
  care: {retry: {first_wait: 1s}}
alerts: {url: "https://a.example.org/x", headers: {Authorization: {env: TOKEN}}}
logs: {folder: /var/log/corridor, keep: 7d}
""",
    )
    assert mistakes == []
    assert installation is not None
    assert (installation.name, installation.environment) == ("North", "test")
    assert (installation.zone, installation.listen.host) == ("America/Chicago", "0.0.0.0")
    assert installation.alerts.headers == {"Authorization": Secret(env="TOKEN")}
    assert installation.logs.keep == 7 * 86400
    assert list(installation.partners["lab"].entries) == ["mllp"]


def test_all_mistakes_at_once_each_in_its_place(tmp_path):
    installation, mistakes = load(
        tmp_path,
        "nmae: x\nenvironment: prod\nzone: Amerika/Chicago\nlogs: {keep: 30}\n"
        "alerts: {url: foo, headers: {A: geheim}}\n",
    )
    assert installation is None
    assert [each.split("\n")[0] for each in mistakes] == [
        "config.yaml:1:1: nmae",
        "config.yaml:2:14: environment",
        "config.yaml:3:7: zone",
        "config.yaml:4:14: logs.keep",
        "config.yaml:5:33: alerts.headers.A",
    ]


def test_a_literal_secret_is_refused_and_not_repeated(tmp_path):
    _, mistakes = load(tmp_path, "alerts: {headers: {Authorization: Bearer-geheim}}\n")
    assert "a secret never stands in a file" in mistakes[0]
    assert "write   Authorization: {env: NAME}" in mistakes[0]
    assert "geheim" not in mistakes[0]


def test_a_struct_that_refuses_is_placed_on_the_value(tmp_path):
    _, mistakes = load(tmp_path, "alerts:\n  url: foo\n")
    assert mistakes[0].startswith("config.yaml:2:8: alerts.url\n  url is an address such as")


def test_a_secret_is_read_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRIDOR_TEST_SECRET", "a")
    (tmp_path / "s").write_text(" b\n")
    assert Secret(env="CORRIDOR_TEST_SECRET").reveal(tmp_path) == "a"
    assert Secret(file="s").reveal(tmp_path) == "b"
    with pytest.raises(LookupError, match="CORRIDOR_NOT_SET is not set"):
        Secret(env="CORRIDOR_NOT_SET").reveal(tmp_path)
    with pytest.raises(LookupError, match="cannot read the secret's file none"):
        Secret(file="none").reveal(tmp_path)


@pytest.mark.parametrize("wrong", [{}, {"env": "A", "file": "b"}])
def test_a_secret_has_one_place(wrong):
    with pytest.raises(ValueError, match="one of them"):
        Secret(**wrong)


@pytest.mark.parametrize(
    "kind, text, value",
    [
        (Duration, "500ms", 0.5),
        (Duration, "1h30m", 5400),
        (Duration, "400d", 400 * 86400),
        (Duration, "0s", 0),
        (Size, "64KB", 65536),
        (Size, "16 mb", 16 * 1024**2),
        (Size, "10", 10),
        (Rate, "5", 5),
        (Rate, "600/m", 10),
        (Rate, "3600/h", 1),
        (Zone, "Europe/Vienna", "Europe/Vienna"),
    ],
)
def test_values_with_units(kind, text, value):
    assert kind.read(text) == value


@pytest.mark.parametrize(
    "kind, text",
    [
        (Duration, "5"),
        (Duration, "5 s"),
        (Duration, "s"),
        (Duration, "-5s"),
        (Duration, "5sec"),
        (Duration, ""),
        (Size, "16MiB"),
        (Size, "1.5MB"),
        (Size, "big"),
        (Rate, "0"),
        (Rate, "fast"),
        (Rate, "5/d"),
        (Zone, "Nowhere/City"),
        (Zone, "../../etc/passwd"),
        (Zone, ""),
    ],
)
def test_what_is_none_says_what_would_be(kind, text):
    with pytest.raises(ValueError, match="such as"):
        kind.read(text)
