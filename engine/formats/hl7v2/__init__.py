"""
HL7 v2 messages, versions 2.1 to 2.8.2, in their delimited form.

The parser splits segments once and fields when they are read; the bytes stay as they came. A path as a value
(`PID-18`) is the first leaf of what it names: the whole field where it has no parts, else its first component;
as a thing (to copy, to walk) it is the field with its repetitions and components.
"""

from __future__ import annotations

from engine.formats.hl7v2 import read, target
from engine.formats.hl7v2.acknowledge import acknowledge, refuse
from engine.formats.hl7v2.batch import envelope, parts
from engine.formats.hl7v2.blueprint import blueprint as structure
from engine.formats.hl7v2.document import Document, parse
from engine.formats.hl7v2.edit import Editor
from engine.formats.hl7v2.holding import holding
from engine.formats.hl7v2.splitting import split, splits
from engine.formats.hl7v2.tree import tree
from engine.formats.hl7v2.validate import findings, levels, remarks, validate


class _Paths:
    """Paths like `PID-3.1` (engine/formats/hl7v2/path.py)."""

    match = staticmethod(read.match)
    target = staticmethod(target.target)


paths = _Paths()

#: What makes two messages the same one.
unique = ("MSH-3", "MSH-4", "MSH-10")

__all__ = [
    "Document",
    "Editor",
    "acknowledge",
    "envelope",
    "findings",
    "holding",
    "levels",
    "parse",
    "parts",
    "paths",
    "refuse",
    "remarks",
    "split",
    "splits",
    "structure",
    "tree",
    "unique",
    "validate",
]
