"""
EDIFACT interchanges (ISO 9735, syntax versions 1 to 4; directories D.96A and D.01B): orders, invoices, price lists and the like.

The bytes stay as they came. Paths read as in X12: `BGM02`, `NAD02-1`, `SG28/LIN01`; a value has no release characters, and
numbers have a decimal point whatever the interchange uses. Segment groups are those of the message's directory.
"""

from __future__ import annotations

from engine.edi import read, target
from engine.edi.document import Document
from engine.edi.document import parse as parse_interchange
from engine.edi.edifact import EDIFACT
from engine.edi.edit import Editor
from engine.edi.structure import Structure
from engine.edi.structure import structure as structure_of
from engine.edi.tree import tree
from engine.formats.edifact.acknowledge import acknowledge, acknowledged, refuse, sets
from engine.formats.edifact.answers import answers
from engine.formats.edifact.check import check, findings, levels, validate
from engine.formats.edifact.envelope import parted, parts, split, splits
from engine.formats.edifact.partner import envelope
from engine.formats.edifact.sealing import seal, sent
from engine.reading import Reading


class _Paths:
    """Paths like `SG28/QTY01-2` (engine/edi/path.py)."""

    calls = ("qualified", "repeated")
    """Words that are written like functions and are paths here."""
    numbered = False
    match = staticmethod(read.match)
    misspelt = staticmethod(read.misspelt)
    target = staticmethod(target.target)


paths = _Paths()

#: What makes two interchanges the same one: sender, receiver and control reference.
unique = ("UNB02-1", "UNB03-1", "UNB05")


def parse(raw: bytes, reading: Reading) -> Document:
    """Bytes to document; MessageError where they are no interchange, or not in its character set."""
    return parse_interchange(raw, reading, EDIFACT)


def structure(name: str) -> Structure:
    """`D96A/ORDERS`, `D01B/INVOIC`; LookupError, with what there is, where there is none."""
    return structure_of(name, EDIFACT)


#: A count or a control number that is wrong means that something did not arrive as it was sent (docs/decisions/0017).
usual_level = "syntax"

__all__ = [
    "Document",
    "Editor",
    "acknowledge",
    "acknowledged",
    "answers",
    "check",
    "envelope",
    "findings",
    "levels",
    "parse",
    "parted",
    "parts",
    "paths",
    "refuse",
    "seal",
    "sent",
    "sets",
    "split",
    "splits",
    "structure",
    "tree",
    "unique",
    "usual_level",
    "validate",
]
