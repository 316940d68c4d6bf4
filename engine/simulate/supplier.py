"""
A simulated supplier. It reads the orders (850) that it gets and answers each from its own lines: what it took (997), what
comes of every line (855), what it ships (856) and what that costs (810). Every third line of all it is sent is
substituted and every fifth is out of stock; where both meet it is out of stock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from engine.edi.document import Document
from engine.formats.x12 import acknowledge
from engine.message import Receipt, Verdict
from engine.reading import Reading
from engine.simulate.interchange import Answer, Numbers, Set, read, sealed, sets, written

#: So many lines of all that it is sent: one is out of stock, one is substituted.
BACKORDERED, SUBSTITUTED = 5, 3
#: Days until it ships, and until what is out of stock is there.
SOON, LATER = 2, 30
_DAY = "%Y%m%d"
_VERSION = "005010"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order, and what comes of it."""

    number: str
    quantity: str
    unit: str
    price: str
    item: tuple[str, ...]
    """Qualifiers and numbers of the item in turn (PO106 and on)."""
    fate: str
    """What the 855 says (ACK01): `IA` accepted, `IB` out of stock, `IS` another item."""

    @property
    def sent(self) -> tuple[str, ...]:
        """The item that is shipped: the substitute has a catalogue number of its own."""
        if self.fate != "IS":
            return self.item
        pairs = dict(zip(self.item[::2], self.item[1::2], strict=False))
        return ("VN", (pairs.get("VN") or pairs.get("IN") or self.number) + "-S")


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the supplier understands it."""

    number: str
    ordered_on: str
    currency: str
    lines: tuple[Line, ...]

    @property
    def shipped(self) -> list[Line]:
        """The lines that are in stock, as ordered or by another item."""
        return [line for line in self.lines if line.fate != "IB"]


class Supplier:
    """Answers files with files. Does not wait and touches no disk; times are wall clock seconds."""

    folders: tuple[str, ...] = ("out", "items")

    def __init__(self, numbers: Numbers | None = None) -> None:
        self._numbers = numbers or Numbers()
        self._lines = self._papers = 0
        self.counts: Counter[str] = Counter()
        """What it got and did: `850`, `997`, how many lines had which fate, and how many orders are `shipping`."""

    def answers(self, raw: bytes, now: float) -> Iterator[Answer]:
        """What it leaves for a file; nothing for acknowledgements, and for what is no interchange."""
        document = read(raw)
        if document is None:
            return
        found = list(sets(document))
        self.counts.update(one.kind for one in found)
        self.counts.update(
            f"{one.kind} {one.value('AK5', 1)}" for one in found if one.kind == "997"
        )
        orders = [self._order(one) for one in found if one.kind == "850"]
        if not orders:
            return
        receipt = Receipt(id=self._numbers.take(), verdict=Verdict.ACCEPTED)
        said = acknowledge(raw, receipt, Reading(), now)
        yield Answer(after=0, kind="997", content=said, sets=len(orders))
        yield self._answer(
            document, 1, [_answered(one, self._paper(), now) for one in orders], now
        )
        sent = [one for one in orders if one.shipped]
        self.counts["shipping"] += len(sent)
        if sent:
            yield self._answer(
                document, 2, [_notice(one, self._paper(), now) for one in sent], now
            )
            yield self._answer(
                document, 3, [_invoice(one, self._paper(), now) for one in sent], now
            )

    def _answer(
        self, towards: Document, after: float, bodies: Sequence[list[str]], now: float
    ) -> Answer:
        content = sealed(towards, bodies, _VERSION, self._numbers.take(), now)
        return Answer(after=after, kind=bodies[0][0], content=content, sets=len(bodies))

    def _paper(self) -> int:
        """The number of a sales order, a shipment or an invoice."""
        self._papers += 1
        return 70_000 + self._papers

    def _order(self, found: Set) -> Order:
        lines = [written(one) for one in found.segments if one.name == "PO1"]
        return Order(
            number=found.value("BEG", 3),
            ordered_on=found.value("BEG", 5),
            currency=found.value("CUR", 2),
            lines=tuple(self._line(at, line) for at, line in enumerate(lines, 1)),
        )

    def _line(self, at: int, line: list[str]) -> Line:
        self._lines += 1
        fate = "IA"
        if self._lines % BACKORDERED == 0:
            fate = "IB"
        elif self._lines % SUBSTITUTED == 0:
            fate = "IS"
        self.counts[fate] += 1
        number, quantity, unit, price = [*line[1:5], "", "", "", ""][:4]
        quantity, price = quantity or "0", price or "0"
        return Line(
            number=number or str(at), quantity=quantity, unit=unit, price=price,
            item=tuple(line[6:]), fate=fate,
        )  # fmt: skip


def _day(now: float, later: int = 0) -> str:
    return f"{datetime.fromtimestamp(now, UTC) + timedelta(days=later):{_DAY}}"


def _currency(order: Order) -> list[str]:
    return [f"CUR*SE*{order.currency}"] if order.currency else []


def _answered(order: Order, paper: int, now: float) -> list[str]:
    """The 855: each line as it was ordered, and what comes of it."""
    what = "AD" if all(line.fate == "IA" for line in order.lines) else "AC"
    today = _day(now)
    said = ["855", f"BAK*00*{what}*{order.number}*{order.ordered_on}****SO-{paper}*{today}"]
    said += _currency(order)
    for line in order.lines:
        item = "*".join(line.item)
        said.append(
            f"PO1*{line.number}*{line.quantity}*{line.unit}*{line.price}**{item}".rstrip("*")
        )
        due = _day(now, LATER if line.fate == "IB" else SOON)
        other = "**" + "*".join(line.sent) if line.fate == "IS" else ""
        said.append(f"ACK*{line.fate}*{line.quantity}*{line.unit}*068*{due}{other}")
    return [*said, f"CTT*{len(order.lines)}"]


def _notice(order: Order, paper: int, now: float) -> list[str]:
    """The 856: one shipment with the lines that are in stock."""
    said = ["856", f"BSN*00*SHP{paper}*{_day(now)}*1200*0001", f"DTM*011*{_day(now)}"]
    said += [f"DTM*017*{_day(now, SOON)}", "HL*1**S*1", "TD5**2*SMPL", f"REF*CN*1Z{paper:016}"]
    said += ["HL*2*1*O*1", f"PRF*{order.number}***{order.ordered_on}".rstrip("*")]
    for at, line in enumerate(order.shipped, 3):
        said += [f"HL*{at}*2*I*0", f"LIN*{line.number}*{'*'.join(line.sent)}"]
        said.append(
            f"SN1**{line.quantity}*{line.unit}" + ("*****IS" if line.fate == "IS" else "")
        )
    return [*said, f"CTT*{len(order.shipped) + 2}"]


def _invoice(order: Order, paper: int, now: float) -> list[str]:
    """The 810: what was shipped, at the prices of the order. TDS01 has two implied decimals."""
    said = ["810", f"BIG*{_day(now)}*INV{paper}*{order.ordered_on}*{order.number}***DI"]
    said += _currency(order)
    total = Decimal(0)
    for at, line in enumerate(order.shipped, 1):
        total += Decimal(line.quantity) * Decimal(line.price)
        item = "*".join(line.sent)
        said.append(f"IT1*{at}*{line.quantity}*{line.unit}*{line.price}**{item}")
        said.append(f"REF*LI*{line.number}")
    return [*said, f"TDS*{round(total * 100)}", f"CTT*{len(order.shipped)}"]
