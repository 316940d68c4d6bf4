"""Every folder here is a home with a mistake in it; `expected.txt` is all that `corridor check` prints of it."""

from pathlib import Path

import pytest

from engine.channel import load_all
from engine.errors import ConfigError

HERE = Path(__file__).parent
HOMES = sorted(path.name for path in HERE.iterdir() if (path / "expected.txt").exists())


@pytest.mark.parametrize("name", HOMES)
def test_the_mistake_is_told_as_expected_and_names_a_line_that_is_there(name: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_all(HERE / name)
    assert str(error.value) == (HERE / name / "expected.txt").read_text("utf-8").rstrip("\n")
    for mistake in error.value.mistakes:
        path = HERE / name / mistake.file
        assert path.is_file()
        lines = path.read_text("utf-8", "replace").split("\n")
        assert 1 <= mistake.line <= len(lines)
        assert 1 <= mistake.column <= len(lines[mistake.line - 1]) + 1


def test_the_gallery_is_as_large_as_promised() -> None:
    assert len(HOMES) >= 200


def test_every_folder_has_its_expectation() -> None:
    folders = {
        path.name for path in HERE.iterdir() if path.is_dir() and path.name[0] not in "_."
    }
    assert folders == set(HOMES)
