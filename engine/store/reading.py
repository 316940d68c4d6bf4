"""The read side of a store, for people: what `Archive` promises, and what it returns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import msgspec

from engine.message import Inbound
from engine.store.loading import Loading
from engine.store.releases import Kept


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One message in a list."""

    id: int
    channel: str
    received_at: float
    verdict: str
    reason: str
    kind: str
    control: str
    peer: str
    size: int
    states: dict[str, int]
    """How many deliveries are in which state."""
    unconfirmed: int = 0
    """Confirmations that it expects and that have not come."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a message's trail, for people."""

    at: float
    what: str
    """
    received, replayed, split, handed_over; the verdict; queued, sending, delivered, waiting, refused, uncertain, discarded;
    joined, replaced, released of groups; awaited, overdue, confirmed, confirms of confirmations.
    """
    message: int
    channel: str
    delivery: int = 0
    destination: str = ""
    attempt: int = 0
    status: str = ""
    detail: str = ""
    duration: float = 0.0
    due_at: float = 0.0
    kept: dict[str, str] | None = None
    who: str = ""


class Archive(Protocol):
    """The read side. Plain calls (no event loop), each under 250 ms or cut short; pages by key."""

    def recent(
        self, channel: str | None = None, before: int | None = None, limit: int = 50
    ) -> list[Found]:
        """Newest first."""

    def search(
        self,
        *,
        channel: str | None = None,
        verdict: str | None = None,
        state: str | None = None,
        kind: str | None = None,
        key: tuple[str, str] | None = None,
        control: str | None = None,
        since: float | None = None,
        until: float | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Found]:
        """Newest first, by any of these together. `key` is (name or "", value)."""

    def message(self, id: int) -> Found | None:
        """One message."""

    def trail(self, id: int, hops: bool = True) -> list[Step]:
        """
        Everything that happened to it, in order; with `hops` also to what it was replayed as, split into and handed over as,
        to the message that released its groups and to those of the group it released, and to what it came from.
        """

    def loading(self, id: int) -> Loading | None:
        """How far it is taken apart, or what came of it: its load report; None where it was not. Without body and phase."""

    def keys(self, id: int) -> list[tuple[str, str]]:
        """Its searchable keys."""

    def raw(self, id: int) -> bytes:
        """The bytes as received. The caller writes the audit record first."""

    def payload(self, delivery: int) -> bytes:
        """What was or will be sent. The caller writes the audit record first."""

    def inbound(self, id: int) -> Inbound:
        """The message as its source handed it over, for a replay."""

    def deliveries(self, message: int) -> list[dict[str, Any]]:
        """
        Its deliveries: id, destination, state, attempt, due_at, status, detail, part, shows, and under `expects` the
        confirmations that its destination owes: channel, within, due_at, overdue and confirmed, the message that did (0 = none).
        """

    def parts(self, message: int) -> list[int]:
        """The parts that a message was split into, in order; at most 200."""

    def reply(self, delivery: int) -> bytes | None:
        """The last answer to a delivery that was kept whole; None where there is none, or it was pruned."""

    def tables(self, id: int) -> list[str]:
        """The data tables that its plan asked, with their versions: `cdm@12`."""

    # -- what waits -----------------------------------------------------------------------------------------

    def groups(self, channel: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
        """
        Open groups, by channel, oldest first: id, channel, group (empty = `collect`, else the destination of the batch),
        members, opened_at, due_at (0 = it waits for somebody), version, test. Without their keys.
        """

    def key(self, group: int) -> str:
        """The key of a group, its parts joined by U+001F. The caller writes the audit record first."""

    def members(self, group: int) -> list[dict[str, Any]]:
        """Members of a group, open or released, in the order of joining: message, of, joined_at, replaced."""

    def remembered(self) -> dict[str, int]:
        """By the memory's name: how many records."""

    def sequences(self) -> dict[str, int]:
        """By a sequence's plain name: how many of it have begun (one for each `by` and period)."""

    def counts(self) -> list[dict[str, Any]]:
        """By channel and destination: state -> number, oldest open, last delivered, held, rate."""

    def releases(self, channel: str, limit: int = 200) -> list[Kept]:
        """The releases of a channel as they were put to use, newest first."""

    def release(self, channel: str, release: str) -> dict[str, bytes] | None:
        """The files of a release of a channel, by path below the home; None where there is no such release."""

    def made_by(self, id: int) -> str:
        """The release of its channel that decided about a message; empty where there is no such message."""

    def follow(self, after: int, limit: int = 500) -> tuple[int, list[Step]]:
        """Events after an event number, for tailing; the number to go on from."""

    def orders(self, limit: int = 50) -> list[dict[str, Any]]:
        """What people ordered and what became of it."""

    def audits(
        self,
        limit: int = 50,
        *,
        who: str = "",
        action: str = "",
        what: str = "",
        since: float | None = None,
        until: float | None = None,
        before: int | None = None,
    ) -> list[dict[str, Any]]:
        """Audit records, newest first: of somebody, whose action or object holds a word, of a span of time, before a number."""

    def verify(self) -> Iterator[str]:
        """Every finding as a sentence; none = the store is sound."""
