"""
A file of rows that is too large to be held: read in blocks, each as its format reads a whole file.

What stands before the first record is put in front of every block, so that a block is a whole file to its format. A record
that ends with a block may go on in the next one: it is read again there.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator

import msgspec

from engine.errors import MessageError
from engine.reading import Blocks, Part, Reading, Surveyed
from engine.rows import encodings
from engine.rows.kinds import Piece, Source
from engine.rows.parting import MOST, TIMES, Cutter, too_much

#: Bytes that are read at once, and the most that one record may have.
BLOCK, LONGEST = 32 * 1024, 16 * 1024 * 1024
#: (bytes, whether they were recoded as UTF-8 before) -> the bytes as a file of its own.
Opening = Callable[[bytes, bool], Source]
_BOMS = {codecs.BOM_UTF16_LE: "-le", codecs.BOM_UTF16_BE: "-be"}
_BOMS_32 = {codecs.BOM_UTF32_LE: "-le", codecs.BOM_UTF32_BE: "-be"}


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where to go on in a file."""

    offset: int
    line: int


class Around(msgspec.Struct, frozen=True, array_like=True):
    """What stands around the records, as the bytes that are read (`Source.prefix`, headers, trailers)."""

    prefix: bytes
    begin: Place
    """Of the first record."""
    headers: tuple[bytes, ...] = ()
    trailers: tuple[bytes, ...] = ()


def window(blocks: Blocks, reading: Reading, lines: bool = True) -> Window:
    """The blocks of a file as its layout reads them; MessageError where there is no such character set."""
    layout = reading.layout
    codec = reading.encoding or layout.encoding
    if not encodings.known(codec):
        raise MessageError("bad_encoding", f"there is no character set {codec}")
    lenient = "replace" in (layout.unmappable, reading.unmappable)
    errors = "replace" if lenient or reading.unmappable == "ascii" else "strict"
    return Window(blocks, codec, errors, not lines or encodings.direct(codec))


class Window:
    """The bytes of a file from an offset on, in a character set of which single bytes can be looked for."""

    def __init__(self, blocks: Blocks, codec: str, errors: str, direct: bool) -> None:
        self._blocks, self._errors, self.direct = blocks, errors, direct
        self.start, self._codec = (0, codec) if direct else _marked(blocks, codec)

    def read(self, offset: int, size: int) -> tuple[bytes, bool]:
        """So many bytes, and whether they are the last; MessageError where they are none of the character set."""
        raw = self._blocks.read(offset, size)
        final = offset + len(raw) >= self._blocks.size
        if self.direct:
            return raw, final
        decoder = codecs.getincrementaldecoder(self._codec)(self._errors)
        try:
            return decoder.decode(raw, final).encode(), final
        except UnicodeError:
            rule = f"a byte stands in it that {self._codec} does not have"
            raise MessageError("bad_encoding", rule, "the file") from None

    def width(self, read: bytes) -> int:
        """How many bytes of the file these are."""
        return len(read) if self.direct else len(read.decode().encode(self._codec, "replace"))


def _marked(blocks: Blocks, codec: str) -> tuple[int, str]:
    """Where the text begins behind a byte order mark, and the character set that the mark says."""
    name = codecs.lookup(codec).name
    known = {"utf-16": _BOMS, "utf-32": _BOMS_32}.get(name, {})
    for mark, order in known.items():
        if blocks.read(0, len(mark)) == mark:
            return len(mark), name + order
    return 0, codec


