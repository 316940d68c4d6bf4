"""
`x12:` of a partner in `config.yaml`: what stands around what the partner is sent (X12.5 interchange control structures, X12.6
functional groups), and its control numbers.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from engine.convert import WRONG, Converter
from engine.edi.marks import ABSENT, BLANK, Marks
from engine.edi.partner import Sealing
from engine.placed import Mistakes, Node
from engine.settings import Count, Zone

#: The last control number: ISA13 has nine digits, so has GS06. The one behind it is 1 again.
LAST = 999_999_999
#: Joins what a sequence's name is made of.
_UNIT = "\x1f"
_BREAK = "\r\n"


class Party(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side of the exchange, as the partners agreed to call it."""

    id: str
    """Name in the interchange header (ISA06 or ISA08), at most 15 characters."""
    qualifier: str = "ZZ"
    """What kind of name that is (ISA05 or ISA07): `ZZ` agreed between the two, `01` DUNS, `14` DUNS with suffix, `30` tax number."""
    group: str = ""
    """Name in the functional group (GS02 or GS03), 2 to 15 characters; empty = the id."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.id.strip()) <= 15:
            raise ValueError("id has 1 to 15 characters (ISA06, ISA08)")
        if len(self.qualifier) != 2:
            raise ValueError('qualifier has two characters, such as ZZ or "01"')
        if self.group and not 2 <= len(self.group) <= 15:
            raise ValueError("group has 2 to 15 characters (GS02, GS03)")

    @property
    def in_group(self) -> str:
        """GS02 or GS03."""
        return self.group or self.id.strip()


class Delimiters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What separates what. X12 has no escape: a value that holds one of these cannot be sent."""

    element: str = "*"
    """Between the elements of a segment."""
    component: str = ":"
    """Between the components of an element (ISA16)."""
    repetition: str = "^"
    """Between the repetitions of an element (ISA11); not used before version 00402."""
    segment: str = "~"
    """Behind each segment; `"\\n"` = a line each."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            mark = getattr(self, name)
            blank = mark in BLANK and not (name == "segment" and mark in _BREAK)
            if len(mark) != 1 or mark.isalnum() or blank:
                raise ValueError(f"{name} is one character that no value has: no letter, digit or blank")  # fmt: skip
        marks = [getattr(self, name) for name in self.__struct_fields__]
        if len(set(marks)) < len(marks):
            raise ValueError("the four delimiters differ from each other")


class Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands around what a partner is sent."""

    us: Party
    """We, the sender of what is sent: `{id: GENHOSP, qualifier: ZZ}`."""
    them: Party
    """The partner, its receiver: `{id: MEDLINE, qualifier: "01", group: MEDLINEGS}`."""
    version: str = "00501"
    """Version of the interchange header (ISA12). That of the group (GS08) comes from the map that builds."""
    delimiters: Delimiters = Delimiters()
    """What separates what."""
    line_breaks: bool = False
    """A line break behind each segment, for partners that want to read it."""
    usage: Literal["", "production", "test"] = ""
    """What the interchange is for (ISA15); empty = the installation's environment."""
    acknowledge: Literal["none", "TA1"] = "none"
    """Whether the partner is asked for an interchange acknowledgement (ISA14)."""
    zone: Zone = Zone("")
    """Time zone of date and time in the envelope; empty = the channel's."""
    first_number: Count = 1
    """The least control number, for a partner that knows higher ones from the system before; what was used is never used again."""

    def __post_init__(self) -> None:
        if len(self.version) != 5 or not self.version.isdigit():
            raise ValueError('version has five digits, such as "00501" or "00401"')
        taken = [*self.marks().inner(), *_BREAK]
        for side in (self.us, self.them):
            for text in (side.id, side.qualifier, side.in_group):
                if any(mark in text for mark in taken):
                    raise ValueError("a name in the envelope holds one of the delimiters")

    def marks(self) -> Marks:
        """The delimiters as readers and writers know them."""
        said = self.delimiters
        repetition = said.repetition if self.version >= "00402" else ABSENT
        end = "\r\n" if self.line_breaks and said.segment not in _BREAK else ""
        return Marks(said.element, said.component, repetition, said.segment, end)


def envelope(node: Node, mistakes: Mistakes) -> Envelope | None:
    """See Format.envelope."""
    found: Any = Converter(mistakes).struct(node, Envelope, "x12")
    return None if found is WRONG else found


class Numbering:
    """
    The control numbers of one interchange between two sides.

    They count up to 999999999 and go on with 1, by which time nobody remembers the first. Sequences belong to the pair
    of sender and receiver (ISA06, ISA08), so that two channels, or an order and an acknowledgement, never use one number
    twice. Qualifiers are left out, as where a duplicate is looked for: a partner who changes only its own goes on counting.
    """

    def __init__(self, sealing: Sealing, us: str, them: str) -> None:
        self._number, said = sealing.number, sealing.envelope
        pair = [us.strip(), them.strip()]
        self._pair = ["x12", *pair]
        mine = said is not None and pair == [said.us.id.strip(), said.them.id.strip()]
        self._least = said.first_number if mine else 1

    def interchange(self) -> int:
        """ISA13."""
        return self._next("interchange")

    def group(self) -> int:
        """GS06."""
        return self._next("group")

    def _next(self, kind: str) -> int:
        number: int = self._number(_UNIT.join([kind, *self._pair]), self._least)
        return (number - 1) % LAST + 1


def day(moment: datetime, version: str) -> str:
    """GS04: with the century from version 004010 on."""
    return moment.strftime("%Y%m%d" if version[:6] >= "004010" else "%y%m%d")


def plain(text: str) -> str:
    """A control number without the blanks and zeros around it, so that `0001` and `1` are one; what is no number is `?`."""
    text = text.strip()
    return (text.lstrip("0") or "0") if text.isdigit() else "?"
