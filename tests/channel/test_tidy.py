"""`corridor fmt`: files put in order say the same as before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.channel import load_all
from engine.channel.tidy import same, tidy
from engine.errors import ConfigError
from engine.placed import Mistakes, read

ROOT = Path(__file__).parents[2]
FOLDERS = ("channels", "channels/templates", "mappings", "mappings/layouts", "mappings/tables")

BEFORE = """

# Charges of the theatre.
# Two lines of it.

# who answers
owner: a     # us
description: b

source:
    # the port
    mllp:
        port: 2575
        peers:
        - 10.0.0.1
        # the second
        - 10.0.0.2
format: hl7v2


destinations:
    one:
        order_by: >-
            PID-3[.5 == "MR"].1
        # where it goes
        http: {url: "https://a.example.org",
               timeout: 5s}
        when: |
            PID-3.1 == "#1"

            and true
    # the last
    two:
      file: {folder: out, name: a.txt}
accept:
    # ours only
    - because: not ours
      # a rule
      when: MSH-4 == "A"
    -   when: MSH-4 != "B"
        otherwise: reject
"""
AFTER = """\
# Charges of the theatre.
# Two lines of it.

# who answers
description: b
owner: a     # us

source:
  # the port
  mllp:
    port: 2575
    peers:
      - 10.0.0.1
      # the second
      - 10.0.0.2
format: hl7v2
accept:
  # ours only
  # a rule
  - when: MSH-4 == "A"
    because: not ours
  - when: MSH-4 != "B"
    otherwise: reject


destinations:
  one:
    when: |
        PID-3.1 == "#1"

        and true
    # where it goes
    http: {url: "https://a.example.org",
           timeout: 5s}
    order_by: >-
        PID-3[.5 == "MR"].1
  # the last
  two:
    file: {folder: out, name: a.txt}
"""


def test_a_file_in_disorder() -> None:
    assert tidy(BEFORE, "channels/a.yaml") == AFTER
    assert tidy(AFTER, "channels/a.yaml") == AFTER


def test_the_order_of_names_fields_and_edits_is_the_authors() -> None:
    channel = "source:\n  mllp: {port: 1}\nformat: hl7v2\nlet:\n  b: PID-3\n  a: b\nkeys:\n  z: a\n  c: b\n"
    assert tidy(channel, "channels/a.yaml") == channel
    mapping = 'from: hl7v2\nto: hl7v2\nremove: [PID-19]\nset:\n  PID-1: "1"\nkeep: [PID]\n'
    assert tidy(mapping, "mappings/a.yaml") == mapping
    assert tidy(
        "to: json\nfields:\n  b: PID-3\n  a: PID-2\nfrom: hl7v2\n", "mappings/a.yaml"
    ) == ("from: hl7v2\nto: json\nfields:\n  b: PID-3\n  a: PID-2\n")


@pytest.mark.parametrize("text", ["", "a", "{a: b}", "a: [", "- a\n", "a: b\n---\nc: d\n", "\t", "%YAML 1.1\n---\na: b\n"])  # fmt: skip
def test_what_is_no_channel_comes_back(text: str) -> None:
    assert tidy(text, "channels/a.yaml") == text


def homes() -> Iterator[Path]:
    yield ROOT
    yield ROOT / "samples/language"
    yield ROOT / "samples"
    yield from sorted((ROOT / "tests/mistakes").iterdir())


def files(home: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((home / folder).glob("*.yaml"))
    yield from home.glob("config.yaml")


@cache
def in_order(path: Path, name: str) -> str:
    """What a file becomes."""
    return tidy(path.read_text("utf-8"), name)


def test_every_file_there_is_says_the_same_and_a_second_time_changes_nothing() -> None:
    seen = good = 0
    for home in homes():
        for path in files(home):
            raw = path.read_bytes()
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                continue
            name = path.relative_to(home).as_posix()
            once = in_order(path, name)
            if once == text:  # it says what it said, and a second time is this one again
                good += 1
                continue
            assert tidy(once, name) == once, path
            mistakes = Mistakes()
            before, after = read(text, name, mistakes), read(once, name, Mistakes())
            if before is not None and not mistakes.found:
                assert after is not None and same(before, after), path
                seen += 1
    assert (good > 400, seen > 10) == (True, True)


def test_shipped_files_are_in_order() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for home in (ROOT, ROOT / "samples")
        for path in files(home)
        if in_order(path, path.relative_to(home).as_posix()) != path.read_text("utf-8")
    ]
    assert found == [], "run: corridor fmt"


def test_a_home_in_order_loads_as_before(tmp_path: Path) -> None:
    for folder in ("channels", "mappings", "samples"):
        shutil.copytree(ROOT / "samples/language" / folder, tmp_path / folder)
    shutil.copy(ROOT / "samples/language/config.yaml", tmp_path)
    try:
        before = load_all(tmp_path)
    except ConfigError:
        pytest.skip("the samples are being written")
    for path in files(tmp_path):
        name = path.relative_to(tmp_path).as_posix()
        path.write_text(tidy(path.read_text("utf-8"), name), "utf-8")
    after = load_all(tmp_path)
    assert after.channels.keys() == before.channels.keys()


KEYS = st.sampled_from(
    ["owner", "description", "source", "when", "accept", "x", "mllp", "format"]
)
VALUES = st.sampled_from(["a", '"b # c"', "[1, 2]", "|\n{i}  text\n\n{i}  more", ">-\n{i}  one\n{i}  two # no", "{a: b}", "'it''s'"])  # fmt: skip
REMARKS = st.sampled_from(["", "\n", "{i}# said\n", "\n{i}# said\n{i}# more\n"])


@st.composite
def block(draw: st.DrawFn, depth: int = 0, indent: str = "") -> str:
    lines = []
    for key in draw(st.lists(KEYS, min_size=1, max_size=4, unique=True)):
        above = draw(REMARKS).format(i=indent)
        kind = draw(st.integers(0, 3)) if depth < 3 else 0
        inner = indent + " " * draw(st.integers(1, 4))
        if kind == 1:
            lines.append(f"{above}{indent}{key}:\n{draw(block(depth=depth + 1, indent=inner))}")
        elif kind == 2:
            items = draw(
                st.lists(block(depth=depth + 1, indent=inner + "  "), min_size=1, max_size=3)
            )
            dashed = "".join(f"{inner}- {item.lstrip()}" if not item.lstrip().startswith("#") else f"{inner}-\n{item}" for item in items)  # fmt: skip
            lines.append(f"{above}{indent}{key}:\n{dashed}")
        else:
            value = draw(VALUES).replace("{i}", indent)
            lines.append(f"{above}{indent}{key}: {value}\n")
    return "".join(lines)


@pytest.mark.slow
@given(block())
@settings(max_examples=150, deadline=None)
def test_whatever_is_written_says_the_same_afterwards(text: str) -> None:
    mistakes = Mistakes()
    before = read(text, "channels/a.yaml", mistakes)
    once = tidy(text, "channels/a.yaml")
    if before is None or mistakes.found:
        assert once == text
        return
    after = read(once, "channels/a.yaml", Mistakes())
    assert after is not None and same(before, after)
    assert tidy(once, "channels/a.yaml") == once
    assert remarks(once) == remarks(text)


def remarks(text: str) -> list[str]:
    """The comments of a file, whatever their order."""
    return sorted(line.strip() for line in text.split("\n") if line.strip().startswith("#"))
