"""
Whether a message keeps the rules of the standard, for `corridor validate`.

Level `structure` finds what keeps a receiver from telling what the message is, whose it is or how to answer it. Level
`standard` finds besides (`remarks`) what receivers live without: real senders leave it out every day.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.findings import Finding, refuse
from engine.formats.hl7v2.document import Document, walk
from engine.formats.hl7v2.marks import USUAL
from engine.formats.hl7v2.structures import Part, segment_names, structure, structure_name

_REQUIRED = {
    9: "the message type is required",
    10: "the message control id is required",
    12: "the version is required",
}
_PROCESSING = ("P", "T", "D")


#: What `validate:` of a channel may say: the rules without which a receiver is lost; also what else the standard requires.
levels = ("structure", "standard")


def validate(document: Document, level: str) -> None:
    """MessageError `invalid` that names everything that is wrong at a level."""
    refuse(findings(document, level))


def findings(document: Document, level: str = "structure") -> Iterator[Finding]:
    """What is wrong at a level: path and rule, never a value."""
    yield from _lost(document)
    if level == "standard":
        yield from remarks(document)


def _lost(document: Document) -> Iterator[Finding]:
    yield from _header(document)
    for segment, number, count in walk(document):
        name = segment.name
        if not (len(name) == 3 and name.isascii() and name.isalnum()):
            place = f"line {segment.key + 1}"
            yield place, "a segment begins with a name of three letters or digits"
        elif name not in segment_names() and not name.startswith("Z"):
            place = name if count == 1 else f"{name}[{number}]"
            yield place, "there is no such segment in HL7 v2; local ones begin with Z"
    kind, part = _structure(document)
    for one in _required(part):
        if one.parts is None and not document.find(one.name):
            yield one.name, f"a message {kind} has a segment {one.name}"


def remarks(document: Document) -> Iterator[Finding]:
    """What the standard requires besides: path and rule, never a value."""
    if not document.header(7) and document.header(12) >= "2.5":
        yield "MSH-7", "the date and time of the message is required since v2.5"
    if not document.header(11):
        yield "MSH-11", "the processing id is required"
    kind, part = _structure(document)
    for one in _required(part):
        if one.parts is not None:
            yield from _missing(one, document, kind)


def _header(document: Document) -> Iterator[Finding]:
    marks = document.marks.text
    if len(set(marks)) < len(marks) or any(mark.isspace() for mark in marks):
        yield "MSH-2", f"delimiters are different characters; usual are {USUAL}"
    for number, rule in _REQUIRED.items():
        if not document.header(number):
            yield f"MSH-{number}", rule
    version = document.header(12)
    if version and version.split(".")[0] != "2":
        yield "MSH-12", "a version of HL7 v2 begins with 2"
    if (processing := document.header(11)) and processing not in _PROCESSING:
        yield "MSH-11", "the processing id is P, T or D"
    if len(document.find("MSH")) > 1:
        yield "MSH[2]", "a message has one MSH; several are a batch"


def _structure(document: Document) -> tuple[str, Part | None]:
    name = structure_name(*(document.header(9, part) for part in (1, 2, 3)))
    return name, structure(name) if name else None


def _required(part: Part | None) -> Iterator[Part]:
    for one in (part.parts or ()) if part is not None else ():
        if one.required:
            yield one


def _missing(part: Part, document: Document, kind: str) -> Iterator[Finding]:
    """Segments of a required group that are nowhere in the message."""
    if part.choice:
        if not any(document.find(segment) for segment in part.all):
            wanted = ", ".join(sorted(part.all))
            yield sorted(part.all)[0], f"a message {kind} has one of {wanted}"
        return
    for one in _required(part):
        if one.parts is not None:
            yield from _missing(one, document, kind)
        elif not document.find(one.name):
            yield one.name, f"a message {kind} has a segment {one.name}"
