"""Orders to a running engine, over its real socket; here the engine only writes down what it was told."""

from __future__ import annotations

import asyncio
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import orders
from engine.errors import CommandError
from engine.handling.replaying import paced
from engine.message import short_id
from engine.orders import Ordered


class Desk:
    """Answers every order and remembers it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.got: list[Ordered] = []
        self.answers: dict[str, Any] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        server = await orders.serve(self.home, self.obey)
        self._ready.set()
        await self._end.wait()
        server.close()
        await server.wait_closed()

    async def obey(self, ordered: Ordered) -> dict[str, Any]:
        self.got.append(ordered)
        answer = self.answers.get(ordered.verb, {})
        if isinstance(answer, str):
            raise CommandError(answer)
        return dict(answer)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(5)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(5)
        self._loop.close()


@pytest.fixture
def desk(corridor, kept) -> Iterator[Desk]:
    """A desk in a home whose store is filled."""
    found = Desk(corridor.home)
    found.start()
    yield found
    found.stop()


def test_an_engine_that_does_not_run_is_said(corridor, kept) -> None:
    ran = corridor("hold", "adt_feed", "--reason", "x")
    assert (ran.code, "corridor run" in ran.err) == (3, True)


def test_hold_and_release(corridor, desk: Desk) -> None:
    desk.answers = {"hold": {"destinations": 2}, "release": {"destinations": 1}}
    assert corridor("hold", "all").code == 2, "a hold says why"
    assert corridor("hold", "all", "--reason", "month end").out == "2 destinations on hold\n"
    ran = corridor("release", "adt_feed", "erp", "--rate", 5)
    assert ran.out == "1 destination released, at most 5 a second\n"
    held, released = desk.got
    assert held.arguments["channel"] == ""
    assert held.reason == "month end"
    assert held.who
    assert released.arguments == {"channel": "adt_feed", "destination": "erp", "rate": 5.0}


def test_what_the_engine_refuses_is_said(corridor, desk: Desk) -> None:
    desk.answers = {"start": "there is no channel 'x'"}
    ran = corridor("start", "x")
    assert (ran.code, ran.err) == (3, "there is no channel 'x'\n")


@pytest.mark.parametrize(
    ("verb", "name"), [("resend", "refused"), ("discard", "refused"), ("discard", "waiting")]
)
def test_deliveries_are_moved_after_a_preview(
    corridor, desk: Desk, kept, verb: str, name: str
) -> None:
    desk.answers = {verb: {"moved": 1, "busy": 0}}
    message = getattr(kept, name)
    ran = corridor(verb, short_id(message), "--reason", "asked", "--yes")
    assert ran.code == 0, ran.err
    assert ran.lines[0] == f"{verb}: 1 deliveries of 1 messages"
    assert ran.lines[-1] == "1 moved"
    [ordered] = desk.got
    assert (ordered.verb, ordered.reason) == (verb, "asked")
    assert len(ordered.arguments["deliveries"]) == 1


def test_many_deliveries_are_chosen_by_a_filter(corridor, desk: Desk, kept) -> None:
    desk.answers = {"discard": {"moved": 2, "busy": 0}}
    chosen = ("--channel", "adt_feed", "--to", "erp", "--reason", "old", "--yes")
    assert "1 queued" in corridor("discard", *chosen).out
    assert len(desk.got[0].arguments["deliveries"]) == 2
    corridor("discard", "--state", "refused", "--reason", "old", "--yes")
    assert len(desk.got[1].arguments["deliveries"]) == 1


def test_nothing_is_moved_without_a_yes_or_a_reason_or_a_choice(
    corridor, desk: Desk, kept
) -> None:
    assert corridor("discard", short_id(kept.refused), "--reason", "x").code == 3
    assert corridor("discard", short_id(kept.refused), "--yes").code == 2
    assert corridor("discard", "--reason", "x", "--yes").code == 2
    assert corridor("delivered", short_id(kept.refused), "--reason", "x", "--yes").code == 3
    assert desk.got == []


def test_a_replay_is_previewed_and_ordered(corridor, desk: Desk, kept) -> None:
    made = {"of": kept.waiting, "id": 77, "verdict": "accepted"}
    desk.answers = {"replay": {"replayed": [made]}}
    ran = corridor(
        "replay",
        short_id(kept.waiting),
        "--to",
        "erp",
        "--same-bytes",
        "--reason",
        "lost",
        "--yes",
    )
    assert ran.code == 0, ran.err
    assert "adt_feed to erp: 1 deliveries then" in ran.out
    assert "billing" not in ran.out
    assert ran.lines[-1] == f"{short_id(kept.waiting)} is replayed as {short_id(77)}: accepted"
    assert desk.got[0].arguments == {
        "messages": [kept.waiting],
        "to": ["erp"],
        "mode": "same_bytes",
        "as_new": False,
        "accept_snapshot": False,
    }


def test_a_replay_by_filter_goes_oldest_first_and_in_steps(
    corridor, desk: Desk, kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.handling.replaying.STEP", 2)
    desk.answers = {"replay": {"replayed": []}}
    ran = corridor(
        "replay", "--verdict", "accepted", "--reason", "x", "--yes", "--as-new", "--rate", 0
    )
    assert ran.code == 0, ran.err
    asked = [ordered.arguments["messages"] for ordered in desk.got]
    assert asked == [[kept.delivered, kept.waiting], [kept.refused]]
    assert desk.got[0].arguments["as_new"] is True


def test_a_preview_counts_what_went_out_since_in_the_same_lanes(
    corridor, desk: Desk, kept
) -> None:
    ran = corridor("replay", short_id(kept.delivered))
    assert ran.lines[1] == (
        "  adt_feed to billing: 1 deliveries then; 1 newer went out since in the same lanes"
    )
    assert "newer" not in corridor("replay", short_id(kept.waiting), "--to", "billing").out
    assert (
        "newer" not in corridor("replay", short_id(kept.delivered), short_id(kept.waiting)).out
    )


def test_a_replay_keeps_its_rate() -> None:
    start = time.monotonic()
    assert [list(some) for some in paced(range(6), 20)] == [[0, 1, 2, 3, 4], [5]]
    assert 0.2 < time.monotonic() - start < 0.6
    assert [list(some) for some in paced(range(3), 0)] == [[0, 1, 2]]


def test_nothing_is_replayed_without_a_yes_or_a_reason(corridor, desk: Desk, kept) -> None:
    assert corridor("replay", short_id(kept.waiting), "--reason", "x").code == 3
    assert corridor("replay", short_id(kept.waiting), "--yes").code == 2
    assert corridor("replay", "--yes", "--reason", "x").code == 2
    assert corridor("replay", "--channel", "other", "--reason", "x", "--yes").code == 3
    assert desk.got == []


def test_a_replay_that_is_quarantined_ends_with_1(corridor, desk: Desk, kept) -> None:
    made = {"of": kept.waiting, "id": 77, "verdict": "quarantined"}
    desk.answers = {"replay": {"replayed": [made]}}
    assert corridor("replay", short_id(kept.waiting), "--reason", "x", "--yes").code == 1


def test_content_is_recorded_by_the_running_engine(corridor, desk: Desk, kept) -> None:
    ran = corridor("show", short_id(kept.refused), "--content")
    assert ran.code == 0, ran.err
    assert [ordered.verb for ordered in desk.got] == ["audit"]
    desk.answers = {"audit": "the disk is full"}
    assert "CANARY" not in corridor("show", short_id(kept.refused), "--content").out


def test_reload_start_and_stop(corridor, desk: Desk) -> None:
    desk.answers = {"reload": {"changed": ["adt_feed"]}}
    assert corridor("reload").out == "changed: adt_feed\n"
    assert corridor("stop", "adt_feed").out == "adt_feed receives no more\n"
    assert corridor("start", "adt_feed").out == "adt_feed receives\n"
    assert corridor("stop").out == "the engine stops\n"
    assert [ordered.arguments.get("channel") for ordered in desk.got[1:]] == [
        "adt_feed",
        "adt_feed",
        "",
    ]


def test_a_corrected_copy_is_sent_in_place_of_one_message(
    corridor, desk: Desk, kept, tmp_path: Path
) -> None:
    made = {"of": kept.waiting, "id": 77, "verdict": "accepted"}
    desk.answers = {"edit": {"replayed": [made]}}
    file = tmp_path / "corrected.hl7"
    file.write_bytes(b"MSH|^~\\&|A\nPID|1\n")
    said = ("--edited", str(file), "--reason", "x", "--yes")
    ran = corridor("replay", short_id(kept.waiting), *said)
    assert ran.code == 0, ran.err
    raw = b64encode(b"MSH|^~\\&|A\rPID|1\r").decode()
    assert desk.got[0].arguments == {"message": kept.waiting, "raw": raw, "to": []}
    assert corridor("replay", short_id(kept.waiting), short_id(kept.delivered), *said).code == 2
    assert corridor("replay", "--verdict", "accepted", *said).code == 2
    assert len(desk.got) == 1


def test_one_that_cannot_be_replayed_is_named_and_ends_with_1(
    corridor, desk: Desk, kept
) -> None:
    made = {"of": kept.waiting, "id": 77, "verdict": "accepted"}
    failed = {"of": kept.refused, "why": "the channel x is not running"}
    desk.answers = {"replay": {"replayed": [made], "failed": [failed]}}
    ran = corridor(
        "replay", short_id(kept.waiting), short_id(kept.refused), "--reason", "x", "--yes"
    )
    assert ran.code == 1
    assert (
        ran.lines[-1]
        == f"{short_id(kept.refused)} is not replayed: the channel x is not running"
    )
