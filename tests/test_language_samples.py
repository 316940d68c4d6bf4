"""The interfaces of `samples/language/`: their own tests, and that each is listed and nothing lies there unused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine import check

HOME = Path(__file__).parents[1] / "samples" / "language"
EXAMPLES = check.examples(HOME)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_what_stands_in_the_channels(example: check.Example) -> None:
    example.check()


def test_every_channel_has_a_test_or_a_template_that_is_tested() -> None:
    tested = {example.channel.name for example in EXAMPLES}
    for path in (HOME / "channels").glob("*.yaml"):
        like = re.match(r"like: (\w+)", path.read_text("utf-8"))
        assert path.stem in tested or like, f"{path.name} has no tests"


def test_every_mapping_table_and_sample_is_used() -> None:
    written = "\n".join(path.read_text("utf-8") for path in HOME.rglob("*.yaml"))
    files = [*(HOME / "mappings").rglob("*.*"), *(HOME / "samples").rglob("*.*")]
    for path in files:
        assert re.search(rf"\b{re.escape(path.stem)}\b", written), f"{path} is used nowhere"


def test_the_table_of_interfaces_names_every_channel() -> None:
    listed = (HOME / "README.md").read_text("utf-8")
    for path in (HOME / "channels").glob("*.yaml"):
        if not path.read_text("utf-8").startswith("like:"):
            assert f"`{path.stem}`" in listed, f"{path.stem} is not in the table"