class Stream:
    """One file, of which a block is held (engine/rows/kinds.py: Source)."""

    def __init__(
        self,
        blocks: Blocks,
        opening: Opening,
        window: Window,
        around: Around | None = None,
        at: Place | None = None,
    ) -> None:
        self._opening, self._window = opening, window
        self._size = blocks.size
        self.around = around if around is not None else self._begin()
        self.begin = self._at = at if at is not None else self.around.begin
        source = opening(self.around.prefix, not window.direct)
        self.prefix, self.first, self.raw = source.prefix, source.first, b""
        self.name, self.kinds, self.totals = source.name, source.kinds, source.totals
        self.group_by, self.key = source.group_by, source.key
        self.encoded, self.rewritten = source.encoded, source.rewritten
        self.place, self.lines_of = source.place, source.lines_of

    def _begin(self) -> Around:
        """What stands before the first record."""
        window, size = self._window, BLOCK
        while True:
            raw, final = window.read(window.start, size)
            try:
                source = self._opening(raw, not window.direct)
            except MessageError:
                if final or size >= LONGEST:
                    raise
            else:
                if final or len(source.prefix) < len(raw):
                    break
                if size >= LONGEST:
                    raise _too_long("what stands before the first record")
            size *= 4
        offset = window.start + window.width(source.prefix)
        return Around(source.prefix, Place(offset, source.first))

    def _windows(self) -> Iterator[tuple[Source, int, bool]]:
        """
        Blocks as files: each with the number of lines to add, and whether it is the last. Whoever reads one says by `_at`
        where to go on.
        """
        size, prefix = BLOCK, self.around.prefix
        while self._at.offset < self._size:
            at = self._at
            raw, final = self._window.read(at.offset, size)
            source = self._opening(prefix + raw, not self._window.direct)
            yield source, at.line - source.first, final
            if final:
                return
            if self._at == at:
                if size >= LONGEST:
                    raise _too_long(self.place(at.line))
                size = min(4 * size, LONGEST)
            else:
                size = BLOCK

    def pieces(self) -> Iterator[Piece]:
        """The records in order; `end` is where each ends in the file."""
        for source, lines, final in self._windows():
            whole, ended, offset = len(source.raw), len(source.prefix), self._at.offset
            for piece in source.pieces():
                end = piece.end
                if end >= whole and not final:
                    break
                offset += self._width(source.raw, ended, end)
                ended, piece.end = end, offset
                piece.line += lines
                if (error := piece.error) is not None:
                    piece.error = MessageError(error.code, error.rule, self.place(piece.line))
                self._at = Place(offset, piece.line + self.lines_of(piece.raw))
                yield piece

    def records(self) -> Iterator[tuple[int, bytes, int]]:
        """See Source.records; the end is that in the file."""
        for source, lines, final in self._windows():
            whole, ended, offset = len(source.raw), len(source.prefix), self._at.offset
            line, last = 0, b""
            for number, raw, end in source.records():
                if end >= whole and not final:
                    break
                offset += self._width(source.raw, ended, end)
                ended, line, last = end, number + lines, raw
                yield line, raw, offset
            if line:
                self._at = Place(offset, line + self.lines_of(last))

    def framing(self) -> Iterator[Piece]:
        """The headers and trailers, as the survey found them."""
        around = self.around
        raw = b"".join((around.prefix, *around.headers, *around.trailers))
        return self._opening(raw, not self._window.direct).pieces()

    def _width(self, read: bytes, begin: int, end: int) -> int:
        """How many bytes of the file some bytes of a block are."""
        return end - begin if self._window.direct else self._window.width(read[begin:end])


def _too_long(place: str) -> MessageError:
    rule = f"it goes on for more than {LONGEST // 1024 // 1024} MB; is a quote opened and not closed?"
    return MessageError("too_large", rule, place)


class Parts:
    """The parts of a file from a place on (engine/reading.py: Parting)."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._last: tuple[int, bytes, int] | None = None
        """Line, bytes and end of the last record that was taken."""
        plain = stream.kinds.simple and not stream.group_by and not stream.key
        self._parts = self._plain() if plain else self._cut()

    def __iter__(self) -> Parts:
        return self

    def __next__(self) -> Part:
        return next(self._parts)

    def position(self) -> bytes:
        """See Parting.position."""
        stream, last = self._stream, self._last
        if last is None:
            return msgspec.msgpack.encode(stream.begin)
        return msgspec.msgpack.encode(Place(last[2], last[0] + stream.lines_of(last[1])))

    def _plain(self) -> Iterator[Part]:
        stream = self._stream
        prefix, encoded = stream.prefix, stream.encoded
        for last in stream.records():
            self._last = last
            yield Part(raw=encoded(prefix + last[1]), line=last[0])

    def _cut(self) -> Iterator[Part]:
        stream = self._stream
        cutter = Cutter(stream)
        cutter.framed(stream.framing())
        for group in cutter.groups():
            last = group[-1]
            self._last = last.line, last.raw, last.end
            yield cutter.part(group)


def survey(
    blocks: Blocks, opening: Opening, window: Window, met: Callable[[str | None], None]
) -> Surveyed:
    """See Format.survey."""
    stream = Stream(blocks, opening, window)
    around, kinds = stream.around, stream.kinds
    if kinds.simple and not stream.group_by and not stream.key:
        count = sum(1 for _ in stream.records())
        _bounded(blocks.size, count * len(around.prefix))
        return Surveyed(parts=count, known=msgspec.msgpack.encode(around))
    cutter, count = Cutter(stream), 0
    for group in cutter.surveyed():
        count += 1
        if stream.key:
            met(cutter.key(group))
    headers = tuple(piece.raw for piece in cutter.headers)
    trailers = tuple(piece.raw for piece in cutter.trailers)
    _bounded(blocks.size, count * sum(map(len, (around.prefix, *headers, *trailers))))
    known = msgspec.structs.replace(around, headers=headers, trailers=trailers)
    return Surveyed(parts=count, known=msgspec.msgpack.encode(known))


def _bounded(size: int, around: int) -> None:
    """MessageError where what stands around the records makes the parts too large together."""
    if around > (TIMES - 1) * size + MOST:
        raise too_much()


def parted(
    blocks: Blocks, opening: Opening, window: Window, known: bytes, position: bytes
) -> Parts:
    """See Format.parted_blocks."""
    around = msgspec.msgpack.decode(known, type=Around) if known else None
    at = msgspec.msgpack.decode(position, type=Place) if position else None
    return Parts(Stream(blocks, opening, window, around, at))
