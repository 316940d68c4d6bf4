"""Quarantine: a code missing in a table holds messages back; the row is added in the browser, and all go out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import message, sign_in
from tests.web.supplies import Supplies

pytestmark = pytest.mark.slow

AXE = (Path(__file__).parent / "axe/axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supplies]:
    made = Supplies(tmp_path_factory.mktemp("house"))
    yield made
    made.close()


def until(true: Callable[[], Any], seconds: float = 10) -> Any:
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def groups(client: Any, **which: str) -> list[dict[str, Any]]:
    answer = client.get("/quarantine", params=which)
    assert answer.status_code == 200, answer.text
    return answer.json()["groups"]


def test_a_missing_row_is_added_and_all_it_held_goes_out(running: Supplies, page: Any) -> None:
    running.partner.status = 201
    running.use("B2", "B2", "B2")
    api = running.with_token("administrator")
    (held,) = groups(api, reason="unmapped_code")
    assert (held["count"], held["table"], held["owner"]) == (3, "cdm", "revenue-integrity")
    before = len(running.partner.got)
    page.goto("/quarantine")
    page.click("tbody a")
    page.click("text=Show which keys are missing")
    assert page.locator("input[name=cell]").first.input_value() == "B2"
    page.fill("[aria-label='charge_code of row 1']", "200")
    page.fill("[aria-label='price of row 1']", "7")
    page.fill("#fix-reason", "a new item")
    page.click("text=Add to the table and send all 3 once more")
    page.wait_for_url("**/replays/**")
    assert until(lambda: len(running.partner.got) == before + 3)
    assert all(
        b'"item":"200"' in one.replace(b" ", b"") for one in running.partner.got[before:]
    )
    assert groups(api, reason="unmapped_code") == []
    page.goto("/tables/cdm")
    assert "a new item" in page.locator("#content").inner_text()


def test_who_may_do_what(running: Supplies) -> None:
    running.use("C.3")  # with a sign that no random word of the page has
    (held,) = groups(running.with_token("viewer"), reason="unmapped_code")
    at = f"/quarantine/{held['id']}"
    assert "Show which keys" not in running.signed_in("viewer").get(at).text
    assert "Put away" not in running.signed_in("steward").get(at).text
    assert "C.3" not in running.signed_in("root").get(at).text
    (item,) = (
        running.with_token("viewer")
        .get("/quarantine/items", params={"group": held["id"]})
        .json()["items"]
    )
    for role, what, body, status in [
        ("viewer", "assign", {}, 403), ("viewer", "close", {"reason": "x"}, 403), ("steward", "assign", {}, 200),
        ("steward", "close", {"reason": "x"}, 403), ("support", "close", {}, 400), ("support", "comment", {"text": "asked"}, 200),
    ]:  # fmt: skip
        answer = running.with_token(role).post(f"/quarantine/{item['id']}/{what}", json=body)
        assert answer.status_code == status, (role, what, answer.text)
    lab = running.signed_in("labnurse")
    assert lab.get(at).status_code == 404 and "unmapped" not in lab.get("/quarantine").text
    closed = running.with_token("support").post(
        f"/quarantine/{item['id']}/close", json={"reason": "a test"}
    )
    assert (
        closed.status_code == 200
        and groups(running.with_token("viewer"), reason="unmapped_code") == []
    )
    again = running.with_token("support").post(f"/quarantine/{item['id']}/reopen")
    (held,) = groups(running.with_token("viewer"), reason="unmapped_code")
    assert again.status_code == 200 and held["assigned"] == ["test"]


def test_a_replay_that_is_held_again_takes_its_place(running: Supplies) -> None:
    running.use("D4")
    api = running.with_token("administrator")
    (held,) = groups(api, reason="unmapped_code")
    items = api.get("/quarantine/items", params={"group": held["id"]}).json()["items"]
    made = api.post(f"/messages/{items[0]['id']}/replay", json={"reason": "try"}).json()
    assert made["verdict"] == "quarantined"
    (now,) = groups(api, reason="unmapped_code")
    ids = [
        one["id"]
        for one in api.get("/quarantine/items", params={"group": now["id"]}).json()["items"]
    ]
    assert now["count"] == held["count"] and made["id"] in ids and items[0]["id"] not in ids


def test_refused_deliveries_are_assigned_discarded_and_sent_again(
    running: Supplies, page: Any
) -> None:
    running.partner.status = 400
    running.send(message("R1"), message("R2"))
    api = running.with_token("administrator")
    (held,) = until(
        lambda: [one for one in groups(api, channel="charges") if one["count"] == 2]
    )
    assert (held["kind"], held["destination"], held["owner"]) == (
        "refused",
        "billing",
        "revenue",
    )
    page.goto(f"/quarantine/{held['id']}")
    page.locator("input[name=ids]").first.check()
    page.locator("input[name=all][value='']").check()
    page.select_option("#to", "support")
    page.click("button[value=assign]")
    assert "1 assigned to support" in page.locator(".notice").inner_text()
    page.locator("input[name=ids]").first.check()
    page.locator("input[name=all][value='']").check()
    page.fill("#close-reason", "keyed by hand")
    page.once("dialog", lambda asked: asked.accept())
    page.click("button[value=close]")
    assert "1 put away" in page.locator(".notice").inner_text()
    running.partner.status = 201
    job = api.post(
        "/quarantine/resubmit",
        json={"chosen": {"group": held["id"]}, "rate": 0, "reason": "mended"},
    ).json()
    assert job["total"] == 1
    assert until(lambda: not groups(api, channel="charges"))


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_every_page_is_accessible(
    running: Supplies, browser: Any, width: int, scheme: str
) -> None:
    running.use("E5")
    (held,) = groups(running.with_token("viewer"), reason="unmapped_code")
    context = browser.new_context(
        base_url=running.url, viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True
    )  # fmt: skip
    made = context.new_page()
    sign_in(made, "analyst")
    group = f"/quarantine/{held['id']}"
    faults = []
    for at in ("/quarantine", group, f"{group} keys", "/tables", "/tables/cdm", "/tables/cdm/rows", "/tables/cdm/versions/1"):  # fmt: skip
        made.goto(at.split()[0])
        if at.endswith("keys"):
            made.click("text=Show which keys are missing")
            made.wait_for_selector("table.cells")
        made.evaluate(
            "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
        )
        assert made.evaluate("document.documentElement.scrollWidth") <= width, at
        made.evaluate(AXE)
        found = made.evaluate("async () => (await axe.run()).violations")
        faults += [
            (at, one["id"], [str(node["target"]) for node in one["nodes"]])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
    context.close()
    assert not faults
