"""
Connectors: all input and output. `mllp:` in a channel is `engine/connectors/mllp.py`; the folder is the registry.

A connector module has `SourceSettings` and `Source`, `DestinationSettings` and `Destination`, or one pair of
them, in that order. One that has `apart(settings, payload, facts)` says, when a message is planned, into which deliveries a payload
comes apart (MessageError: it can never be sent); one that has `carried(settings, payload, facts)` what goes along as options of the
delivery. `facts` are those of the message where the payload is all that was made of it for this destination. Settings are frozen msgspec structs with a docstring under each field.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import msgspec

from engine.errors import DeliveryError
from engine.formats import Format, Reading
from engine.message import Body, Delivery, Inbound, Reply, Spooled

#: A source calls this for every message, in the order they came, and answers its peer with what it returns.
#: When it has returned with a receipt, the message is durable; with `receipt=None` or when it raises,
#: nobody has it: CommitRefused = say so (NAK, 503), CommitUnknown = say nothing and close.
Receive = Callable[[Inbound], Awaitable[Reply]]

#: Says something about the connector (not about a message) to the log: level, event, facts. No payload, no key.
Notice = Callable[..., None]


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Where a connector stands: what it is given besides its settings."""

    channel: str
    name: str
    """`source`, or the destination's name."""
    home: Path
    format: Format | None = None
    """The channel's format; None = any bytes."""
    reading: Reading = Reading()
    """How the channel reads its format; what a refusal looks like follows it."""
    notice: Notice
    """Log line about the connection: opened, closed, refused peer, bad frame."""
    now: Callable[[], float]
    """Wall clock."""
    spool: Callable[[Iterable[bytes]], Awaitable[Spooled]]
    """Puts a body over LARGE into a file, fsynced, off the event loop. The chunks are gone through more than once."""
    read: Callable[[Body], Awaitable[bytes]]
    """The bytes of a body, read off the event loop when it is spooled."""
    pressure: Callable[[], bool]
    """True while the channel must not take more (its queue is full): pause reading, or refuse."""
    zone: str = "UTC"
    """The installation's time zone, for schedules that name none."""
    remember: Any = None
    """Small durable memory for sources that pick things up: `await remember.get(name) / put(name, value)`, `mark(name, value)`."""
    convert: Callable[[str, bytes], Awaitable[bytes | None]] | None = None
    """A message of a format, by its name, through the mappings that the source's `convert:` names; None = they make nothing."""
    keeps: Callable[[], frozenset[str]] = frozenset
    """The conditional requests that reach a destination with their conditions, by interaction; it changes with the channel."""
    deliver_inside: Any = None
    """For the `channel` connector only."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a partner answered, and what the connector's own table says of it."""

    status: str
    """`201`, `AA`, `written`."""
    body: bytes = b""
    failure: DeliveryError | None = None
    """None = accepted. A channel's `reply:` rules may judge otherwise."""
    headers: dict[str, str] | None = None
    kept: dict[str, str] | None = None
    """What the partner calls what it took, where its protocol says so: `their_number`. `reply: {keep:}` goes over it."""


class Source(Protocol):
    """Hands inbound messages to the engine until it is cancelled."""

    def __init__(self, settings: Any, site: Site) -> None: ...

    async def run(self, receive: Receive) -> None:
        """
        Receive until cancelled; then stop taking new messages, let those under way be answered, close.
        Raises OSError when it cannot start (port taken, folder missing): the runtime says so and tries again.
        """

    ready: Any
    """asyncio.Event, set when it listens or watches."""


class Destination(Protocol):
    """
    Hands deliveries to a partner. `send` may run several times at once, up to the destination's concurrency.

    One that has `async def settled(self, delivery)` is told when the outcome of a good send is durable (the file
    connector forgets its key); one that has `async def open(self)` is prepared before the first send. Most have neither.
    """

    def __init__(self, settings: Any, site: Site) -> None: ...

    async def send(self, delivery: Delivery, payload: bytes) -> Answer:
        """
        One attempt. Raises Unavailable if not a byte was handed over, Misconfigured where only a person can
        help, Uncertain when it may have arrived; an answer that came whole is returned, good or bad.
        """

    async def close(self) -> None:
        """Let go of connections."""


@cache
def names() -> list[str]:
    """The connectors there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(name: str) -> ModuleType:
    """The connector a channel names; LookupError where there is none of that name."""
    if name not in names():
        raise LookupError(name)
    return importlib.import_module(f"{__name__}.{name}")
