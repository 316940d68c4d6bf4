"""What reaches a terminal."""

from __future__ import annotations

import time

import pytest

from engine.cli.lines import Layout
from engine.cli.messages import readable
from engine.cli.terminal import clock, safe, span, table
from engine.handling.lines import Line, from_log, from_step
from engine.handling.telling import story
from engine.store import Step

HOSTILE = "no\x1b[2J\x9b31m\r\n\u202etxt\x07\ud800\u2066"


def obeyed(text: str) -> list[str]:
    """Characters a terminal might obey."""
    return [
        one
        for one in text
        if ord(one) < 32 or 127 <= ord(one) < 160 or one in "\u202e\u2066\u2028\ud800"
    ]


def test_nothing_a_partner_says_is_obeyed_by_a_terminal() -> None:
    assert obeyed(safe(HOSTILE)) == []
    assert obeyed("".join(table([(HOSTILE, 1)], ("a", "b"))).replace("\n", "")) == []
    assert obeyed(readable(HOSTILE.encode("utf-8", "surrogatepass")).replace("\n", "")) == []


@pytest.mark.parametrize("channels", [True, False])
def test_a_line_is_one_safe_line_whatever_is_in_it(channels: bool) -> None:
    fact = dict.fromkeys(
        (
            "channel",
            "event",
            "destination",
            "status",
            "reason",
            "detail",
            "peer",
            "message",
            "keys",
        ),
        HOSTILE,
    )
    fact["time"] = "2026-11-21T10:00:00.000Z"
    assert obeyed(Layout(channels).show(from_log(fact))) == []
    kept = {"their_number": HOSTILE}
    step = Step(
        at=0.0, what=HOSTILE, message=1, channel=HOSTILE, status=HOSTILE, who=HOSTILE, kept=kept
    )
    assert obeyed(Layout(channels).show(from_step(step, HOSTILE))) == []


def test_a_line_reads_like_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    fact = {
        "time": "2026-11-21T10:31:04.640Z",
        "level": "warning",
        "channel": "or_supply",
        "message": "7Q4K-1",
        "event": "waiting",
        "destination": "erp",
        "status": "503",
        "again_in": 5.0,
        "seconds": 0.0123,
    }
    line = from_log(fact)
    assert (line.text, line.right) == ("503, again in 5 s", "12 ms")
    shown = Layout(channels=False).show(line)
    assert shown.split()[1:5] == ["7Q4K-1", "waiting", "erp", "503,"]


def test_a_mistake_of_several_lines_is_one_line() -> None:
    fact = {
        "time": "2026-11-21T10:31:04.640Z",
        "event": "mistake",
        "detail": "a.yaml:1:1\n  no",
    }
    assert from_log(fact).text == "a.yaml:1:1 no"


def test_masked_keys_give_way_on_a_narrow_terminal() -> None:
    fact = {
        "time": "2026-11-21T10:31:04.640Z",
        "message": "1-1",
        "event": "accepted",
        "detail": "from 127.0.0.1, 4 to deliver",
        "keys": "mrn=******* account=*******",
        "seconds": 0.002,
    }
    narrow = Layout(channels=False, width=90).show(from_log(fact))
    assert (len(narrow) <= 90, "mrn" in narrow, narrow.endswith("2 ms")) == (True, False, True)
    assert "mrn=*******" in Layout(channels=False, width=140).show(from_log(fact))


def test_equal_waits_on_end_are_told_once_with_their_number() -> None:
    def step(at: float, what: str, status: str, delivery: int = 1) -> Step:
        return Step(at=at, what=what, message=1, channel="a", delivery=delivery, status=status)

    waits = [step(at, "waiting", "429") for at in range(1, 6)]
    others = [step(at + 0.5, "waiting", "503", delivery=2) for at in range(1, 3)]
    steps = sorted([*waits, *others], key=lambda one: one.at)
    told = story([*steps, step(9, "delivered", "201"), step(9, "delivered", "201", 2)])
    assert [(one.at, one.delivery, one.detail) for one in told] == [
        (1, 1, ""),
        (1.5, 2, ""),
        (2.5, 2, ""),
        (5, 1, "5 times on end"),
        (9, 1, ""),
        (9, 2, ""),
    ]


def test_a_step_says_who_did_it_and_when_it_goes_on() -> None:
    step = Step(
        at=100.0,
        what="waiting",
        message=1,
        channel="a",
        destination="erp",
        status="503",
        due_at=105.0,
        who="anna",
        duration=2.0,
    )
    assert from_step(step, "1-1") == Line(
        at=100.0,
        message="1-1",
        channel="a",
        event="waiting",
        destination="erp",
        text="503, again in 5 s, by anna",
        right="2 s",
    )


def test_times_are_in_the_viewers_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Chicago")
    time.tzset()
    try:
        assert clock(1795257000.25) == "04:30:00.250"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_lengths_of_time() -> None:
    assert [span(s) for s in (0.0004, 0.5, 1.0, 61, 3600, 200000)] == [
        "0 ms",
        "500 ms",
        "1 s",
        "61 s",
        "60 min",
        "2 d",
    ]


def test_a_table_puts_numbers_to_the_right() -> None:
    assert table([("a", 5), ("bb", 10)], ("name", "count")) == [
        "NAME  COUNT",
        "a         5",
        "bb       10",
    ]
    assert table([]) == []


def test_a_trail_is_told_without_what_was_only_on_the_way() -> None:
    def step(what: str, delivery: int = 0, destination: str = "", **facts: str) -> Step:
        return Step(
            at=0.0,
            what=what,
            message=1,
            channel="a",
            delivery=delivery,
            destination=destination,
            **facts,
        )

    steps = [
        step("received"),
        step("accepted", detail="2 charges"),
        step("queued", 1, "billing"),
        step("queued", 2, "erp"),
        step("sending", 1, "billing"),
        step("refused", 1, "billing"),
        step("queued", 1, "billing", who="anna"),
        step("sending", 1, "billing"),
    ]
    told = [(one.what, one.destination, one.detail) for one in story(steps)]
    assert told == [
        ("received", "", ""),
        ("accepted", "", "2 charges; to billing, erp"),
        ("queued", "erp", ""),
        ("refused", "billing", ""),
        ("queued", "billing", ""),
        ("sending", "billing", ""),
    ]
