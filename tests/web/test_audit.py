"""The audit trail in the page, the API and the terminal: searched, verified, exported; sign-ins stand in it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest

from engine.errors import StoreError
from engine.store import audit
from engine.store.home import store_file
from engine.web.attempts import Attempts
from tests.web.conftest import PASSWORD, Running


def test_a_flood_of_sign_ins_is_two_records() -> None:
    kept: list[tuple[str, ...]] = []
    made = Attempts(lambda *one: kept.append(one), period=0.1)
    for _ in range(1000):
        made.note("root", "sign_in_refused", "10.0.0.9")
    assert kept == [("root", "sign_in_refused", "account root", "from 10.0.0.9")]
    time.sleep(0.3)
    assert kept[1:] == [("root", "sign_in_refused", "account root", "999 more within 0 s")]
    made.close()


def test_a_store_that_takes_no_record_keeps_nobody_out(capsys: Any) -> None:
    def refuse(*_: str) -> None:
        raise StoreError("the disk is full")

    made = Attempts(refuse)
    made.note("root", "sign_in", "")
    made.close()
    assert "the disk is full" in capsys.readouterr().err


@pytest.mark.slow
def test_who_came_and_who_did_not(running: Running) -> None:
    running.signed_in("auditor")
    for name in ("viewer", "my secret password"):
        httpx.post(running.url + "/sign-in", data={"name": name, "password": "x" * 20})
    records = running.with_token("auditor").get("/audit", params={"action": "sign_in"}).json()
    found = {(one["who"], one["action"]) for one in records["records"]}
    assert {("auditor", "sign_in"), ("viewer", "sign_in_refused"), ("(unknown)", "sign_in_refused")} <= found  # fmt: skip
    assert "my secret password" not in json.dumps(records)


@pytest.mark.slow
def test_the_trail_is_searched_verified_and_exported(running: Running, page: Any) -> None:
    running.with_token("administrator").post("/tokens", json={"name": "grafana", "roles": ["viewer"]})  # fmt: skip
    page.goto("/audit?action=issue")
    assert "token grafana" in page.locator("tbody tr").first.inner_text()
    page.click("text=Verify the whole trail")
    assert "The trail is whole" in page.inner_text("[role=status]")
    head = page.inner_text(".seal")
    api = running.with_token("auditor")
    whole = api.get("/audit/verify").json()
    assert whole["sound"] and whole["head"] != head  # looking is a record too
    lines = [json.loads(line) for line in api.get("/audit/export").text.splitlines()]
    assert [one["id"] for one in lines] == list(range(1, len(lines) + 1))
    rows = list(csv.DictReader(io.StringIO(api.get("/audit/export?form=csv").text)))
    assert rows[0]["seal"] == lines[0]["seal"]
    some = api.get("/audit", params={"limit": 2}).json()
    older = api.get("/audit", params={"limit": 2, "before": some["before"]}).json()
    assert [one["id"] for one in older["records"]] == [some["before"] - 1, some["before"] - 2]


@pytest.mark.slow
def test_people_of_some_channels_do_not_manage_the_house(running: Running) -> None:
    running.directory.add("labboss", PASSWORD, ["administrator"], ["lab"])
    boss = running.signed_in("labboss")
    for path in ("/people", "/audit", "/api/v1/tokens", "/api/v1/audit"):
        assert boss.get(path).status_code == 403, path


@pytest.mark.slow
def test_one_byte_changed_is_named_by_every_verify(running: Running, tmp_path: Path) -> None:
    home = tmp_path / "copy"
    environment = {**os.environ, "CORRIDOR_HOME": str(running.home)}

    def corridor(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "engine.cli", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # fmt: skip

    exported = corridor("audit", "export", "--since", "1h", "--csv")
    assert exported.returncode == 0 and "head " in exported.stderr
    assert corridor("backup", str(home)).returncode == 0
    connection = apsw.Connection(str(store_file(home)))
    changed = (
        "UPDATE audit SET what = replace(what, 'account root', 'account roet') WHERE id = 2"
    )
    connection.execute("DROP TRIGGER audit_is_fixed; UPDATE audit SET who = who || '.' WHERE id = 2; " + changed)  # fmt: skip
    connection.close()
    environment["CORRIDOR_HOME"] = str(home)
    for command in (("audit", "verify"), ("verify",)):
        ran = corridor(*command)
        assert ran.returncode == 1 and "audit record 2 is not what was written" in ran.stdout
    assert not audit.verify(home).sound
