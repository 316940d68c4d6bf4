"""What can be wrong in an interchange, in the codes in which EDIFACT says it (data element 0085, ISO 9735-10)."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong. Never holds a value of the interchange."""

    level: str
    """`interchange` (UCI), `group` (UCF), `message` (UCM), `segment` (UCS), `element` (UCD)."""
    code: str
    words: str
    message: int = -1
    """Which message of its interchange, from 0; -1 = none."""
    name: str = ""
    """The segment."""
    position: int = 0
    """Its number in the message, UNH being 1; of a missing one that of the segment it should follow."""
    loop: str = ""
    element: int = 0
    component: int = 0
    missing: bool = False
    """Whether the segment is not there at all."""

    @property
    def path(self) -> str:
        """Where it is, as people say it: `SG25/QTY01-2`."""
        place = self.name + (f"{self.element:02d}" if self.element else "")
        place += f"-{self.component}" if self.component else ""
        return f"{self.loop}/{place}" if self.loop and self.name else place


#: 0085.
WORDS = {
    "12": "the value is not one that may stand here",
    "13": "it must have a value",
    "15": "it may not stand here",
    "16": "it has too many parts",
    "19": "the number is written wrongly",
    "21": "a character is not of the character set",
    "26": "its reference was used before",
    "28": "references of header and trailer differ",
    "29": "the count is not the number of what came",
    "30": "groups and messages stand side by side",
    "32": "it holds nothing",
    "33": "the segment stands outside any message",
    "35": "it is repeated too often",
    "36": "the segment group is repeated too often",
    "37": "a character is not of the type of the element",
    "38": "there is no digit in front of the decimal mark",
    "39": "the value is too long",
    "40": "the value is too short",
}


def words(code: str) -> str:
    """What a code means; the code itself where it is not one of ours."""
    return WORDS.get(code, f"error {code if code.isalnum() and len(code) <= 3 else '?'}")
