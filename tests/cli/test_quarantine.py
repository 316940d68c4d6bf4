"""`corridor quarantine`: what is held, by cause, and what need not be sent."""

from __future__ import annotations

from engine.message import short_id


def test_causes_are_listed_and_a_message_is_put_away(corridor, kept) -> None:
    found = {one["kind"]: one for one in corridor("quarantine", "--json").json}
    assert found["quarantined"]["reason"] == "bad_date" and found["quarantined"]["count"] == 1
    assert found["refused"]["destination"]
    listed = corridor("quarantine", "--reason", "bad_date")
    assert "bad date" in listed.out or "bad_date" in listed.out
    assert len(listed.lines) == 2
    short = short_id(kept.quarantined)
    assert corridor("quarantine", "close", short).code == 2
    assert corridor("quarantine", "close", short, "--reason", "keyed by hand").out == "1 message put away\n"  # fmt: skip
    assert corridor("quarantine", "--reason", "bad_date").out == "nothing is held\n"
    again = corridor("quarantine", "close", short, "--reason", "x")
    assert again.code == 3 and "is no quarantined message that is open" in again.err
