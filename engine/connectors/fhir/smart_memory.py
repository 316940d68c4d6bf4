"""
Which assertions were taken: each counts once (RFC 7523 3, `jti`), also after a restart.

What is kept is a ring of minutes, each with digests of what ends in it. A minute that is past is overwritten, so that there
is never more to keep than what could still be shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import msgspec

#: Minutes of the ring: more than the longest that an assertion can still be shown.
MINUTES = 8
_SECONDS = 60.0
#: Assertions that are remembered at most.
MOST = 100_000


class _Minute(msgspec.Struct, array_like=True):
    """One minute: its number since 1970, and what ends in it."""

    number: int
    marks: set[bytes]


class Used:
    """The assertions that were taken. `remember` is a Site's; without it they are forgotten with the process."""

    def __init__(self, remember: Any, now: Callable[[], float]) -> None:
        self._remember, self._now = remember, now
        self._minutes: dict[int, _Minute] = {}
        self._recalling = asyncio.Lock()
        self._recalled = remember is None

    async def take(self, client: str, id: str, until: float) -> str:
        """
        Take an assertion that could be shown until then (wall clock); why it cannot be, or nothing. It is on the disk when this
        returns. StoreError where it could not be kept: then it counts as used, and nothing was given for it.
        """
        await self._recall()
        self._forget()
        mark = blake2b(f"{client}\0{id}".encode(), digest_size=16).digest()
        if any(mark in minute.marks for minute in self._minutes.values()):
            return "the assertion was used before (jti)"
        if sum(len(minute.marks) for minute in self._minutes.values()) >= MOST:
            return "too many assertions in five minutes"
        number = int(until // _SECONDS)
        minute = self._minutes.setdefault(number, _Minute(number, set()))
        minute.marks.add(mark)
        if self._remember is not None:
            await self._remember.put(_name(number), msgspec.msgpack.encode(minute))
        return ""

    async def _recall(self) -> None:
        async with self._recalling:
            if self._recalled:
                return
            for number in range(MINUTES):
                kept = await self._remember.get(_name(number))
                if kept is not None:
                    minute = msgspec.msgpack.decode(kept, type=_Minute)
                    self._minutes[minute.number] = minute
            self._recalled = True

    def _forget(self) -> None:
        now = int(self._now() // _SECONDS)
        for number in [each for each in self._minutes if each < now]:
            del self._minutes[number]


def _name(minute: int) -> str:
    return f"assertions {minute % MINUTES}"
