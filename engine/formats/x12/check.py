"""
What is wrong with an interchange: `check` names it all, `validate` refuses it.

    syntax    envelope, counts, control numbers; order, repeats, presence, lengths, types and the notes of the standard
    guide     besides: what the implementation guide asks of elements, codes, forms, numbering of levels and lines
    balance   besides: that amounts and quantities add up (balance.py)
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.edi.document import Document
from engine.findings import Finding, refuse
from engine.formats.x12.balance import balance
from engine.formats.x12.faults import Fault
from engine.formats.x12.inspection import Inspection

#: What `validate:` of a channel may say; each includes those before.
levels = ("syntax", "guide", "balance")


def check(document: Document, level: str = "syntax") -> Iterator[Fault]:
    """Everything that is wrong in a document at a level, from the outside in, in order; of several interchanges one by one."""
    for each in inspected(document, level):
        yield from each.found()
    if level == "balance":
        yield from balance(document)


def validate(document: Document, level: str) -> None:
    """MessageError `invalid` that names every fault by its place and its rule, never by a value; the first twenty of many."""
    refuse(findings(document, level))


def findings(document: Document, level: str = "syntax") -> Iterator[Finding]:
    """
    Every fault at a level, for people: ("2300/CLM05-1 (segment 14)", "the element must have a value [IK403 1]"). What is odd
    in ISA alone is told to the sender (TA1 with E) and refuses nothing: no value of a set depends on it.
    """
    for fault in check(document, level):
        if not fault.is_noted:
            place = f"{fault.path} (segment {fault.position})" if fault.position else fault.path
            code = f" [{_CODED[fault.level]} {fault.code}]" if fault.code else ""
            yield place, f"{fault.words}{code}"


_CODED = {
    "interchange": "TA105",
    "group": "AK905",
    "set": "IK502",
    "segment": "IK304",
    "element": "IK403",
}


def inspected(document: Document, level: str = "syntax") -> list[Inspection]:
    """The interchanges of a document, looked through."""
    found: list[Inspection] = []
    lines: list[str] = []
    for segment in document.segments:
        if segment.name == "ISA":
            _finish(found, lines)
            found.append(Inspection(segment.marks, level != "syntax"))
            lines = []
        lines.append(segment.line)
    _finish(found, lines)
    return found


def _finish(found: list[Inspection], lines: list[str]) -> None:
    if found:
        found[-1].meet_all(lines)
        found[-1].finish()
