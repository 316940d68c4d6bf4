"""Paths that are compiled once read what they would read by themselves, and mistakes keep their places."""

import pytest

from engine import formats
from engine.formats import PathProblem, Shape
from engine.mapping import simple_paths

HL7 = formats.load("hl7v2")
SHAPE = Shape(format="hl7v2")


@pytest.mark.parametrize(
    "text, start, path",
    [("PID-3.1", 0, "PID-3.1"), ("(PID-3 == 1)", 1, "PID-3"), ("PID-3.4.1 | upper", 0, "PID-3.4.1")],
)  # fmt: skip
def test_a_path_without_brackets_is_found_with_its_end(text, start, path):
    found = simple_paths.match(text, start, SHAPE, HL7.paths)
    assert found.text == path and found.end == start + len(path)
    assert found.read is simple_paths.match(f"  {path} ", 2, SHAPE, HL7.paths).read


@pytest.mark.parametrize("text", ["PID-3(2).1", "PID-3[.5 == 1]", "PID-3.1.2.3", "PID-3.", "PID", "mrn", "PID-3-1"])  # fmt: skip
def test_other_paths_are_left_to_the_format(text):
    assert simple_paths.match(text, 0, SHAPE, HL7.paths) is None


def test_a_wrong_path_is_left_to_the_format_which_knows_its_place():
    with pytest.raises(PathProblem):
        HL7.paths.match("PID-0", 0, SHAPE, lambda text, at, shape: None)
    assert simple_paths.match("PID-0", 0, SHAPE, HL7.paths) is None
