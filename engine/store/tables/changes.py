"""What differs between two versions of a table, a range of hashes at a time, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from engine.store.tables import Changes
from engine.store.tables.form import CELL, Row, TableFile, Trailer

#: A row in two halves: its keys, and the rest as a file has it.
Halves = tuple[bytes, bytes]
#: Hashes are below this.
HASHES = 1 << 32
#: Rows that are compared at a time, about.
AT_ONCE = 50_000


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One row that differs. A row is the same row where keys and first day are the same."""

    before: Row | None
    """None = added."""
    after: Row | None
    """None = removed."""

    def columns(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Of a changed row the columns that differ, by these names of the values; `until` for the last day."""
        if self.before is None or self.after is None:
            return ()
        pairs = zip(names, self.before.values, self.after.values, strict=True)
        until = ("until",) if self.before.last != self.after.last else ()
        return (*(name for name, was, is_ in pairs if was != is_), *until)

    @property
    def what(self) -> str:
        """`added`, `removed` or `changed`."""
        return (
            "added" if self.before is None else "removed" if self.after is None else "changed"
        )


def differing(
    old: Iterable[Halves], new: Iterable[Halves], dated: bool
) -> Iterator[tuple[Halves | None, Halves | None]]:
    """Pairs that differ, of rows in one range of hashes."""
    known = {_identity(halves, dated): halves for halves in old}
    for halves in new:
        was = known.pop(_identity(halves, dated), None)
        if was != halves:
            yield was, halves
    for was in known.values():
        yield was, None


def _identity(halves: Halves, dated: bool) -> bytes:
    keys, rest = halves
    return keys + b"\xfe" + rest.partition(b"\0")[0] if dated else keys


def counted(pairs: Iterable[tuple[Halves | None, Halves | None]], total: Changes) -> Changes:
    """The number of differences, on top of those so far."""
    added, removed, changed = total.added, total.removed, total.changed
    for was, is_ in pairs:
        added += was is None
        removed += is_ is None
        changed += was is not None and is_ is not None
    return Changes(added=added, removed=removed, changed=changed)


def differences(before: TableFile | None, after: TableFile) -> Iterator[Difference]:
    """Every row that differs between two versions, in no order that means anything."""
    dated = bool(after.trailer.dates)
    for low, high in steps(before, after):
        new = after.between(low, high)
        for was, is_ in differing(stored(before, after.trailer, low, high), new, dated):
            yield Difference(
                before=after.row(*was) if was else None, after=after.row(*is_) if is_ else None
            )


def steps(before: TableFile | None, after: TableFile) -> Iterator[tuple[int, int]]:
    """Ranges of hashes in which few enough rows of both are."""
    rows = max(after.trailer.rows, before.trailer.rows if before else 0)
    number = rows // AT_ONCE + 1
    for step in range(number):
        yield step * HASHES // number, (step + 1) * HASHES // number


def stored(before: TableFile | None, wanted: Trailer, low: int, high: int) -> Iterator[Halves]:
    """The rows of a version in a range of hashes, as a table of the wanted columns has them."""
    if before is None:
        return
    convert = _conversion(before, wanted)
    for keys, rest in before.between(low, high):
        yield keys, rest if convert is None else convert(keys, rest)


def _conversion(before: TableFile, wanted: Trailer) -> Callable[[bytes, bytes], bytes] | None:
    """Columns that the version does not have are empty, those no longer declared are left out; None = they are the same."""
    had = before.trailer
    if (had.columns, bool(had.dates)) == (wanted.columns, bool(wanted.dates)):
        return None
    places = {name: place for place, name in enumerate(had.columns)}

    def convert(keys: bytes, rest: bytes) -> bytes:
        row = before.row(keys, rest)
        values = [row.values[places[name]] if name in places else "" for name in wanted.columns]
        days = [row.first, row.last] if wanted.dates else []
        return CELL.join([*days, *values]).encode()

    return convert
