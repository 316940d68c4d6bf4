"""Channels: one YAML file each, bound to the code it names. The name of the file is the name of the channel."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import msgspec

from engine.formats import Format, Reading
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
    processing: str = ""
    """Which processing the channel takes: `production`, `test`; empty = the environment's."""
    lets: tuple[Expression, ...] = ()
    """By slot."""
    accept: tuple[Rule, ...] = ()
    unique: tuple[Expression, ...] | None = None
    """None = not checked for duplicates."""
    keys: tuple[tuple[str, Expression], ...] = ()
    transforms: tuple[Mapping, ...] = ()
    """Each reads the message; none = the message passes as it is."""
    routes: tuple[Route, ...] = ()
    alerts: Alerts = Alerts()
    tests: tuple[Node, ...] = ()
    """As written; engine/check.py runs them."""
    release: str = ""
    """Hash of the channel, its mappings and tables."""
    restart: str = ""
    """Hash of what only a new connection can change: when a reload keeps it, listeners stay open."""


from engine.channel.home import Home, load, load_all  # noqa: E402  (it binds what is defined above)

__all__ = [
    "CLASSES",
    "Alerts",
    "Channel",
    "Home",
    "Link",
    "Replies",
    "Route",
    "Rule",
    "load",
    "load_all",
]
