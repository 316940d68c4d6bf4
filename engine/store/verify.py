"""
Recomputes the store from what is only ever appended, and says what does not fit.

Every read is short and sees one state of the store, so it may run beside the engine.
"""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw

from engine.message import OPEN, TRANSITIONS, State, Verdict, short_id
from engine.store import audit, large, releases, verify_loads, verify_waiting
from engine.store.home import large_folder, store_file
from engine.store.schema import (
    ANSWERED,
    IN_FILE,
    KEYED,
    PLACES,
    STATES,
    VERDICTS,
    open_reader,
    queries,
)
from engine.store.tables import files as tables

_SQL = queries("verify")
_STRIDE = 500
#: Reasons of a message whose key an earlier one had.
_REUSED = ("key_reused", "duplicate_interchange")
_ORIGINALS = {Verdict.ACCEPTED, Verdict.FILTERED, Verdict.SPLIT, Verdict.COLLECTED}


def findings(home: Path) -> Iterator[str]:
    """Every finding as a sentence, without a value of any message; none = the store is sound."""
    connection = open_reader(str(store_file(home)))
    try:
        yield from _Verification(home, connection).findings()
    except apsw.Error as error:
        yield f"the store file is damaged: {error}"
    finally:
        connection.close()
    yield from tables.findings(home)


