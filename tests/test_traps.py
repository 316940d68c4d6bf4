"""Every error of the YAML reader is said in words, also those that nobody foresaw."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine import traps


def explained(text: str) -> traps.Explained | None:
    try:
        yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        return traps.explain(text, error)
    return None


@pytest.mark.parametrize(
    "text, write",
    [
        ('when: "x" == PID-3\n', 'when: >-\n  "x" == PID-3'),
        ("a: b: c\n", 'a: "b: c"'),
        ("a: - b\n", "a:\n  - b"),
        ('a: "x\\d"\n', "'x\\d'"),
    ],
)
def test_what_to_write_is_said_and_is_yaml(text, write):
    found = explained(text)
    assert found is not None and found[3] == write
    assert explained(write) is None


@given(st.text("abc:-[]{}'\"|>*&!%@` \t\n#?,\\", max_size=40))
def test_no_text_makes_the_explanation_itself_fail(text):
    found = explained(text)
    if found is not None:
        line, column, problem, _ = found
        assert line >= 1 and column >= 1 and problem
