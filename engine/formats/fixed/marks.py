"""How one record is told from the next: by lines, by their length, by what stands in front of each."""

from __future__ import annotations

from collections.abc import Iterator

from engine.formats.fixed.layout import Layout

#: What may stand behind the last record of a file whose records have lengths: line ends, and the end mark of DOS.
_REST = b"\r\n\x1a\x00"


class Lines:
    """Records that are lines."""

    def __init__(self, layout: Layout, end: str, codec: str) -> None:
        self.end = end.encode(codec)
        self.cr = "\r".encode(codec) if end == "\n" else b""
        self.comment = layout.comment.encode(codec)
        self.keep = layout.empty_lines == "keep"

    def skip(self, raw: bytes, at: int, count: int) -> tuple[int, int]:
        """The offset and the number of the line behind so many lines."""
        for _ in range(count):
            found = raw.find(self.end, at)
            at = len(raw) if found < 0 else found + len(self.end)
        return at, count + 1

    def lines(self, raw: bytes, at: int, number: int) -> Iterator[tuple[int, int, int, int]]:
        """Where each record begins, where it ends, where the next begins, its line; empty ones and comments are passed over."""
        end, cr, comment, size = self.end, self.cr, self.comment, len(raw)
        while at < size:
            stop = raw.find(end, at)
            after = stop + len(end)
            if stop < 0:
                stop = after = size
            if cr and stop > at and raw[stop - 1 : stop] == cr:
                stop -= 1
            passed = bool(comment) and raw[at : at + len(comment)] == comment
            if not passed and (stop > at or self.keep):
                yield at, stop, after, number
            at, number = after, number + 1


#: What a record holds, its bytes as they came, where they end, its number, and what is wrong with it.
Found = tuple[bytes, bytes, int, int, str]


def by_length(raw: bytes, at: int, length: int) -> Iterator[Found]:
    """Records of the same length, one behind the other."""
    number, size = 1, len(raw)
    while at + length <= size:
        record = raw[at : at + length]
        at += length
        yield record, record, at, number, ""
        number += 1
    rest = raw[at:]
    if rest.strip(_REST):
        wrong = f"the file ends inside it: it has {len(rest)} bytes of {length}"
        yield rest, rest, size, number, wrong


def by_prefix(raw: bytes, at: int) -> Iterator[Found]:
    """Records with four bytes in front: two say how long it is, these four included, two are zero (z/OS RDW)."""
    number, size = 1, len(raw)
    while at < size:
        length = int.from_bytes(raw[at : at + 2], "big")
        if length < 5 or at + length > size or raw[at + 2 : at + 4] != b"\0\0":
            rest = raw[at:]
            yield (
                rest,
                rest,
                size,
                number,
                "what stands in front of it is no length of a record",
            )
            return
        whole = raw[at : at + length]
        at += length
        yield whole[4:], whole, at, number, ""
        number += 1