class _Verification:
    def __init__(self, home: Path, connection: apsw.Connection) -> None:
        self._home, self._execute = home, connection.execute
        self._connection = connection
        self._last_content: int = self._rows("last_content")[0][0]
        self._used = bytearray(self._last_content + 1)
        version = self._rows("version")[0][0]
        self._has_groups, self._has_loads = version > 1, version > 3
        self._has_releases = version > 5
        self._expectations = "expectations" if version > 4 else "expectations_before"
        """A backup of an earlier release has none."""

    def _rows(self, query: str, *values: Any) -> list[Any]:
        return self._execute(_SQL[query], values).fetchall()

    def findings(self) -> Iterator[str]:
        last = self._rows("extent")[0][0]
        for low in range(0, last + 1, _STRIDE):
            with self._connection:  # one state of the store for all that belongs together
                found = list(self._stride(low, low + _STRIDE))
            yield from found
        yield from self._queue()
        yield from self._seen()
        yield from self._search()
        if self._has_groups:
            yield from verify_waiting.waiting(self._walk, self._use, self._expectations)
        if self._has_loads:
            yield from verify_loads.loads(self._walk)
        if self._has_releases:
            yield from releases.findings(self._execute)
        yield from self._contents()
        yield from self._counters()
        if broken := audit.verified(self._connection).broken:
            yield broken

    # -- messages and their deliveries ----------------------------------------------------------------------

    def _stride(self, low: int, high: int) -> Iterator[str]:
        for row in self._rows("messages", low, high):
            yield from self._message(row)
        if self._has_groups:
            yield from verify_waiting.joined(self._rows("joined", low, high))
        paths: dict[int, list[Any]] = {}
        for event in self._rows("events", low, high):
            paths.setdefault(event[0], []).append(event)
            if event[5] is not None:
                self._use(event[5])
            if not event[6]:
                yield f"event {event[1]}: the answer it kept is gone"
        for row in self._rows("deliveries", low, high):
            yield from self._delivery(row, paths.pop(row[0], []))
        for delivery in paths:
            if delivery % PLACES:
                yield f"delivery {delivery} has events but is not there"

    def _use(self, content: int) -> None:
        if content <= self._last_content:
            self._used[content] = 1

    def _message(self, row: Sequence[Any]) -> Iterator[str]:
        (id, verdict, planned, original, flags, _, content, keys, of, deliveries, has_content, has_channel,
         reason) = row  # fmt: skip
        name = f"message {short_id(id)}"
        self._use(content)
        if planned != deliveries:
            yield f"{name}: its plan recorded {planned} deliveries, there are {deliveries}"
        if deliveries and VERDICTS[verdict] is not Verdict.ACCEPTED and not flags & ANSWERED:
            yield f"{name} is {VERDICTS[verdict]} and has deliveries"
        if not has_content:
            yield f"{name}: its content is gone"
        if not has_channel:
            yield f"{name}: its channel is unknown"
        if (VERDICTS[verdict] is Verdict.DUPLICATE or reason in _REUSED) and (
            of is None or VERDICTS[of] not in _ORIGINALS
        ):
            yield f"{name} names {short_id(original)} as its original, which is none"
        for key, value in json.loads(keys) if keys else ():
            if not self._rows("in_search", value, id, key):
                yield f"{name}: its key '{key}' cannot be searched for"

    def _delivery(self, row: Sequence[Any], events: list[Any]) -> Iterator[str]:
        (id, destination, state, attempt, lane, lanes, holds, content, crashes, has_message, has_content,
         has_destination) = row  # fmt: skip
        name = f"delivery {id}"
        self._use(content)
        if not has_message:
            yield f"{name} has no message"
        if not has_content:
            yield f"{name}: its payload is gone"
        if not has_destination:
            yield f"{name}: its destination is unknown"
        yield from _path(name, STATES[state], attempt, crashes, events)
        if holds != (STATES[state] in OPEN) and not (holds and STATES[state] is State.REFUSED):
            yield f"{name} is {STATES[state]} and {'holds' if holds else 'has lost'} its lane"
        for place in [lane] if lanes is None else json.loads(lanes):
            if bool(self._rows("stands", destination, place, id)) != bool(holds):
                yield f"{name} is {STATES[state]} and its place in a lane does not say so"

    # -- what stands beside ---------------------------------------------------------------------------------

    def _walk(self, query: str, start: tuple[Any, ...]) -> Iterator[Any]:
        """A whole table in short reads, in the order of its key."""
        while rows := self._rows(query, *start, 2000):
            yield from rows
            start = rows[-1][: len(start)]

    def _queue(self) -> Iterator[str]:
        for _, lane, delivery, holds, of, first, lanes in self._walk("queue", (-1, -1, -1)):
            if of is None:
                yield f"a lane has delivery {delivery}, which is not there"
            elif not holds:
                yield f"a lane has delivery {delivery}, which has left it"
            elif lane not in ([first] if lanes is None else json.loads(lanes)):
                yield f"delivery {delivery} stands in a lane that is not its own"

    def _seen(self) -> Iterator[str]:
        for channel, _, message, of, verdict, flags in self._walk("seen", (-1, "")):
            if of is None:
                yield f"a key names message {short_id(message)} as its original, which is not there"
            elif of != channel or not flags & KEYED or VERDICTS[verdict] not in _ORIGINALS:
                yield f"a key names message {short_id(message)} as its original, which is none"
        keys, originals = self._rows("keyed")[0]
        if keys != originals:
            yield f"{originals} messages have a key, {keys} keys are kept"

    def _search(self) -> Iterator[str]:
        for _, _, message, has_keys in self._walk("search", ("", -1, -1)):
            if not has_keys:
                yield f"a search key names message {short_id(message)}, which does not have it"

    def _contents(self) -> Iterator[str]:
        for id, codec, crc, stored in self._walk("contents", (0,)):
            if id <= self._last_content and not self._used[id]:
                yield f"content {id} belongs to nothing"
            if stored is None:
                continue
            if zlib.crc32(stored) != crc:
                yield f"content {id} is not what was written"
            elif codec == IN_FILE:
                yield from self._file(id, stored)

    def _file(self, id: int, stored: bytes) -> Iterator[str]:
        path = large_folder(self._home) / stored[:16].hex()
        try:
            with open(path, "rb") as file:
                chunks = list(iter(lambda: file.read(1 << 20), b""))
        except OSError as error:
            yield f"content {id}: its file cannot be read: {error.strerror}"
            return
        if large.digest_of(chunks) != stored[:16]:
            yield f"content {id}: its file is not what was written"

    def _counters(self) -> Iterator[str]:
        for channel, verdict, counted, kept in self._rows("verdict_counters"):
            yield f"channel {channel}: {counted} {VERDICTS[verdict]} counted, {kept} kept"
        for destination, state, counted, kept in self._rows("state_counters"):
            yield f"destination {destination}: {counted} {STATES[state]} counted, {kept} kept"


def _path(
    name: str, ends: State, attempt: int, crashes: int, events: list[Any]
) -> Iterator[str]:
    """Whether the events of a delivery are a way through TRANSITIONS that ends in its state."""
    states = [State.QUEUED]
    for _, _, kind, claimed, _, _, _ in events:
        states += [State.SENDING, STATES[kind]] if claimed else [STATES[kind]]
    for before, after in itertools.pairwise(states):
        if after not in TRANSITIONS[before]:
            yield f"{name} went from {before} to {after}"
    if states[-1] is not ends:
        yield f"{name} is {ends}, its events end in {states[-1]}"
    if events and events[-1][4] != attempt:
        yield f"{name} has used {attempt} attempts, its events say {events[-1][4]}"
