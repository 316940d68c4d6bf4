"""Every page, light and dark and on a telephone: no serious fault that axe finds, and every control reached by the keyboard."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.web.tables import of_pages
from tests.web.conftest import Running, message, sign_in

pytestmark = pytest.mark.slow

AXE = (Path(__file__).parent / "axe/axe.min.js").read_text("utf-8")
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "telephone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}
#: Answers that are no pages to look at.
NO_PAGES = {"/live", "/ready", "/metrics"}
#: Where the focus is, as a number that stays with its element.
FOCUSED = """() => { const at = document.activeElement; if (!at || at === document.body) return 0;
  at.dataset.reached ??= String(document.querySelectorAll("[data-reached]").length + 1); return Number(at.dataset.reached); }"""
#: Controls that somebody who sees the page could press.
CONTROLS = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")].filter(
  (one) => !one.disabled && one.type !== "hidden" && one.tabIndex >= 0 && one.checkVisibility({visibilityProperty: true})
    && !(one.type === "radio" && !one.checked)).length"""


@pytest.fixture(scope="module")
def house(running: Running) -> Running:
    """Something of everything: delivered, refused, quarantined."""
    running.send(message("A1", mrn="11"))
    running.partner.status = 400
    running.send(message("A2", mrn="12"))
    running.send(message("A3", mrn="13", sex="Q"))
    running.send(message("A4"), lab=True)
    running.directory.tokens.issue("grafana", ["viewer"], "root")
    time.sleep(2)
    return running


def addresses(house: Running) -> list[str]:
    """An address for every page that is got, its holes filled with what is there."""
    api = house.with_token("administrator")
    found = api.get("/messages", params={"limit": 50}).json()
    messages = found["messages"] if isinstance(found, dict) else found
    quarantined = [one["id"] for one in messages if one["verdict"] == "quarantined"]
    one = next(one["id"] for one in messages if one["verdict"] == "accepted")
    filling = {
        "channel": "charges",
        "message": one,
        "id": one,
        "short": one,
        "destination": "billing",
        "table": "sex",
        "name": "root",
    }
    made = []
    for endpoint in of_pages():
        if (
            endpoint.method != "GET"
            or endpoint.stream
            or endpoint.raw
            or endpoint.path in NO_PAGES
        ):
            continue
        holes = re.findall(r"\{(\w+)(?::\w+)?\}", endpoint.path)
        if all(hole in filling for hole in holes):
            filling["name"] = "sex" if endpoint.path.startswith("/tables") else "root"
            path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda hole: filling[hole[1]], endpoint.path)
            made.append(path)
    made += [f"/messages/{short}" for short in quarantined[:1]]
    return [*made, "/nowhere"]


@pytest.fixture(params=LOOKS, scope="module")
def looking(request: pytest.FixtureRequest, house: Running, browser: Any) -> Iterator[Any]:
    context = browser.new_context(base_url=house.url, **LOOKS[request.param], bypass_csp=True)
    page = context.new_page()
    sign_in(page, "root")
    yield page
    context.close()


def test_axe_finds_nothing_serious(house: Running, looking: Any) -> None:
    faults = []
    for path in addresses(house):
        answer = looking.goto(path)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        looking.evaluate(
            "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
        )
        looking.evaluate(AXE)
        found = looking.evaluate("async () => (await axe.run()).violations")
        for one in found:
            if one["impact"] in ("serious", "critical"):
                where = "; ".join(
                    str(node["target"]) + " " + node["failureSummary"][-160:]
                    for node in one["nodes"][:3]
                )
                faults.append(f"{path}: {one['id']} ({one['impact']}): {where}")
    assert not faults, "\n".join(faults)


def test_no_page_is_wider_than_a_telephone(house: Running, browser: Any) -> None:
    context = browser.new_context(base_url=house.url, viewport={"width": 390, "height": 844})
    page = context.new_page()
    sign_in(page, "root")
    wide = []
    for path in addresses(house):
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            wide.append(f"{path}: {width}")
    context.close()
    assert not wide, wide


def test_every_control_is_reached_by_the_keyboard(house: Running, browser: Any) -> None:
    context = browser.new_context(base_url=house.url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sign_in(page, "root")
    missed = []
    for path in addresses(house):
        page.goto(path)
        controls = page.evaluate(CONTROLS)
        page.evaluate("document.body.tabIndex = -1; document.body.focus()")
        reached, order = set[int](), list[int]()
        for _ in range(min(controls, 150) + 30):
            page.keyboard.press("Tab")
            number = page.evaluate(FOCUSED)
            if number:
                reached.add(number)
                order.append(number)
            elif reached:
                break
        if len(reached) < min(controls, 150):
            missed.append(f"{path}: {len(reached)} of {controls}")
        assert order[: len(reached)] == sorted(order[: len(reached)]), path
    context.close()
    assert not missed, missed


def test_the_skip_link_leads_to_the_content(house: Running, browser: Any) -> None:
    context = browser.new_context(base_url=house.url)
    page = context.new_page()
    sign_in(page, "root")
    page.goto("/people")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('content').contains(document.activeElement)")
    context.close()


@pytest.mark.parametrize("path", ["/sign-in", "/begin"])
def test_the_door_too(house: Running, browser: Any, path: str) -> None:
    context = browser.new_context(base_url=house.url, bypass_csp=True)
    page = context.new_page()
    page.goto(path)
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run()).violations")
    assert not [one["id"] for one in found if one["impact"] in ("serious", "critical")]
    context.close()
