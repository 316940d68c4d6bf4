"""
Whether a message keeps the rules of the standard that receivers rely on, for `corridor validate`.

Lenient where real senders are: the order of segments is not judged, nor how often they repeat, nor datatypes.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.formats.hl7v2.document import NAMELESS, Document, walk
from engine.formats.hl7v2.marks import USUAL
from engine.formats.hl7v2.structures import Part, segment_names, structure, structure_name

Finding = tuple[str, str]

_REQUIRED = {
    9: "the message type is required",
    10: "the message control id is required",
    11: "the processing id is required",
    12: "the version is required",
}
_PROCESSING = ("P", "T", "D")


def validate(document: Document) -> Iterator[Finding]:
    """What breaks a rule: path and rule, never a value."""
    yield from _header(document)
    for segment, number, count in walk(document):
        place = segment.name if count == 1 else f"{segment.name}[{number}]"
        if segment.name == NAMELESS:
            yield (
                f"line {segment.key + 1}",
                "a segment begins with a name of three letters or digits",
            )
        elif segment.name not in segment_names() and not segment.name.startswith("Z"):
            yield place, "there is no such segment in HL7 v2; local ones begin with Z"
    yield from _segments(document)


def _header(document: Document) -> Iterator[Finding]:
    marks = document.marks.text
    if len(set(marks)) < len(marks) or any(mark.isalnum() or mark.isspace() for mark in marks):
        yield (
            "MSH-2",
            f"delimiters are different characters, no letters or digits; usual are {USUAL}",
        )
    for number, rule in _REQUIRED.items():
        if not document.header(number):
            yield f"MSH-{number}", rule
    version = document.header(12)
    if version and version.split(".")[0] != "2":
        yield "MSH-12", "a version of HL7 v2 begins with 2"
    if version >= "2.5" and not document.header(7):
        yield "MSH-7", "the date and time of the message is required since v2.5"
    if (processing := document.header(11)) and processing not in _PROCESSING:
        yield "MSH-11", "the processing id is P, T or D"
    if len(document.find("MSH")) > 1:
        yield "MSH[2]", "a message has one MSH; several are a batch"


def _segments(document: Document) -> Iterator[Finding]:
    """Segments that the structure of the message requires."""
    name = structure_name(*(document.header(9, part) for part in (1, 2, 3)))
    found = structure(name) if name else None
    if found is not None:
        yield from _missing(found, document, name)


def _missing(part: Part, document: Document, name: str) -> Iterator[Finding]:
    for one in part.parts or ():
        if not one.required:
            continue
        if one.parts is None:
            if not document.find(one.name):
                yield one.name, f"a message {name} has a segment {one.name}"
        elif one.choice:
            if not any(document.find(segment) for segment in one.all):
                wanted = ", ".join(sorted(one.all))
                yield sorted(one.all)[0], f"a message {name} has one of {wanted}"
        else:
            yield from _missing(one, document, name)
