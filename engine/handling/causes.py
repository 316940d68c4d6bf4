"""What holds messages back, without what tells one from another: one cause holds many, and one person mends it."""

from __future__ import annotations

import re
from hashlib import blake2b
from itertools import chain, zip_longest

import msgspec

_PLACES = re.compile(r"\[\d+\]")
#: The code that a fault has in an acknowledgement, `[TA105 024]`: every message of that cause has the same.
_CODES = re.compile(r"\[(?:TA105|AK\d{3}|IK\d{3}|\d{4}) \w+\]")
_NUMBERS = re.compile(r"(?<![\w.^-])\d+(?:[.,:]\d+)*(?![\w-])")
_QUOTED = re.compile(r'"[^"]*"|\'[^\']*\'')
_TABLE = re.compile(r"lookup table '([^']+)'")
#: Characters of a pattern.
LONGEST = 300


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is held."""

    kind: str
    """quarantined (a message), refused or uncertain (a delivery)."""
    channel: str
    reason: str
    """Reason code of the verdict; of a delivery the partner's status."""
    pattern: str
    """The detail without places and numbers."""
    destination: str = ""
    """Of a delivery."""
    owner: str = ""
    """Who looks after it; empty = whoever looks after the channel."""

    @property
    def id(self) -> str:
        """A name for addresses: the same as long as the cause is."""
        text = "\x1f".join(
            (
                self.kind,
                self.channel,
                self.reason,
                self.pattern,
                self.destination,
                self.owner,
            )
        )
        return blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def table(self) -> str:
        """The data table that lacks a row; empty where the cause is another."""
        found = _TABLE.search(self.pattern) if self.reason == "unmapped_code" else None
        return found[1] if found else ""


def pattern(detail: str) -> str:
    """
    A detail without what differs from message to message: places in lists, lines, numbers.

    >>> pattern("OBX[3]-5, line 12: not a number")
    'OBX-5, line …: not a number'
    >>> pattern("PID-3.1: the lookup table 'cdm' has no row for this code")
    "PID-3.1: the lookup table 'cdm' has no row for this code"
    >>> pattern("SV101 (segment 12): the value is too long [IK403 5]")
    'SV101 (segment …): the value is too long [IK403 5]'
    """
    said = _PLACES.sub("", detail)
    codes = _CODES.findall(said)
    parts = (_NUMBERS.sub("…", part) for part in _CODES.split(said))
    return shortened("".join(chain.from_iterable(zip_longest(parts, codes, fillvalue=""))))


def shortened(text: str) -> str:
    """Not longer than a pattern may be; what is cut ends with a whole word and says that it is cut."""
    return text if len(text) <= LONGEST else text[: LONGEST - 2].rpartition(" ")[0] + " …"


def answered(detail: str) -> str:
    """
    The same of what a partner answered, who may quote what it was sent.

    >>> answered("line 3: patient '4711' is not known")
    'line …: patient … is not known'
    """
    return pattern(_QUOTED.sub("…", detail))
