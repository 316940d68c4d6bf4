"""Looking up in the versions in force, on the hot path."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from engine.effects import Lookups
from engine.errors import StoreError
from engine.store.tables import Version, table_file
from engine.store.tables.form import TableFile
from engine.store.tables.rows import TableRows
from engine.store.tables.usage import Noted, Usage, Usages, Writes


class _Open:
    """One table with the version in force."""

    __slots__ = ("columns", "dated", "find", "noted", "usage", "version")

    def __init__(self, version: int, file: TableFile, usage: Usage) -> None:
        self.version, self.find, self.usage, self.noted = version, file.find, usage, usage.noted
        self.columns = (*file.trailer.keys, *file.trailer.columns)
        self.dated = bool(file.trailer.dates)


class StoreTables(Lookups):
    """
    The data tables of a home. `open` reads which versions are in force; `use` takes a later one, seen by the next look-up.

    Pickled it stands for the same versions in another process, which reads the same files.
    """

    def __init__(
        self,
        home: Path,
        now: Callable[[], float] = time.time,
        read: Callable[[Path], TableFile] = TableFile,
    ) -> None:
        self._home, self._now, self._read = home, now, read
        self._open: dict[str, _Open] = {}
        self._versions: dict[str, tuple[int, str]] = {}
        self._usages = Usages(now)
        self.troubles: dict[str, str] = {}
        """Tables that cannot be read, and why: for messages they are empty."""

    @classmethod
    def open(cls, home: Path, now: Callable[[], float] = time.time) -> StoreTables:
        """The versions in force as the store has them; none where there is no store."""
        tables = cls(home, now)
        for version in TableRows(home).newest():
            tables.use(version)
        return tables

    # -- the hot path ---------------------------------------------------------------------------------------

    def find(self, table: str, keys: tuple[str, ...], at: str | None) -> list[str] | None:
        """See Lookups.find. In a dated table `at` None = today (UTC)."""
        wanted = "\x1f".join(keys).encode("utf-8", "replace")
        one = self._open.get(table)
        if one is not None:
            if at is None and one.dated:
                at = self._today()
            row = one.find(wanted, at or "")
            if row is not None:
                if wanted not in one.noted:
                    one.usage.use(wanted)
                return row
        self._usages.of(table).miss(wanted, at or "")
        return None

    def version(self, table: str) -> int:
        """See Lookups.version."""
        one = self._open.get(table)
        return 0 if one is None else one.version

    def columns(self, table: str) -> tuple[str, ...]:
        """See Lookups.columns; none where there is no data."""
        one = self._open.get(table)
        return () if one is None else one.columns

    def _today(self) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(self._now()))

    # -- versions -------------------------------------------------------------------------------------------

    def use(self, version: Version) -> None:
        """Take a version into force."""
        self.take(version.table, version.version, version.file)

    def take(self, table: str, number: int, file: str) -> None:
        """Take a version by its number and the name of its file. Where it cannot be read the table is empty for messages."""
        self._versions[table] = (number, file)
        self.troubles.pop(table, None)
        try:
            found = self._read(table_file(self._home, table, file))
        except StoreError as error:
            self.troubles[table] = str(error)
            self._open.pop(table, None)
            return
        self._open[table] = _Open(number, found, self._usages.of(table))

    def __reduce__(self) -> tuple[object, ...]:
        return _reopened, (self._home, self._versions)

    # -- what was asked for ---------------------------------------------------------------------------------

    async def flush(self, store: Writes) -> None:
        """Keep which keys were used and missed. To be called every minute or so, and before the store is closed."""
        await self._usages.flush(store)

    def noted(self) -> Noted:
        """What was noted here since the last time: how another process hands it back."""
        return self._usages.take()

    def note(self, noted: Noted) -> None:
        """Note what another process looked up."""
        self._usages.add(noted)


@lru_cache(16)
def _read_once(path: Path) -> TableFile:
    return TableFile(path)


def _reopened(home: Path, versions: Mapping[str, tuple[int, str]]) -> StoreTables:
    """In another process: the same versions, their files kept open from one time to the next."""
    tables = StoreTables(home, read=_read_once)
    for table, (number, file) in versions.items():
        tables.take(table, number, file)
    return tables
