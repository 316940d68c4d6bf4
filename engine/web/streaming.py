"""Server-sent events: values as they come, a sign of life in between, and an end when who listens may no longer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool

from engine.web.problem import Problem

#: Seconds after which a silent line gets a comment, and it is asked whether who listens still may.
HEARTBEAT = 15.0
#: Lines that may be open, and those of one person.
MOST, EACH = 200, 20


class Places:
    """Who listens. Only used on the event loop."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    @contextlib.contextmanager
    def taken(self, who: str) -> Iterator[None]:
        """A place while somebody listens. Problem where there is none left."""
        mine = self._taken.get(who, 0)
        if mine >= EACH or sum(self._taken.values()) >= MOST:
            raise Problem(503, "too_many", "too many pages listen; close some of them")
        self._taken[who] = mine + 1
        try:
            yield
        finally:
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]


async def events(
    values: AsyncGenerator[tuple[str, Any]],
    may: Callable[[], bool],
    place: contextlib.ExitStack,
) -> AsyncIterator[bytes]:
    """The lines of a stream; `place` is given back when it ends, however it does."""
    coming: asyncio.Task[tuple[str, Any]] | None = None
    loop = asyncio.get_running_loop()
    asked = loop.time()
    try:
        yield b": begun\n\n"
        while True:
            if coming is None:
                coming = asyncio.ensure_future(anext(values))
            done, _ = await asyncio.wait({coming}, timeout=HEARTBEAT)
            if loop.time() >= asked + HEARTBEAT:
                asked = loop.time()
                if not await run_in_threadpool(may):
                    yield b"event: ended\ndata: signed out\n\n"
                    return
            if not done:
                yield b": still here\n\n"
                continue
            task, coming = coming, None
            try:
                yield event(*task.result())
            except StopAsyncIteration:
                return
    finally:
        place.close()
        if coming is not None:
            coming.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration, Exception):
                await coming
        await values.aclose()


def event(name: str, value: Any) -> bytes:
    """
    One event; a line end within a value begins another line of it.

    >>> event("line", "one\\ntwo")
    b'event: line\\ndata: one\\ndata: two\\n\\n'
    """
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{lines}\n".encode()
