"""
Groups inside the writer's transaction: which one a member joins, whom it replaces, what a message releases.

A group takes members until its time has come (complete, full, quiet for long enough, at its end) or a message has
released it. Whoever comes later joins a new one, so that a busy group can always be released.
"""

from __future__ import annotations

from typing import Any

from engine.effects import Join
from engine.errors import GroupChanged
from engine.store.layout import Bodies, Entry
from engine.store.ledger import Ledger
from engine.store.schema import TEST, Rows, first, queries

_Key = tuple[int, int, str, int]
_UPDATE = (
    " ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at, sealed = excluded.sealed,"
    " version = excluded.version, standing = excluded.standing, size = excluded.size,"
    " released_at = excluded.released_at, message = excluded.message"
)


class Gathering:
    """One group as this transaction leaves it."""

    __slots__ = (
        "changed", "channel", "destination", "due_at", "ends_at", "flags", "id", "key", "message", "opened_at",
        "released_at", "sealed", "size", "sources", "standing", "version",
    )  # fmt: skip

    def __init__(self, row: tuple[Any, ...]) -> None:
        (self.id, self.channel, self.destination, self.key, self.flags, self.opened_at, self.ends_at, self.due_at,
         self.sealed, self.version, self.standing, self.released_at, self.message, self.size) = row  # fmt: skip
        self.changed = False
        self.sources: dict[str, int] = {}
        """Members that joined in this transaction and have a source."""

    def row(self) -> tuple[Any, ...]:
        """The same as a row."""
        return (
            self.id, self.channel, self.destination, self.key, self.flags, self.opened_at, self.ends_at, self.due_at,
            self.sealed, self.version, self.standing, self.released_at, self.message, self.size,
        )  # fmt: skip

    def takes_members(self, now: float) -> bool:
        """Whether nothing has released it and its time has not come."""
        return not (self.message or self.sealed or 0 < self.due_at <= now)

    def overflows(self, join: Join) -> bool:
        """Whether a batch with a limit of bytes would go beyond it."""
        return bool(self.size) and 0 < join.size < self.size + len(join.member)

    def seal(self, now: float) -> None:
        """Its time has come; it takes no more members."""
        if not (self.message or self.sealed):
            self.due_at, self.sealed, self.changed = now, 1, True

    def grow(self, join: Join, replaces: bool, now: float) -> None:
        """A member joined: count it, and say when the group's time comes."""
        self.changed = True
        self.version += 1
        self.standing += not replaces
        self.size += len(join.member) if join.size else 0
        if join.complete or 0 < join.most <= self.standing or 0 < join.size <= self.size:
            self.due_at, self.sealed = now, 1
            return
        ends = [self.ends_at] if self.ends_at else []
        if join.quiet:
            ends.append(now + join.quiet)
        self.due_at = min(ends, default=0.0)


