"""Search for messages: the sharpest index first, the other conditions on what it finds, in short reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from engine.errors import StoreError
from engine.message import State, Verdict
from engine.store.schema import STATE_CODE, VERDICT_CODE, integers

#: Seconds that a search may take altogether, and messages looked at in one read.
PATIENCE, STRIDE = 3.0, 2000

_TROUBLE = {Verdict.DUPLICATE, Verdict.QUARANTINED, Verdict.COLLECTED}
_PARKED = {State.SENDING, State.UNCERTAIN, State.REFUSED}
_LAST = 1 << 46

Rows = Callable[..., list[Any]]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a message must be; None = whatever."""

    channel: str | None = None
    channels: frozenset[str] | None = None
    """Only of these; None = of all."""
    verdict: str | None = None
    state: str | None = None
    kind: str | None = None
    key: tuple[str, str] | None = None
    control: str | None = None
    since: float | None = None
    until: float | None = None


class Search:
    """One search."""

    def __init__(self, rows: Rows, wanted: Wanted) -> None:
        self._rows, self._wanted = rows, wanted
        found = [] if wanted.channel is None else rows("channel_number", wanted.channel)
        self._channel: int | None = found[0][0] if found else None
        self._channels = self._numbers(wanted.channels)
        self._verdict = (
            None if wanted.verdict is None else VERDICT_CODE[Verdict(wanted.verdict)]
        )

    def _numbers(self, names: frozenset[str] | None) -> set[int] | None:
        if names is None:
            return None
        return {row[0] for name in sorted(names) for row in self._rows("channel_number", name)}

    def page(self, before: int | None, limit: int) -> list[int]:
        """
        Ids of messages, newest first, from before an id.

        StoreError when it takes too long: the conditions leave too much to look through.
        """
        found, reached = self.look(before, limit, PATIENCE)
        if reached and len(found) < limit:
            raise StoreError(
                "too much to look through: narrow it by channel, key, time or state"
            )
        return found

    def look(self, before: int | None, limit: int, patience: float) -> tuple[list[int], int]:
        """
        The same for somebody who waits: at most so many seconds, and the id before which to look on; 0 = that was all.
        """
        if self._wanted.channel is not None and self._channel is None:
            return [], 0
        found: list[int] = []
        ends = time.monotonic() + patience
        newest = self._end()
        for ids, oldest in self._candidates(newest if before is None else min(before, newest)):
            found += self._fitting(ids)
            if len(found) >= limit:
                return found[:limit], found[limit - 1]
            if self._too_old(oldest):
                break
            if time.monotonic() > ends:
                return found, oldest
        return found, 0

    def _candidates(self, before: int) -> Iterator[tuple[list[int], int]]:
        """Ids in strides, newest first, by the sharpest index there is."""
        query, values = self._driver()
        stride = 64
        while True:
            first, *rest = values
            ids = [row[0] for row in self._rows(query, first, before, stride, *rest)]
            if ids:
                yield ids, ids[-1]
            if len(ids) < stride:
                return
            before, stride = ids[-1], STRIDE

    def _driver(self) -> tuple[str, tuple[Any, ...]]:
        wanted = self._wanted
        if wanted.key is not None:
            name, value = wanted.key
            return ("by_name_and_value", (value, name)) if name else ("by_value", (value,))
        if wanted.control:
            return "by_control", (wanted.control,)
        if wanted.state is not None and State(wanted.state) in _PARKED:
            return "by_parked", (STATE_CODE[State(wanted.state)],)
        if wanted.verdict is not None and Verdict(wanted.verdict) in _TROUBLE:
            return "by_trouble", (self._verdict,)
        if self._channel is not None:
            return "by_channel", (self._channel,)
        return "by_id", (None,)

    def _fitting(self, ids: list[int]) -> list[int]:
        """Those that fit all conditions, in the same order."""
        wanted = self._wanted
        rows = self._rows("facts", integers(ids))
        facts = {row[0]: row for row in rows}
        found = []
        for id in ids:
            row = facts.get(id)
            if row is None:
                continue
            _, channel, verdict, kind, control, received_at = row
            fits = (
                self._channel in (None, channel)
                and (self._channels is None or channel in self._channels)
                and self._verdict in (None, verdict)
                and wanted.kind in (None, kind)
                and wanted.control in (None, control)
                and (wanted.since is None or received_at >= wanted.since)
                and (wanted.until is None or received_at <= wanted.until)
            )
            if fits:
                found.append(id)
        return self._in_state(found)

    def _in_state(self, ids: list[int]) -> list[int]:
        """Those with a delivery in the wanted state; by one read where they lie close together."""
        if self._wanted.state is None or not ids:
            return ids
        state, low, high = STATE_CODE[State(self._wanted.state)], min(ids), max(ids)
        if high - low > 4 * len(ids):
            return [id for id in ids if self._rows("in_state", id, id, state)]
        having = {row[0] for row in self._rows("in_state", low, high, state)}
        return [id for id in ids if id in having]

    def _end(self) -> int:
        """An id that nothing wanted lies behind: what came a day after `until`; clocks jump, but not by more."""
        if self._wanted.until is None:
            return _LAST
        low, high = 1, _LAST
        while low < high:
            middle = (low + high) // 2
            rows = self._rows("received_from", middle)
            if not rows or rows[0][0] > self._wanted.until + 86_400:
                high = middle
            else:
                low = middle + 1
        return low

    def _too_old(self, oldest: int) -> bool:
        """Whether everything further back came a day before `since`: clocks jump, but not by more."""
        since = self._wanted.since
        if since is None:
            return False
        rows = self._rows("facts", integers([oldest]))
        return bool(rows) and rows[0][5] < since - 86_400
