"""What travels through the engine: frozen values, verdicts, delivery states and the table of TRANSITIONS."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from engine.effects import (
    Answered,
    Expected,
    Join,
    Load,
    Lookups,
    Memory,
    Notes,
    Numbered,
    Numbers,
    Remembered,
    Step,
)
from engine.ids import number_of as number_of  # noqa: PLC0414 - known from here
from engine.ids import short_id as short_id  # noqa: PLC0414

#: Bodies above this many bytes travel as files and are planned outside the event loop's process.
LARGE = 256 * 1024


class Verdict(StrEnum):
    """What the engine decided about a message. It never changes."""

    ACCEPTED = "accepted"  #: its deliveries are queued
    FILTERED = "filtered"  #: a rule said no, or no destination wanted it
    DUPLICATE = "duplicate"  #: the same key and the same bytes as an earlier message
    QUARANTINED = "quarantined"  #: kept for a person, with a reason code
    SPLIT = "split"  #: its parts carry the verdicts
    COLLECTED = "collected"  #: waits in a group


class State(StrEnum):
    """The state of one delivery: one payload on its way to one destination."""

    QUEUED = "queued"  #: waits for its turn or for the next attempt
    SENDING = "sending"  #: claimed by a carrier
    UNCERTAIN = "uncertain"  #: may have arrived; a person or a policy decides
    REFUSED = "refused"  #: the partner said no; a person decides
    DELIVERED = "delivered"  #: the partner accepted it
    DISCARDED = "discarded"  #: a person gave it up, with a reason


#: Everything that can happen to a delivery. The stores enforce it, the documentation draws it.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING, State.DISCARDED}),
    State.SENDING: frozenset({State.DELIVERED, State.QUEUED, State.UNCERTAIN, State.REFUSED}),
    State.UNCERTAIN: frozenset({State.QUEUED, State.DELIVERED, State.REFUSED, State.DISCARDED}),
    State.REFUSED: frozenset({State.QUEUED, State.DISCARDED}),
    State.DELIVERED: frozenset(),
    State.DISCARDED: frozenset(),
}

#: States in which a delivery still holds its place in its lanes.
OPEN = frozenset({State.QUEUED, State.SENDING, State.UNCERTAIN})


class Spooled(msgspec.Struct, frozen=True, kw_only=True):
    """A body over LARGE, already in a file that has been fsynced."""

    path: str
    size: int
    digest: bytes
    """BLAKE2b-128 of the content."""


Body = bytes | Spooled


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """What a source hands over: the bytes exactly as received, and where they came from."""

    raw: Body
    received_at: float
    """Wall clock, seconds since 1970."""
    peer: str = ""
    """Address or name of the sender."""
    facts: dict[str, str] | None = None
    """What `meta.` reads besides: file_name, folder, line, and headers as `header.x-facility`."""
    parent: int = 0
    """The message this one is a part of, or was handed over by."""
    replay_of: int = 0
    """The message this one repeats."""
    as_new: bool = False
    """A replay under a new key: never a duplicate of its original."""
    only: tuple[str, ...] = ()
    """A replay's chosen destinations; empty = all."""
    depth: int = 0
    """How many channels handed it over so far."""
    test: bool = False
    """A synthetic message that must never post."""
    mark: tuple[str, str, bytes] | None = None
    """What its source remembers of it: space, name and value of the store's memory, put there in the same commit."""
    marks: tuple[tuple[str, str, bytes], ...] = ()
    """What its source remembers besides, in the same commit."""
    group: int = 0
    """The group that this message releases, its raw; 0 = an ordinary message."""
    version: int = 0
    """The group's version when it was read."""
    fault: tuple[str, str] | None = None
    """What its source found wrong with it, reason code and sentence: it is kept in quarantine."""


class Outbound(msgspec.Struct, frozen=True, kw_only=True):
    """One payload for one destination, not yet queued."""

    destination: str
    payload: Body
    part: int = 1
    """Which of the message's payloads for this destination, from 1."""
    lanes: tuple[int, ...] = (0,)
    """The lanes it stands in: 63-bit hashes of the lane keys, 0 the destination's own lane."""
    options: dict[str, str] | None = None
    """What the destination's text with holes gave for this message: file name, path, headers."""
    shows: str = ""
    """What it is for people: `ChargeEvent`, `ADT^A08`. Never a value of the message."""
    after: str = ""
    """The destination that must have delivered everything of this message first; empty = none."""


