"""
`edifact:` of a partner in `config.yaml`: what stands around what the partner is sent (ISO 9735-1: UNA, UNB, UNZ), and its
control references.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from engine.convert import WRONG, Converter
from engine.edi.edifact.tokens import charsets
from engine.edi.marks import ABSENT, BLANK, Marks
from engine.edi.partner import Sealing
from engine.placed import Mistakes, Node
from engine.settings import Count, Zone

_UNIT = "\x1f"
_BREAK = "\r\n"


class Party(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side of the exchange, as the partners agreed to call it."""

    id: str
    """Name in the interchange header (UNB02-1 or UNB03-1), at most 35 characters: a GLN, or what was agreed."""
    qualifier: str = ""
    """What kind of name that is (0007): `14` GLN, `1` DUNS, `ZZZ` agreed between the two; empty = none is said."""
    routing: str = ""
    """Address behind the name (UNB02-3 or UNB03-3), for those who pass it on."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.id.strip()) <= 35:
            raise ValueError("id has 1 to 35 characters (UNB02-1, UNB03-1)")
        if len(self.qualifier) > 4:
            raise ValueError("qualifier has at most four characters, such as 14 or ZZZ")
        if len(self.routing) > 35:
            raise ValueError("routing has at most 35 characters")


class Delimiters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The service characters that UNA says. A value that holds one of them is written with the release character."""

    component: str = ":"
    """Between the components of an element."""
    element: str = "+"
    """Between the elements of a segment."""
    decimal: str = "."
    """The decimal mark of numbers: point or comma."""
    release: str = "?"
    """In front of a delimiter that stands in a value."""
    repetition: str = "*"
    """Between the repetitions of an element; used in syntax version 4 only."""
    segment: str = "'"
    """Behind each segment."""

    def __post_init__(self) -> None:
        if self.decimal not in (".", ","):
            raise ValueError("decimal is a point or a comma")
        names = [name for name in self.__struct_fields__ if name != "decimal"]
        marks = [getattr(self, name) for name in names]
        for name, mark in zip(names, marks, strict=True):
            if len(mark) != 1 or mark.isalnum() or mark in BLANK or not mark.isascii():
                raise ValueError(f"{name} is one character that is no letter, digit or blank")
        if len(set(marks)) < len(marks):
            raise ValueError("the service characters differ from each other")


class Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands around what a partner is sent."""

    us: Party
    """We, the sender of what is sent: `{id: "5412345000013", qualifier: "14"}`."""
    them: Party
    """The partner, its receiver: `{id: "4012345000094", qualifier: "14"}`."""
    charset: str = "UNOC"
    """Character set (UNB01-1): `UNOA`, `UNOB` capitals, letters and digits; `UNOC` western Europe; `UNOW`, `UNOY` UTF-8; others to UNOL."""
    version: Literal["1", "2", "3", "4"] = "3"
    """Syntax version (UNB01-2)."""
    delimiters: Delimiters = Delimiters()
    """What separates what."""
    advice: bool = True
    """Whether UNA is sent; without it the delimiters are the usual ones."""
    line_breaks: bool = False
    """A line break behind each segment, for partners that want to read it."""
    usage: Literal["", "production", "test"] = ""
    """What the interchange is for (UNB11); empty = the installation's environment."""
    acknowledge: Literal["none", "CONTRL"] = "none"
    """Whether the partner is asked for a CONTRL (UNB09)."""
    application: str = ""
    """Application reference (UNB07), at most 14 characters; empty = none."""
    agreement: str = ""
    """Name of the agreement (UNB10), at most 35 characters, such as EANCOM; empty = none."""
    zone: Zone = Zone("")
    """Time zone of date and time in the envelope; empty = the channel's."""
    first_number: Count = 1
    """The least control reference, for a partner that knows higher ones from the system before; what was used is never used again."""

    def __post_init__(self) -> None:
        if self.charset not in charsets():
            raise ValueError(f"charset is one of {', '.join(sorted(charsets()))}")
        if not self.advice and self.delimiters != Delimiters():
            raise ValueError("delimiters that are not the usual ones need UNA: advice: true")
        if len(self.application) > 14 or len(self.agreement) > 35:
            raise ValueError("application has at most 14 characters, agreement at most 35")

    def marks(self) -> Marks:
        """The delimiters as readers and writers know them."""
        said = self.delimiters
        repetition = said.repetition if self.version >= "4" else ABSENT
        end = _BREAK if self.line_breaks else ""
        return Marks(
            said.element,
            said.component,
            repetition,
            said.segment,
            end,
            said.release,
            said.decimal,
        )

    def service(self) -> str:
        """UNA with its terminator; empty where none is sent."""
        said = self.delimiters
        repetition = said.repetition if self.version >= "4" else " "
        marks = said.component + said.element + said.decimal + said.release + repetition
        return f"UNA{marks}{said.segment}" if self.advice else ""


def envelope(node: Node, mistakes: Mistakes) -> Envelope | None:
    """See Format.envelope."""
    found: Any = Converter(mistakes).struct(node, Envelope, "edifact")
    return None if found is WRONG else found


class Numbering:
    """
    The control references of interchanges between two sides: whole numbers that belong to the pair of sender and receiver, so
    that two channels never use one twice.
    """

    def __init__(self, sealing: Sealing, us: str, them: str) -> None:
        self._number, said = sealing.number, sealing.envelope
        us, them = us.strip(), them.strip()
        self._name = _UNIT.join(["interchange", "edifact", us, them])
        mine = said is not None and (us, them) == (said.us.id.strip(), said.them.id.strip())
        self._least = said.first_number if mine else 1

    def interchange(self) -> int:
        """UNB05."""
        number: int = self._number(self._name, self._least)
        return number
