"""
A message taken apart: by the channel's `split`, or by the format's own batches. Pure.

Of a file that is the whole truth each time (`snapshot:` in its layout) what vanished since the last file is a part, too.
"""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

import msgspec

from engine.channel import Channel
from engine.effects import Remembered
from engine.message import Context, Inbound, Plan
from engine.planning import Planning, failed
from engine.planning.routing import LET_THROUGH, Planner
from engine.reading import Reading
from engine.rows.snapshot import Percent

#: The memory that keeps what the last file had, by channel; no `remember:` can have this name.
LAST_FILE = "last file"
#: Seconds that a snapshot is kept: ten years.
KEEP = 3650 * 86400.0


def is_whole(channel: Channel, inbound: Inbound) -> bool:
    """Whether the message is the whole truth that replaces the last one; one that is repeated is not, but where it is let through."""
    return channel.compares and (not inbound.replay_of or is_let_through(inbound))


def is_let_through(inbound: Inbound) -> bool:
    """Whether a person said that so much is meant to vanish."""
    return bool(inbound.replay_of) and LET_THROUGH in (inbound.facts or ())


def planned(
    channel: Channel, inbound: Inbound, piece: Piece, context: Context, planner: Planner
) -> Plan:
    """The plan of one part; quarantined where it cannot be planned."""
    digest = blake2b(piece.raw, digest_size=16).digest()
    if piece.facts is not None:
        inbound = msgspec.structs.replace(inbound, facts=piece.facts)
    try:
        made = Planning(channel, inbound, piece.raw, digest, context, planner).plan()
    except Exception as error:
        made = failed(channel, error, digest)
    return msgspec.structs.replace(made, part_raw=piece.raw, part_facts=piece.facts)


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One part."""

    raw: bytes
    facts: dict[str, str] | None = None
    """What `meta.` reads of it; None = as of the whole."""


class Pieces:
    """The parts of one message."""

    def __init__(
        self, channel: Channel, inbound: Inbound, content: bytes, context: Context
    ) -> None:
        self._channel, self._inbound = channel, inbound
        self._content, self._context = content, context
        self._rows: dict[str, bytes] = {}
        self._whole = is_whole(channel, inbound)

    def all(self) -> Iterable[Piece] | None:
        """In order; None where it is one message. MessageError where the message cannot be taken apart."""
        channel = self._channel
        if not channel.split:
            parts = channel.format.parts(self._content, channel.reading)
            return None if parts is None else [Piece(raw=part) for part in parts]
        if getattr(channel.format, "parted", None) is not None:
            return self._parted()
        found = channel.format.split(self._content, channel.reading, channel.split)
        return (Piece(raw=part) for part in found)

    def _parted(self) -> Iterator[Piece]:
        """Parts that know where they stand in the file."""
        channel, format = self._channel, self._channel.format
        gone: Iterable[Any] = ()
        before: dict[str, bytes] = {}
        if self._whole:
            before = self._before()
            gone = format.snapshot(before, self._content, self._reading())
        only_changed = self._whole and channel.reading.layout.snapshot.only_changed
        for part in format.parted(self._content, channel.reading, channel.split):
            if self._whole and part.key is not None:
                self._rows[part.key] = part.raw
                if only_changed and before.get(part.key) == part.raw:
                    continue
            yield Piece(raw=part.raw, facts=self._facts(line=str(part.line)))
        for part in gone:
            yield Piece(raw=part.raw, facts=self._facts(vanished="true"))

    def _reading(self) -> Reading:
        """The channel's, without its limit where the message is let through."""
        reading = self._channel.reading
        if not is_let_through(self._inbound):
            return reading
        layout = reading.layout
        snapshot = msgspec.structs.replace(layout.snapshot, stop_at=Percent(100))
        limitless = msgspec.structs.replace(layout, snapshot=snapshot)
        return msgspec.structs.replace(reading, layout=limitless)

    def _facts(self, **more: str) -> dict[str, str]:
        return {**(self._inbound.facts or {}), **more}

    def _before(self) -> dict[str, bytes]:
        """What the last file had, by key."""
        memory = self._context.memory
        known = memory.recall(LAST_FILE, self._channel.name) if memory is not None else None
        if known is None:
            return {}
        packed = zlib.decompress(base64.b64decode(known["rows"]))
        return msgspec.msgpack.decode(packed, type=dict[str, bytes])

    def remembers(self) -> tuple[Remembered, ...]:
        """What this file leaves for the next one; asked when all parts were taken."""
        if not self._whole:
            return ()
        packed = base64.b64encode(zlib.compress(msgspec.msgpack.encode(self._rows), 6))
        value = msgspec.json.encode({"rows": packed.decode()})
        until = self._context.now + KEEP
        return (Remembered(name=LAST_FILE, key=self._channel.name, value=value, until=until),)


def all_or_nothing(channel: Channel, inbound: Inbound) -> bool:
    """Whether one part that cannot be planned quarantines them all: the channel says so, or a FHIR transaction (R4 3.1.0.11.2)."""
    if channel.on_part == "quarantine_message":
        return True
    return inbound.facts is not None and inbound.facts.get("interaction") == "transaction"


def apart(channel: Channel, plans: list[Plan], before: int = -1) -> tuple[Plan, ...]:
    """
    The plans of the parts, those whose default key is that of the whole message with their number behind it.

    Orders of one HL7 message have its MSH-10 and transaction sets of one interchange its ISA13: they are no duplicates of
    each other. Messages of a batch have numbers of their own, and a key that the channel says is taken as it is. Of one
    chunk of a message (`before`: the parts before it) nobody knows what comes, so that all have their number.
    """
    default = tuple(each.text for each in channel.unique or ()) == channel.format.unique
    if not default or channel.split in ("", "message"):
        return tuple(plans)
    often = Counter(made.unique for made in plans)
    return tuple(
        made
        if made.unique is None or (before < 0 and often[made.unique] == 1)
        else msgspec.structs.replace(made, unique=f"{made.unique}\x1f{number}")
        for number, made in enumerate(plans, max(before, 0) + 1)
    )
