"""`messages` and `show`, on a real store."""

from __future__ import annotations

import asyncio
import time

import pytest

from engine.message import Inbound, Outbound, Plan, Verdict, short_id
from engine.store.archive import SqliteArchive
from engine.store.sqlite import SqliteStore

from .conftest import CANARIES, Corridor, Kept


def ids(ran: object) -> set[str]:
    return {line.split()[0] for line in ran.lines[1:]}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ((), ("delivered", "waiting", "refused", "quarantined")),
        (("--state", "delivered"), ("delivered", "waiting")),
        (("--state", "queued"), ("waiting",)),
        (("--state", "refused"), ("refused",)),
        (("--verdict", "quarantined"), ("quarantined",)),
        (("--key", "mrn=3"), ("refused",)),
        (("--key", "=1"), ("delivered",)),
        (("--control", "C2"), ("waiting",)),
        (("--channel", "adt_feed", "--kind", "ADT^A08", "--state", "queued"), ("waiting",)),
        (
            ("--since", "2026-11-20", "--until", "2026-11-22"),
            ("delivered", "waiting", "refused", "quarantined"),
        ),
    ],
)
def test_messages_are_found_by_what_is_known_of_them(
    corridor: Corridor, kept: Kept, options: tuple[str, ...], names: tuple[str, ...]
) -> None:
    ran = corridor("messages", *options)
    assert ran.code == 0, ran.err
    assert ids(ran) == {short_id(getattr(kept, name)) for name in names}


def test_a_search_that_finds_nothing_says_so(corridor: Corridor, kept: Kept) -> None:
    assert corridor("messages", "--channel", "other").lines[-1] == "no message fits"
    assert corridor("messages", "--since", "never").code == 2


def test_messages_for_programs(corridor: Corridor, kept: Kept) -> None:
    ran = corridor("messages", "--json", "--key", "mrn=2")
    assert ran.json["id"] == short_id(kept.waiting)
    assert ran.json["states"] == {"delivered": 1, "queued": 1}


def test_a_long_list_is_read_page_by_page(
    corridor: Corridor, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.handling.choosing.PAGE", 1)
    assert (
        len(ids(corridor("messages", "--limit", "3"))) == 4
    )  # three, and the line that says so
    assert len(ids(corridor("messages", "--limit", "0"))) == 4


def test_show_tells_the_whole_trail_without_the_patient(corridor: Corridor, kept: Kept) -> None:
    ran = corridor("show", short_id(kept.waiting).lower())
    assert ran.code == 0, ran.err
    text = ran.out
    for part in (
        "adt_feed",
        "accepted",
        "mrn=*******",
        "billing",
        "201",
        "erp",
        "503",
        "try later",
    ):
        assert part in text
    assert "again in 5 s" in text
    assert not any(canary in text for canary in CANARIES)


def test_show_says_what_the_partner_called_it(corridor: Corridor, kept: Kept) -> None:
    assert "their number CHG-1" in corridor("show", short_id(kept.delivered)).out


def test_content_is_shown_only_after_it_was_recorded(corridor: Corridor, kept: Kept) -> None:
    with SqliteArchive(corridor.home) as archive:
        before = len(archive.audits())
    ran = corridor("show", short_id(kept.refused), "--content", "--reason", "asked by billing")
    assert ran.code == 0, ran.err
    assert CANARIES[0] in ran.out
    assert f"to erp: {CANARIES[1]}" in ran.out
    assert "\x1b[2J" not in ran.out
    assert "mrn=3" in ran.out
    with SqliteArchive(corridor.home) as archive:
        audits = archive.audits()
    assert len(audits) == before + 1
    assert audits[0]["what"] == f"message {short_id(kept.refused)}"
    assert (audits[0]["action"], audits[0]["reason"]) == ("read_content", "asked by billing")
    assert audits[0]["who"]


def test_content_is_not_shown_when_it_cannot_be_recorded(
    corridor: Corridor, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device", "audit")

    monkeypatch.setattr("engine.cli.people.record", fails)
    ran = corridor("show", short_id(kept.refused), "--content")
    assert ran.code == 3
    assert not any(canary in ran.out for canary in CANARIES)


def test_show_for_programs(corridor: Corridor, kept: Kept) -> None:
    said = corridor("show", short_id(kept.refused), "--json").json
    assert said["keys"] == ["mrn"]
    assert said["deliveries"][0]["state"] == "refused"
    assert [step["what"] for step in said["trail"]][:2] == ["received", "accepted"]
    assert "raw" not in said
    assert (
        CANARIES[0]
        in corridor("show", short_id(kept.refused), "--json", "--content").json["raw"]
    )


def test_an_id_that_is_none(corridor: Corridor, kept: Kept) -> None:
    misread = corridor("show", "774K-7")
    assert (misread.code, "was it misread" in misread.err) == (2, True)
    missing = corridor("show", short_id(99_999))
    assert (missing.code, "there is no message" in missing.err) == (3, True)


def test_a_home_without_a_store_says_how_one_begins(corridor: Corridor) -> None:
    ran = corridor("messages")
    assert (ran.code, "corridor run" in ran.err) == (3, True)


@pytest.mark.parametrize(
    "command",
    [
        ("messages", "--key", "mrn=3"),
        ("tail", "--no-follow", "--key", "mrn=3"),
        ("replay", "--key", "mrn=3"),
        ("discard", "--key", "mrn=3", "--reason", "moved"),
    ],
)
def test_a_search_by_key_is_recorded_by_the_keys_name(
    corridor: Corridor, kept: Kept, command: tuple[str, ...]
) -> None:
    corridor(*command)
    with SqliteArchive(corridor.home) as archive:
        newest = archive.audits()[0]
    assert (newest["action"], newest["what"]) == ("search_by_key", "key mrn")
    assert newest["who"]


def test_a_search_by_key_shows_nothing_when_it_cannot_be_recorded(
    corridor: Corridor, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device", "audit")

    monkeypatch.setattr("engine.cli.people.record", fails)
    ran = corridor("messages", "--key", "mrn=3")
    assert (ran.code, ran.out) == (3, "")


async def test_what_a_message_filled_in_is_content(corridor: Corridor) -> None:
    store = await SqliteStore.open(corridor.home, asyncio.get_running_loop(), time.time)
    out = Outbound(destination="d", payload=b"x", options={"name": f"{CANARIES[0]}.hl7"})
    inbound = Inbound(raw=b"x", received_at=1.0, peer="")
    plan = Plan(verdict=Verdict.ACCEPTED, outbound=(out,))
    receipt = await store.accept("feed", inbound, plan)
    await store.close()
    ran = await asyncio.to_thread(corridor, "show", short_id(receipt.id), "--json")
    assert ran.code == 0 and CANARIES[0] not in ran.out
    ran = await asyncio.to_thread(corridor, "show", short_id(receipt.id), "--json", "--content")
    assert CANARIES[0] in ran.out


def test_what_stopped_says_how_to_go_on(corridor: Corridor, kept: Kept) -> None:
    stopped = short_id(kept.quarantined)
    assert (
        corridor("show", stopped).lines[-1].endswith(f"corridor replay {stopped} --reason TEXT")
    )
    assert "corridor replay" not in corridor("show", short_id(kept.delivered)).out
