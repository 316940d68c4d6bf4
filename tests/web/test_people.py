"""Accounts, tokens and one's own page."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from engine.people import onetime
from tests.web.conftest import PASSWORD, Running

pytestmark = pytest.mark.slow


def test_an_account_is_made_used_and_shut_out(running: Running, page: Any) -> None:
    page.goto("/people")
    page.fill("#new-name", "b.jones")
    page.locator("form", has=page.locator("#new-name")).get_by_label("support").check()
    page.click("text=Make the account")
    first = page.inner_text("#secret")
    form = {"name": "b.jones", "password": first}
    client = httpx.Client(base_url=running.url)
    assert client.post("/sign-in", data=form).status_code == 303
    assert client.get("/").status_code == 200
    assert client.get("/people").status_code == 403
    row = page.locator("tr", has_text="b.jones")
    row.locator("summary").click()
    row.get_by_text("Shut out").click()
    assert client.get("/", follow_redirects=False).status_code == 303
    assert client.post("/sign-in", data=form).status_code == 401
    client.close()


def test_a_token_has_its_rights_and_no_more_until_it_is_void(running: Running) -> None:
    admin = running.with_token("administrator")
    made = admin.post("/tokens", json={"name": "grafana", "roles": ["viewer"]})
    assert made.status_code == 201
    header = {"authorization": f"Bearer {made.json()['secret']}"}
    url = running.url + "/api/v1"
    assert httpx.get(url + "/channels", headers=header).status_code == 200
    assert httpx.get(url + "/people", headers=header).status_code == 403
    (token,) = [one for one in admin.get("/tokens").json() if one["name"] == "grafana"]
    assert admin.delete(f"/tokens/{token['id']}").status_code == 204
    assert httpx.get(url + "/channels", headers=header).status_code == 401


def test_nobody_takes_the_last_administrator_away(running: Running) -> None:
    answer = running.with_token("administrator").post("/people/root", json={"disabled": True})
    assert answer.status_code == 409
    assert "another administrator" in answer.json()["detail"]


def test_a_second_factor_is_asked_for_and_each_code_works_once(running: Running) -> None:
    secret = onetime.new_secret()
    now = int(time.time()) // onetime.PERIOD
    running.directory.add("careful", PASSWORD, ["viewer"])
    running.directory.set_one_time("careful", secret, onetime.code(secret, now))
    form = {"name": "careful", "password": PASSWORD}
    again = {**form, "code": onetime.code(secret, now)}
    fresh = {**form, "code": onetime.code(secret, now + 1)}
    codes = [
        httpx.post(running.url + "/sign-in", data=one).status_code
        for one in (form, again, fresh)
    ]
    assert codes == [401, 401, 303]


def test_wrong_passwords_cost_a_wait_that_ends(running: Running) -> None:
    running.directory.add("clumsy", PASSWORD, ["viewer"])
    wrong = {"name": "clumsy", "password": "x" * 16}
    for _ in range(4):
        httpx.post(running.url + "/sign-in", data=wrong)
    right = {"name": "clumsy", "password": PASSWORD}
    answer = httpx.post(running.url + "/sign-in", data=right)
    assert answer.status_code == 401 and "try again in" in answer.text
    time.sleep(2.1)
    assert httpx.post(running.url + "/sign-in", data=right).status_code == 303


def test_ones_own_password_and_app(running: Running, page: Any) -> None:
    page.goto("/me")
    page.fill("#old", PASSWORD)
    page.fill("#new", "eight green lanterns")
    page.click("text=Change")
    page.wait_for_selector("text=Your password is changed")
    running.directory.own_password("root", PASSWORD, "")
    assert page.locator("img[alt]").count() == 1
