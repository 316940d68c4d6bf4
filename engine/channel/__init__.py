"""Channels: one YAML file each, bound to the code it names. The name of the file is the name of the channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import msgspec

from engine.formats import Format, Reading
from engine.hours import Hours
from engine.mapping import Expression, Mapping
from engine.placed import Node
from engine.retry import Policy
from engine.settings import Duration

#: Criticality classes, most urgent first.
CLASSES = ("care", "revenue", "supply", "admin")


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A connector with its settings: `mllp: {port: 2575}`."""

    kind: str
    module: ModuleType
    settings: Any
    """SourceSettings or DestinationSettings of the module."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of `accept`: where `when` does not hold, the message is filtered or rejected."""

    when: Expression
    otherwise: str = "filter"
    """`filter` or `reject` (quarantined with reason `rejected`, AE to the sender)."""
    because: str = ""


class Replies(msgspec.Struct, frozen=True, kw_only=True):
    """The `reply:` block: how a partner's answer is judged; None = the connector's own table decides."""

    format: Format | None = None
    """How the body is read; `status` and `header(...)` are always there."""
    accepted: Expression | None = None
    retry: Expression | None = None
    keep: tuple[tuple[str, Expression], ...] = ()
    to: str = ""
    """The channel that takes the answer as a message of its own; empty = none. It is kept before the delivery is settled."""


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """When a group is released: at the first of these."""

    when: Expression | None = None
    """Asked of each message that joins: whether it completes the group."""
    quiet: float = 0.0
    """Seconds without a new member; 0 = not by quiet."""
    latest: float = 0.0
    """Seconds after the first member; 0 = no limit."""
    at: tuple[int, ...] = ()
    """Minutes from midnight, each day, in the channel's zone."""
    most: int = 0
    """Members; 0 = no limit."""
    size: int = 0
    """Bytes of all members: one that would go beyond them opens the next batch; 0 = no limit."""


class Remember(msgspec.Struct, frozen=True, kw_only=True):
    """One memory that the channel writes."""

    name: str
    key: tuple[Expression, ...]
    fields: tuple[tuple[str, Expression], ...]
    for_: float
    """Seconds after which it is forgotten."""
    when: Expression | None = None


class Collect(msgspec.Struct, frozen=True, kw_only=True):
    """`collect:`: what the transform makes waits in a group for others of the same key."""

    key: tuple[Expression, ...]
    """Over the message and the entity."""
    replace_by: Expression | None = None
    release: Release
    late: str = "new_group"
    then: tuple[Mapping, ...] = ()
    """What is made of the group: mappings from a list, `from: [ChargeEvent]`."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """`batch:` of a destination: payloads wait until the batch is closed, and go out as one."""

    close: Release
    """By `at`, `most`, `quiet` and `latest`."""
    head: Expression | None = None
    """Over the batch: `number`, `count`, `opened_at`, `closed_at`, `members[*]` (the entities)."""
    foot: Expression | None = None
    between: bytes = b""
    """What stands between two payloads."""


class Expect(msgspec.Struct, frozen=True, kw_only=True):
    """`expect:` of a destination: a confirmation that must come later, as a message of a channel."""

    from_: str
    """The channel on which it comes."""
    where: str
    """The name of that channel's key (`keys:`) in which the value comes back."""
    is_: Expression
    """The value, read from the message (or entity) that is sent."""
    within: float
    """Seconds after the delivery."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around what a destination's partner is sent (`partners:` of config.yaml)."""

    partner: str
    format: Format
    settings: Any
    """Compiled by Format.envelope; None = none is known, of an acknowledgement that turns round what it answers."""
    zone: str
    """Of date and time in it."""
    seals: bool = True
    """Whether what the destination gets is sealed in it; an acknowledgement only takes its numbers from it."""


