"""
Acknowledgements as a partner sends them: which message they are for, and what they say.

A scan of the bytes, not a parse, for it runs once per delivery. HL7 v2.5.1 ch. 2.9 (processing rules) and 2.15.8 (MSA).
"""

from __future__ import annotations

import re

import msgspec

from engine.errors import DeliveryError, Refused, Uncertain

_ACCEPTED = frozenset({"AA", "CA"})
_REFUSED = frozenset({"AE", "AR", "CE", "CR"})
_WORDS = {"E": "the partner reports an error", "R": "the partner rejects the message"}

_MSA = re.compile(rb"(?:^|[\r\n])MSA([^\r\nA-Za-z0-9])([^\r\n]*)([\r\n]?)")
_ERROR_CODE = re.compile(rb"[\r\n]ERR([^\r\nA-Za-z0-9])(?:[^\r\n]*?\1){2}([0-9]{3})(?![0-9])")


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """One MSA segment."""

    code: str
    """MSA-1."""
    control: bytes
    """MSA-2: the message it is for; empty where it does not say."""
    whole: bool
    """Whether the segment's end is here."""


def control_of(payload: bytes) -> bytes:
    """
    MSH-10 of a message; empty for one without (a batch, or not HL7).

    >>> control_of(b"MSH|^~\\\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5.1\\rPID|")
    b'M1'
    >>> control_of(b"MSH")
    b''
    """
    if payload[:3] != b"MSH" or len(payload) < 4:
        return b""
    end = payload.find(b"\r")
    fields = (payload if end < 0 else payload[:end]).split(payload[3:4], 10)
    return fields[9].strip() if len(fields) > 9 else b""


def read(answer: bytes) -> Acknowledgement | None:
    """
    What an answer says; of several MSA (a batch) the first that is not positive. None where there is no MSA.

    >>> read(b"MSH|^~\\\\&|\\rMSA|AA|M1\\r")
    Acknowledgement(code='AA', control=b'M1', whole=True)
    """
    first = None
    for match in _MSA.finditer(answer):
        fields = match[2].split(match[1], 2)
        found = Acknowledgement(
            code=fields[0].strip().decode("ascii", "replace"),
            control=fields[1].strip() if len(fields) > 1 else b"",
            whole=bool(match[3]),
        )
        if found.code not in _ACCEPTED:
            return found
        first = first or found
    return first


def failure(found: Acknowledgement | None, answer: bytes) -> DeliveryError | None:
    """
    What an acknowledgement means for the delivery; None = accepted. AE, CE, AR and CR are refusals, and a
    channel's reply rules may say that some are worth another attempt.
    """
    if found is None:
        return Uncertain("unreadable", "the answer has no MSA segment")
    if found.code in _ACCEPTED:
        return None
    if found.code not in _REFUSED:
        return Uncertain("unreadable", "MSA-1 of the answer is none of AA AE AR CA CE CR")
    detail = _WORDS[found.code[1]]
    if code := _ERROR_CODE.search(answer):
        detail += f", ERR-3 {code[2].decode()}"
    return Refused(found.code, detail)
