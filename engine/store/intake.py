"""The accepts of one transaction: parts taken out of splits, duplicates found, then laid out as rows."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from engine.message import Delivery, Inbound, Plan, Receipt, Verdict
from engine.store.effects import Effects
from engine.store.layout import Bodies, Entry, Layout, body_size
from engine.store.ledger import Key, Ledger
from engine.store.loads import Loads
from engine.store.memory import Overlay
from engine.store.schema import KEYED, PART, PLACES, VERDICTS, Rows, first, queries

#: Verdicts whose key makes later messages duplicates.
_ORIGINALS = frozenset({Verdict.ACCEPTED, Verdict.FILTERED, Verdict.SPLIT, Verdict.COLLECTED})


class Accept:
    """A message that waits for its commit."""

    __slots__ = ("channel", "future", "id", "inbound", "overlay", "plan", "size", "weight")

    def __init__(
        self,
        future: asyncio.Future[Receipt],
        channel: int,
        inbound: Inbound,
        plan: Plan,
        id: int,
        overlay: Overlay | None = None,
    ) -> None:
        self.overlay = overlay
        """What recall sees of it until its commit has ended."""
        self.future, self.channel, self.inbound, self.plan, self.id = (
            future,
            channel,
            inbound,
            plan,
            id,
        )
        self.size = body_size(inbound.raw) if isinstance(inbound.raw, bytes) else 64
        for outbound in plan.outbound:
            if isinstance(outbound.payload, bytes):
                self.size += len(outbound.payload)
        for join in plan.joins:
            self.size += len(join.member)
        self.weight = 1 + len(plan.parts)
        """How many messages it is."""


class Intake:
    """Writes the accepts of one transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._connection = connection = ledger.connection
        self._sql = sql = queries("write")
        self._seen = Rows(connection, sql["seen"], 4)
        self._marks = Rows(connection, sql["mark"], 3)
        self._bodies = bodies = Bodies(ledger)
        self._layout = Layout(ledger, bodies)
        self._effects = Effects(ledger, bodies)
        self._groups = self._effects.groups
        self._loads = Loads(ledger)
        self._batch: list[Entry] = []

    def write(
        self, accepts: list[Accept]
    ) -> tuple[list[Entry], list[Delivery], dict[Key, int]]:
        """
        Write them; the entries beside the accepts, all deliveries in commit order, and what they count.

        An entry that is `refused` has left nothing.
        """
        self._bodies.begin()
        self._groups.begin()
        entries = [Entry(item.id, item.channel, item.inbound, item.plan) for item in accepts]
        self._batch = entries
        self._loads.begin(entries)
        for entry in entries:
            if entry.again and not entry.inbound.as_new:
                entry.keyed = self._keyed(entry.inbound.replay_of)
        self._decide(entries)
        whole = entries
        for entry in entries:
            if entry.plan.parts or entry.refused or entry.plan.step is not None:
                whole = self._with_parts(entries)
                break
        if marked := [entry for entry in entries if entry.inbound.mark is not None]:
            self._mark(marked)
        written = self._layout.write(whole)
        self._effects.write(whole)
        self._bodies.write()
        self._loads.write(entries)
        return entries, *written

    def _mark(self, entries: list[Entry]) -> None:
        """Remember what sources remember of messages, unless nothing is kept of one."""
        kept = [entry.inbound for entry in entries if not entry.refused]
        marks = [mark for inbound in kept for mark in (inbound.mark, *inbound.marks) if mark]
        self._marks.run([value for mark in marks for value in mark])

    # -- parts ----------------------------------------------------------------------------------------------

    def _with_parts(self, entries: list[Entry]) -> list[Entry]:
        """The entries with the parts and handed-over messages of each behind it, judged too; without those refused."""
        whole: list[Entry] = []
        for entry in entries:
            if entry.refused:
                continue
            if entry.plan.step is None:
                whole.append(entry)  # of a chunk the message itself is kept already
            if entry.plan.parts and entry.verdict is entry.plan.verdict:
                entry.parts = [
                    self._part(entry, plan, place)
                    for place, plan in enumerate(entry.plan.parts)
                ]
                if entry.plan.step is not None and entry.again:
                    self._repeat(entry)
                self._batch = self._batch + entry.parts
                self._decide(entry.parts)
                whole += self._with_parts(entry.parts)
        return whole

    def _part(self, entry: Entry, plan: Plan, place: int) -> Entry:
        ledger, handed = self._ledger, bool(plan.channel)
        number = ledger.next_message
        ledger.next_message = number + 1
        inbound = msgspec.structs.replace(
            entry.inbound,
            raw=plan.part_raw,
            facts=plan.part_facts,
            parent=entry.id,
            replay_of=0,
            only=(),
            depth=entry.inbound.depth + handed,
            group=0,
        )
        channel = ledger.channel(plan.channel) if handed else entry.channel
        part = Entry(number, channel, inbound, plan)
        part.again = entry.again
        if entry.keyed != entry.id and entry.plan.step is None:
            part.keyed = self._keyed_part(entry.keyed, place) or number
        part.flags |= 0 if handed else PART
        return part

    def _repeat(self, entry: Entry) -> None:
        """The parts of a chunk of a replay have the keys of their originals, where they are those one for one."""
        if not entry.inbound.as_new:
            for part, twin in zip(entry.parts, self._loads.twins(entry), strict=False):
                part.keyed = self._keyed(twin)

    # -- verdicts -------------------------------------------------------------------------------------------

    def _decide(self, entries: list[Entry]) -> None:
        """Find duplicates, and which groups are joined and released; in order where one may decide about the next."""
        if not any(
            [entry.has_effects for entry in entries]
        ):  # a list: no generator for what is usual
            self._judge(entries)
            return
        run: list[Entry] = []
        for entry in entries:
            if entry.inbound.group or _may_be_late(entry.plan):
                self._join(run)
                self._decide_one(entry)
                run = []
            else:
                run.append(entry)
        self._join(run)

    def _join(self, run: list[Entry]) -> None:
        self._judge(run)
        for entry in run:
            if entry.plan.joins and entry.stands:
                self._groups.join(entry)

    def _decide_one(self, entry: Entry) -> None:
        """A message that releases a group is no duplicate, whatever its key: its members wait for it."""
        if entry.inbound.group:
            self._groups.release(entry)
            if not entry.refused:
                self._groups.join(entry)
            return
        if self._groups.is_late(entry):
            entry.verdict, entry.reason = Verdict.QUARANTINED, "late_for_group"
            entry.detail = "the group of its key was released before"
        self._join([entry])

    # -- duplicates -----------------------------------------------------------------------------------------

    def _judge(self, entries: list[Entry]) -> None:
        """
        Record the keys; where a key was met before, the verdict becomes duplicate or quarantined.

        One statement when every key is new, which is nearly always.
        """
        flat: list[Any] = []
        keyed: list[Entry] = []
        for entry in entries:
            plan = entry.plan
            if plan.unique is None or entry.inbound.as_new:
                continue
            keyed.append(entry)
            if entry.verdict in _ORIGINALS:
                entry.flags |= KEYED
                flat += (entry.channel, plan.unique, entry.id, plan.digest)
        if not keyed:
            return
        before = self._connection.total_changes()
        self._seen.run(flat)
        if self._connection.total_changes() - before == len(keyed):
            return
        for entry in keyed:
            self._compare(entry)

    def _compare(self, entry: Entry) -> None:
        met = first(self._connection, self._sql["met"], (entry.channel, entry.plan.unique))
        if met is None or met[0] == entry.id:
            return
        entry.flags &= ~KEYED
        number, digest = met
        if entry.again and self._repeats(entry, number):
            return
        entry.original = number
        if digest == entry.plan.digest:
            entry.verdict, entry.detail = Verdict.DUPLICATE, ""
            entry.reason = self._verdict_of(number)
        else:
            answers = entry.plan.acknowledgements
            entry.verdict = Verdict.QUARANTINED
            entry.reason = "key_reused" if answers is None else answers.reason
            entry.detail = "another message with other content came with the same key before"

    def _repeats(self, entry: Entry, met: int) -> bool:
        """Whether a replayed message meets the key of what it repeats, not of another part beside it."""
        parent = entry.inbound.parent
        if parent and any(
            one.id == met and one.inbound.parent == parent for one in self._batch
        ):
            return False
        return self._origin(entry.id) == self._origin(met)

    def _verdict_of(self, number: int) -> Verdict:
        """The verdict of an original; one of this very batch was accepted or filtered a moment ago."""
        for entry in self._batch:
            if entry.id == number:
                return entry.verdict
        code: int = first(self._connection, self._sql["verdict_of"], (number,))[0]
        return VERDICTS[code]

    def _origin(self, number: int) -> int:
        """The message that a chain of replays, parts and hand-overs began with."""
        while before := self._came_from(number):
            number = before
        return number

    def _keyed(self, number: int) -> int:
        """The message whose number the idempotency keys of a message carry: a replay of a replay keeps the first."""
        row = first(
            self._connection, self._sql["keyed"], (number * PLACES, (number + 1) * PLACES)
        )
        return number if row is None else int(row[0])

    def _keyed_part(self, number: int, place: int) -> int:
        """The same for what a replayed message is split into or hands over: the original's, in the same place."""
        row = first(self._connection, self._sql["part_at"], (number, place))
        return 0 if row is None else self._keyed(row[0])

    def _came_from(self, number: int) -> int:
        for entry in self._batch:
            if entry.id == number:
                return entry.inbound.replay_of or entry.inbound.parent
        row = first(self._connection, self._sql["came_from"], (number,))
        return 0 if row is None else row[0] or row[1]


def _may_be_late(plan: Plan) -> bool:
    return any(join.late == "quarantine" for join in plan.joins)
