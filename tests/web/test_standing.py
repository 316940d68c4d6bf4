"""What needs a person, in words; and what of a delivery is still awaited."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from engine.web.actions.messages import Replay, _arguments
from engine.web.standing import everything
from engine.web.views.message import _delivery


def test_what_a_source_warns_of_needs_a_person() -> None:
    said = "2 files of in could not be opened"
    stations: dict[str, dict[str, Any]] = {
        "adt": {"source": "receiving"},
        "items": {"source": "receiving", "warnings": [said]},
    }
    first, second = everything(stations, (), ZoneInfo("UTC"))
    assert (first.name, first.needs, first.warnings) == ("items", (said,), (said,))
    assert second.needs == ()


def test_only_what_must_come_is_awaited() -> None:
    """A claim of an interchange may be answered and need not be (`within` 0): until it is, nothing is said of it."""
    row = {"id": 1, "destination": "payer", "part": 1, "shows": "", "state": "delivered", "attempt": 1, "due_at": 0.0,
           "status": "", "detail": "", "kept": None, "queued_at": 1.0, "at": 2.0}  # fmt: skip
    due = {"channel": "acks", "due_at": 0.0, "overdue": False, "confirmed": 0}
    expects = [
        {**due, "within": 60.0, "confirmed": 7, "outcome": "accepted"},
        {**due, "within": 0.0},
        {**due, "within": 0.0, "confirmed": 9, "outcome": "rejected"},
    ]
    asked: Any = SimpleNamespace(may=lambda right, channel: True)
    made = _delivery(asked, {**row, "expects": expects}, {})
    assert [one.outcome for one in made.expects] == ["accepted", "rejected"]


def test_a_file_is_let_through_by_the_same_order() -> None:
    assert _arguments(Replay(accept_snapshot=True))["accept_snapshot"] is True
