"""
A large interchange cut into small ones, in the memory of one of them.

A slice holds some of the loops that the file is split by, one behind the other, with everything that stands around them: taken
apart as a whole file is (envelope.py), it gives the parts that the whole file would give. Cuts are made where such a loop
begins, or one around it, where by the map nothing that is shared follows in the loop around, and no other loop there may hold
one that is split by. What stands behind all loops of its set (PLB of
an 835, SE) and of its group (GE, IEA) is found in a first pass (`Behind`).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from engine.edi.counts import counted
from engine.edi.maps import LoopPart, Part, resolve
from engine.errors import MessageError
from engine.formats.x12.book import UNSEEN, Book, Place, book
from engine.formats.x12.pieces import Piece, pieces
from engine.formats.x12.slices import Bare, Behind, Slice, Start
from engine.reading import Blocks

#: Bytes of loops in a slice, about.
SLICE = 256 * 1024
#: The most that one loop that a file is split by may have, in bytes.
LONGEST = 32 * 1024 * 1024


class Frame:
    """A loop around the loops that the file is split by, while it is open."""

    __slots__ = ("part", "shared")

    def __init__(self, part: LoopPart | None) -> None:
        self.part = part
        self.shared: list[Piece] = []
        """Its own segments, and loops in it that hold none of those."""


class Slicer:
    """Goes through a file once. `behind` is filled where `learns`, else read."""

    def __init__(
        self, blocks: Blocks, by: str, behind: Behind, learns: bool, start: Start
    ) -> None:
        self.blocks, self.by, self.behind, self.learns = blocks, by, behind, learns
        self.began = start
        self.around: list[Piece] = []
        """What stands around the slice at hand."""
        self.body: list[Piece] = []
        self.size = 0
        self.isa: list[Piece] = []
        self.group: list[Piece] = []
        self.frames: list[Frame] = []
        self.open: list[Frame | None] = []
        """The loops that are open; None for one that is shared, or one of those that are split by."""
        self.book: Book | None = None
        self.place: Place | None = None
        self.set = 0
        """The number of its ST; 0 = outside."""
        self.cut = self.group_cut = self.replays = False
        self.groups = self.sets = 0
        self.count = 0
        """How many loops of that name were met."""
        self.bare = Bare(behind, learns and by != "ST")
        self.apart: dict[int, bool] = {}
        self.met: dict[str, int] = {}

    def slices(self) -> Iterator[Slice]:
        """The slices in order."""
        start, marks = self.began, self.began.marks
        self.replays = True
        for piece in pieces(self._replayed(), 0, 0, marks, fixed=True):
            number = start.around[piece.number - 1][0]
            list(self._meet(msgspec.structs.replace(piece, number=number)))
        self.replays, self.around = False, self._shared()
        for piece in pieces(self.blocks, start.offset, start.number, marks):
            yield from self._meet(piece)
        self.bare.ended(self.count)
        yield from self._flush(None, [])

    def _replayed(self) -> Blocks:
        raw = b"".join([each for _, each in self.began.around])
        return Blocks(size=len(raw), read=lambda at, most: raw[at : at + most])

    def _meet(self, piece: Piece) -> Iterator[Slice]:
        name = piece.name
        if name == "ISA":
            yield from self._flush(piece, [])
            self.isa, self.group, self.set, self.frames = [piece], [], 0, []
            self.groups = 0
            self.around = self.isa
        elif name == "GS":
            yield from self._flush(piece, self.isa)
            self.group, self.set, self.frames, self.group_cut = [piece], 0, [], False
            self.around = [*self.isa, piece]
            self.groups, self.sets = self.groups + 1, 0
        elif name in ("ISB", "ISE") and not self.group:
            self.isa = self.around = [*self.isa, piece]
        elif name in ("GE", "IEA"):
            yield from self._trailer(piece)
        elif name == "ST":
            if self.size >= SLICE:
                yield from self._flush(piece, [*self.isa, *self.group])
            self.sets += 1
            self._begin_set(piece)
        elif self.set and self.book is not None:
            yield from self._in_set(piece)
        else:
            self._add(piece)

    def _begin_set(self, piece: Piece) -> None:
        values = piece.values()
        group = self.group[0].values() if self.group else []
        version = (values[3] if len(values) > 3 else "") or (group[8] if len(group) > 8 else "")
        guide, _ = resolve(values[1].strip() if len(values) > 1 else "", version.strip())
        known = guide is not None and self.by != "ST"
        self.book = book(guide, version.strip(), piece.marks, False) if known else None
        self.bare.begun(piece.number, self.count)
        self.count += self.by == "ST"
        self.set, self.cut, self.apart, self.met = piece.number, False, {}, {}
        if self.book is not None:
            self.place = self.book.start
            root = Frame(self.book.guide.root)
            self.frames = [root]
            self.open = [root]
            root.shared.append(piece)
        self._add(piece)

    def _in_set(self, piece: Piece) -> Iterator[Slice]:
        assert self.book is not None
        assert self.place is not None
        begun: tuple[LoopPart, ...] = ()
        values = piece.values()
        coding = self.book.coding.get(piece.name)
        key = piece.name if coding is None else coding(values)
        move = self.place.after.get(key, UNSEEN)
        if move is UNSEEN:
            move = self.book.move(self.place, piece.name, key)
        if move is not None:
            self.place, depth, begun, _ = move
            while len(self.open) > depth + 1:
                if (over := self.open.pop()) is not None:
                    self.frames.remove(over)
        for part in begun:
            if self._may_cut(part) and self.size >= SLICE:
                yield from self._flush(piece, self._shared())
                self.cut = True
            self._begin(part)
            self.count += self.by == f"{piece.name}:{''.join(values[3:4]).strip()}"
        self._keep(piece)
        if self.learns:
            self._tally(piece, values)
        self._add(piece)
        if piece.name == "SE":
            self.set, self.frames, self.open = 0, [], []

    def _tally(self, piece: Piece, values: list[str]) -> None:
        """Whether a summary of a set that was cut counts rightly."""
        assert self.book is not None
        for each in counted(self.book.guide):
            self.met[each.of] = self.met.get(each.of, 0) + (each.of == piece.name)
            if self.cut and each.name == piece.name:
                self.behind.learn(piece, values, each.element, self.met[each.of], each.of)
        if self.cut and piece.name == "SE":
            self.behind.learn(piece, values, 1, piece.number - self.set + 1, "")

    def _begin(self, part: LoopPart) -> None:
        around = self.open[-1]
        self.count += self._is_split(part)
        path = around is not None and self._is_apart(part) and not self._is_split(part)
        frame = Frame(part) if path else None
        self.open.append(frame)
        if frame is not None:
            self.frames.append(frame)

    def _keep(self, piece: Piece) -> None:
        """What is shared with the parts to come stands in its frame."""
        for at in range(len(self.open) - 1, -1, -1):
            frame = self.open[at]
            if frame is not None:
                inner = self._part_at(at + 1)
                if inner is None or not self._is_apart(inner):
                    frame.shared.append(piece)
                    if self.learns and self.cut and at == 0:
                        self._learn(piece)
                return

    def _part_at(self, depth: int) -> LoopPart | None:
        """The part of the open loop at a depth; by the place where the walk is."""
        assert self.place is not None
        part = self.place.part
        loop = part.loop if part is not None else None
        while loop is not None and loop.depth > depth:
            loop = loop.loop
        return loop if loop is not None and loop.depth == depth else None

    def _learn(self, piece: Piece) -> None:
        self.behind.sets.setdefault(self.set, []).append((piece.number, piece.raw))
        self.behind.count(piece.raw)

    def _trailer(self, piece: Piece) -> Iterator[Slice]:
        """GE or IEA: it stands in every slice of its group, or of its interchange."""
        self.bare.ended(self.count)
        self.set, self.frames = 0, []
        if self.learns and piece.name == "GE":
            self.behind.learn(piece, piece.values(), 1, self.sets, "ST")
        elif self.learns:
            self.behind.learn(piece, piece.values(), 1, self.groups, "GS")
        if self.learns and piece.name == "GE" and self.group_cut and self.group:
            self.behind.keep(self.behind.groups, self.group[0].number, piece)
        elif self.learns and piece.name == "IEA" and self.isa:
            self.behind.keep(self.behind.ends, self.isa[0].number, piece)
        if piece.name == "GE":
            yield from self._flush(piece, self.isa, piece)
            self.group, self.group_cut, self.around = [], False, self.isa
        else:
            yield from self._flush(piece, [], piece)
            self.isa, self.group, self.around = [], [], []

    def _add(self, piece: Piece) -> None:
        if self.replays:
            return
        self.size += len(piece.raw)
        if self.size > LONGEST:
            rule = f"there is more than {LONGEST // 1024 // 1024} MB in one {self.by}"
            raise MessageError("too_large", rule, self.by)
        if not self.learns:
            self.body.append(piece)

    def _shared(self) -> list[Piece]:
        shared = [piece for frame in self.frames for piece in frame.shared]
        return [*self.isa, *self.group, *shared]

    def _flush(
        self, piece: Piece | None, around: list[Piece], trailer: Piece | None = None
    ) -> Iterator[Slice]:
        """The slice at hand is over: `piece` is the segment behind it, or its trailer, `around` what stands around the next."""
        if self.replays:
            self.around = around
            return
        body, self.body, size, self.size = self.body, [], self.size, 0
        after = Start()
        if piece is not None:
            known = [(each.number, each.raw) for each in around]
            behind = len(piece.raw) if trailer is not None else 0
            number = piece.number if trailer is not None else piece.number - 1
            marks = piece.marks if known else None
            after = Start(piece.offset + behind, number, known, marks)
        if size and trailer is None:
            self.group_cut = True
        if body:
            lines = [(each.number, each.raw) for each in (*self.around, *body)]
            lines += self._closing(body[-1].number, trailer)
            bar = body[-1].marks.element.encode()
            raw = b"".join([each for _, each in self.behind.recounted(lines, bar)])
            yield Slice(raw, [number for number, _ in lines], self.began, after)
        self.began, self.around = after, around

    def _closing(self, last: int, trailer: Piece | None) -> Iterator[tuple[int, bytes]]:
        """What stands behind the slice in each of its parts."""
        if self.set:
            yield from (each for each in self.behind.sets.get(self.set, ()) if each[0] > last)
        if trailer is not None:
            yield trailer.number, trailer.raw
        elif self.group and (known := self.behind.groups.get(self.group[0].number)):
            yield known
        closed = trailer is not None and trailer.name == "IEA"
        if self.isa and not closed and (known := self.behind.ends.get(self.isa[0].number)):
            yield known

    def _is_split(self, part: LoopPart) -> bool:
        return self.by in (part.name, part.first.name)

    def _is_apart(self, part: LoopPart) -> bool:
        """Whether it is one of the loops that the file is split by, or may hold one."""
        found = self.apart.get(id(part))
        if found is None:
            inner = [item for item in part.items if isinstance(item, LoopPart)]
            found = self._is_split(part) or any(self._is_apart(item) for item in inner)
            self.apart[id(part)] = found
        return found

    def _may_cut(self, part: LoopPart) -> bool:
        """Whether all loops that are open may go on in another slice."""
        if not self._is_apart(part) or self.open[-1] is None or self.set in self.bare.known:
            return False
        loop = part
        while (around := loop.loop) is not None:
            beside = [item for item in around.items if item is not loop and self._holds(item)]
            last = around.loop is None or loop.order == len(around.items) - 1
            if loop.hierarchy or beside or not last:
                return False
            loop = around
        return True

    def _holds(self, item: Part | LoopPart) -> bool:
        return isinstance(item, LoopPart) and self._is_apart(item)
