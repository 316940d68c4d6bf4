"""
`split: lines[*]`: one part for each element of a list. A part is the whole document with a list of only that one.

What stands in a part stands there byte for byte: numbers keep their digits, records the order of their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import TypeVar

import msgspec

from engine.errors import MessageError
from engine.formats import Reading
from engine.records.encodings import NOT_JSON, to_utf8, utf8
from engine.records.lines import RECORD, back, parted_lines
from engine.records.lines import documents as parts

__all__ = ["parts", "split", "splits"]

_T = TypeVar("_T")
_NAME = re.compile(r'([A-Za-z_]\w*)|\[\s*("(?:[^"\\]|\\.)*")\s*\]', re.ASCII)
_EACH = re.compile(r"\[\s*\*\s*\]")
#: A list of which each element is a document of its own.
_WHOLE = "[*]"
#: What the parts may come to besides the document's own size, in bytes: what stands around an element is in each.
MOST = 64 * 1024 * 1024

_RECORD = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def splits(by: str, layout: object = None) -> str:
    """
    What is wrong with `split: BY`; empty where it can be.

    >>> splits("order.lines[*]"), splits("[*]"), splits("lines")
    ('', '', "'lines' does not say each element of a list; write lines[*]")
    """
    if by in (_WHOLE, RECORD) or _steps(by):
        return ""
    if _steps(f"{by}[*]"):
        return f"'{by}' does not say each element of a list; write {by}[*]"
    return f"'{by}' names no list of a document; as in lines[*] or order.lines[*]"


def split(raw: bytes, reading: Reading, by: str) -> Iterator[bytes]:
    """
    The parts, in order. A document without such an element is its own only part, and so is one of JSON lines that cannot
    be taken apart; elements that are null are none.

    `record`: one document a line, as also large files are taken apart; what is no JSON is a part that fails by itself.
    `[*]` of a document that is a list: each element is a document of its own. Raises MessageError where the bytes are no
    JSON, where the path names no list, and where the parts would come to too much.
    """
    if by == RECORD:
        for part in parted_lines(raw, reading):
            yield part.raw if utf8(reading) else back(part.raw, reading)
        return
    documents = parts(raw, reading)
    if documents is None:
        yield from _split(raw, reading, by)
        return
    for document in documents:
        try:
            yield from _split(document, reading, by)
        except MessageError:
            yield document


def _split(raw: bytes, reading: Reading, by: str) -> Iterator[bytes]:
    text = to_utf8(raw, reading)
    found = _parts(text, () if by == _WHOLE else _steps(by), by)
    first, second = next(found, None), next(found, None)
    if first is None or (second is None and by != _WHOLE):
        yield raw
        return
    left = len(raw) + MOST
    for part in chain((first,), () if second is None else (second,), found):
        left -= len(part)
        if left < 0:
            rule = f"what stands around {by} is so large that its parts come to more than {MOST} bytes"
            raise MessageError("too_large", rule, by)
        yield part if utf8(reading) else back(part, reading)


def _steps(by: str) -> tuple[str, ...]:
    """The names of a path, and an empty one for each `[*]`; nothing where it is none that ends in `[*]`."""
    steps: list[str] = []
    at = 0
    while at < len(by):
        if steps and (each := _EACH.match(by, at)):
            steps.append("")
            at = each.end()
            continue
        at += bool(steps) and by[at] == "."
        name = _NAME.match(by, at)
        if name is None or (steps and name[1] and by[at - 1] != "."):
            return ()
        steps.append(name[1] or msgspec.json.decode(name[2], type=str))
        at = name.end()
    return tuple(steps) if steps and not steps[-1] else ()


def _parts(raw: bytes, steps: tuple[str, ...], by: str) -> Iterator[bytes]:
    if not steps:
        yield from _elements(raw, by)
        return
    step, rest = steps[0], steps[1:]
    if not step:
        for element in _elements(raw, by):
            for inner in _parts(element, rest, by) if rest else (element,):
                yield b"[%b]" % inner
        return
    record = _decoded(_RECORD, raw, by)
    if step not in record:
        return
    names = list(record)
    before = [b"%b:%b" % (msgspec.json.encode(name), record[name]) for name in names]
    at = names.index(step)
    head, tail = b",".join([*before[:at], b""]), b",".join([b"", *before[at + 1 :]])
    key = msgspec.json.encode(step)
    for inner in _parts(bytes(record[step]), rest, by):
        yield b"{%b%b:%b%b}" % (head, key, inner, tail)


def _elements(raw: bytes, by: str) -> Iterator[bytes]:
    if raw.strip() == b"null":
        return
    for element in _decoded(_LIST, raw, by):
        if (found := bytes(element)) != b"null":
            yield found


def _decoded(decoder: msgspec.json.Decoder[_T], raw: bytes, by: str) -> _T:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        rule = f"split: {by} names a list, and something else stands there"
        raise MessageError("bad_value", rule, by) from None
    except (msgspec.DecodeError, UnicodeError, ValueError, RecursionError):
        raise MessageError("not_json", NOT_JSON) from None