class Groups:
    """The groups of one transaction at a time."""

    def __init__(self, ledger: Ledger, bodies: Bodies) -> None:
        self._ledger, self._bodies = ledger, bodies
        self._connection = connection = ledger.connection
        self._sql = sql = queries("effects")
        self._group_rows = Rows(connection, sql["group"], 14, _UPDATE)
        self._member_rows = Rows(connection, sql["member"], 9)
        self.begin()

    def begin(self) -> None:
        """A transaction begins: nothing is left of an earlier one."""
        self._now = self._ledger.now()
        self._known: dict[int, Gathering] = {}
        self._newest: dict[_Key, int] = {}
        self._members: dict[int, tuple[Gathering, Entry, Join]] = {}
        self._replaced: dict[int, int] = {}
        self.released: list[tuple[Gathering, Entry]] = []

    # -- what a message does --------------------------------------------------------------------------------

    def is_late(self, entry: Entry) -> bool:
        """
        Whether the last group of a key is over and the channel wants no other (`late: quarantine`).

        A replay is never late: a person wants it in.
        """
        if entry.again:
            return False
        for join in entry.plan.joins:
            last = self._last(self._key(entry, join)) if join.late == "quarantine" else None
            if last is not None and not last.takes_members(self._now):
                return True
        return False

    def release(self, entry: Entry) -> None:
        """Close the group that a message releases; the message is refused where it is not as it was read."""
        wanted = entry.inbound
        found = self._of_id(wanted.group)
        if (
            found is None
            or found.message
            or found.channel != entry.channel
            or found.version != wanted.version
        ):
            entry.refused = GroupChanged("the group was released, or has another member since")
            return
        found.message, found.released_at, found.changed = entry.id, self._now, True
        self.released.append((found, entry))

    def join(self, entry: Entry) -> None:
        """Put everything of a message that waits into groups; of a replay only what goes to its destinations."""
        only = entry.inbound.only
        for join in entry.plan.joins:
            if only and join.group and join.group not in only:
                continue
            key = self._key(entry, join)
            group = self._last(key)
            if group is not None and group.overflows(join):
                group.seal(self._now)
            if group is None or not group.takes_members(self._now):
                group = self._open(key, join)
            self._add(group, entry, join)
            entry.joined += 1

    # -- groups and members ---------------------------------------------------------------------------------

    def _key(self, entry: Entry, join: Join) -> _Key:
        channel = entry.channel
        destination = self._ledger.destination(channel, join.group) if join.group else 0
        return channel, destination, join.key, entry.flags & TEST

    def _last(self, key: _Key) -> Gathering | None:
        """The newest group of a key, open or not."""
        number = self._newest.get(key)
        if number is None:
            row = first(self._connection, self._sql["newest"], key)
            number = self._newest[key] = 0 if row is None else self._keep(row).id
        return self._known[number] if number else None

    def _of_id(self, number: int) -> Gathering | None:
        if number not in self._known:
            row = first(self._connection, self._sql["grouping"], (number,))
            return None if row is None else self._keep(row)
        return self._known[number]

    def _keep(self, row: tuple[Any, ...]) -> Gathering:
        """A group that was read, as this transaction knows it."""
        return self._known.setdefault(row[0], Gathering(row))

    def _open(self, key: _Key, join: Join) -> Gathering:
        number = self._ledger.next_group
        self._ledger.next_group = number + 1
        group = Gathering(
            (number, *key, self._now, join.ends_at, join.ends_at, 0, 0, 0, 0.0, 0, 0)
        )
        self._known[number], self._newest[key] = group, number
        return group

    def _add(self, group: Gathering, entry: Entry, join: Join) -> None:
        number = self._ledger.next_member
        self._ledger.next_member = number + 1
        replaced = 0
        if join.source is not None:
            replaced = self._of_source(group, join.source)
            group.sources[join.source] = number
        elif entry.again and not entry.inbound.as_new:
            replaced = self._of_replayed(group, entry.inbound.replay_of)
        if replaced:
            self._replaced[replaced] = number
        group.grow(join, bool(replaced), self._now)
        self._members[number] = (group, entry, join)

    def _of_source(self, group: Gathering, source: str) -> int:
        """The member of a group that stands for a source; 0 = none."""
        if (known := group.sources.get(source)) is not None:
            return known
        row = first(self._connection, self._sql["of_source"], (group.id, source))
        return 0 if row is None else int(row[0])

    def _of_replayed(self, group: Gathering, message: int) -> int:
        """The first member that a replayed message has in a group and that still stands; 0 = none: it would count twice."""
        rows: list[Any] = self._connection.execute(
            self._sql["of_message"], (message, group.id)
        ).fetchall()
        return next((int(row[0]) for row in rows if row[0] not in self._replaced), 0)

    # -- rows -----------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Write what changed; the messages are laid out already."""
        changed = [group for group in self._known.values() if group.changed]
        if not changed:
            return
        self._ledger.groups_written = True
        members: list[Any] = []
        for number, (group, entry, join) in self._members.items():
            replaced = self._replaced.pop(number, 0)
            members += self._member(number, group, entry, join, replaced)
        for older, newer in self._replaced.items():
            self._connection.execute(self._sql["replace"], (newer, older))
        self._member_rows.run(members)
        groups: list[Any] = []
        for group in changed:
            groups += group.row()
        self._group_rows.run(groups)

    def _member(
        self, number: int, group: Gathering, entry: Entry, join: Join, replaced: int
    ) -> tuple[Any, ...]:
        same = join.member == entry.inbound.raw
        content = entry.content if same else self._bodies.add(join.member)
        entity = self._bodies.add(join.entity) if join.entity else 0
        return (
            number, group.id, entry.id, content, entity, join.of, join.source, self._now, replaced,
        )  # fmt: skip
