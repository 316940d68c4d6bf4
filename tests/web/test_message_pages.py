"""Messages in a real browser: found, opened, corrected, replayed many at a time; and whatever they say stays text."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.web.conftest import Running, message, sign_in

pytestmark = pytest.mark.slow

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'><svg onload=alert(3)>",
    "{{ 7*7 }}{% raise %}",
    "javascript:alert(4)",
    "\x1b[2J\x1b]0;owned\x07",
    "../../../etc/passwd",
    "\u202ereversed",
    "</textarea><script>alert(5)</script>",
    "</pre><script>alert(6)</script>",
]

#: Each holds all of these, each time in other fields.
MESSAGES = 3


@pytest.fixture(autouse=True)
def patience(page: Any) -> None:
    page.set_default_timeout(10_000)


def test_a_message_is_found_opened_corrected_and_sent(running: Running, page: Any) -> None:
    running.send(message("B1", mrn="5001"), message("B2", mrn="5002", sex="X"))
    page.goto("/messages")
    page.select_option("#verdict", "quarantined")
    page.click("form.filters button.main")
    assert "verdict=quarantined" in page.url
    page.locator("tbody a").first.click()
    assert "5002" not in page.content() and "SAMPLE" not in page.content()
    page.fill("#why-look", "the laboratory asked")
    page.click("#look button:has-text('As received')")
    page.wait_for_selector("pre.bytes")
    assert "5002" in page.inner_text("pre.bytes")
    page.click("[aria-label='Show the values of the keys']")
    page.wait_for_selector("#opened td:has-text('5002')")
    for part, shown in (
        ("Parsed", "Message Control ID"),
        ("What today's mapping makes", "unmapped code"),
    ):
        page.click(f'#look button:has-text("{part}")')
        page.wait_for_selector(f"#opened :text('{shown}')")
    page.locator("summary", has_text="Correct").click()
    page.click("text=Show it to be corrected")
    text = page.input_value("#text")
    page.fill("#text", text.replace("|||X", "|||M"))
    page.click("text=Try it")
    page.wait_for_selector("td:text-is('male')")
    page.click("text=Send the corrected copy")  # the browser asks for the reason
    assert "|||M" in page.input_value("#text")
    page.fill("#why", "the sex was mistyped")
    page.click("text=Send the corrected copy")
    page.wait_for_selector("text=The corrected copy of")
    assert page.locator("ol.trail .state", has_text="replayed").count() == 1


def test_a_refused_delivery_is_decided_on_its_message(running: Running, page: Any) -> None:
    running.partner.status = 400
    running.send(message("C1"))
    page.goto("/messages?control=C1")
    page.locator("tbody a").first.click()
    while not page.locator("td .state", has_text="refused").count():
        page.wait_for_timeout(200)
        page.reload()
    running.partner.status = 201
    page.locator("summary", has_text="Decide").click()
    page.locator("[id^=why-][required]").first.fill("they mended it")
    page.get_by_role("button", name="Resend").click()
    page.wait_for_selector("text=is queued again")
    page.click("[aria-label='What was sent to billing']")
    page.wait_for_selector("pre.bytes")


def test_many_are_ticked_looked_at_paused_and_cancelled(running: Running, page: Any) -> None:
    running.send(*(message(f"D{at}", mrn=str(at)) for at in range(12)))
    page.goto("/messages?channel=charges")
    page.check("[data-tick-all]")
    assert page.locator("input[name=ids]:checked").count() >= 12
    page.click("text=Replay…")
    page.wait_for_selector("text=the very same bytes would leave")
    page.fill("#rate", "4")
    page.fill("#why", "lost in the move")
    page.click("form button.main")
    page.wait_for_selector("#progress")
    page.click("#hold")
    page.wait_for_selector("#progress .state:text('paused')")
    page.wait_for_timeout(1500)
    done = page.inner_text("#progress h2")
    page.wait_for_timeout(1500)
    assert page.inner_text("#progress h2") == done
    page.click("#hold")
    page.wait_for_selector("#progress .state:text('running')")
    page.click("#cancel")
    page.wait_for_selector("#progress .state:text('cancelled')")
    page.click("text=Replays and other work")
    assert page.locator("tbody tr", has_text="lost in the move").count() == 1


def test_who_may_only_look_sees_no_content_and_no_way_to_it(
    running: Running, browser: Any
) -> None:
    context = browser.new_context(base_url=running.url)
    context.set_default_timeout(10_000)
    page = context.new_page()
    sign_in(page, "viewer")
    running.send(message("E1", mrn="6006"))
    page.goto("/messages")
    assert page.get_by_text("Search by a key").count() == 0
    assert page.get_by_text("Replay…").count() == 0
    page.locator("tbody a").first.click()
    assert page.get_by_text("takes the right “content”").count() == 1
    assert page.locator("main button").count() == 0
    context.close()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_whatever_a_message_says_stays_text(
    running: Running, browser: Any, script: bool
) -> None:
    fields = [re.sub(r"[|^&~\\]", "", one) for one in HOSTILE]
    for at in range(MESSAGES):
        turn = fields[3 * at :] + fields[: 3 * at]
        pid = f"PID|1|{turn[4]}|{turn[5]}^^^{turn[6]}^MR||{turn[7]}^{turn[8]}|{turn[9]}|{turn[0]}|F"
        head = f"MSH|^~\\&|{turn[0]}|{turn[1]}|{turn[2]}|{turn[9]}|20260315101500||DFT^{turn[3]}|H{script}{at}{turn[3]}"
        running.send(f"{head}|P|2.5.1\r{pid}\rZZZ|{turn[1]}\r".encode())
    context = browser.new_context(base_url=running.url, java_script_enabled=script)
    context.set_default_timeout(10_000)
    page, wrong = context.new_page(), list[str]()
    page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    sign_in(page, "root")
    page.goto(f"/messages?channel=charges&limit={MESSAGES}")
    links = [link.get_attribute("href") for link in page.locator("tbody a").all()]
    assert len(links) == MESSAGES
    assert page.locator("main script, main img, main svg").count() == 0
    for link in links:
        for part in ("As received", "Parsed", "What today's mapping makes", "A replay against"):
            page.goto(link)
            page.click(f'#look button:has-text("{part}")')
            page.wait_for_selector("h3:not(:empty)")
            assert page.locator("main script, main img, main svg").count() == 0
            assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", page.inner_text("main"))
        page.goto(link)
        page.locator("summary", has_text="Correct").click()
        page.click("text=Show it to be corrected")
        assert page.locator("main script, main img, main svg").count() == 0
    assert not wrong
    context.close()
