"""Signing in, and the overview, in a real browser."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.web.conftest import Running, message

pytestmark = pytest.mark.slow


def test_what_needs_a_person_comes_first(running: Running, page: Any) -> None:
    running.partner.status = 400
    running.send(message("A1"))
    page.wait_for_timeout(1500)
    page.goto("/")
    rows = page.locator("tbody tr")
    assert rows.nth(0).inner_text().startswith("charges")
    assert "1 refused by billing" in rows.nth(0).inner_text()


def test_a_channel_of_other_tags_is_not_there(running: Running) -> None:
    page = running.signed_in("labnurse").get("/").text
    assert "lab" in page and "charges" not in page


def test_a_wrong_password_is_told_in_the_same_words(running: Running) -> None:
    told = [
        httpx.post(running.url + "/sign-in", data={"name": name, "password": "x" * 20})
        for name in ("viewer", "nobody")
    ]
    assert [answer.status_code for answer in told] == [401, 401]
    assert told[0].text == told[1].text
