"""`check`, `test`, `try` and `status` on homes of their own; the engine itself runs in test_engine.py."""

from __future__ import annotations

import time

from engine.cli.terminal import span
from engine.handling.standing import why
from engine.message import short_id
from engine.store.archive import SqliteArchive


def test_check_finds_every_mistake_of_every_file(corridor) -> None:
    for name in ("one", "two"):
        corridor("new", "channel", name)
    one = corridor.home / "channels/one.yaml"
    one.write_text(one.read_text("utf-8").replace("owner:", "ovner:"), "utf-8")
    two = corridor.home / "mappings/two.yaml"
    two.write_text(two.read_text("utf-8").replace("| date", "| dat"), "utf-8")
    ran = corridor("check")
    assert ran.code == 1
    assert "channels/one.yaml:2:1" in ran.out
    assert "mappings/two.yaml:9:" in ran.out
    assert ran.lines[-1] == "2 mistakes in 2 files"
    found = corridor("check", "--json").json["mistakes"]
    assert {one["file"] for one in found} == {"channels/one.yaml", "mappings/two.yaml"}


def test_check_for_programs(corridor) -> None:
    corridor("new", "channel", "one")
    assert corridor("check", "--json").json == {"mistakes": [], "channels": ["one"]}


def test_test_for_programs_and_for_one_channel(corridor) -> None:
    for name in ("one", "two"):
        corridor("new", "channel", name)
    assert [result["channel"] for result in corridor("test", "--json").json] == ["one", "two"]
    assert corridor("test", "two").lines[-1] == "1 test, 0 failed"
    ran = corridor("test", "tow")
    assert (ran.code, "did you mean 'two'?" in ran.err) == (2, True)


def test_a_test_of_one_channel_may_give_messages_to_another(corridor) -> None:
    for name in ("one", "two"):
        corridor("new", "channel", name)
    file = corridor.home / "channels" / "one.yaml"
    text = file.read_text().partition("\ntests:")[0]
    given = "given: {sample: samples/two/message.hl7, channel: two}"
    file.write_text(
        f"{text}\ntests:\n  - {given}\n    expect: {{deliveries: 0, verdict: accepted}}\n"
    )
    assert corridor("test", "one").lines[-1] == "1 test, 0 failed"


def test_try_shows_each_field_with_its_line_and_path(corridor) -> None:
    corridor("new", "channel", "one")
    ran = corridor("try", "one", "samples/one/message.hl7", "--tree")
    assert ran.code == 0, ran.err
    [family] = [line.split() for line in ran.lines if line.startswith("  family")]
    assert family == ["family", "Sample", "line", "7", "PID-5.1.1", "PID-5.1.1"]
    assert "MSA|AA|MSG00001" in ran.out
    assert any("PID-5" in line and "atient" in line for line in ran.lines), (
        "the standard's names"
    )
    assert not (corridor.home / "data").exists(), "nothing is kept"


def test_try_for_programs(corridor) -> None:
    corridor("new", "channel", "one")
    said = corridor("try", "one", "samples/one/message.hl7", "--json").json
    assert (said["verdict"], said["keys"]) == ("accepted", {"mrn": "1000123"})
    assert {field["field"] for field in said["fields"]} >= {"mrn", "family", "born_on"}
    assert said["payloads"][0]["destination"] == "partner"


def test_try_says_why_a_message_is_quarantined(corridor) -> None:
    corridor("new", "channel", "one")
    sample = corridor.home / "samples/one/message.hl7"
    sample.write_text(sample.read_text("utf-8").replace("19750412", "someday"), "utf-8")
    ran = corridor("try", "one", "samples/one/message.hl7")
    assert ran.code == 1
    assert ran.lines[0].startswith("quarantined")
    assert "PID-7" in ran.lines[0]
    assert "MSA|AE" in ran.out


def test_try_with_a_message_of_the_store_is_recorded(corridor, kept) -> None:
    corridor("new", "channel", "one")
    corridor("try", "one", short_id(kept.refused))
    with SqliteArchive(corridor.home) as archive:
        assert archive.audits()[0]["what"] == f"message {short_id(kept.refused)}"
    assert corridor("try", "one", "neither").code == 2
    assert corridor("try", "one", short_id(99_999)).code == 3


def test_status_of_a_stopped_engine_says_what_waits(corridor, kept) -> None:
    ran = corridor("status")
    assert ran.code == 3
    assert "no engine runs here" in ran.lines[0]
    [erp] = [line.split() for line in ran.lines if line.split()[:1] == ["erp"]]
    assert erp[1:3] == ["stopped", "1"]
    assert corridor("status", "--json").json["engine"] == {"running": False}
    assert corridor("status", "nonsense").code == 2


def test_the_reason_why_something_waits() -> None:
    live = {
        "state": "held",
        "why": "month end",
        "next_attempt_in": 0,
        "breaker": "closed",
        "drain_rate": 0,
    }
    assert why(live, span) == "on hold; month end"
    assert (
        why({**live, "state": "idle", "why": "", "drain_rate": 5.0}, span)
        == "draining at 5 a second"
    )
    paused = {
        **live,
        "state": "paused",
        "why": "401",
        "next_attempt_in": 300.0,
        "breaker": "open",
    }
    assert why(paused, span) == "401; next attempt in 5 min"


def test_verify_finds_a_sound_store_sound(corridor, kept) -> None:
    ran = corridor("verify")
    assert (ran.code, ran.out) == (0, "the store is sound\n"), ran.out


def test_a_backup_is_restored_on_hold(corridor, kept, tmp_path) -> None:
    ran = corridor("backup", tmp_path / "copy")
    assert ran.code == 0, ran.err
    assert corridor("backup", tmp_path / "copy").code == 3, "never over another one"
    assert corridor("restore", tmp_path / "copy").code == 3, "not without a yes"
    assert corridor("restore", tmp_path / "missing", "--yes").code == 3
    started = time.time()
    ran = corridor("restore", tmp_path / "copy", "--yes")
    assert ran.code == 0, ran.err
    rows = corridor("status", "--json").json["destinations"]
    assert rows and all(row["held"] for row in rows)
    assert short_id(kept.refused) in corridor("messages").out
    assert time.time() - started < 5
