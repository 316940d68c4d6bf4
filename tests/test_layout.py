"""Everything has one obvious place, and is in it."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

from engine import canonical, connectors, formats

ROOT = Path(__file__).parents[1]
ENGINE = ROOT / "engine"
MODULES = sorted(ENGINE.rglob("*.py"))
REFUSED = {"utils", "helpers", "common", "misc", "base", "manager", "core"}


def files_of(kind: str, name: str) -> list[Path]:
    folder = ROOT / "tests" / kind
    return [
        *folder.glob(f"test_{name}.py"),
        *folder.glob(f"test_{name}_*.py"),
        *folder.glob(f"{name}/test_*.py"),
    ]


def settings_of(module: str) -> list[ast.ClassDef]:
    place = ENGINE / "connectors" / module
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    trees = [ast.parse(file.read_text("utf-8")) for file in files]
    return [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith("Settings")
    ]


@pytest.mark.slow
def test_every_module_can_be_imported() -> None:
    for path in MODULES:
        if path.stem != "__main__":
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            importlib.import_module(name.removesuffix(".__init__"))


@pytest.mark.parametrize("name", connectors.names())
def test_a_connector_has_its_docs_its_test_and_its_sample(name: str) -> None:
    assert connectors.load(name).__doc__
    assert files_of("connectors", name)
    assert (ROOT / f"samples/channels/{name}.yaml").exists()


@pytest.mark.parametrize("name", connectors.names())
def test_every_setting_says_what_it_does(name: str) -> None:
    found = settings_of(name)
    assert found
    for node in found:
        for here, after in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(here, ast.AnnAssign) and isinstance(here.target, ast.Name):
                said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                assert said, f"{node.name}.{here.target.id} has no docstring"


@pytest.mark.parametrize("name", formats.names())
def test_a_format_has_its_docs_and_its_test(name: str) -> None:
    assert formats.load(name).__doc__
    assert files_of("formats", name)


@pytest.mark.parametrize("name", canonical.names())
def test_an_entity_has_its_docs_and_every_field_says_what_it_is(name: str) -> None:
    entity = canonical.load(name)
    assert entity.__doc__
    (file,) = [
        path
        for path in (ENGINE / "canonical").glob("*.py")
        if re.search(rf"^class {name}\(\s*Entity,", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert file.stem.replace("_", "") == name.lower()


def test_a_file_fits_in_a_head() -> None:
    lines = {
        path.relative_to(ROOT): len(path.read_text("utf-8").splitlines()) for path in MODULES
    }
    assert {path: count for path, count in lines.items() if count > 300} == {}
    assert [path for path in MODULES if path.stem in REFUSED] == []


def test_nothing_speaks_of_the_machine_it_was_made_on() -> None:
    words = ("/" + "work/", "/" + "root/", "/" + "tmp/", "sub" + "agent")
    for path in [*MODULES, *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        text = path.read_text("utf-8")
        assert not [word for word in words if word in text], path
