"""How a channel reads the bytes of its messages, and the value that says a value is to be deleted."""

from __future__ import annotations

from typing import Any

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
