"""Small durable memory of one connector."""

from __future__ import annotations

from engine.store import Store


class Remembered:
    """What `Site.remember` is."""

    def __init__(self, store: Store, space: str) -> None:
        self._store, self._space = store, space

    async def get(self, name: str) -> bytes | None:
        """What was put under the name."""
        return await self._store.get(self._space, name)

    async def put(self, name: str, value: bytes | None) -> None:
        """Durable when done."""
        await self._store.put(self._space, name, value)

    def mark(self, name: str, value: bytes) -> tuple[str, str, bytes]:
        """For `Inbound.mark`: put in the commit that keeps the message."""
        return self._space, name, value
