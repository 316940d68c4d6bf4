"""The little that an endpoint must know of a resource before it is a message: its type and id. The format reads the rest."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

import msgspec

#: Nothing here is read twice (possessive): a body of comments alone would take for ever.
_COMMENT = rb"<!--(?:[^-]|-(?!->))*+-->"
_INSTRUCTION = rb"<\?(?:[^?]|\?(?!>))*+\?>"
_ROOT = re.compile(
    rb"\s*+(?:(?:%b|%b)\s*+)*+<(?:\w++:)?(?P<type>[A-Z]\w*+)(?:\s[^>]*+)?>"
    rb"(?:\s|%b)*+(?:<(?:\w++:)?id\s++value\s*+=\s*+[\"'](?P<id>[^\"']*+)[\"'])?"
    % (_INSTRUCTION, _COMMENT, _COMMENT)
)
_HEAD = 64 * 1024


class Peeked(msgspec.Struct, frozen=True):
    """The beginning of a resource; what is no resource has no type."""

    type: str = msgspec.field(default="", name="resourceType")
    id: str = ""
    meta: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_PEEK = msgspec.json.Decoder(Peeked)
_WHOLE = msgspec.json.Decoder(float_hook=Decimal)
_WRITE = msgspec.json.Encoder(decimal_format="number")
_NOTHING = Peeked()
_BOM = b"\xef\xbb\xbf"


def peek(raw: bytes, kind: str) -> Peeked:
    """
    Type and id of a resource; nothing where it cannot be read, which the channel's format will say.

    >>> peek(b'{"resourceType": "Patient", "id": "7"}', "json").id
    '7'
    >>> peek(b'<Patient xmlns="http://hl7.org/fhir"><id value="7"/></Patient>', "xml").type
    'Patient'
    """
    if kind == "xml":
        found = _ROOT.match(raw[:_HEAD].removeprefix(_BOM))
        if found is None:
            return _NOTHING
        return Peeked(found["type"].decode(), (found["id"] or b"").decode("utf-8", "replace"))
    text = raw.removeprefix(_BOM)
    try:
        return _PEEK.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _as_ascii(text)


def _as_ascii(raw: bytes) -> Peeked:
    """The same of text in another alphabet, whose names and codes stand there in ASCII all the same."""
    try:
        return _PEEK.decode(raw.decode("latin-1").encode())
    except (msgspec.DecodeError, RecursionError):
        return _NOTHING


def is_wide(raw: bytes) -> bool:
    """
    Whether a body is text of two or four bytes a character, which FHIR is never (R4 3.1.0.1.9).

    >>> is_wide('{"a"'.encode("utf-16")), is_wide("<a".encode("utf-32-be")), is_wide(b'{"a"')
    (True, True, False)
    """
    return b"\0" in raw[:4] or raw[:2] in (b"\xff\xfe", b"\xfe\xff")


def with_identity(raw: bytes, peeked: Peeked, id: str, version: str, at: float) -> bytes:
    """
    A JSON resource as a server shows it once it is written: with its id, version and moment (FHIR R4 2.27.3).

    >>> with_identity(b'{"resourceType":"Basic"}', Peeked("Basic"), "1", "1", 0.0)
    b'{"id":"1","meta":{"versionId":"1","lastUpdated":"1970-01-01T00:00:00Z"},"resourceType":"Basic"}'
    """
    if not peeked.id and peeked.meta is msgspec.UNSET:
        start = raw.index(b"{") + 1
        when = moment(int(at))
        said = f'"id":"{id}","meta":{{"versionId":"{version}","lastUpdated":"{when}"}},'
        return b"{%b%b" % (said.encode(), raw[start:])
    whole = _WHOLE.decode(raw)
    meta = whole.get("meta")
    whole["id"] = id
    whole["meta"] = {
        **(meta if isinstance(meta, dict) else {}),
        "versionId": version,
        "lastUpdated": moment(int(at)),
    }
    return _WRITE.encode(whole)


@lru_cache(maxsize=8)
def moment(second: int) -> str:
    """An instant (FHIR R4 2.24.0.1)."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
