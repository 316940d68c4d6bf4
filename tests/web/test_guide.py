"""What docs/guide/console.md says holds: roles, rights, commands of the API, and the board for Grafana."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.people.rights import ROLES, Right
from tests.test_docs import blocks
from tests.web.conftest import Running, message

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/guide/console.md"
BOARD = ROOT / "docs/monitoring/corridor-grafana.json"


def test_roles_and_rights_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| ([a-z_]+) \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE))
    for role, rights in ROLES.items():
        assert rows[role] == ", ".join(right.value for right in Right if right in rights)
    source = " ".join((ROOT / "engine/people/rights.py").read_text("utf-8").split())
    for right in Right:
        assert f"#: {rows[right.value]}" in source, right
    assert rows.keys() - {"role", "right"} == {*ROLES, *(right.value for right in Right)}


@pytest.mark.slow
def test_the_commands_of_the_page_end_well(running: Running) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    running.send(message("G1"))
    secret = running.directory.tokens.issue("guide", ["administrator"], "root")
    done = 0
    for block in blocks(PAGE):
        for line in block.text.splitlines() if block.kind == "console curl" else ():
            command = line.removeprefix("$ ").replace("http://127.0.0.1:8470", running.url)
            environment = {**os.environ, "TOKEN": secret}
            told = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=30, check=False)  # fmt: skip
            assert told.returncode == 0, f"{line}\n{told.stdout}\n{told.stderr}"
            json.loads(told.stdout)
            done += 1
    assert done >= 6


@pytest.mark.slow
def test_every_metric_of_the_board_exists(running: Running) -> None:
    running.send(message("G2"))
    text = running.with_token("viewer").get(running.url + "/metrics").text
    there, labels = set[str](), set[str]()
    for family in text_string_to_metric_families(text):
        there |= {family.name, *(sample.name for sample in family.samples)}
        labels |= {label for sample in family.samples for label in sample.labels}
    board = json.loads(BOARD.read_text("utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [one["definition"] for one in board["templating"]["list"] if "definition" in one]
    named = {name for text in asked for name in re.findall(r"corridor_\w+", text)}
    assert named - there == set()
    families = {re.sub(r"_(total|created|bucket|count|sum)$", "", name) for name in there}
    shown = {re.sub(r"_(total|bucket)$", "", name) for name in named}
    assert {one for one in families if one.startswith("corridor_")} - shown == set()
    for expression in asked:
        used = set(re.findall(r"by \(([^)]*)\)", expression))
        assert {name.strip() for one in used for name in one.split(",")} <= labels
        assert expression.count("(") == expression.count(")")
    places = [tuple(panel["gridPos"][one] for one in "xywh") for panel in board["panels"]]
    assert len(set(places)) == len(places) and all(x + w <= 24 for x, _, w, _ in places)
