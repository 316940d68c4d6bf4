"""Which messages stand in the place of others: replays and corrected copies, and what came of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from engine.store.schema import PLACES, integers

Rows = Callable[..., list[Any]]
#: A message's number, that of what it is a part of or was handed over by, and of what it repeats; 0 = none.
Origin = tuple[int, int, int]

#: Numbers are given out before they are kept: one that is this much smaller than the last seen may still come.
MARGIN = 200_000
#: Origins that one message may have.
DEEP = 16


class Families:
    """A message and all that repeat it are a family; its newest member counts."""

    def __init__(self) -> None:
        self._root: dict[int, int] = {}
        """Of a replay, the first message of its family."""
        self._members: dict[int, set[int]] = {}
        """The replays of a family, by its first message."""
        self._parent: dict[int, int] = {}
        """Of what was split off or handed over."""
        self._watched: dict[int, set[int]] = {}
        """By the first message of a family: the items that it concerns."""
        self._last = 0

    def read(self, rows: Rows) -> set[int]:
        """Replays that came since the last time; the items that they concern."""
        touched: set[int] = set()
        fresh = [row for row in rows("replays", max(0, self._last - MARGIN)) if row[0] not in self._root]  # fmt: skip
        for id, of in sorted(fresh):
            root = self._root_of(of)
            self._root[id] = root
            self._members.setdefault(root, set()).add(id)
            self._last = max(self._last, id)
            touched |= self._watched.get(root, set())
        return touched

    def know(self, rows: Rows, some: Iterable[Origin]) -> None:
        """Where messages come from, as far up as it goes."""
        waiting, met = list(some), set[int]()
        for _ in range(DEEP):
            for id, parent, of in waiting:
                met.add(id)
                if parent:
                    self._parent[id] = parent
                if of and id not in self._root:
                    root = self._root_of(of)
                    self._root[id] = root
                    self._members.setdefault(root, set()).add(id)
            above = sorted({parent for _, parent, _ in waiting if parent} - met)
            if not above:
                return
            waiting = [tuple(row) for row in rows("origins", integers(above))]

    def watch(self, item: int) -> None:
        """Be told of this item when something comes that may stand in its place."""
        for id in self._line(item // PLACES):
            self._watched.setdefault(self._root_of(id), set()).add(item)

    def in_place_of(self, message: int) -> Sequence[int]:
        """The replays that stand in the place of a message, or of what it came in; none where it counts itself."""
        for id in self._line(message):
            later = [one for one in self._members.get(self._root_of(id), ()) if one > id]
            if later:
                return sorted(later)
        return ()

    def _line(self, message: int) -> list[int]:
        """A message and what it came in."""
        line = [message]
        while len(line) < DEEP and (parent := self._parent.get(line[-1], 0)):
            line.append(parent)
        return line

    def _root_of(self, message: int) -> int:
        return self._root.get(message, message)
