"""
`split:` of a channel: the messages of a batch, or one part for each segment that opens a group (`OBR`, `FT1`, `ORC`).

A part is the whole message with one such group in it: what stands around the group stays, its other repetitions leave,
and those of the groups around it. So a path means in a part what it means in the message. MSH-10 stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import msgspec

from engine.errors import MessageError
from engine.formats import Reading
from engine.formats.hl7v2.batch import parts
from engine.formats.hl7v2.blueprint import known
from engine.formats.hl7v2.charset import encode
from engine.formats.hl7v2.document import Document, parse, split_lines
from engine.formats.hl7v2.layout import Node
from engine.formats.hl7v2.marks import HEADERS
from engine.formats.hl7v2.structures import segment_names

#: What the parts of a message may come to besides its own size, in bytes: what stands around a group is in every part.
MOST = 64 * 1024 * 1024
_TRAILERS = ("BTS", "FTS")


def splits(by: str, layout: object = None) -> str:
    """
    What is wrong with `split: BY`; empty where it can be.

    >>> splits("OBR"), splits("obr")
    ('', "'obr' is no segment; did you mean 'OBR'?")
    """
    if by == "message":
        return ""
    if by in HEADERS or by in _TRAILERS:
        return f"{by} opens no group; 'message' takes a batch apart"
    if known(by):
        return ""
    near = get_close_matches(by.upper(), [*segment_names(), "MESSAGE"], n=1, cutoff=0.6)
    word = near[0] if near and near[0] != "MESSAGE" else "message"
    hint = (
        f"; did you mean '{word}'?" if near else "; it is 'message', or a segment: split: OBR"
    )
    return f"'{by}' is no segment{hint}"


def split(raw: bytes, reading: Reading, by: str) -> Iterator[bytes]:
    """
    The parts, in order. A message without such a segment is its own only part, and so is what cannot be read in a batch.

    Raises MessageError where a message cannot be read, and where the parts would come to too much.
    """
    messages = parts(raw, reading)
    if by == "message":
        yield from (raw,) if messages is None else messages
    elif messages is None:
        yield from _parts(raw, parse(raw, reading), by)
    else:
        for message in messages:
            try:
                document = parse(message, reading)
            except MessageError:
                yield message
            else:
                yield from _parts(message, document, by)


def _parts(raw: bytes, document: Document, by: str) -> Iterator[bytes]:
    cut, left = _Cut(document, by), len(raw) + MOST
    if len(cut.opened) < 2:
        yield raw
        return
    for opened in cut.opened:
        part = cut.part(opened)
        left -= len(part)
        if left < 0:
            rule = f"what stands around {by} is so large that its parts come to more than {MOST} bytes"
            raise MessageError("too_large", rule, by)
        yield part


class _Opened(msgspec.Struct, frozen=True):
    """One of the groups that a message is taken apart by."""

    node: Node
    """The group, or the one in which its segment stands where it has none of its own."""
    own: Sequence[int]
    """The positions of its segments."""
    whole: bool
    """Whether the node is the group itself."""


class _Cut:
    """A message being taken apart."""

    def __init__(self, document: Document, by: str) -> None:
        self._document = document
        decoded = document.decoded
        text = decoded.exact or decoded.text
        start = text.find("MSH")
        self._before = text[:start]
        self._lines, self._ends = split_lines(text[start:], document.marks.field)
        self.opened: list[_Opened] = []
        """In order; what stands inside another one belongs to that."""
        self._taken: set[int] = set()
        """The positions of all that belongs to one."""
        for segment in document.find(by):
            node, only, position = document.groups.place(segment)
            if position not in self._taken:
                own = node.every if only is None else only
                self.opened.append(_Opened(node, own, only is None))
                self._taken.update(own)
        self._around: dict[tuple[int, str], list[int]] = {}

    def part(self, opened: _Opened) -> bytes:
        """The message with one of them."""
        document = self._document
        keys = [document.segments[at].key for at in sorted(self._positions(opened))]
        end = self._ends[0]
        text = "".join([self._lines[key] + (self._ends[key] or end) for key in keys])
        decoded = document.decoded
        return decoded.mark + encode(self._before + text, decoded.codec, "replace")

    def _positions(self, opened: _Opened) -> Iterator[int]:
        yield from opened.own
        node = opened.node
        if not opened.whole:
            yield from self._besides(node, "")
        while node.parent is not None:
            yield from self._besides(node.parent, node.part.name)
            node = node.parent

    def _besides(self, node: Node, name: str) -> Sequence[int]:
        """What stands in a group outside of the groups of a name in it, and belongs to none that was opened."""
        key = id(node), name
        found = self._around.get(key)
        if found is None:
            gone: set[int] = set()
            taken = self._taken
            for child in node.children:
                if child.part.name == name:
                    gone.update(child.every)
            found = self._around[key] = [
                at for at in node.every if at not in gone and at not in taken
            ]
        return found
