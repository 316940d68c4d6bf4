"""Deliveries as files on a partner's server: there whole or not at all, and once however often one is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from engine.connectors import Answer, Site
from engine.connectors.sftp.listing import joined
from engine.connectors.sftp.pool import Pool
from engine.connectors.sftp.session import Lost, Session
from engine.connectors.sftp.settings import DestinationSettings, is_safe
from engine.connectors.sftp.upload import NameTaken, is_published, publish, write
from engine.errors import Refused, Unavailable, Uncertain
from engine.message import Delivery
from engine.packing.sealing import packed
from engine.packing.settings import listed_packing

Result = TypeVar("Result")
#: Seconds for which a vanished temporary file means that it was renamed, and not that somebody tidied up.
_SOON = 3600.0


class Destination:
    """
    Writes, then renames. That a temporary file is whole is remembered before it is renamed, so that a delivery sent again
    after a crash knows whether it has got its name, also where the partner took the file away since.
    """

    def __init__(self, settings: DestinationSettings, site: Site) -> None:
        self._settings, self._site = settings, site
        self._pool: Pool | None = None

    async def send(self, delivery: Delivery, payload: bytes) -> Answer:
        """
        Upload it. Unavailable while the partner has seen nothing of it, Misconfigured where a person has to act, Refused
        where the name is taken, Uncertain where the connection broke while it was renamed and the server cannot be asked.
        """
        name = (delivery.options or {}).get("name", self._settings.name)
        if not is_safe(name):
            raise Refused("not written", "the name is not one safe file name")
        draft = joined(
            self._settings.folder, self._settings.temporary.replace("{key}", delivery.key)
        )
        target = joined(self._settings.folder, name)
        try:
            if not await self._is_whole(delivery, draft):
                payload = await self._packed(name, payload)
                await self._run(partial(write, draft=draft, payload=payload))
                await self._site.remember.put(delivery.key, repr(self._site.now()).encode())
        except _Renamed:
            return Answer(status="written")
        except Lost as error:
            raise Unavailable("not written", str(error)) from None
        return await self._publish(delivery, draft, target)

    async def settled(self, delivery: Delivery) -> None:
        """The outcome is durable: its key need not be recognised any more."""
        await self._site.remember.put(delivery.key, None)

    async def close(self) -> None:
        """Hang up."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def _run(self, job: Callable[[Session], Result], repeatable: bool = True) -> Result:
        if self._pool is None:
            self._pool = Pool(self._settings, self._site.home)
        return await self._pool.run(job, repeatable)

    async def _packed(self, name: str, payload: bytes) -> bytes:
        steps = listed_packing(self._settings.pack)
        if not steps:
            return payload
        return await asyncio.to_thread(packed, name, payload, steps, self._site.home)

    async def _is_whole(self, delivery: Delivery, draft: str) -> bool:
        """Whether an earlier attempt has left the temporary file whole; _Renamed where it has its name."""
        found = await self._site.remember.get(delivery.key)
        if not found:
            return False
        if not await self._run(partial(is_published, draft=draft)):
            return True
        if self._site.now() - float(found) < _SOON:
            raise _Renamed
        raise Uncertain(
            "rename unknown", "the temporary file is gone; the partner may have the file"
        )

    async def _publish(self, delivery: Delivery, draft: str, target: str) -> Answer:
        job = partial(publish, draft=draft, target=target, exist=self._settings.exists)
        try:
            await self._run(job, repeatable=False)
        except NameTaken:
            await self._site.remember.put(delivery.key, None)
            return Answer(
                status="exists", failure=Refused("exists", "a file of that name exists")
            )
        except Lost as error:
            await self._ask_again(draft, str(error))
        return Answer(status="written")

    async def _ask_again(self, draft: str, why: str) -> None:
        """After a lost rename: look whether it was done."""
        try:
            published = await self._run(partial(is_published, draft=draft))
        except (Lost, Unavailable, OSError):
            detail = f"{why} while the file was renamed, and the server cannot be asked"
            raise Uncertain("rename unknown", detail) from None
        if not published:
            raise Unavailable("not renamed", f"{why} before the file was renamed")


class _Renamed(Exception):
    """An earlier attempt has delivered it."""
