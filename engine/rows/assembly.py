"""Records into a document: which belongs to which, whether the order is right, whether the trailer is."""

from __future__ import annotations

from engine.errors import MessageError
from engine.rows.kinds import ROWS, Kind, Piece, Source
from engine.rows.table import Row, RowsDocument
from engine.rows.totals import Tally

_PHASES = {"header": 0, "record": 1, "trailer": 2}


class Order:
    """Watches that headers come first and the trailer last, and what it says."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.phase = 0
        self.met: set[str] = set()
        self.tally = Tally(source.totals) if source.totals is not None else None
        self.trailer: Piece | None = None

    def take(self, piece: Piece) -> None:
        """One more record; MessageError where it cannot stand here."""
        kind = piece.kind
        if kind is not None:
            self.stand(kind, piece)
        if self.tally is not None:
            self.tally.add(piece, self.source.place(piece.line))

    def stand(self, kind: Kind, piece: Piece) -> None:
        """MessageError where a record of that type cannot stand here."""
        phase = _PHASES[kind.role]
        if phase < self.phase or (phase == 2 and kind.name in self.met):
            rule = f"a record '{kind.name}' cannot stand here"
            raise MessageError("misplaced_record", rule, self.source.place(piece.line))
        self.phase = phase
        self.met.add(kind.name)
        if phase == 2:
            self.trailer = piece

    def finish(self) -> None:
        """MessageError where a header or trailer is missing, or the trailer says something else."""
        for kind in self.source.kinds.kinds:
            if kind.role != "record" and kind.name not in self.met:
                rule = f"the file has no {kind.role} '{kind.name}'; it may be cut off"
                code = "control_total" if kind.role == "trailer" else "missing_record"
                raise MessageError(code, rule, kind.name)
        if self.tally is not None and self.trailer is not None:
            self.tally.check(self.trailer, self.source.place(self.trailer.line))


def document(source: Source) -> RowsDocument:
    """The whole file as rows; MessageError at the first record that cannot be read."""
    kinds = source.kinds
    made = RowsDocument(source.name, source.raw, kinds.level)
    if kinds.simple:
        rows = []
        for piece in source.pieces():
            if piece.error is not None:
                raise piece.error
            rows.append(Row(piece.values, piece.line))
        made.inner = {ROWS: rows}
    else:
        _nest(source, made)
    made.met = tuple(made.inner or ())
    if kinds.sole is not None and (records := made.rows(kinds.sole.name)):
        first = records[0]
        made.values, made.line = first.values, first.line
        made.inner = {**(first.inner or {}), **(made.inner or {}), ROWS: records}
    return made


def _nest(source: Source, made: RowsDocument) -> None:
    order = Order(source)
    last: dict[str, Row] = {}
    for piece in source.pieces():
        if piece.error is not None:
            raise piece.error
        order.take(piece)
        kind = piece.kind
        assert kind is not None
        row = Row(piece.values, piece.line)
        around = last.get(kind.inside) if kind.inside else made
        if around is None:
            rule = f"no '{kind.inside}' stands before this '{kind.name}'"
            raise MessageError("misplaced_record", rule, source.place(piece.line))
        around.add(kind.name, row)
        for name in source.kinds.nested[kind.name]:
            last.pop(name, None)
        last[kind.name] = row
    order.finish()
