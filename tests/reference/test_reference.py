"""The reference is written from the code, and a stale page is found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from engine import canonical, connectors, reference
from engine.message import TRANSITIONS
from engine.reference import keys, pages, schemas
from engine.reference.__main__ import main
from engine.reference.docstrings import docstrings
from engine.reference.reasons import reasons
from engine.reference.tables import table, word
from engine.settings import Duration, FileName

PUBLISHED = Path(__file__).parents[2] / "docs/reference"


class Inner(msgspec.Struct, frozen=True):
    """A part."""

    depth: int = 3
    """How deep."""


class Outer(msgspec.Struct, frozen=True):
    """Settings."""

    name: str
    """What it
    is called."""
    wait: Duration = Duration(90)
    """How long | at most."""
    inner: Inner = Inner()
    """A part."""
    parts: tuple[Inner, ...] = ()
    """More parts."""
    file: FileName = ""
    """The file."""
    kind: Literal["a", "b"] = "a"
    """What kind."""


@pytest.mark.slow
def test_the_published_reference_is_what_the_code_says() -> None:
    assert reference.stale(PUBLISHED) == [], "run: make docs"


@pytest.mark.slow
def test_the_check_finds_a_page_that_was_edited(tmp_path: Path) -> None:
    assert reference.stale(tmp_path) == sorted(reference.reference())
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    page = tmp_path / "states.md"
    page.write_text(page.read_text("utf-8") + "by hand\n", "utf-8")
    (tmp_path / "left_over.md").write_text("# Old\n", "utf-8")
    assert reference.stale(tmp_path) == ["left_over.md", "states.md"]
    assert main(["--check", str(tmp_path)]) == 1
    assert sorted(reference.write(tmp_path)) == ["left_over.md", "states.md"]
    assert reference.stale(tmp_path) == []


def test_a_schema_that_broke_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = schemas.file_name("Item")
    monkeypatch.setattr(reference, "reference", lambda: {name: schemas.text("Item")})
    assert reference.write(tmp_path) == [name]
    path = tmp_path / "schemas/Item.v1.json"
    published = msgspec.json.decode(path.read_bytes())
    published["$defs"]["Item"]["properties"]["shelf"] = {"type": "string"}
    path.write_bytes(msgspec.json.encode(published))
    assert reference.broken(tmp_path) == ["Item.shelf is gone; raise VERSION in its module"]
    with pytest.raises(ValueError, match="shelf"):
        reference.write(tmp_path)
    assert main([str(tmp_path)]) == 1
    assert main(["--check", str(tmp_path)]) == 1
    assert path.read_bytes() == msgspec.json.encode(published)


def test_a_table_says_name_type_default_and_meaning() -> None:
    assert table(Outer)[2:] == [
        "| `name` | text | required | What it is called. |",
        "| `wait` | length of time | `90s` | How long \\| at most. |",
        "| `inner` | inner |  | A part. |",
        "| `inner.depth` | whole number | `3` | How deep. |",
        "| `parts` | list of inner |  | More parts. |",
        "| `parts[*].depth` | whole number | `3` | How deep. |",
        "| `file` | text with holes |  | The file. |",
        "| `kind` | `a` or `b` | `a` | What kind. |",
    ]


def test_a_type_is_said_in_words() -> None:
    protected = msgspec.Meta(extra={"protected": True})
    assert word(Annotated[str | None, protected]) == "text (protected)"
    assert word(canonical.Moment) == "moment"
    assert word(dict[str, str]) == "names and values"


def test_a_docstring_belongs_to_the_field_above_it() -> None:
    assert docstrings(canonical.Code)["system"].startswith("The code system")


@pytest.mark.parametrize("name", connectors.names())
def test_every_setting_of_every_connector_is_documented(name: str) -> None:
    page = reference._connector(name)
    module = connectors.load(name)
    for side in ("SourceSettings", "DestinationSettings"):
        for field in getattr(getattr(module, side, None), "__struct_fields__", ()):
            row = next(line for line in page.splitlines() if line.startswith(f"| `{field}` |"))
            assert not row.endswith("|  |"), f"{name}.{field} has no docstring"


def test_every_key_of_a_channel_has_its_meaning() -> None:
    said = keys.said()
    levels = {name: level for _, level, name in keys.LEVELS}
    assert {name: set(level.keys) for name, level in levels.items()} == {
        name: set(meanings) for name, meanings in said.items()
    }


def test_every_step_of_a_delivery_is_drawn() -> None:
    drawn = pages.states()
    for state, following in TRANSITIONS.items():
        for after in following:
            assert f"    {state} --> {after}: " in drawn


def test_reason_codes_are_found_where_they_are_given(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text(
        'raise MessageError("bad_date", f"{what} is not a date", path)\n', "utf-8"
    )
    assert reasons(tmp_path) == [("bad_date", "... is not a date", f"{tmp_path.name}/part.py")]
    assert any(code == "wrong_processing_id" for code, _, _ in reasons(Path("engine/planning")))
