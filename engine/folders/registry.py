"""
What was taken from a folder: names and contents, so that nothing is taken twice.

Each name has one record, written in the commit that keeps its message; of an archive it says how many of its members were
taken, and becomes that of a whole file with the last. So that the registry does not grow for ever, the names of a day are
listed under the day, and forgotten when its time is over.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

import msgspec

from engine.folders.settings import Pickup
from engine.wire.pickup import Sight, day_of

#: Names that are listed together, and forgotten in one step.
_BATCH = 500


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a file that was taken."""

    sight: Sight
    digest: bytes
    """BLAKE2b-128 of its content."""
    day: str = ""
    """The day on which this was written."""
    away: bool = False
    """Whether it was put away: a file that looks just like it is another."""
    members: int = 0
    """How many of its members were taken so far, while others are left; 0 = it was taken whole."""


class Registry:
    """The files of one source. `files` begins the keys of files in the memory, `own` all others."""

    def __init__(
        self, memory: Any, now: Callable[[], float], settings: Pickup, files: str, own: str
    ) -> None:
        self._memory, self._now, self._settings = memory, now, settings
        self._files, self._days_key = files, f"{own}days"
        self._fresh: dict[str, None] = {}
        self._keeps = settings.again == "changed" or settings.after == "leave"
        self._tidied = ""

    async def get(self, name: str) -> Taken | None:
        """What is remembered of a name."""
        found = await self._memory.get(self._files + name)
        return msgspec.msgpack.decode(found, type=Taken) if found else None

    def mark(self, taken: Taken) -> tuple[str, str, bytes]:
        """For `Inbound.mark`."""
        mark: tuple[str, str, bytes] = self._memory.mark(*self._record(taken))
        return mark

    def marked(self, taken: Taken) -> None:
        """Its message was kept: it is in the registry."""
        self._fresh[taken.sight.name] = None

    async def put(self, taken: Taken) -> None:
        """Remember, durably."""
        await self._memory.put(*self._record(taken))
        self.marked(taken)

    def _record(self, taken: Taken) -> tuple[str, bytes]:
        dated = msgspec.structs.replace(taken, day=day_of(self._now()))
        return self._files + taken.sight.name, msgspec.msgpack.encode(dated)

    async def put_away(self, taken: Taken) -> None:
        """The file is gone from its place: forget it, or remember its content where that matters."""
        if self._keeps:
            await self.put(taken)
        else:
            await self._memory.put(self._files + taken.sight.name, None)
            self._fresh.pop(taken.sight.name, None)

    # -- so that it does not grow for ever -------------------------------------------------------------------

    async def tidy(self, present: Container[str]) -> None:
        """List what is new under today, and forget days whose time is over, but for files that are still there."""
        today = day_of(self._now())
        if self._fresh:
            await self._list(today)
        if self._tidied != today:
            await self._forget_old(present)
            self._tidied = today

    async def _list(self, today: str) -> None:
        names, self._fresh = list(self._fresh), {}
        days = await self._days()
        for start in range(0, len(names), _BATCH):
            number = days[today] = days.get(today, 0) + 1
            batch = msgspec.msgpack.encode(names[start : start + _BATCH])
            await self._memory.put(self._batch(today, number), batch)
        await self._memory.put(self._days_key, msgspec.msgpack.encode(days))

    async def _days(self) -> dict[str, int]:
        found = await self._memory.get(self._days_key)
        return msgspec.msgpack.decode(found, type=dict[str, int]) if found else {}

    async def _forget_old(self, present: Container[str]) -> None:
        days = await self._days()
        oldest = day_of(self._now() - self._settings.remember)
        for day in [day for day in days if day < oldest]:
            for number in range(1, days[day] + 1):
                await self._forget(self._batch(day, number), oldest, present)
            days = await self._days()
            del days[day]
            await self._memory.put(self._days_key, msgspec.msgpack.encode(days))

    async def _forget(self, batch: str, oldest: str, present: Container[str]) -> None:
        found = await self._memory.get(batch)
        for name in msgspec.msgpack.decode(found, type=list[str]) if found else ():
            taken = await self.get(name)
            if taken is None or taken.day >= oldest:
                continue
            if name in present:
                await self.put(taken)
            else:
                await self._memory.put(self._files + name, None)
        await self._memory.put(batch, None)

    def _batch(self, day: str, number: int) -> str:
        return f"{self._days_key}/{day}/{number}"
