"""What waits for its time: memory, sequences, groups, confirmations. Read on the loop, beside the writer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw
import msgspec

from engine.effects import Group, Member, Memory, Numbers
from engine.errors import StoreError
from engine.store import Overdue, Refused
from engine.store.desk import Desk
from engine.store.ledger import Ledger
from engine.store.memory import KeptMemory, Sequences
from engine.store.readers import Readers
from engine.store.schema import TEST, integers, open_reader, queries
from engine.store.writer import Writer

_SQL = queries("effects")


class Waiting(Desk):
    """What `SqliteStore` knows of memory, sequences, groups and expectations."""

    def __init__(
        self, writer: Writer, ledger: Ledger, readers: Readers, path: str, vfs: str | None
    ) -> None:
        super().__init__(writer, ledger, readers)
        self._beside = open_reader(path, vfs)
        self.memory: Memory
        self.memory = self._memory = KeptMemory(self._beside, ledger.now)
        self.sequences: Numbers
        self.sequences = self._sequences = Sequences(self._beside)
        self._next_due = 0.0
        self._told: set[int] = set()
        """Expectations that are told and not yet marked so on the disk."""
        self._told_refused: set[int] = set()

    def _read(self, query: str, *values: Any) -> list[Any]:
        try:
            return self._beside.execute(_SQL[query], values).fetchall()
        except apsw.Error as error:
            raise StoreError(f"the store cannot be read: {type(error).__name__}") from None

    async def forget(self, limit: int = 200) -> int:
        """See Store.forget."""

        def work() -> int:
            connection, now = self._ledger.connection, self._ledger.now()
            connection.execute(_SQL["expire"], (now, limit))
            return connection.changes()

        gone: int = await self._task(work)
        return gone

    def unused(self, sequence: str, number: int) -> None:
        """See Store.unused."""
        self._sequences.unused(sequence, number)

    # -- groups ---------------------------------------------------------------------------------------------

    def due(
        self, now: float, limit: int = 100, channels: Sequence[str] | None = None
    ) -> list[Group]:
        """See Store.due."""
        if channels is None:
            return [_group(row) for row in self._read("due", now, limit)]
        known = self._ledger.channels
        wanted = integers([known[name] for name in channels if name in known])
        return [_group(row) for row in self._read("due_of", now, wanted, limit)]

    def open_groups(self) -> dict[tuple[str, str], int]:
        """See Store.open_groups."""
        return {(channel, name): count for channel, name, count in self._read("waiting_groups")}

    def next_due(self) -> float:
        """See Store.next_due; read again after a commit that changed a group."""
        if self._ledger.groups_changed:
            rows = self._read("next_due")
            self._next_due = rows[0][0] if rows else 0.0
            self._ledger.groups_changed = False
        return self._next_due

    def group(self, id: int) -> Group | None:
        """See Store.group. What joins between the two reads changes the version, so a release finds out."""
        rows = self._read("open_group", id)
        if not rows:
            return None
        members = tuple(
            Member(message=message, member=member, entity=entity or b"", of=of)
            for message, member, entity, of in self._read("members", id)
        )
        return _group(rows[0], members)

    async def release(self, group: int, now: float) -> bool:
        """See Store.release. From now on it takes no more members."""

        def work() -> bool:
            self._ledger.connection.execute(_SQL["seal"], (group, now))
            self._ledger.groups_written = True
            return self._ledger.connection.changes() > 0

        was_open: bool = await self._task(work)
        return was_open

    # -- what comes after -----------------------------------------------------------------------------------

    async def unfinished(self, message: int, destination: int) -> str:
        """See Store.unfinished; what was settled a moment ago counts, on the disk or not."""
        return await self._standing.unfinished(message, destination)

    def overdue(self, now: float, limit: int = 100) -> list[Overdue]:
        """See Store.overdue. What was told in the last moments before a crash may be told again."""
        found: dict[tuple[int, ...], Overdue] = {}
        told: list[int] = []
        for id, *row, carrier, destination in self._read(
            "overdue", now, limit + len(self._told)
        ):
            if id in self._told or len(told) == limit:
                continue
            told.append(id)
            key = (carrier, destination) if carrier else (id,)
            before = found.get(key)
            found[key] = _overdue(row, 1 if before is None else before.count + 1)
        self._tell(told, "told", now)
        return list(found.values())

    def refused(self, now: float, limit: int = 1000) -> list[Refused]:
        """See Store.refused."""
        found: dict[tuple[int, ...], Refused] = {}
        told: list[int] = []
        rows = self._read("refused", limit + len(self._told_refused))
        for id, carrier, message, channel, destination, awaited, says, said, by, at in rows:
            if id in self._told_refused or len(told) == limit:
                continue
            told.append(id)
            key = (carrier, by)
            count = found[key].count + 1 if key in found else 1
            found[key] = found.get(key) or Refused(
                message=message, channel=channel, destination=destination, awaited=awaited, says=says, said=said,
                by=by, at=at,
            )  # fmt: skip
            found[key] = msgspec.structs.replace(found[key], count=count)
        self._tell(told, "refusal_told")
        return list(found.values())

    def _tell(self, expectations: list[int], query: str, *values: float) -> None:
        if not expectations:
            return
        ledger = self._ledger
        known = self._told if query == "told" else self._told_refused
        known.update(expectations)

        def work() -> None:
            for id in expectations:
                number = ledger.next_event
                ledger.next_event = number + 1
                ledger.connection.execute(_SQL[query], (id, number, *values))

        def after(_: object) -> None:
            known.difference_update(expectations)

        self._task(work, after)


def _group(row: tuple[Any, ...], members: tuple[Member, ...] = ()) -> Group:
    id, channel, destination, key, flags, opened_at, version = row
    return Group(
        id=id, channel=channel, group=destination, key=key, opened_at=opened_at, version=version,
        test=bool(flags & TEST), members=members,
    )  # fmt: skip


def _overdue(row: Sequence[Any], count: int) -> Overdue:
    message, channel, destination, awaited, delivered_at, within = row
    return Overdue(
        message=message, channel=channel, destination=destination, awaited=awaited, delivered_at=delivered_at,
        within=within, count=count,
    )  # fmt: skip
