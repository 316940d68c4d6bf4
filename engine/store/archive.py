"""The read side of the embedded store, for people: plain calls from any process, while the engine runs or not."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import apsw

from engine.effects import OUTCOMES
from engine.errors import StoreError
from engine.message import Inbound
from engine.store import Archive, Found, Step, large, verify
from engine.store.home import store_file
from engine.store.loading import Loading
from engine.store.loadings import loading
from engine.store.overview import Overview
from engine.store.schema import STATES, TEST, VERDICTS, check_version, open_reader, queries
from engine.store.search import Search, Wanted
from engine.store.trail import Trail

#: Seconds that a statement of people may take: a long read keeps the WAL from being reset.
BUDGET = 0.25

_SQL = queries("archive")


class SqliteArchive(Overview, Archive):
    """`engine.store.Archive` on SQLite. Safe for threads; each call is a transaction of its own."""

    def __init__(self, home: Path, vfs: str | None = None) -> None:
        """StoreError where there is no store."""
        self._home = home
        self._lock = threading.RLock()
        path = store_file(home)
        if not path.is_file():
            raise StoreError(f"{home} has no store yet; it begins with: corridor run")
        try:
            self._connection = open_reader(str(path), vfs)
            check_version(self._connection)
        except apsw.Error as error:
            raise StoreError(f"the store cannot be read: {error}") from None
        self._deadline = 0.0
        self._connection.set_progress_handler(lambda: time.monotonic() > self._deadline, 5000)

    def __enter__(self) -> SqliteArchive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def rows(self, query: str, *values: Any) -> list[Any]:
        """The rows of a named query. StoreError when it takes too long or the store is damaged."""
        with self._lock:
            self._deadline = time.monotonic() + BUDGET
            try:
                return self._connection.execute(_SQL[query], values).fetchall()
            except apsw.InterruptError:
                raise StoreError("that takes too long to look up: narrow it") from None
            except apsw.Error as error:
                raise StoreError(f"the store cannot be read: {error}") from None

    def _one(self, query: str, *values: Any) -> Any:
        rows = self.rows(query, *values)
        return rows[0] if rows else None

    # -- lists ----------------------------------------------------------------------------------------------

    def recent(
        self, channel: str | None = None, before: int | None = None, limit: int = 50
    ) -> list[Found]:
        """See Archive.recent."""
        return self.search(channel=channel, before=before, limit=limit)

    def search(
        self,
        *,
        channel: str | None = None,
        verdict: str | None = None,
        state: str | None = None,
        kind: str | None = None,
        key: tuple[str, str] | None = None,
        control: str | None = None,
        since: float | None = None,
        until: float | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Found]:
        """See Archive.search. StoreError when too much would have to be looked through."""
        wanted = Wanted(
            channel=channel,
            verdict=verdict,
            state=state,
            kind=kind,
            key=key,
            control=control,
            since=since,
            until=until,
        )
        ids = Search(self.rows, wanted).page(before, limit)
        return [found for id in ids if (found := self.message(id)) is not None]

    def look(
        self, wanted: Wanted, before: int | None, limit: int, patience: float
    ) -> tuple[list[Found], int]:
        """
        As `search`, for somebody who waits: what is found in so many seconds, and the id before which to look on; 0 = all
        was looked through.
        """
        ids, reached = Search(self.rows, wanted).look(before, limit, patience)
        return [found for id in ids if (found := self.message(id)) is not None], reached

    def message(self, id: int) -> Found | None:
        """See Archive.message."""
        row = self._one("found", id)
        if row is None:
            return None
        states = {STATES[state].value: number for state, number in self.rows("states", id)}
        return Found(
            id=row[0],
            channel=row[1],
            received_at=row[2],
            verdict=VERDICTS[row[3]].value,
            reason=row[4],
            kind=row[5],
            control=row[6],
            peer=row[7],
            size=row[8],
            states=states,
            unconfirmed=self._one("unconfirmed", id)[0],
        )

    # -- one message ----------------------------------------------------------------------------------------

    def trail(self, id: int, hops: bool = True) -> list[Step]:
        """See Archive.trail."""
        return Trail(self.rows).of(id, hops)

    def loading(self, id: int) -> Loading | None:
        """See Archive.loading."""
        row = self._one("loading", id)
        return None if row is None else loading(self._home, row)

    def keys(self, id: int) -> list[tuple[str, str]]:
        """See Archive.keys."""
        row = self._one("keys", id)
        return (
            []
            if row is None or row[0] is None
            else [(name, value) for name, value in json.loads(row[0])]
        )

    def raw(self, id: int) -> bytes:
        """See Archive.raw. StoreError when there is no such message or its body was pruned."""
        return large.load(self._body("raw", id))

    def payload(self, delivery: int) -> bytes:
        """See Archive.payload. StoreError as for `raw`."""
        return large.load(self._body("payload", delivery))

    def _body(self, query: str, id: int) -> Any:
        row = self._one(query, id)
        if row is None:
            raise StoreError("there is no such message")
        return large.place(self._home, row[0], row[1])

    def inbound(self, id: int) -> Inbound:
        """See Archive.inbound. A part has the facts of the message it came in."""
        row = self._one("inbound", id)
        if row is None:
            raise StoreError("there is no such message")
        received_at, peer, facts, depth, flags, parent = row
        own = facts is not None
        while facts is None and parent:
            above = self._one("inbound", parent)
            if above is None:
                break
            facts, parent = above[2], above[5]
        known = None if facts is None else json.loads(facts)
        if known is not None and not own:
            known.pop("group", None)  # what was handed over by a released group is none itself
        return Inbound(
            raw=self._body("raw", id),
            received_at=received_at,
            peer=peer,
            facts=known,
            depth=depth,
            test=bool(flags & TEST),
        )

    def deliveries(self, message: int) -> list[dict[str, Any]]:
        """See Archive.deliveries; with lanes, options, kept and the time of the last step besides."""
        expects: dict[str, list[dict[str, Any]]] = {}
        for row in self.rows("awaited", message):
            expects.setdefault(row[0], []).append(_expected(row))
        found = [_delivery(row) for row in self.rows("deliveries", message)]
        return [one | {"expects": expects.get(one["destination"], [])} for one in found]

    def parts(self, message: int) -> list[int]:
        """See Archive.parts."""
        return [row[0] for row in self.rows("parts", message)]

    def reply(self, delivery: int) -> bytes | None:
        """See Archive.reply."""
        row = self._one("reply", delivery)
        return None if row is None else row[0]

    def tables(self, id: int) -> list[str]:
        """See Archive.tables."""
        row = self._one("tables", id)
        return [] if row is None or row[0] is None else list(json.loads(row[0]))

    # -- the whole ------------------------------------------------------------------------------------------

    def latest(self) -> int:
        """The newest event number, to begin following at."""
        number: int = self._one("latest")[0]
        return number

    def follow(self, after: int, limit: int = 500) -> tuple[int, list[Step]]:
        """See Archive.follow. `latest` is where tailing begins."""
        return Trail(self.rows).follow(after, limit)

    def orders(self, limit: int = 50) -> list[dict[str, Any]]:
        """See Archive.orders, newest first."""
        names = (
            "id", "verb", "arguments", "who", "reason", "asked_at", "expires_at", "finished_at", "done", "outcome",
        )  # fmt: skip
        found = [_named(names, row) for row in self.rows("commands", limit)]
        for order in found:
            order["arguments"] = json.loads(order["arguments"])
        return found

    def verify(self) -> Iterator[str]:
        """See Archive.verify. Reads in short steps, so it may run beside the engine."""
        yield from verify.findings(self._home)


def _named(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(names, row, strict=True))


def _expected(row: Sequence[Any]) -> dict[str, Any]:
    _, channel, within, due_at, told, _, confirmed, _, _, payload, says, outcome, said = row
    about = {"says": says, "outcome": OUTCOMES[outcome], "detail": said} if payload else {}
    return about | {
        "channel": channel,
        "within": within,
        "due_at": due_at,
        "overdue": told > 0 and not confirmed,
        "confirmed": confirmed,
    }


def _delivery(row: Sequence[Any]) -> dict[str, Any]:
    (id, destination, state, attempt, crashes, due_at, part, shows, lane, lanes, options, queued_at, status, detail,
     at, kept) = row  # fmt: skip
    return {
        "id": id,
        "destination": destination,
        "state": STATES[state].value,
        "attempt": attempt,
        "crashes": crashes,
        "due_at": due_at,
        "part": part,
        "shows": shows,
        "lanes": [lane] if lanes is None else json.loads(lanes),
        "options": None if options is None else json.loads(options),
        "queued_at": queued_at,
        "status": status or "",
        "detail": detail or "",
        "at": at,
        "kept": None if kept is None else json.loads(kept),
    }
