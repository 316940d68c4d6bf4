"""A channel's pages and their API: line and orders, files and releases, tests, messages on trial."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.web.conftest import MAPPING, Running, message, sign_in

pytestmark = pytest.mark.slow


def until(done: Callable[[], Any]) -> Any:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def listens(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def destination(api: Any, channel: str = "charges") -> dict[str, Any]:
    return dict(api.get(f"/channels/{channel}").json()["destinations"][0])


# -- line and orders ---------------------------------------------------------------------------------------------


def test_the_line_says_why_a_destination_waits_and_goes_on_by_itself(
    running: Running, page: Any
) -> None:
    running.partner.status = 503
    running.send(message("W1"))
    page.goto("/channels/charges")
    billing = page.get_by_role("region", name="Destination billing")
    until(lambda: "next attempt in" in billing.inner_text())
    assert "waiting" in billing.inner_text() and "breaker open" in billing.inner_text()
    assert "mllp" in page.get_by_role("region", name="Source").inner_text()
    assert page.get_by_role("img", name="in the last hour").count() == 1
    page.fill("#why-source", "still here")
    running.partner.status = 201
    until(lambda: "idle" in billing.inner_text())
    assert page.input_value("#why-source") == "still here"


def test_hold_and_release_by_the_page_with_a_reason_and_a_question(
    running: Running, page: Any
) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    page.goto("/channels/charges")
    page.get_by_role("button", name="Hold").click()
    assert not asked and "why-destinations" in page.evaluate("document.activeElement.id")
    page.select_option("#destination", "billing")
    page.fill("#why-destinations", "month end")
    page.get_by_role("button", name="Hold").click()
    page.wait_for_selector("text=charges: billing on hold.")
    assert asked == ["Hold: what comes in is queued, nothing is sent. Go on?"]
    assert "on hold; month end" in page.get_by_role("region", name="Destination billing").inner_text()  # fmt: skip
    page.select_option("#destination", "billing")
    page.fill("#rate", "2.5")
    page.fill("#why-destinations", "done")
    page.get_by_role("button", name="Release").click()
    page.wait_for_selector("text=charges: billing released, at most 2.5 a second.")
    api = running.with_token("administrator")
    assert destination(api)["drain_rate"] == 2.5
    order = api.post("/channels/charges/release", json={"reason": "no limit"})
    assert order.json() == {"said": "charges: 1 destination released."}
    assert destination(api)["drain_rate"] == 0


def test_stop_and_start_by_the_api_need_a_reason(running: Running) -> None:
    api = running.with_token("support")
    assert api.post("/channels/lab/stop", json={}).status_code == 422
    assert api.post("/channels/lab/stop", json={"reason": "moving"}).status_code == 200
    assert api.get("/channels/lab").json()["state"] == "stopped"
    with pytest.raises(OSError):
        running.send(message("N1"), lab=True)
    assert api.post("/channels/lab/start", json={"reason": "moved"}).status_code == 200
    until(lambda: listens(running.lab))  # a moment after it was told to
    running.send(message("N2"), lab=True)
    assert sum(api.get("/channels/lab").json()["rate"]) >= 1
    done = api.post("/channels/none/stop", json={"reason": "x"})
    assert (done.status_code, done.json()["type"]) == (404, "not_found")


def test_who_only_looks_sees_no_buttons_and_may_not(running: Running, browser: Any) -> None:
    context = browser.new_context(base_url=running.url)
    page = context.new_page()
    sign_in(page, "viewer")
    page.goto("/channels/charges")
    assert page.get_by_role("button").all_inner_texts() == ["Sign out"]
    page.goto("/channels/charges/releases")
    assert "Reload" not in page.inner_text("main")
    context.close()
    viewer, nurse = running.with_token("viewer"), running.signed_in("labnurse")
    because = {"reason": "x"}
    for path in ("/channels/charges/hold", "/channels/charges/stop", "/groups/1/release", "/reload"):  # fmt: skip
        assert viewer.post(path, json=because).status_code == 403
    for path in ("", "/line", "/releases", "/diff", "/tests", "/try"):
        assert nurse.get("/channels/charges" + path).status_code == 404
        assert nurse.get("/channels/lab" + path).status_code == 200
    form = {"do": "hold", "reason": "x"}
    assert nurse.post("/channels/lab/orders", data=form).status_code == 403, "no form word"


# -- groups ------------------------------------------------------------------------------------------------------


def test_a_batch_is_closed_now_from_the_page(running: Running, page: Any) -> None:
    api = running.with_token("administrator")
    assert api.get("/groups").json() == []
    page.on("dialog", lambda dialog: dialog.accept())
    running.write("channels/lab.yaml", (running.home / "channels/lab.yaml").read_text("utf-8") + "    batch: {close: {quiet: 1h}}\n")  # fmt: skip
    until(lambda: api.get("/channels/lab/releases").json()[0]["changed"] == ["channels/lab.yaml"])  # fmt: skip
    time.sleep(1.0)  # the release is kept before the channel takes it over
    running.send(message("G1"), message("G2"), lab=True)
    (group,) = until(lambda: api.get("/groups", params={"channel": "lab"}).json())
    assert (group["waits_for"], group["members"]) == ("ward", 2)
    page.goto("/channels/lab")
    page.get_by_text("Close now").click()
    page.fill(f"#why-group-{group['id']}", "the ward asked")
    page.get_by_role("button", name=f"Close {group['id']} with 2 members").click()
    page.wait_for_selector(f"text=Group {group['id']} of lab is released with 2 members.")
    until(lambda: api.get("/groups").json() == [])
    assert api.post(f"/groups/{group['id']}/release", json={"reason": "x"}).status_code == 404


# -- files and releases ------------------------------------------------------------------------------------------


def test_every_edit_is_a_release_whose_difference_is_shown_as_text(
    running: Running, page: Any
) -> None:
    api = running.with_token("administrator")
    before = api.get("/channels/charges/releases").json()
    text = MAPPING + '  note: "<script>alert(1)</script>"\n'
    running.write("mappings/charges.yaml", text)
    after = until(lambda: (found := api.get("/channels/charges/releases").json())[0] != before[0] and found)  # fmt: skip
    assert after[0]["changed"] == ["mappings/charges.yaml"] and after[0]["current"]
    page.goto("/channels/charges/diff")
    assert page.locator(".diff .added").inner_text() == '+  note: "<script>alert(1)</script>"'
    assert page.locator(".diff .removed").count() == 0
    files = api.get(f"/channels/charges/releases/{after[0]['id']}/files").json()
    assert {one["path"]: one["text"] for one in files}["mappings/charges.yaml"] == text
    assert files[0]["path"] == "channels/charges.yaml"
    paths = [one["path"] for one in files]
    assert paths[1:] == ["mappings/charges.yaml", "mappings/tables/sex.csv"]
    running.write("mappings/charges.yaml", MAPPING)
    until(lambda: api.get("/channels/charges/releases").json()[0]["id"] == before[0]["id"])
    for unknown in ("/channels/charges/releases/none/files", "/channels/charges/diff?a=x&b=y"):
        assert api.get(unknown).status_code == 404


def test_files_with_mistakes_do_not_run_and_a_reload_says_why(
    running: Running, browser: Any
) -> None:
    context = browser.new_context(base_url=running.url)
    page = context.new_page()
    sign_in(page, "analyst")
    running.write("mappings/charges.yaml", MAPPING + "  bad: PID-3.1 | nothing_like_this\n")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/channels/charges/releases")
    page.get_by_text("Reload the channels").click()
    page.fill("#why-reload", "deploying")
    page.get_by_role("button", name="Reload all channels").click()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "mappings/charges.yaml:8" in alert.inner_text()
    context.close()
    running.write("mappings/charges.yaml", MAPPING)
    api = running.with_token("analyst")
    assert until(lambda: api.post("/reload", json={"reason": "mended"}).status_code == 200)


# -- tests and trial ---------------------------------------------------------------------------------------------


def test_tests_run_from_the_page_and_a_failure_names_its_place(
    running: Running, page: Any
) -> None:
    page.goto("/channels/charges/tests")
    page.get_by_role("button", name="Run it").click()
    page.wait_for_selector("text=1 passed, 0 failed")
    file = running.home / "channels/charges.yaml"
    good = file.read_text("utf-8")
    running.write(
        "channels/charges.yaml", good.replace("verdict: accepted", "verdict: filtered")
    )
    tested = running.with_token("viewer").post("/channels/charges/tests").json()
    assert tested["failed"] == 1
    assert "channels/charges.yaml:" in tested["outcomes"][0]["differences"][0]
    running.write("channels/charges.yaml", good)


def test_a_message_on_trial_is_explained_and_nothing_is_kept_or_sent(
    running: Running, page: Any
) -> None:
    api = running.with_token("viewer")
    before, got = api.get("/channels/charges").json()["received"], len(running.partner.got)
    page.goto("/channels/charges/try")
    page.fill("#text", message("T<b>", family="O'NEIL").decode().replace("\r", "\n"))
    page.click("button.main")
    said = page.locator("main").inner_text()
    assert "accepted" in said and "to billing" in said and "line 7" in said
    assert '"control":"T<b>"' in said and "female" in said
    page.get_by_text("The message, parsed").click()
    assert "Sex" in page.locator("table.tree").inner_text()
    given = {"sample": "charge.hl7"}
    tried = api.post("/channels/charges/try", json=given).json()
    assert tried["payloads"][0]["text"] == '{"control":"S1","mrn":"1","sex":"female"}'
    assert [rule["line"] for rule in tried["made"][0]["rules"]] == [5, 6, 7]
    assert tried["answer"].split("\r")[1].startswith("MSA|AA|S1")
    for wrong in ({}, {"sample": "../config.yaml"}, {"text": "x", "base64": "eA=="}):
        assert api.post("/channels/charges/try", json=wrong).status_code in (404, 422)
    assert api.get("/channels/charges").json()["received"] == before
    assert len(running.partner.got) == got