class ExpectAck(msgspec.Struct, frozen=True, kw_only=True):
    """`expect_ack:` of a destination: the partner's acknowledgement must come, as a message of a channel."""

    from_: str
    """The channel on which it comes."""
    format: Format
    """Of what is sent; it says by what its acknowledgement is known."""
    within: float
    """Seconds after the delivery."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """`answer:` of a source: the reply to the sender is a destination's answer."""

    from_: str
    """The destination."""
    within: float
    """Seconds; below the sender's own limit."""
    otherwise: str
    """What the sender is told when no answer came in time: `AE` or `AR`; over HTTP a status: `503`."""
    transforms: tuple[tuple[Mapping, ...], ...] = ()
    """What makes the reply of the destination's answer, as of a channel: chains of which one makes something; none = it is passed on as it is."""
    format: Format | None = None
    """How the destination's answer is read; None = it is not."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One destination of a channel."""

    name: str
    link: Link
    of: str = ""
    """Which entity it takes; empty = whatever the transform made."""
    when: Expression | None = None
    render: Mapping | None = None
    order_by: tuple[Expression, ...] | None = ()
    """() = one lane for the destination; None = `order: none`; expressions = the lane keys (each may give a list)."""
    concurrency: int = 1
    rate: float = 0.0
    """Most sends per second; 0 = no limit."""
    policy: Policy = Policy()
    replies: Replies | None = None
    options: tuple[tuple[str, Expression], ...] = ()
    """Settings with holes, by name of the setting; filled when a message is planned."""
    queue_limit: int = 1_000_000
    """Deliveries that may wait before the channel takes no more."""
    renamed_from: str = ""
    discard_queued: bool = False
    after: str = ""
    """The destination that must have delivered everything of the message first; empty = none."""
    open: Hours | None = None
    """When it may send; None = always. Outside, deliveries wait without spending attempts or age."""
    batch: Batch | None = None
    expect: Expect | None = None
    expect_ack: ExpectAck | None = None
    envelope: Envelope | None = None
    """None = what the destination gets leaves as it is."""
    acknowledges: bool = False
    """`of: acknowledgement`: it gets what says what became of the channel's messages."""
    rejects: bool = False
    """`of: rejects`: it gets the records of a file that were rejected."""
    apart: Callable[[Any, bytes, dict[str, str]], Sequence[bytes]] | None = None
    carried: Callable[[Any, bytes, dict[str, str]], dict[str, str] | None] | None = None
    """The connector's: into which deliveries a payload comes apart, and which options its message's request adds."""
    keep_answers: bool = False
    """Whether the partner's good answers are kept whole, too: the source's reply is made of them (`answer:`)."""

    def needs_new_lanes(self, before: Route) -> bool:
        """Whether an edit needs a new connection or other lanes."""
        same = self.link.kind == before.link.kind and self.link.settings == before.link.settings
        return not same or (self.order_by is None) != (before.order_by is None)


class Alerts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When people are told."""

    queue_age: Duration | None = None
    """Age of the oldest open delivery of a destination."""
    silent: Duration | None = None
    """How long the source may bring no message."""


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a channel in the order a message meets them."""

    name: str
    file: str
    description: str = ""
    owner: str = ""
    class_: str = "supply"
    tags: tuple[str, ...] = ()
    zone: str = "UTC"
    source: Link
    format_name: str
    format: Format
    reading: Reading = Reading()
    validate: Any = ""
    """The level at which messages are checked before anything is read of them; empty = not."""
    acknowledges: bool = False
    """Whether one of its destinations gets acknowledgements."""
    whole: tuple[Expression, ...] | None = None
    """Where it acknowledges and splits: the duplicate key of the interchange; None = not checked."""
    marks: Any = None
    """The delimiters of what its mappings build: those of its destinations' partner; None = the usual ones."""
    is_answered: bool = False
    """Whether its messages may be acknowledgements that another channel waits for."""
    processing: str = ""
    """Which processing the channel takes: `production`, `test`; empty = the environment's."""
    lets: tuple[Expression, ...] = ()
    """By slot."""
    accept: tuple[Rule, ...] = ()
    unique: tuple[Expression, ...] | None = None
    """None = not checked for duplicates."""
    keys: tuple[tuple[str, Expression], ...] = ()
    split: str = ""
    """What one part is: `OBR`, `ST`, `record`, `lines[*]`; empty = the format's own batches only."""
    on_part: str = "quarantine_part"
    """`quarantine_part`, or `quarantine_message`: one part that cannot be planned quarantines them all."""
    open: Hours | None = None
    """When the source takes messages; None = always."""
    answer: Answered | None = None
    conversions: tuple[Mapping, ...] = ()
    """The mappings that its source converts messages with, of which nothing is kept (`convert:` of fhir)."""
    remembers: tuple[Remember, ...] = ()
    collect: Collect | None = None
    transforms: tuple[tuple[Mapping, ...], ...] = ()
    """Each chain's first mapping reads the message, each further one what the one before made; none = the message passes as it is."""
    routes: tuple[Route, ...] = ()
    alerts: Alerts = Alerts()
    tests: tuple[Node, ...] = ()
    """As written; engine/check.py runs them."""
    names: tuple[str, ...] = ()
    """The names of `let`, by slot."""
    template: str = ""
    """The template it was made from (`like:`); empty = none."""
    sends_back: bool = False
    """Whether one of its destinations gets the records that were rejected."""
    compares: bool = False
    """Whether each of its files is the whole truth, and compared with the one before (`snapshot:` of its layout)."""
    stateful: bool = False
    """Whether planning reads memory, numbers or groups: its messages are planned one by one, in this process."""
    release: str = ""
    """Hash of the channel, its mappings and tables."""
    texts: tuple[tuple[str, bytes], ...] = ()
    """The files it was made of, by path below the home, as they were read."""
    restart: str = ""
    """Hash of what only a new connection can change: when a reload keeps it, listeners stay open."""


from engine.channel.home import Home, load, load_all  # noqa: E402  (it binds what is defined above)

__all__ = [
    "CLASSES",
    "Alerts",
    "Answered",
    "Batch",
    "Channel",
    "Collect",
    "Envelope",
    "Expect",
    "ExpectAck",
    "Home",
    "Link",
    "Release",
    "Remember",
    "Replies",
    "Route",
    "Rule",
    "load",
    "load_all",
]
