"""What the writer knows by heart: numbers given out, names and their numbers, counters, incarnations."""

from __future__ import annotations

import secrets
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import apsw

from engine.message import OPEN
from engine.store.schema import BY_STATE, LAST_DELIVERED, STATE_CODE, Rows, first, queries

Key = tuple[int, int, int]

_OPEN_CODES = frozenset(STATE_CODE[state] for state in OPEN)


class Ledger:
    """Loaded when the store opens; changed on the loop; what is new rides in the next transaction."""

    def __init__(self, connection: apsw.Connection, now: Callable[[], float]) -> None:
        self.connection, self.now = connection, now
        self._sql = queries("write")
        self._counter_rows = Rows(connection, self._sql["counter"], 4)
        self._load_numbers()
        self._load_names()
        self.counters: dict[Key, int] = {}
        self.open: dict[int, int] = {}
        self.reload_counters()
        self._load_incarnations(now)
        self.groups_changed = True
        """Whether another group may be the next that is due; once it is on the disk, where it is read."""
        self.groups_written = False
        """Whether groups are written in the transaction under way."""
        self.awaited: dict[int, set[int]] = {}
        """By channel the names of keys that may confirm a delivery; some that no longer do among them."""
        self.expecting: set[int] = set()
        """Destinations with deliveries that are to be confirmed; the same holds."""
        self._load_awaited()

    def groups_kept(self) -> None:
        """What was written of groups is on the disk: who asked while it was on its way read what was before."""
        if self.groups_written:
            self.groups_written, self.groups_changed = False, True

    def _load_awaited(self) -> None:
        for channel, name, destination in self.connection.execute(
            queries("effects")["awaited"]
        ):
            self.awaited.setdefault(channel, set()).add(name)
            self.expecting.add(destination)

    def _load_numbers(self) -> None:
        highest = "SELECT coalesce(max(id), 0) FROM "
        one = {
            table: first(self.connection, highest + table)[0]
            for table in ("message", "content", "event", "grouping", "member")
        }
        arrival = "SELECT max((SELECT max(arrival) FROM message WHERE channel = channel.id)) FROM channel"
        self.next_message: int = one["message"] + 1
        self.next_content: int = one["content"] + 1
        self.next_group: int = one["grouping"] + 1
        self.next_member: int = one["member"] + 1
        self.next_event: int = max(one["event"], first(self.connection, arrival)[0] or 0) + 1

    def _load_names(self) -> None:
        execute = self.connection.execute
        self.channels: dict[str, int] = {
            name: id for id, name in execute("SELECT id, name FROM channel")
        }
        self.key_names: dict[str, int] = {
            name: id for id, name in execute("SELECT id, name FROM key_name")
        }
        rows = execute("SELECT id, channel, name FROM destination")
        self.destinations: dict[tuple[int, str], int] = {
            (row[1], row[2]): row[0] for row in rows
        }
        self.definitions: list[tuple[str, tuple[int | str, ...]]] = []

    def _load_incarnations(self, now: Callable[[], float]) -> None:
        select = "SELECT first_message, name FROM incarnation ORDER BY first_message"
        if first(self.connection, select) is None:
            add_incarnation(self.connection, 1, now())
        rows: list[Any] = self.connection.execute(select).fetchall()
        self._firsts: list[int] = [row[0] for row in rows]
        self._incarnations: list[str] = [row[1] for row in rows]
        self.incarnation, self._current_from = self._incarnations[-1], self._firsts[-1]
        self.next_message = max(self.next_message, self._current_from)

    def reload_counters(self) -> None:
        """Take the counters as the store has them."""
        self.counters = {
            (row[0], row[1], row[2]): row[3]
            for row in self.connection.execute("SELECT * FROM counter")
        }
        self.open = {}
        for (scope, destination, state), number in self.counters.items():
            if scope == BY_STATE and state in _OPEN_CODES:
                self.open[destination] = self.open.get(destination, 0) + number

    # -- numbers and names ----------------------------------------------------------------------------------

    def key_of(self, message: int, destination: int, part: int) -> str:
        """The idempotency key of a delivery; the same for every attempt, over a restore too."""
        if message >= self._current_from:
            return f"{self.incarnation}-{message}-{destination}-{part}"
        incarnation = self._incarnations[max(bisect_right(self._firsts, message) - 1, 0)]
        return f"{incarnation}-{message}-{destination}-{part}"

    def channel(self, name: str) -> int:
        """The number of a channel, made when new."""
        number = self.channels.get(name)
        if number is None:
            number = self.channels[name] = max(self.channels.values(), default=0) + 1
            self.definitions.append(("define_channel", (number, name)))
        return number

    def destination(self, channel: int, name: str) -> int:
        """The number of a destination, made when new."""
        number = self.destinations.get((channel, name))
        if number is None:
            number = self.destinations[(channel, name)] = (
                max(self.destinations.values(), default=0) + 1
            )
            self.definitions.append(("define_destination", (number, channel, name)))
        return number

    def rename(self, channel: str, old: str, new: str) -> None:
        """In a transaction: a destination goes on under another name; nothing where there is none, or the name is taken."""
        number = self.channels.get(channel, 0)
        if (number, old) not in self.destinations or (number, new) in self.destinations:
            return
        self.connection.execute(self._sql["rename"], (new, number, old))
        self.destinations[(number, new)] = self.destinations.pop((number, old))

    def key_name(self, name: str) -> int:
        """The number of a searchable key's name, made when new."""
        number = self.key_names.get(name)
        if number is None:
            number = self.key_names[name] = max(self.key_names.values(), default=0) + 1
            self.definitions.append(("define_key_name", (number, name)))
        return number

    # -- in a transaction -----------------------------------------------------------------------------------

    def write_definitions(self) -> int:
        """Write the names that are new; how many. `defined` forgets them once they are on the disk."""
        for statement, values in self.definitions:
            self.connection.execute(self._sql[statement], values)
        return len(self.definitions)

    def defined(self, count: int) -> None:
        """The first `count` definitions are on the disk."""
        del self.definitions[:count]

    def write_counters(self, changes: dict[Key, int]) -> None:
        """Write the counters as they will be once this transaction is on the disk."""
        flat: list[int] = []
        counters = self.counters
        for key, change in changes.items():
            flat += key
            flat.append(change if key[0] == LAST_DELIVERED else counters.get(key, 0) + change)
        self._counter_rows.run(flat)

    def counted(self, changes: dict[Key, int]) -> None:
        """The changes are on the disk."""
        counters, still_open = self.counters, self.open
        for key, change in changes.items():
            scope, number, code = key
            if scope == LAST_DELIVERED:
                counters[key] = change
                continue
            counters[key] = counters.get(key, 0) + change
            if scope == BY_STATE and code in _OPEN_CODES:
                still_open[number] = still_open.get(number, 0) + change


def add_incarnation(connection: apsw.Connection, first_message: int, at: float) -> None:
    """Give the messages from `first_message` on a random part of their idempotency keys."""
    values = (first_message, secrets.token_hex(5), at)
    connection.execute("INSERT OR REPLACE INTO incarnation VALUES (?, ?, ?)", values)


def deltas(*changes: dict[Key, int]) -> dict[Key, int]:
    """Counter changes together, in order."""
    total: dict[Key, int] = {}
    for change in changes:
        for key, number in change.items():
            total[key] = number if key[0] == LAST_DELIVERED else total.get(key, 0) + number
    return total
