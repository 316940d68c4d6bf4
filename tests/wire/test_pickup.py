"""The rules of picking up, without a file system."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.wire.pickup import Rules, Sight, done_file, is_candidate, ready

NOW = 1_000_000.0


def sight(name: str, age: float = 10.0, size: int = 5, inode: int = 1) -> Sight:
    return Sight(name=name, size=size, modified=int((NOW - age) * 1e9), inode=inode)


def taken(seen: list[Sight], before: list[Sight], rules: Rules, *more: str) -> list[str]:
    names = {found.name for found in seen} | set(more)
    known = {found.name: found for found in before}
    return [found.name for found in ready(NOW, seen, known, names, rules)]


def test_two_equal_looks_and_the_minimum_age() -> None:
    old, young = sight("old"), sight("young", age=1)
    assert taken([old, young], [], Rules()) == []
    assert taken([old, young], [old, young], Rules()) == ["old"]
    for changed in (sight("old", size=6), sight("old", age=9), sight("old", inode=2)):
        assert taken([changed], [old], Rules()) == []


def test_a_time_far_in_the_future_counts_as_rested() -> None:
    kept = sight("kept", age=-86_400)
    assert taken([kept], [kept], Rules()) == ["kept"]
    assert taken([kept], [], Rules()) == []


def test_a_done_file_replaces_waiting() -> None:
    rules = Rules(done="{name}.done")
    assert taken([sight("a", age=0), sight("b")], [], rules, "a.done") == ["a"]
    assert not is_candidate("a.done", rules)


def test_order_by_name_or_time() -> None:
    files = [sight("b", age=30), sight("a", age=20), sight("c", age=30)]
    assert taken(files, files, Rules()) == ["a", "b", "c"]
    assert taken(files, files, Rules(order="time")) == ["b", "c", "a"]


@pytest.mark.parametrize(
    "name", [".a", "~$a.csv", "a~", "a.tmp", "a.TMP", "a.part", "a.csv.filepart", "a.open"]
)
def test_temporary_names(name: str) -> None:
    assert not is_candidate(name, Rules())


@given(st.text(min_size=1), st.text())
def test_any_name_and_pattern(name: str, pattern: str) -> None:
    rules = Rules(pattern=pattern, done="{name}.done")
    assert is_candidate(name, rules) in (True, False)
    assert not is_candidate(done_file(name, rules), rules)
