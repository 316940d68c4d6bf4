"""
X12 interchanges (ANSI ASC X12, versions 003010 to 005010): orders, invoices, claims, payments and the like.

The bytes stay as they came. A path as a value (`CLM05`) is the first leaf of what it names: its first component; as a thing
(to copy, to walk) it is the element with its repetitions and components. Loops are those of the transaction set's map.
"""

from __future__ import annotations

from engine.edi import read, target
from engine.edi.document import Document, parse
from engine.edi.edit import Editor
from engine.edi.structure import structure
from engine.edi.tree import tree
from engine.formats.x12.acknowledge import (
    acknowledge,
    acknowledge_blocks,
    acknowledged,
    refuse,
    sets,
)
from engine.formats.x12.answers import answers
from engine.formats.x12.balance import parted_totals
from engine.formats.x12.check import check, findings, levels, validate
from engine.formats.x12.envelope import parted, parts, split, splits
from engine.formats.x12.large import parted_blocks, parted_stream, survey
from engine.formats.x12.partner import Envelope as EnvelopeSettings
from engine.formats.x12.partner import envelope
from engine.formats.x12.sealing import seal, sent
from engine.formats.x12.streaming import stream


class _Paths:
    """Paths like `2300/CLM05-1` (engine/edi/path.py)."""

    calls = ("qualified", "repeated")
    """Words that are written like functions and are paths here."""
    numbered = True
    """Whether a path may begin with a digit: `2300/CLM01`."""
    match = staticmethod(read.match)
    misspelt = staticmethod(read.misspelt)
    target = staticmethod(target.target)


paths = _Paths()

#: What makes two interchanges the same one: sender, receiver and control number.
unique = ("ISA06", "ISA08", "ISA13")

#: A count or a control number that is wrong means that something did not arrive as it was sent (docs/decisions/0017).
usual_level = "syntax"

__all__ = [
    "Document",
    "Editor",
    "EnvelopeSettings",
    "acknowledge",
    "acknowledge_blocks",
    "acknowledged",
    "answers",
    "check",
    "envelope",
    "findings",
    "levels",
    "parse",
    "parted",
    "parted_blocks",
    "parted_stream",
    "parted_totals",
    "parts",
    "paths",
    "refuse",
    "seal",
    "sent",
    "sets",
    "split",
    "splits",
    "stream",
    "structure",
    "survey",
    "tree",
    "unique",
    "usual_level",
    "validate",
]
