"""
Deliveries that travel together: the entries of batches, and what became of each.

Each entry is a delivery of its own, so that one that is refused is refused alone, and one that is lost is sent again alone.
Those that are under way at a time go in one request: while one batch is answered, the next gathers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import blake2b

import msgspec

from engine.connectors import Answer
from engine.connectors.fhir.destination_answers import entries_of, entry_answer
from engine.connectors.fhir.destination_requests import bundle
from engine.errors import DeliveryError, Refused, Unavailable, Uncertain

#: Bytes of entries that travel together, unless one alone is longer.
MOST_BYTES = 4 * 1024 * 1024

#: Posts a batch under an idempotency key; its answer, judged as a whole.
Post = Callable[[bytes, str], Awaitable[Answer]]


class Waiting(msgspec.Struct, frozen=True):
    """One entry, and who waits for what becomes of it."""

    key: str
    entry: bytes
    answer: asyncio.Future[Answer]


class Batches:
    """Gathers entries and sends them, one batch after another."""

    def __init__(self, post: Post, most: int, now: Callable[[], float]) -> None:
        self._post, self._most, self._now = post, most, now
        self._waiting: list[Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def send(self, key: str, entry: bytes) -> Answer:
        """What became of one entry. DeliveryError where its batch was not answered."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(key, entry, answer))
        if self._work is None:
            self._work = asyncio.create_task(self._send_all())
        return await answer

    async def close(self) -> None:
        """Let go; what is under way is uncertain, and what still waits was not sent."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            _fail(one, Unavailable("not sent", "stopped before the batch was sent"))
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def _send_all(self) -> None:
        try:
            await asyncio.sleep(0)  # all that begin in this turn of the loop come along
            while batch := self._next():
                await self._send(batch)
        finally:
            self._work = None

    def _next(self) -> list[Waiting]:
        """Those that go next, as long as they are not too much for one body; whoever waits no more is left out."""
        batch: list[Waiting] = []
        size = 0
        while self._waiting and len(batch) < self._most:
            size += len(self._waiting[0].entry)
            if batch and size > MOST_BYTES:
                break
            one = self._waiting.pop(0)
            if not one.answer.done():
                batch.append(one)
        return batch

    async def _send(self, batch: list[Waiting]) -> None:
        try:
            whole = await self._post(bundle([one.entry for one in batch]), _key(batch))
            if isinstance(whole.failure, Refused) and len(batch) > 1:
                for one in batch:  # nothing was done of it: whose fault it was shows alone
                    await self._send([one])
                return
            self._tell(batch, whole)
        except DeliveryError as error:
            for one in batch:
                _fail(one, type(error)(error.status, error.detail, error.retry_after))
        except BaseException:
            for one in batch:
                _fail(one, Uncertain("interrupted", "stopped before the batch was answered"))
            raise

    def _tell(self, batch: list[Waiting], whole: Answer) -> None:
        """Take the answer apart, entry by entry; they stand in the order of the request (R4 3.1.0.11.2)."""
        if whole.failure is not None:
            for one in batch:
                _done(one, whole)
            return
        found = entries_of(whole.body)
        if found is None or len(found) != len(batch):
            told = (
                "no batch-response"
                if found is None
                else f"{len(found)} entries for {len(batch)}"
            )
            for one in batch:
                _fail(
                    one,
                    Uncertain(whole.status, f"the partner's answer to the batch has {told}"),
                )
            return
        for one, raw in zip(batch, found, strict=True):
            _done(one, entry_answer(raw, self._now()))


def _key(batch: list[Waiting]) -> str:
    """Of one entry its own; of several one made of theirs, the same for the same entries."""
    if len(batch) == 1:
        return batch[0].key
    keys = "\n".join(one.key for one in batch)
    return blake2b(keys.encode(), digest_size=16).hexdigest()


def _done(one: Waiting, answer: Answer) -> None:
    if not one.answer.done():
        one.answer.set_result(answer)


def _fail(one: Waiting, error: DeliveryError) -> None:
    if not one.answer.done():
        one.answer.set_exception(error)
