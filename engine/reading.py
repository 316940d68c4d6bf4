"""How a channel reads the bytes of its messages, whole or in blocks; and the value that says a value is to be deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec


class Null:
    """HL7's `""`: the sender says the value is to be deleted. Unlike nothing (None): it says something."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "null"

    def __bool__(self) -> bool:
        return False


NULL = Null()


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel reads its format: keys beside the connector in `source:`."""

    encoding: str = ""
    """Character set of the bytes, whatever the message says; empty = what the message or the standard says."""
    unmappable: str = "quarantine"
    """What to do with bytes or characters the character set does not have: quarantine, replace, ascii."""
    mode: str = "original"
    """HL7 acknowledgement mode: original, enhanced, by_message."""
    layout: Any = None
    """The compiled layout of a format that needs one (`format: delimited/item_master`); picklable."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a message that is taken apart."""

    raw: bytes
    line: int
    """Where it begins in the message: the number of its line, or of the record where there are no lines."""
    key: str | None = None
    """What identifies it from file to file (`snapshot: {key: ...}`); None where that cannot be read or is not asked."""


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """One part that was rejected."""

    reason: str
    """The reason code: `ragged_line`."""
    detail: str
    """A sentence for people, without a value."""
    line: int
    """Where it begins in the message."""
    raw: bytes
    """The part, as `parted` made it."""


class Blocks(msgspec.Struct, frozen=True, kw_only=True):
    """A large body, of which nobody holds more than a block."""

    size: int
    """Bytes in all."""
    read: Callable[[int, int], bytes]
    """(offset, most) -> the bytes from there on: fewer than `most` at the end only."""


class Surveyed(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a large body brought, before its first part counts."""

    parts: int = 0
    """How many there will be, for people; 0 = not known."""
    known: bytes = b""
    """What the format wants to know at every part: what stands around them. Kept in the store as long as it is taken apart."""


class Parting(Protocol):
    """The parts of a large body, in order, made while they are asked for; MessageError where it cannot be taken apart."""

    def __iter__(self) -> Parting: ...
    def __next__(self) -> Part: ...

    def position(self) -> bytes:
        """Where to go on behind the part that was taken last, in a process that knows of nothing else."""
