"""
What is wrong with an interchange: `check` names it all, `validate` refuses it.

    syntax    envelope, counts, references (ISO 9735-1); of messages whose directory is described: order, repeats, presence,
              lengths and types
    guide     besides: that values are what their qualifiers promise (dates, check digits of GTIN and GLN), and totals
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.edi.counts import counted
from engine.edi.document import Document
from engine.edi.edifact.words import dictionary
from engine.edi.loop import Loop
from engine.findings import Finding, refuse
from engine.formats.edifact.content import Content
from engine.formats.edifact.elements import problems
from engine.formats.edifact.faults import Fault, words
from engine.formats.edifact.inspection import MessageSeen, Seen, interchanges, value

#: What `validate:` of a channel may say; each includes those before.
levels = ("syntax", "guide")


def check(document: Document, level: str = "syntax") -> Iterator[Fault]:
    """Everything that is wrong in a document at a level, from the outside in, in order."""
    for seen in interchanges(document):
        yield from faults_of(document, seen, level)


def faults_of(document: Document, seen: Seen, level: str = "syntax") -> Iterator[Fault]:
    """The faults of one interchange."""
    yield from seen.faults()
    for group in seen.groups:
        yield from group.faults()
        for message in group.messages:
            yield from message.faults()
            yield from _message(document, message, level == "guide")


def validate(document: Document, level: str) -> None:
    """MessageError `invalid` that names every fault by its place and its rule, never by a value; the first twenty of many."""
    refuse(findings(document, level))


def findings(document: Document, level: str = "syntax") -> Iterator[Finding]:
    """Every fault at a level, for people: ("SG25/QTY01-2 (segment 14)", "the number is written wrongly [0085 19]")."""
    for fault in check(document, level):
        place = fault.path + (f" (segment {fault.position})" if fault.position else "")
        yield place, f"{fault.words} [0085 {fault.code}]"


def _message(document: Document, message: MessageSeen, is_guide: bool) -> Iterator[Fault]:
    loops = document.loops
    guide, is_exact = loops.guide_at(message.start.position)
    if guide is None:
        for code, element, component in problems(message.start, dictionary()):
            yield Fault(
                level="element",
                code=code,
                words=words(code),
                message=message.number,
                name="UNH",
                position=1,
                element=element,
                component=component,
            )
        return
    root = loops.home[message.start.position]
    assert root is not None
    yield from Content(document, message, root).faults(is_exact, is_guide)
    if is_guide:
        yield from _totals(document, message, root)


def _totals(document: Document, message: MessageSeen, root: Loop) -> Iterator[Fault]:
    """Control totals (CNT) that are not the number of what came."""
    guide, _ = document.loops.guide_at(root.start)
    span = document.segments[root.start : root.start + message.count]
    for each in counted(guide) if guide is not None else ():
        count = sum(segment.name == each.of for segment in span)
        for at, segment in enumerate(span, 1):
            is_it = segment.name == each.name and value(segment, each.element) == each.code
            if is_it and value(segment, each.element, 2).lstrip("0") != str(count or ""):
                yield Fault(
                    level="element",
                    code="29",
                    words=words("29"),
                    message=message.number,
                    name=each.name,
                    position=at,
                    element=each.element,
                    component=2,
                )
