"""An XML document, and what of it is known without a mapping: its kind, its number."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import msgspec

from engine.formats import Reading
from engine.formats.xml.edit import Editor
from engine.markup import reader
from engine.markup.namespaces import kind_of

#: Clinical documents of HL7 (CDA R2) have their kind and their number in places of their own.
_CDA = "{urn:hl7-org:v3}"
_CLINICAL = f"{_CDA}ClinicalDocument"


class Document:
    """A parsed document; immutable."""

    __slots__ = ("encoding", "lenient", "raw", "root")

    def __init__(self, raw: bytes, root: Any, encoding: str, lenient: bool) -> None:
        self.raw, self.root = raw, root
        """The bytes as they came, and the root element."""
        self.encoding, self.lenient = encoding, lenient

    def kind(self) -> str:
        """The root element with the last word of its namespace: `orders:Order`; of clinical documents `ClinicalDocument/CCD`."""
        root = self.root
        if root.tag == _CLINICAL:
            known = templates()
            for one in root.iterchildren(f"{_CDA}templateId"):
                if (name := known.get(one.get("root", ""))) is not None:
                    return f"ClinicalDocument/{name}"
        word, local = kind_of(root.tag)
        return f"{word}:{local}" if word else local

    def control(self) -> str:
        """The id of a clinical document: its extension, or its root where it has none; XML itself has none."""
        if self.root.tag != _CLINICAL:
            return ""
        found = self.root.find(f"{_CDA}id")
        if found is None:
            return ""
        said: str = found.get("extension") or found.get("root") or ""
        return said

    def processing(self) -> str:
        """XML does not say whether it is a test."""
        return ""

    def edit(self) -> Editor:
        """A copy that may be written to."""
        return Editor(self, parse)


def parse(raw: bytes, reading: Reading) -> Document:
    """
    Bytes to document; MessageError with line and column where they are none, or hold what is not taken (DTD, entities).

    >>> parse(b'<Order xmlns="urn:example:orders"/>', Reading()).kind()
    'orders:Order'
    """
    lenient = reading.unmappable != "quarantine"
    read = reader.read(raw, reading.encoding, lenient)
    return Document(raw, read.root, reading.encoding, lenient)


@cache
def templates() -> dict[str, str]:
    """Document templates of C-CDA R2.1 (HL7 CDA R2 Implementation Guide, volume 2, section 1), by their OID."""
    text = resources.files(__package__).joinpath("templates.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=dict[str, str])
