"""The schemas for editors accept what loads, and refuse what does not stand there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from engine.reference import editor
from engine.reference.typed import TEXT

ROOT = Path(__file__).parents[2]
HOMES = (ROOT, ROOT / "samples", ROOT / "samples/language")
FOLDERS = {
    "channels": "channel",
    "channels/templates": "channel",
    "mappings": "mapping",
    "mappings/layouts": "layout",
    "mappings/tables": "table",
}


class Loader(yaml.CSafeLoader):
    """What an editor reads: YAML 1.2, in which a date is a text."""


Loader.yaml_implicit_resolvers = {
    sign: [pair for pair in pairs if not pair[0].endswith("timestamp")]
    for sign, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@cache
def validator(kind: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(editor.text(kind)))


def problems(kind: str, text: str) -> list[str]:
    found: Any = json.loads(json.dumps(yaml.load(text, Loader)))  # whose keys are texts
    errors = validator(kind).iter_errors(found)
    return [f"{error.instance_path}: {error.message}" for error in errors]


def folders() -> Iterator[Any]:
    """A kind and the files of it that stand in one folder."""
    for home in HOMES:
        for folder, kind in FOLDERS.items():
            if found := sorted((home / folder).glob("*.yaml")):
                yield pytest.param(kind, found, id=str((home / folder).relative_to(ROOT)))
        if (home / "config.yaml").exists():
            found = [home / "config.yaml"]
            yield pytest.param("config", found, id=str(found[0].relative_to(ROOT)))


@pytest.mark.parametrize("kind", sorted(editor.kinds()))
def test_each_is_a_schema(kind: str) -> None:
    jsonschema_rs.meta.validate(json.loads(editor.text(kind)))


@pytest.mark.parametrize(("kind", "paths"), list(folders()))
def test_what_is_shipped_is_valid(kind: str, paths: list[Path]) -> None:
    found = {str(path): problems(kind, path.read_text("utf-8")) for path in paths}
    assert {path: said for path, said in found.items() if said} == {}


UNKNOWN = [
    path
    for path in sorted((ROOT / "tests/mistakes").glob("key_unknown_in_*"))
    if list((path / "channels").glob("*.yaml"))
]


@pytest.mark.parametrize("home", UNKNOWN, ids=lambda path: path.name)
def test_an_unknown_key_is_not(home: Path) -> None:
    found = [
        problem
        for folder, kind in (("channels", "channel"), (".", "config"))
        for path in (home / folder).glob("*.yaml")
        for problem in problems(kind, path.read_text("utf-8"))
    ]
    assert found, "the editor says nothing"


def test_an_unknown_key_of_a_mapping_is_not() -> None:
    good = "from: hl7v2\nto: hl7v2\nedit:\n  - {each: OBX, set: {OBX-1: index}}\n"
    assert problems("mapping", good) == []
    for wrong in (
        "form: hl7v2\nto: json\n",
        good.replace("each", "eech"),
        good + "kepe: [PID]\n",
    ):
        assert problems("mapping", wrong)


def test_every_key_says_what_it_is() -> None:
    silent: list[str] = []

    def look(schema: Any, path: str) -> None:
        if isinstance(schema, list):
            for at, each in enumerate(schema):
                look(each, f"{path}[{at}]")
        elif isinstance(schema, dict):
            for name, inner in schema.get("properties", {}).items():
                free = path.endswith((".expect", ".of", ".pairs")) or inner == TEXT
                if "description" not in inner and not free:
                    silent.append(f"{path}.{name}")
            for name, inner in schema.items():
                look(inner, f"{path}.{name}")

    look(editor.channel()["properties"], "channel")
    assert [path for path in silent if ".expect." not in path and "anyOf" not in path and "parameters" not in path] == []  # fmt: skip


def test_the_command_prints_it() -> None:
    from typer.testing import CliRunner

    from engine.cli.commands import app

    done = CliRunner().invoke(app, ["schema", "mapping"])
    assert done.stdout == editor.text("mapping")
    assert CliRunner().invoke(app, ["schema", "nothing"]).exit_code == 2