class Acknowledgements(msgspec.Struct, frozen=True, kw_only=True):
    """What says to a message's sender what became of it, as payloads of its own (`of: acknowledgement`)."""

    said: tuple[Outbound, ...] = ()
    """
    What is sent where the store agrees with the plan. Of a duplicate the answer that its original had goes out again; this
    one only where that is gone.
    """
    reused: tuple[Outbound, ...] = ()
    """What is sent where the sender used the message's key before, for other content."""
    reason: str
    """The reason code of such a message."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a channel says about one message. Plain values; picklable."""

    verdict: Verdict
    reason: str = ""
    """Reason code, or the rule's `because`."""
    detail: str = ""
    """A sentence for people: names the path and the rule, never the value."""
    owner: str = ""
    """Who looks after it when quarantined."""
    kind: str = ""
    """What it is: `DFT^P03`."""
    control: str = ""
    """The sender's own number for it: MSH-10. Kept for the trail, masked in logs when it is a key."""
    unique: str | None = None
    """The key that makes a duplicate, its parts joined by U+001F; None = not checked."""
    digest: bytes = b""
    """BLAKE2b-128 of the content, compared when the key is met again."""
    keys: tuple[tuple[str, str], ...] = ()
    """Searchable keys, by name."""
    outbound: tuple[Outbound, ...] = ()
    summary: str = ""
    """What was made of it, for people: `2 ChargeEvent`."""
    release: str = ""
    """Hash of the channel, mappings and tables that made this plan."""
    parts: tuple[Plan, ...] = ()
    """Plans of the parts when the verdict is split, and of the messages handed over to other channels."""
    joins: tuple[Join, ...] = ()
    """What waits in groups. A verdict `collected` has at least one; an accepted message may have some, in batches."""
    remembers: tuple[Remembered, ...] = ()
    numbers: tuple[Numbered, ...] = ()
    expects: tuple[Expected, ...] = ()
    tables: tuple[str, ...] = ()
    """The data tables that were asked, with their versions: `cdm@12`."""
    acknowledgements: Acknowledgements | None = None
    answered: tuple[Answered, ...] = ()
    """What the message says became of things that were sent before (`expect_ack`)."""
    part_raw: Body = b""
    """In the plan of a part or of a handed-over message: its bytes."""
    part_facts: dict[str, str] | None = None
    """In the plan of a part: its facts; None = those of the whole."""
    channel: str = ""
    """In the plan of a handed-over message: the channel that takes it; it is kept in the same commit."""
    load: Load | None = None
    """In the plan of a large message with verdict split: its parts follow in chunks, each with a commit of its own."""
    step: Step | None = None
    """In the plan of such a chunk: `parts` are those of the chunk, and the message itself is kept already."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One payload on its way to one destination, as lanes and connectors see it."""

    id: int
    message: int
    destination: int
    """The store's number for the destination."""
    key: str
    """Idempotency key: incarnation-message-destination-part. The same for every attempt."""
    lanes: tuple[int, ...] = (0,)
    attempt: int = 0
    """How many attempts were used up before this one."""
    payload: Body | None = None
    """None until it is read at send."""
    options: dict[str, str] | None = None
    queued_at: float = 0.0
    due_at: float = 0.0
    """Wall clock of the earliest next attempt; 0 = now."""
    state: State = State.QUEUED
    crashes: int = 0
    """How many times the engine died while this was claimed."""
    test: bool = False
    after: int = 0
    """The store's number of the destination that must have delivered everything of this message first; 0 = none."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the store kept of a message; durable when one sees it."""

    id: int
    verdict: Verdict
    reason: str = ""
    detail: str = ""
    original: int = 0
    """The message that this one duplicates."""
    deliveries: tuple[Delivery, ...] = ()
    parts: tuple[Receipt, ...] = ()


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender is told."""

    receipt: Receipt | None
    """None where nothing was kept: the sender must try again."""
    body: bytes = b""
    """The answer its format prescribes; empty where the format has none or none is wanted."""
    error: str = ""
    """Why nothing was kept, in words for the sender."""
    plan: Plan | None = None
    """What was planned, for the log."""
    status: str = ""
    """Where the channel says what the sender is told (`answer:`): the HTTP status, and its content type behind a space."""
    headers: dict[str, str] | None = None
    """Of a destination's answer that is passed on as it is, its headers, by lower-case name; a source passes on what it knows."""


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """How one attempt to deliver ended."""

    delivery: int
    state: State
    at: float
    """Wall clock, seconds since 1970."""
    attempt: int = 0
    """Attempts used up so far, this one included if it counts."""
    status: str = ""
    """The partner's word: `201`, `AA`, `503`, `connection refused`."""
    detail: str = ""
    due_at: float = 0.0
    """Wall clock of the next attempt when queued again."""
    duration: float = 0.0
    """Seconds the attempt took."""
    kept: dict[str, str] | None = None
    """What `reply.keep` took from the answer: `their_number`."""
    reply: bytes | None = None
    """The answer itself, kept as content where the channel asks for it or the partner refused."""
    who: str = ""
    """The person who ordered it; empty = the engine."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What planning is given besides the message, so that planning is pure."""

    now: float
    """Wall clock, seconds since 1970; frozen in tests."""
    id: int = 0
    """The number the message will have."""
    part: str = ""
    """Which of its parts this is, for numbers that are made of the id: `.3`; empty = the whole."""
    environment: str = "production"
    """`production` or `test`; messages that say another one are refused."""
    channels: object = None
    """The other channels by name, for messages handed over."""
    lookups: Lookups | None = None
    memory: Memory | None = None
    numbers: Numbers | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What `meta.`, `now()`, `lookup`, `recall` and `sequence` read: a scope's `context`."""

    inbound: Inbound
    context: Context
    notes: Notes = msgspec.field(default_factory=Notes)
    marks: object = None
    """The delimiters (engine/edi/marks.py) of the partner that gets what is built; None = the usual ones."""
