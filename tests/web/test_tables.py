"""Tables: rows, versions, import and going back, by browser and API, and who may see what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.supplies import Supplies

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supplies]:
    made = Supplies(tmp_path_factory.mktemp("house"))
    yield made
    made.close()


def audits(running: Supplies) -> list[tuple[str, str, str]]:
    from engine.store.archive import SqliteArchive

    with SqliteArchive(running.home) as archive:
        return [(one["who"], one["action"], one["what"]) for one in archive.audits(50)]


def test_a_sheet_is_looked_at_taken_and_taken_back(
    running: Supplies, page: Any, tmp_path: Path
) -> None:
    sheet = tmp_path / "cdm.csv"
    sheet.write_text("code,charge_code,price,note\nA1,101,5,x\nB2,200,7,y\n")
    page.goto("/tables/cdm")
    page.set_input_files("#sheet", str(sheet))
    page.click("text=Look at what changes")
    shown = page.locator("#content").inner_text()
    assert "1 added" in shown and "1 changed" in shown and "left alone: note" in shown
    assert running.with_token("viewer").get("/tables").json()[0]["version"] == 1
    page.fill("#take-reason", "October")
    page.fill("#take-approved", "m.lee")
    page.click("text=Import")
    page.wait_for_url("**/tables/cdm")
    assert "version 2 is in force" in page.locator(".notice").inner_text()
    page.goto("/tables/cdm/rows")
    page.fill("#text", "b2")
    page.click("text=Find")
    assert "b2" not in page.url and page.locator("tbody tr").count() == 1
    page.goto("/tables/cdm")
    page.click("text=Go back to it")
    page.fill("#back-1-reason", "wrong prices")
    page.click("text=Make its rows version 3")
    page.wait_for_load_state()
    assert "back to version 1" in page.locator("#content").inner_text()
    assert ("root", "read rows", "table cdm") in audits(running)


def test_a_wrong_sheet_names_places_and_no_value(running: Supplies) -> None:
    api = running.with_token("analyst")
    answer = api.post(
        "/tables/cdm/import",
        json={"csv": "code,charge_code,price\n,SECRET,1\nA1,2\n", "reason": "x"},
    )
    assert (answer.status_code, answer.json()["type"]) == (422, "bad_sheet")
    assert "line 2" in answer.text and "line 3" in answer.text
    assert "SECRET" not in answer.text and str(running.home) not in answer.text


def test_rows_are_set_and_taken_away(running: Supplies) -> None:
    api = running.with_token("steward")
    row = {"code": "A1", "charge_code": "555", "price": "9"}
    made = api.post(
        "/tables/cdm/rows",
        json={"rows": [row, {"code": "N1", "charge_code": "1"}], "reason": "x"},
    ).json()
    assert made["changes"] == {"added": 1, "removed": 0, "changed": 1}
    made = api.post("/tables/cdm/rows", json={"remove": [{"code": "N1"}], "reason": "x"}).json()
    assert made["changes"] == {"added": 0, "removed": 1, "changed": 0}
    assert ["A1", "555", "9"] in api.get("/tables/cdm/rows").json()["rows"]
    for body, status in [
        ({"rows": [row]}, 400), ({"reason": "x"}, 400), ({"rows": [{"charge_code": "1"}], "reason": "x"}, 409),
        ({"rows": [{"code": "Q", "nothing": "1"}], "reason": "x"}, 409), ({"remove": [{"code": "none"}], "reason": "x"}, 409),
    ]:  # fmt: skip
        assert api.post("/tables/cdm/rows", json=body).status_code == status, body
    versions = api.get("/tables/cdm/versions").json()
    back = api.post(
        "/tables/cdm/rollback", json={"to": versions[-1]["version"], "reason": "x"}
    ).json()
    assert back["version"] == versions[0]["version"] + 1
    assert api.get("/tables/cdm/diff").json()["changes"]["changed"] == 1


def test_missing_keys_are_there_at_once_and_only_for_who_may(running: Supplies) -> None:
    running.use("Z9")
    found = running.with_token("steward").get("/tables/cdm/misses").json()
    assert [one["keys"] for one in found] == [["Z9"]]
    viewer, support = running.with_token("viewer"), running.with_token("support")
    assert viewer.get("/tables").json()[0]["missing"] == 1
    for at in ("rows", "misses", "drift", "diff"):
        assert viewer.get(f"/tables/cdm/{at}").status_code == 403
        assert support.get(f"/tables/cdm/{at}").status_code == 200
    assert support.post("/tables/cdm/rollback", json={"reason": "x"}).status_code == 403
    page = running.signed_in("viewer")
    assert (
        "Go back to it" not in page.get("/tables/cdm").text
        and "Z9" not in page.get("/tables/cdm").text
    )
    assert page.get("/tables/cdm/export").status_code == 403
    lab = running.signed_in("labnurse")
    assert lab.get("/tables/cdm").status_code == 404 and "cdm" not in lab.get("/tables").text
    export = running.signed_in("support").get("/tables/cdm/export")
    assert (
        export.text.startswith("code,charge_code,price\n")
        and "attachment" in export.headers["content-disposition"]
    )
