"""
Large messages that are taken apart in chunks: inside the writer's transaction.

The message is kept with verdict `split` and a row in `loading`. Each chunk is a transaction of its own: its parts, and how far
one has come. A chunk that does not begin where the one before ended leaves nothing, so that no part is lost or doubled,
whenever the process ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import apsw
import msgspec

from engine.effects import Step
from engine.errors import StoreError
from engine.message import Inbound, Verdict
from engine.store.layout import Entry
from engine.store.ledger import Ledger
from engine.store.schema import Rows, first, queries

#: Phase of a loading that is over.
OVER = 2
#: `twin` where the parts of a replay are not those of its original, one for one.
NOT_ALIKE = -1

_encode = msgspec.msgpack.Encoder().encode


class Loads:
    """Writes loadings of one transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._connection: apsw.Connection = ledger.connection
        self._execute = ledger.connection.execute
        self._sql = queries("loads")
        self._keep = Rows(ledger.connection, self._sql["keep"], 4)
        self._has = False
        """Whether a message of the transaction is one of these; most transactions have none."""
        self._twins: dict[int, int] = {}

    def begin(self, entries: Sequence[Entry]) -> None:
        """StoreError where a chunk does not begin where the one before ended."""
        self._has = False
        for entry in entries:
            plan = entry.plan
            if plan.load is not None:
                self._has = True
            elif plan.step is not None:
                self._has = True
                self._stands(entry, plan.step)

    def _stands(self, entry: Entry, step: Step) -> None:
        row = first(self._connection, self._sql["standing"], (entry.id, step.begin, step.phase))
        if row is None:
            raise StoreError("a chunk does not begin where the one before it ended")
        entry.reasons, self._twins[entry.id] = msgspec.json.decode(row[0]), row[1]

    def twins(self, entry: Entry) -> list[int]:
        """Of a chunk of a replay: the originals of its parts, one for one; empty where these are not alike."""
        last, original = self._twins[entry.id], entry.inbound.replay_of
        if last == NOT_ALIKE or not original:
            return []
        count = len(entry.plan.parts)
        found = [row[0] for row in self._execute(self._sql["twins"], (original, last, count))]
        if len(found) < count:
            self._twins[entry.id] = NOT_ALIKE
            return []
        self._twins[entry.id] = found[-1] if found else last
        return found

    def write(self, entries: Sequence[Entry]) -> None:
        """Begin and move on what the transaction holds of them; called when the parts have their rows."""
        if not self._has:
            return
        for entry in entries:
            if entry.plan.step is not None:
                self._step(entry, entry.plan.step)
            elif entry.plan.load is not None and entry.stands and not entry.refused:
                self._begin(entry)

    def _begin(self, entry: Entry) -> None:
        load, original = entry.plan.load, entry.inbound.replay_of
        assert load is not None
        twin = 0
        if original and not first(self._connection, self._sql["alike"], (original,))[0]:
            twin = NOT_ALIKE
        bare = msgspec.structs.replace(entry.inbound, raw=b"", mark=None, marks=())
        values = (
            entry.id, entry.channel, _encode(bare), load.known, load.parts, twin, entry.inbound.received_at,
            load.way,
        )  # fmt: skip
        self._execute(self._sql["begin"], values)

    def _step(self, entry: Entry, step: Step) -> None:
        held = [part for part in entry.parts if part.verdict is Verdict.QUARANTINED]
        reasons = Counter(entry.reasons)
        reasons.update(part.reason for part in held)
        parts = len(entry.parts) - len(step.gone) if step.count else 0
        values = (
            entry.id, step.end, step.next, parts + step.unchanged, step.unchanged, len(step.gone), len(held),
            msgspec.json.encode(reasons).decode(), self._twins.pop(entry.id, 0), step.at if step.next == OVER else 0.0,
        )  # fmt: skip
        self._execute(self._sql["step"], values)
        kept: dict[str, tuple[bytes, int]] = {}
        for one in step.kept:
            part = entry.parts[one.part]
            rejected = part.verdict is Verdict.QUARANTINED
            kept[one.key] = b"" if rejected else one.digest, part.content
        channel = entry.channel
        flat = [value for key, (digest, content) in kept.items() for value in (channel, key, digest, content)]  # fmt: skip
        self._keep.run(flat)
        for key in step.gone:
            self._execute(self._sql["gone"], (channel, key))


def inbound_of(packed: bytes) -> Inbound:
    """The message as its source handed it over, without the body."""
    return msgspec.msgpack.decode(packed, type=Inbound)
