"""
What a plan does besides queueing deliveries, and what planning may ask for: memory, numbers, tables, groups. Plain values.

All of it is written in the same transaction as the message (engine/store), so that none of it can be lost or doubled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """One record to remember (`remember:` of a channel)."""

    name: str
    """The memory's name, known in the whole home: `visit`."""
    key: str
    """What it is found by; parts joined by U+001F."""
    value: bytes | None
    """The record as JSON; None forgets it."""
    until: float
    """Wall clock after which it is forgotten, seconds since 1970."""


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """One number that a plan took from a sequence; never given out again once committed."""

    sequence: str
    """Name, `by` and period, joined by U+001F."""
    value: int


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """
    One thing that waits in a group: of the channel (`collect`) or of a destination (`batch`).

    The store decides at the commit which group it joins: the open one of that key, else a new one.
    """

    group: str = ""
    """Empty = the channel's `collect`, else the destination whose `batch` it is."""
    key: str = ""
    """Parts joined by U+001F; empty in a batch."""
    member: bytes = b""
    """What waits: an entity as canonical JSON, a message's bytes, or a rendered payload."""
    entity: bytes = b""
    """Of a batch: the entity that the payload was rendered from, as canonical JSON; empty where there is none."""
    of: str = ""
    """What it is: `ChargeEvent`, `hl7v2`."""
    source: str | None = None
    """A later member of the group with the same source takes its place (`replace_by`); None = it stands alone."""
    quiet: float = 0.0
    """Seconds without a new member after which the group is released; 0 = not by quiet."""
    ends_at: float = 0.0
    """Wall clock at which a group that this member opens is released at the latest; 0 = no such moment."""
    most: int = 0
    """Members at which the group is released; 0 = no limit."""
    size: int = 0
    """Bytes that the members of a group come to at most; 0 = no limit."""
    complete: bool = False
    """Whether this member completes the group: it is released at once."""
    late: str = "new_group"
    """Where the key's last group was released already: `new_group`, or `quarantine` (the message, reason `late_for_group`)."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmation that must come on another channel (`expect:` and `expect_ack:` of a destination)."""

    destination: str
    channel: str
    """The channel on which it comes."""
    name: str
    """The name of that channel's key (`keys:`) that carries the value."""
    value: str
    within: float
    """Seconds after the delivery within which it must have come; 0 = it may come, and nobody waits for it."""
    payload: int = 0
    """Of an acknowledgement: which of the destination's payloads it is about, from 1; 0 = another confirmation."""
    says: str = ""
    """Of an acknowledgement: what it is about, for people: `850 0001 in group 17`. Never a value of the message."""
    message: int = 0
    """Of an acknowledgement: the message that brought what it is about, where a batch joined several; 0 = this one."""


#: What a partner says became of what it was sent, the worse the later; the store keeps the place. Nothing, as long as it
#: has not said anything.
OUTCOMES = ("", "accepted", "accepted with errors", "partly accepted", "rejected")
ACCEPTED, NOTED, PARTLY, REJECTED = 1, 2, 3, 4
#: The key name of what acknowledgements confirm; no key of a channel can have it.
ACKNOWLEDGED = "acknowledged by partner"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a partner will speak of when it acknowledges: an interchange, a set in it, a claim in that."""

    kind: str
    """`interchange`, `set`, `claim`."""
    value: str
    """By what it is known, parts joined by U+001F; the first part is the kind, the next two are we and the partner."""
    says: str
    """For people: `850 0001 in group 17`. Control numbers only."""
    set: int = -1
    """Which set of its interchange it is, or is in, from 0; -1 = the interchange itself."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What a partner says became of something that was sent."""

    kind: str
    """`interchange`, `set`, `claim`, or `group` and `claims`: all sets and claims whose value begins with this one."""
    value: str
    """As in Sent."""
    outcome: int
    """Its place in OUTCOMES."""
    detail: str = ""
    """The standard's codes and places, in words. Never a value of the message."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """That a large message is taken apart in chunks once it is kept (`Plan.load`)."""

    known: bytes = b""
    """What its format knows of it (engine/reading.py: Surveyed)."""
    parts: int = 0
    """How many it will have; 0 = not known."""
    way: bytes = b""
    """In which way it is taken apart (engine/planning/way.py)."""


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What the next file of a channel is compared with (`snapshot:`) of one part."""

    part: int
    """Its place among the parts of the chunk."""
    key: str
    digest: bytes


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One chunk of a large message (`Plan.step`): what its commit moves on."""

    begin: bytes
    """The position where it begins. Nothing is kept of a chunk that does not begin where the one before ended."""
    end: bytes
    phase: int = 0
    """Of which phase it is: 0 parts, 1 what vanished."""
    next: int = 0
    """The phase behind it; 2 = that was all."""
    unchanged: int = 0
    """Records that are as they were in the last file, and were left out."""
    kept: tuple[Kept, ...] = ()
    gone: tuple[str, ...] = ()
    """Keys of the last file that vanished: each is a part of this chunk."""
    count: bool = True
    """Whether its parts were read from the message, and count as that."""
    at: float = 0.0
    """Wall clock."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group whose time has come, as the store hands it to the line."""

    id: int
    channel: str
    group: str
    """Empty = the channel's `collect`, else the destination whose `batch` it is."""
    key: str
    opened_at: float
    version: int
    """Counts joins; a release commits only where no member joined since it was read."""
    test: bool = False
    """Whether its members are synthetic messages; they never share a group with others."""
    members: tuple[Member, ...] = ()


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member of a group, in the order of joining; replaced ones are not among them."""

    message: int
    """The message that brought it."""
    member: bytes
    entity: bytes = b""
    of: str = ""


class Notes:
    """What expressions noted while they ran; becomes part of the Plan."""

    __slots__ = ("built", "numbers", "owner", "remembers", "tables")

    def __init__(self) -> None:
        self.built = 0
        """How many messages with a number of their own were built so far: MSH-10 of the second is another one."""
        self.numbers: list[Numbered] = []
        self.tables: dict[str, int] = {}
        """Version of each data table that was asked."""
        self.owner = ""
        """Who answers for the data table that refused a code; empty = none did."""
        self.remembers: dict[str, Remembered] = {}
        """By the memory's name: what this message would remember; `changed` compares it."""


class Memory(Protocol):
    """What planning may remember from earlier messages. Sees what earlier plans remembered, committed or on its way."""

    def recall(self, name: str, key: str) -> dict[str, Any] | None:
        """The record, decoded from JSON with numbers as Decimal; None where there is none or its time is over."""


class Numbers(Protocol):
    """Sequences. In production kept by the store; dry runs and tests have their own."""

    def next(self, sequence: str, least: int = 1) -> int:
        """The next number of a sequence, from `least` on: never one that was given before. The plan notes it as Numbered."""


class Lookups(Protocol):
    """Data tables in the store, by name."""

    def find(self, table: str, keys: tuple[str, ...], at: str | None) -> Sequence[str] | None:
        """
        The row's values, in the order of `columns`, effective at a date (ISO 8601, YYYY-MM-DD); None = a miss.

        `at` None = the row without dates, or the one effective at planning.
        """

    def version(self, table: str) -> int:
        """The version in use, from 1; 0 = the table has no data yet."""

    def columns(self, table: str) -> tuple[str, ...]:
        """
        Of the version in use: the names of its keys, in the order in which it is asked, then those of its values. They
        may differ from the declaration that an expression was compiled with: data and declaration change one by one.
        """
