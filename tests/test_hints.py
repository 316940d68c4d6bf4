"""What a mistake offers to write is something that can be written."""

from typing import Literal

import msgspec
import pytest

from engine.hints import example, nearest, written
from engine.placed import Mistakes, read
from engine.settings import Duration, Secret, Size


class Partner(msgspec.Struct):
    host: str
    port: int
    wait: Duration = Duration(1)


@pytest.mark.parametrize(
    "word, words, near",
    [
        ("atempts", ["attempts", "jitter"], "attempts"),
        ("prod", ["production", "test"], "production"),
        ("ChargeEvnt", ["ChargeEvent"], "ChargeEvent"),
        ("chargeevent", ["ChargeEvent"], "ChargeEvent"),
        ("xyz", ["attempts"], ""),
        ("a", [], ""),
    ],
)
def test_the_word_that_was_meant(word, words, near):
    assert nearest(word, words) == near


@pytest.mark.parametrize(
    "kind, text",
    [
        (int, "10"),
        (bool, "true"),
        (Duration, "30s"),
        (Size | None, "16MB"),
        (Secret, "{env: NAME}"),
        (Partner, "{host: 10.0.0.5, port: 2575}"),
        (Literal["b", "a"], "b"),
        (tuple[str, ...], "[text]"),
        (dict[str, int], "{name: value}"),
    ],
)
def test_an_example_of_a_type(kind, text):
    assert example(kind) == text


@pytest.mark.parametrize(
    "text",
    ["PID-3.1", '"a {b}"', "[a, b]", "{a: b, c: [d]}"],
)
def test_a_value_is_written_as_it_stood(text):
    node = read(f"key: {text}", "f.yaml", Mistakes())
    assert node is not None
    assert written(node.entries["key"]) == text
