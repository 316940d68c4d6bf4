"""Large messages that are being taken apart: what the engine asks of the store about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec

from engine.errors import StoreError
from engine.store import large
from engine.store.last_file import keys_file
from engine.store.loading import Loading
from engine.store.loads import inbound_of
from engine.store.schema import first, queries
from engine.store.waiting import Waiting

_SQL = queries("loads")


class Loadings(Waiting):
    """What `SqliteStore` knows of loadings. Read on the loop, beside the writer."""

    _home: Path

    def loadings(self) -> list[Loading]:
        """See Store.loadings."""
        return [loading(self._home, row) for row in self._rows("open")]

    def loading(self, message: int) -> Loading | None:
        """See Store.loading."""
        rows = self._rows("one", message)
        return loading(self._home, rows[0]) if rows else None

    async def told(self, most: int = 100) -> list[Loading]:
        """See Store.told."""
        found = [loading(self._home, row) for row in self._rows("untold")][:most]
        if found:
            connection = self._ledger.connection

            def work() -> None:
                for one in found:
                    connection.execute(_SQL["told"], (one.message,))

            await self._task(work)
        return found

    async def keys_left(self, coming: bool = True) -> None:
        """See Store.keys_left."""
        await self._readers.run(_remove, keys_file(self._home, 0).parent, coming)

    def _rows(self, query: str, *values: Any) -> list[Any]:
        try:
            return self._beside.execute(_SQL[query], values).fetchall()
        except apsw.Error as error:
            raise StoreError(f"the store cannot be read: {type(error).__name__}") from None


def _remove(connection: apsw.Connection, folder: Path, coming: bool) -> None:
    """Keys of messages that are not kept (yet): those of a file are put down before it is kept, and left behind where it is not."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.stem.isdecimal():
            row = first(connection, _SQL["over"], (int(path.stem),))
            if row[0] if row is not None else not coming:
                path.unlink(missing_ok=True)


def loading(home: Path, row: Sequence[Any]) -> Loading:
    """A row of `loading` with the body of its message. StoreError where that was pruned."""
    (message, channel, inbound, known, position, phase, expected, met, unchanged, vanished, rejected, reasons, began_at,
     ended_at, way, codec, stored) = row  # fmt: skip
    raw = b"" if phase > 1 else large.place(home, codec, stored)
    return Loading(
        message=message,
        channel=channel,
        inbound=msgspec.structs.replace(inbound_of(inbound), raw=raw),
        known=known,
        way=way,
        position=position,
        phase=phase,
        expected=expected,
        met=met,
        unchanged=unchanged,
        vanished=vanished,
        rejected=rejected,
        reasons=msgspec.json.decode(reasons),
        began_at=began_at,
        ended_at=ended_at,
    )
