"""
`split:` of FHIR: a Bundle in parts, or NDJSON line by line.

    entry            the Bundle with one entry
    entry.resource   the resource of each entry, a message of its own
    Observation      the Bundle with one Observation and all entries that hold something else
    record           NDJSON: one resource a line, however large the file is

What stands in a part of JSON stands there byte for byte; XML is written anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

import msgspec

from engine.errors import MessageError
from engine.fhir import definitions
from engine.fhir.outcome import render
from engine.formats.fhir.document import Document, is_xml, parse
from engine.reading import Reading
from engine.records.encodings import to_utf8
from engine.records.lines import RECORD, documents, parted_lines

ENTRY, RESOURCE = "entry", "entry.resource"
#: What the parts may come to besides the document's own size, in bytes: what stands around an entry is in each.
MOST = 64 * 1024 * 1024

_RECORD = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_NULL = b"null"


def splits(by: str, layout: object = None) -> str:
    """
    What is wrong with `split: BY`; empty where it can be.

    >>> splits("entry"), splits("Observation"), splits("Observations")[:58]
    ('', '', "'Observations' is no resource of R4; did you mean Observat")
    """
    if by in (ENTRY, RESOURCE, RECORD) or definitions.is_resource(by):
        return ""
    near = get_close_matches(by, [ENTRY, RESOURCE, RECORD, *definitions.resources()], n=1)
    known = "there is entry, entry.resource, record, or a type of resource"
    return f"'{by}' is no resource of R4; " + (
        f"did you mean {near[0]}? Else {known}" if near else known
    )


def parts(raw: bytes, reading: Reading) -> tuple[bytes, ...] | None:
    """
    The resources of a batch: NDJSON, one a line. None where it is one resource.

    >>> parts(b'{"resourceType":"Patient"}\\n{"resourceType":"Group"}\\n', Reading())[1]
    b'{"resourceType":"Group"}'
    """
    return None if is_xml(raw) else documents(raw, reading)


def split(raw: bytes, reading: Reading, by: str) -> Iterator[bytes]:
    """
    The parts, in order. What has no such entry is its own only part. MessageError where the bytes are no resource, or the
    parts would come to too much.
    """
    if by == RECORD:
        for part in parted_lines(raw, reading):
            yield part.raw
        return
    every = parts(raw, reading)
    if every is None:
        yield from _bounded(raw, _split(raw, reading, by), by)
        return
    for each in every:
        try:
            yield from _bounded(each, _split(each, reading, by), by)
        except MessageError:
            yield each


def _bounded(raw: bytes, found: Iterator[bytes], by: str) -> Iterator[bytes]:
    left = len(raw) + MOST
    for part in found:
        left -= len(part)
        if left < 0:
            rule = f"what stands around {by} is so large that its parts come to more than {MOST} bytes"
            raise MessageError("too_large", rule, by)
        yield part


def _split(raw: bytes, reading: Reading, by: str) -> Iterator[bytes]:
    document = parse(raw, reading)
    chosen = list(_chosen(document, by))
    if not chosen:
        yield raw
    elif document.wire == "xml":
        for wanted in chosen:
            yield _of_xml(document, wanted, by)
    else:
        yield from _of_json(to_utf8(raw, reading), chosen, by)


def _chosen(document: Document, by: str) -> Iterator[list[int]]:
    """For each part the positions of its entries."""
    value = document.value
    entries = value.get("entry")
    if value["resourceType"] != "Bundle" or not isinstance(entries, list):
        return
    kinds = [_kind(entry) for entry in entries]
    if by == ENTRY:
        yield from ([at] for at in range(len(entries)))
    elif by == RESOURCE:
        yield from ([at] for at, kind in enumerate(kinds) if kind)
    else:
        others = [at for at, kind in enumerate(kinds) if kind != by]
        yield from (sorted([*others, at]) for at, kind in enumerate(kinds) if kind == by)


def _kind(entry: object) -> str:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    return kind if isinstance(kind, str) else ""


def _of_xml(document: Document, wanted: list[int], by: str) -> bytes:
    entries = document.value["entry"]
    if by == RESOURCE:
        return render(entries[wanted[0]]["resource"], "xml")
    return render({**document.value, "entry": [entries[at] for at in wanted]}, "xml")


def _of_json(text: bytes, chosen: list[list[int]], by: str) -> Iterator[bytes]:
    bundle = _RECORD.decode(text)
    entries = [bytes(each) for each in _LIST.decode(bundle["entry"])]
    if by == RESOURCE:
        for (at,) in chosen:
            yield bytes(_RECORD.decode(entries[at])["resource"])
        return
    names = list(bundle)
    written = [b"%b:%b" % (msgspec.json.encode(name), bundle[name]) for name in names]
    at = names.index("entry")
    head, tail = b",".join([*written[:at], b""]), b",".join([b"", *written[at + 1 :]])
    for wanted in chosen:
        yield b'{%b"entry":[%b]%b}' % (head, b",".join(entries[each] for each in wanted), tail)
