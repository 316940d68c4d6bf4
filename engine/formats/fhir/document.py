"""A resource, and what of it is known without a mapping: its kind, its number, whether it is a test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from engine.errors import MessageError
from engine.fhir import definitions
from engine.fhir.markup import to_json
from engine.fhir.references import Index, Record, resources
from engine.formats.fhir.edit import Editor
from engine.markup import reader
from engine.reading import Reading
from engine.records.decoding import decoded
from engine.records.encodings import to_utf8

#: Says that a resource is one of tests (v3-ActReason, as meta.tag and meta.security of R4, 2.9.1.2, use it).
_TEST = "HTEST"
#: Processing ids of HL7 v2 (table 0103), as the v2-to-FHIR guide puts MSH-11 into meta.tag.
_PROCESSING = "http://terminology.hl7.org/CodeSystem/v2-0103"
#: Codes of events: those of HL7 v2, and words with hyphens.
_EVENT = re.compile(r"[A-Z][A-Z0-9]{1,3}|[a-z]+(?:-[a-z]+)*")
_IDS = {"P": "production", "T": "test", "D": "debugging"}
#: How XML begins: as bytes, or in UTF-16.
_XML = (b"<", b"\xff\xfe<\x00", b"\xfe\xff\x00<", b"<\x00", b"\x00<")


class Document:
    """A parsed resource; immutable. Its value is made of dicts, lists, texts, numbers and truths, also where it came as XML."""

    __slots__ = ("_index", "value", "wire")

    def __init__(self, value: Record, wire: str = "json") -> None:
        self.value = value
        self.wire = wire
        """`json` or `xml`: as it came, and as an edit of it leaves."""
        self._index: Index | None = None

    @property
    def index(self) -> Index:
        """Its resources by type and address, made when first asked."""
        if self._index is None:
            self._index = Index(self.value)
        return self._index

    def kind(self) -> str:
        """
        What it is: `Patient`, `Bundle/transaction`, `message: EVENT`; `?` for what is no code, for logs show it and it may be anything.

        >>> Document({"resourceType": "Bundle", "type": "batch"}).kind()
        'Bundle/batch'
        """
        name: str = self.value["resourceType"]
        if name != "Bundle":
            return name if definitions.is_resource(name) else "?"
        type_ = _said(self.value.get("type"))
        if type_ == "message" and (event := _event(self.value)):
            return f"message: {event if _EVENT.fullmatch(event) else '?'}"
        if type_ not in definitions.of("Bundle").elements["type"].codes:
            return f"{name}/?" if type_ else name
        return f"{name}/{type_}"

    def control(self) -> str:
        """The sender's number for it: the identifier of a Bundle, else its id, with its version where it has one."""
        value = self.value
        identifier = value.get("identifier")
        if value["resourceType"] == "Bundle" and isinstance(identifier, dict):
            said = _said(identifier.get("value"))
            if said:
                return said
        id_, meta = _said(value.get("id")), value.get("meta")
        version = _said(meta.get("versionId")) if isinstance(meta, dict) else ""
        return f"{id_}/_history/{version}" if id_ and version else id_

    def processing(self) -> str:
        """`test` where it, or the header of a message, is marked so (HTEST, or the processing id of HL7 v2); else what it says, or empty."""
        for each in self._marked():
            for tag in _tags(each):
                code = tag.get("code")
                if code == _TEST:
                    return "test"
                if tag.get("system") == _PROCESSING and code in _IDS:
                    return _IDS[code]
        return ""

    def _marked(self) -> Iterator[Any]:
        yield self.value
        if self.value.get("type") == "message":
            yield next(resources(self.value), None)

    def edit(self) -> Editor:
        """A copy that may be written to."""
        return Editor(self, Document)


class Written(Document):
    """
    A resource that was made here, as its JSON: read from it when somebody first looks into it. What it was made of may be shared by
    others, and is nobody's to edit.
    """

    __slots__ = ("_payload",)

    def __init__(self, payload: bytes) -> None:
        self._payload, self.wire = payload, "json"
        self._index = None

    def __getattr__(self, name: str) -> Any:
        if name != "value":
            raise AttributeError(name)
        self.value = decoded(self._payload)
        return self.value


def parse(raw: bytes, reading: Reading) -> Document:
    """
    Bytes to document, JSON or XML by how they begin; MessageError where they are neither, or no resource.

    >>> parse(b'<Patient xmlns="http://hl7.org/fhir"><id value="1"/></Patient>', Reading()).value
    {'resourceType': 'Patient', 'id': '1'}
    """
    if is_xml(raw):
        lenient = reading.unmappable != "quarantine"
        return Document(to_json(reader.read(raw, reading.encoding, lenient).root), "xml")
    value = decoded(to_utf8(raw, reading))
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise MessageError("not_fhir", "a resource says what it is: 'resourceType'")
    return Document(value)


def is_xml(raw: bytes) -> bool:
    """
    Whether the bytes are XML and not JSON.

    >>> is_xml(b' <Patient/>'), is_xml(b'{}')
    (True, False)
    """
    return raw[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_XML)


def _said(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _event(bundle: Record) -> str:
    """What a message is about (R4, 2.4.2: MessageHeader.event[x]): the code, or the last word of the address."""
    header = next(resources(bundle), None)
    if header is None:
        return ""
    coding = header.get("eventCoding")
    if isinstance(coding, dict):
        return _said(coding.get("code"))
    return _said(header.get("eventUri")).rstrip("/").rpartition("/")[2]


def _tags(resource: Any) -> Iterator[Record]:
    meta = resource.get("meta") if isinstance(resource, dict) else None
    for name in ("tag", "security"):
        found = meta.get(name) if isinstance(meta, dict) else None
        if isinstance(found, list):
            yield from (each for each in found if isinstance(each, dict))
