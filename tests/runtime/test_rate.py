"""Messages by the minute of the last hour."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from engine.runtime.counting import MINUTES, Counting


def test_minutes_go_by_and_the_oldest_is_forgotten() -> None:
    clock: Any = SimpleNamespace(now=lambda: clock.at, at=6_000_000.0)
    counting = Counting(SimpleNamespace(event=lambda *_, **__: None), clock)  # type: ignore[arg-type]
    channel: Any = SimpleNamespace(name="c", owner="")
    receipt: Any = SimpleNamespace(verdict=SimpleNamespace(value="accepted"), id=1, reason="", detail="", deliveries=(), parts=())  # fmt: skip
    inbound: Any = SimpleNamespace(received_at=0.0, peer="")

    def take(count: int, later: float = 0.0) -> list[int]:
        clock.at += later
        for _ in range(count):
            counting.kept(channel, inbound, receipt, None)
        return counting.rate()

    assert take(2) == [0] * (MINUTES - 1) + [2]
    assert take(1, later=59.0)[-2:] == [0, 3]
    assert take(4, later=61.0)[-3:] == [0, 3, 4] or take(0)[-4:] == [0, 3, 0, 4]
    clock.at -= 600  # the clock is set back
    assert take(1)[-1] == 5
    clock.at += 600
    hour = take(0, later=MINUTES * 60.0)
    assert sum(hour) == 0
    assert take(1, later=10 * MINUTES * 60.0) == [0] * (MINUTES - 1) + [1]
