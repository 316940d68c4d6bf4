"""How edits name segments and places in each format, and what to write where an analyst wrote something else."""

from __future__ import annotations

import re

import msgspec

from engine.mapping.language import Language


class Grammar(msgspec.Struct, frozen=True, kw_only=True):
    """The names of one format."""

    name: re.Pattern[str]
    """The name of a segment, whole."""
    place: re.Pattern[str]
    """A place: `name`, the segment it is in, and `part`, what it names in it (none: the segment as a whole)."""
    first: str
    """The segment that a message begins with."""
    stays: frozenset[str]
    """Segments that an edit cannot take away."""
    why: str
    """Why they stay."""
    part: str
    """Behind a segment's name: a place in it."""
    keep: str
    remove: str
    edit: str
    add: str
    segment: str
    place_of: str
    """Forms to write."""

    def segment_of(self, text: str) -> str:
        """The segment in which a place is; empty in one that begins with a dot, and where the text is no place."""
        found = self.place.fullmatch(text)
        return found["name"] if found else ""

    def is_whole(self, text: str) -> bool:
        """Whether a place is a segment or a loop as a whole."""
        found = self.place.fullmatch(text)
        return found is not None and not found["part"]


_HL7 = Grammar(
    name=re.compile(r"[A-Z][A-Z0-9]{2}"),
    place=re.compile(
        r"(?P<name>[A-Z][A-Z0-9]{2})(\[.*?\]|\(.*?\))*(?P<part>-\d.*)?", re.DOTALL
    ),
    first="MSH",
    stays=frozenset(["MSH"]),
    why="a message begins with MSH: it stays",
    part="-1",
    keep="keep: [MSH, PID, PV1]",
    remove="remove: [PID-19, NK1]",
    edit='- {each: OBX, when: OBX-11 == "X", remove: true}',
    add="- {segment: ZPV, after: PV1, set: {ZPV-1: PV1-19.1}}",
    segment="ZPV",
    place_of="OBX",
)
_X12 = Grammar(
    name=re.compile(r"[A-Z][A-Z0-9]{1,2}"),
    place=re.compile(
        r"(?:[\w:]+(\[.*?\])?/)*(?P<name>[A-Z][A-Z0-9]{1,2}|\d{4}[A-Z]{0,2}|HL:[A-Z0-9]{1,2})"
        r"(\[.*\]|\(.*?\))*(?P<part>\d\d.*)?",
        re.DOTALL,
    ),
    first="ISA",
    stays=frozenset(["ISA", "GS", "ST", "SE", "GE", "IEA"]),
    why="the envelope of an interchange stays",
    part="02",
    keep="keep: [BEG, REF, N1]",
    remove="remove: [REF, CLM19]",
    edit='- {each: REF, when: REF01 == "ZZ", remove: true}',
    add='- {segment: REF, after: BEG, set: {REF01: "CO", REF02: BEG03}}',
    segment="REF",
    place_of="REF",
)
_EDIFACT = Grammar(
    name=re.compile(r"[A-Z][A-Z0-9]{2}"),
    place=re.compile(
        r"(?:\w+(\[.*?\])?/)*(?P<name>SG\d{1,2}|[A-Z]{3})(\[.*\]|\(.*?\))*(?P<part>\d\d.*)?",
        re.DOTALL,
    ),
    first="UNB",
    stays=frozenset(["UNA", "UNB", "UNG", "UNH", "UNT", "UNE", "UNZ"]),
    why="the envelope of an interchange stays",
    part="02",
    keep="keep: [BGM, DTM, NAD]",
    remove="remove: [FTX, NAD04]",
    edit='- {each: RFF, when: RFF01-1 == "ZZZ", remove: true}',
    add='- {segment: RFF, after: DTM, set: {RFF01-1: "CT", RFF01-2: BGM02}}',
    segment="RFF",
    place_of="RFF",
)
#: Elements have ways, not names: no place of XML is a segment as a whole.
_XML = Grammar(
    name=re.compile(r"(?!)"),
    place=re.compile(r"(?P<name>)(?P<part>.+)", re.DOTALL),
    first="",
    stays=frozenset(),
    why="a document has a root element",
    part="/@id",
    keep="",
    remove="remove: [po:Order/po:Note]",
    edit='- {each: po:Order/po:Line, when: .@status == "void", remove: true}',
    add="",
    segment="",
    place_of="po:Line",
)
#: Elements have paths, not names.
_FHIR = Grammar(
    name=re.compile(r"(?!)"),
    place=re.compile(r"(?P<name>)(?P<part>.+)", re.DOTALL),
    first="",
    stays=frozenset(),
    why="a message has a resource",
    part=".value",
    keep="",
    remove="remove: [Patient/photo]",
    edit='- {each: Observation, when: status == "cancelled", remove: true}',
    add="",
    segment="",
    place_of="Observation",
)
_GRAMMARS = {"fhir": _FHIR, "xml": _XML, "hl7v2": _HL7, "x12": _X12, "edifact": _EDIFACT}


def format_of(language: Language) -> str:
    """The format of the message, also where a value is at hand."""
    shape = language.shape
    while shape.outer is not None:
        shape = shape.outer
    return shape.format


def of(language: Language) -> Grammar:
    """That of the message that is edited."""
    return _GRAMMARS[format_of(language)]
