"""Whatever comes in: a MessageError or an answer, never anything else, and in bounded time."""

from __future__ import annotations

import gc
import random
import time

import pytest
from interchanges import CLAIM, ORDER, PAYMENT, READING, SHIPMENT

from engine.errors import MessageError
from engine.formats import x12
from engine.message import Receipt, Verdict

RECEIPT = Receipt(id=77, verdict=Verdict.ACCEPTED)


def everything(raw: bytes) -> None:
    x12.acknowledge(raw, RECEIPT, READING, 0.0)
    x12.parts(raw, READING)
    document = x12.parse(raw, READING)
    assert document.kind()
    document.control(), document.processing()
    list(x12.check(document))
    list(x12.tree(document))
    for by in ("ST", "2300", "HL:I"):
        list(x12.split(raw, READING, by))
    editor = document.edit()
    editor.changed()
    assert editor.render() == raw
    editor.drop(editor.lines[3:6])
    editor.render()


def mutated(raw: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        at, size = chance.randrange(len(raw)), chance.choice((1, 1, 2, 30))
        piece = chance.choice(
            (b"", b"~", b"*", b"\n", b"ISA*", b"~ST*850~", b"~HL*1*1*S~", b"BIN*3*", b"\xff")
        )
        kind = chance.randrange(3)
        if kind == 0:
            raw = raw[:at] + piece + raw[at:]
        elif kind == 1:
            raw = raw[:at] + raw[at + size :] or raw
        else:
            other = chance.randrange(len(raw))
            raw = raw[:at] + raw[other : other + 60] + raw[at:]
    return raw


@pytest.mark.parametrize("seed", range(8))
def test_broken_interchanges_break_nothing(seed: int) -> None:
    chance = random.Random(seed)
    read = 0
    for _ in range(25):
        raw = mutated(chance.choice((ORDER, CLAIM, SHIPMENT, PAYMENT)), chance)
        try:
            everything(raw)
            read += 1
        except MessageError:
            continue
    assert read > 5


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(
    "segment",
    [b"HL*1*1*S~", b"LX*1~", b"N1*ST~", b"ST*850*1~", b"GS*PO~", b"~", b"QQ*1~", b"REF*1~"],
)
def test_long_interchanges_take_time_in_proportion(segment: bytes) -> None:
    took = []
    for count in (500, 8000):
        raw = SHIPMENT.replace(b"CTT*6~", segment * count + b"CTT*6~")
        took.append(min(_spent(raw) for _ in range(2)))
    assert took[1] < 16 * 5 * max(took[0], 0.004)


def _spent(raw: bytes) -> float:
    """Without the garbage collector, which looks through what all other tests left behind."""
    gc.disable()
    try:
        begun = time.process_time()
        document = x12.parse(raw, READING)
        list(x12.check(document))
        list(x12.split(raw, READING, "ST"))[:1]
        return time.process_time() - begun
    finally:
        gc.enable()
