"""
The store: what the engine remembers, behind few verbs. Each is one transaction with a promise.

`Store` is the engine's side (one process at a time), `Archive` the read side for people, safe to open from any
process while the engine runs. Two implementations share one suite of promises (tests/store/).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol

import msgspec

from engine.effects import Group, Memory, Numbers
from engine.message import (
    Body,
    Delivery,
    Inbound,
    Plan,
    Receipt,
    Settlement,
    Spooled,
    State,
)
from engine.store.loading import Loading, Loadings
from engine.store.reading import Archive, Found, Step
from engine.store.releases import Kept, Used
from engine.store.told import Overdue, Refused

__all__ = [
    "Archive",
    "Found",
    "Hold",
    "Kept",
    "Loading",
    "Order",
    "Overdue",
    "Queued",
    "Refused",
    "Step",
    "Store",
    "Used",
]

#: Called on the event loop, after each commit and in commit order, with the deliveries it queued.
Queued = Callable[[Sequence[Delivery]], None]


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A destination on hold, or draining at a rate."""

    destination: int
    held: bool
    rate: float = 0.0
    """Deliveries per second while draining; 0 = no limit."""
    who: str = ""
    reason: str = ""
    since: float = 0.0


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a person ordered: a row that the runtime obeys."""

    id: int
    verb: str
    """hold, release, discard, resend, delivered, replay, stop, start, reload."""
    arguments: dict[str, Any]
    who: str
    reason: str
    asked_at: float
    expires_at: float


class Store(Loadings, Protocol):
    """The engine's side. Methods are called on the event loop; `await` where they return an awaitable."""

    incarnation: str
    """Random, renewed on restore; part of every idempotency key."""

    # -- the line -------------------------------------------------------------------------------------------

    def reserve(self) -> int:
        """The number the next message will have; gaps are possible, reuse never."""

    def accept(
        self, channel: str, inbound: Inbound, plan: Plan, id: int = 0, class_: str = "supply"
    ) -> Awaitable[Receipt]:
        """
        Keep raw message, verdict, keys and queued deliveries, all or nothing; durable when the future is done.

        Of a key met before: same digest and original accepted or filtered = verdict `duplicate`, nothing
        queued, `receipt.original` and the original's verdict in `reason`; other digest = `quarantined`,
        reason `key_reused`. Of two equal keys in one commit the first wins. Deliveries are announced to the
        listener in commit order before any receipt of that commit is handed out. A split plan keeps the
        parent and all parts in the same transaction. CommitRefused: nothing kept. CommitUnknown: fatal.

        With `plan.load` a loading begins in the same transaction. With `plan.step` the parts of one of its chunks are kept
        and the loading moves on, all or nothing; `id` is that of the message, which is kept already. CommitRefused
        where the chunk does not begin where the loading stands.
        """

    def claim(
        self, delivery: Delivery, at: float, durable: Callable[[], None] | None = None
    ) -> None:
        """
        Record that an attempt begins (queued -> sending). Rides in the next commit; `durable` is called on the
        loop once it is on the disk. A claim and its settlement in one commit become one row each.
        """

    def settle(
        self,
        settlement: Settlement,
        durable: Callable[[], None] | None = None,
        keep_lane: bool = False,
    ) -> None:
        """
        Record how an attempt ended, one append-only event; rides in the next commit (within 10 ms).
        `keep_lane`: a refused delivery that keeps its place, so that its lane waits.
        ValueError for a step that TRANSITIONS does not have.
        """

    def hurry(self) -> None:
        """Somebody waits for what rides: commit now."""

    # -- lanes ----------------------------------------------------------------------------------------------

    def destination(self, channel: str, name: str) -> int:
        """The store's number of a destination, made when new; durable before first use."""

    def rename(self, channel: str, old: str, new: str) -> Awaitable[None]:
        """
        A destination goes on under another name, with what waits for it and under the same number.

        Nothing happens where there is none of the old name, or the new one has a number already.
        """

    def destinations(self) -> dict[tuple[str, str], int]:
        """Every destination there ever was, by channel and name."""

    def heads(self, destination: int, limit: int) -> Awaitable[list[Delivery]]:
        """For every lane with open deliveries its first ones, oldest lanes first, without payloads; at most `limit` lanes."""

    def behind(
        self, destination: int, lane: int, after: int, limit: int
    ) -> Awaitable[list[Delivery]]:
        """The next open deliveries of a lane after an id, in order, without payloads."""

    def payload(self, delivery: int) -> Awaitable[tuple[Body, dict[str, str] | None]]:
        """Payload and options of one delivery, read off the loop."""

    def open_counts(self) -> dict[int, int]:
        """Open deliveries by destination, refreshed on every commit; O(1)."""

    def recover(self) -> Awaitable[list[Delivery]]:
        """
        At start: what was claimed and never settled becomes uncertain (event `interrupted`, crashes + 1);
        at the second such crash refused with reason `crashes_engine`. Returns those now uncertain.
        """

    # -- people ---------------------------------------------------------------------------------------------

    def hold(self, hold: Hold) -> Awaitable[None]:
        """Set or clear the hold flag or drain rate of a destination; an audit record in the same commit."""

    def holds(self) -> dict[int, Hold]:
        """The flags as they stand."""

    def move(
        self, deliveries: Sequence[int], to: State, who: str, reason: str, at: float
    ) -> Awaitable[int]:
        """Queue again, discard, or declare delivered what is refused, uncertain or queued; how many moved. Announces what it queued."""

    def order(
        self,
        verb: str,
        arguments: dict[str, Any],
        who: str,
        reason: str,
        at: float,
        expires_at: float,
    ) -> Awaitable[int]:
        """Keep an order; its number."""

    def finish(self, order: int, outcome: str, done: bool, at: float) -> Awaitable[None]:
        """Record what became of an order."""

    def audit(
        self, who: str, action: str, what: str, reason: str, at: float
    ) -> Awaitable[None]:
        """Append an audit record."""

    # -- small memory ---------------------------------------------------------------------------------------

    def get(self, space: str, name: str) -> Awaitable[bytes | None]:
        """A remembered value."""

    def put(self, space: str, name: str, value: bytes | None) -> Awaitable[None]:
        """Remember a value (None forgets it); durable when done."""

    def numbers(self, sequence: str, count: int) -> Awaitable[int]:
        """Reserve a block of numbers; the first of it. Never given out twice."""

    # -- memory and groups (engine/effects.py) --------------------------------------------------------------

    memory: Memory
    """
    What channels remembered (Plan.remembers). Read on the loop without waiting; sees what was handed to `accept`
    before, committed or not, and no longer what a refused commit took with it.
    """
    sequences: Numbers
    """Sequences (Plan.numbers). A number handed out is not handed out again, also where its plan was refused."""

    def forget(self, limit: int = 200) -> Awaitable[int]:
        """Drop what was remembered and whose time is over, a small step; how many records. 0 = nothing is left to drop."""

    def unused(self, sequence: str, number: int) -> None:
        """
        The plan that took a number was not kept: the next one gets it, where no other was given out since. For numbers
        without gaps, those of batches.
        """

    def due(
        self, now: float, limit: int = 100, channels: Sequence[str] | None = None
    ) -> list[Group]:
        """
        Groups whose time has come, oldest first, without members; only of these channels where some are named. Read on the
        loop, under a millisecond.

        They take no more members: who comes later joins a new one.
        """

    def next_due(self) -> float:
        """Wall clock at which the next group is due; 0 = none waits. O(1)."""

    def group(self, id: int) -> Group | None:
        """
        An open group with its members (replaced ones left out); None where it is released. It is released by `accept` of
        a message with `inbound.group` and `inbound.version`, in the same transaction; GroupChanged where a member joined
        since (nothing is kept, read it again).
        """

    def release(self, group: int, now: float) -> Awaitable[bool]:
        """Make an open group due at once; whether there was one."""

    def open_groups(self) -> dict[tuple[str, str], int]:
        """By channel and destination (empty = `collect`): how many groups wait there."""

    def unfinished(self, message: int, destination: int) -> Awaitable[str]:
        """
        Of what a message has for a destination, the state of the first delivery that is not delivered; empty = all are
        (what `after` waits for).
        """

    def overdue(self, now: float, limit: int = 100) -> list[Overdue]:
        """
        Confirmations that have not come in time, each told once: counted from the delivery, so that one that is not
        delivered yet is not overdue. Confirmed by any message of the named channel with that key value, found at its commit.
        """

    def refused(self, now: float, limit: int = 1000) -> list[Refused]:
        """What partners rejected of what they were sent (`expect_ack`), each told once, by interchange and answer."""

    # -- house ----------------------------------------------------------------------------------------------

    def put_to_use(self, used: Sequence[Used], who: str, at: float) -> Awaitable[int]:
        """Keep the texts of releases that are not the last ones of their channels already; how many releases were kept."""

    def listen(self, queued: Queued) -> None:
        """Who is told of queued deliveries."""

    def spool(self, chunks: Iterable[bytes]) -> Awaitable[Spooled]:
        """Put a large body into a file named by its digest, fsynced with its folder; off the loop."""

    def read(self, body: Body) -> Awaitable[bytes]:
        """The bytes of a body; off the loop when it is spooled."""

    def backup(self, target: Any) -> Awaitable[None]:
        """A verified copy of store and large bodies, taken while the engine works."""

    def fatal(self) -> str:
        """Why the store takes nothing more and the process has to end; empty while it does."""

    def state(self) -> dict[str, float]:
        """For metrics: wal_bytes, pages, queue lengths, commits, last batch size and duration."""

    def close(self) -> Awaitable[None]:
        """Commit what rides, checkpoint, let go."""
