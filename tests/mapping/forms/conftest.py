"""Stores in memory: lookup tables, sequences, and what earlier messages left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from engine.message import Context, Facts, Inbound

NOW = 1_795_239_000.25  # 2026-11-21T05:30:00.25Z, the evening before in Chicago


class Tables:
    """Rows by table, keys and day; remembers what it was asked."""

    def __init__(
        self, rows: dict[tuple[str, tuple[str, ...], str | None], Sequence[str]]
    ) -> None:
        self.rows, self.asked, self.versions = rows, [], {"cdm": 12, "units": 3}

    def find(self, table: str, keys: tuple[str, ...], at: str | None) -> Sequence[str] | None:
        self.asked.append((table, keys, at))
        return self.rows.get((table, keys, at))

    def version(self, table: str) -> int:
        return self.versions.get(table, 0)

    def columns(self, table: str) -> tuple[str, ...]:
        if table == "cdm":
            return "facility", "code", "charge_code", "revenue_code", "price"
        return "unit", "code", "name"


class Numbers:
    def __init__(self) -> None:
        self.last: dict[str, int] = {}

    def next(self, sequence: str, least: int = 1) -> int:
        self.last[sequence] = max(self.last.get(sequence, 0) + 1, least)
        return self.last[sequence]


class Memory:
    def __init__(self, records: dict[tuple[str, str], dict[str, Any]]) -> None:
        self.records = records

    def recall(self, name: str, key: str) -> dict[str, Any] | None:
        return self.records.get((name, key))


@pytest.fixture
def given() -> Callable[..., Facts]:
    """Facts with what the store would bring."""

    def given(now: float = NOW, **context: Any) -> Facts:
        return Facts(
            inbound=Inbound(raw=b"", received_at=0.0), context=Context(now=now, **context)
        )

    return given
