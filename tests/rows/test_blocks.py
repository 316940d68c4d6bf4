"""A file read in blocks gives what it gives when it is read whole: parts, lines, keys, errors; from any place on."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats import Blocks, Part, Reading, delimited, fixed
from engine.formats.delimited import Layout
from engine.formats.delimited.layout import Type, When
from engine.formats.fixed import Layout as Fixed
from engine.formats.fixed.fields import Field
from engine.formats.fixed.layout import Record
from engine.rows import blocks as blocks_of_rows
from engine.rows.snapshot import Percent, Snapshot
from engine.rows.totals import Count, Total, Trailer

KEYED = Snapshot(key="item", stop_at=Percent(5))
TYPED = Layout(
    types={
        "H": Type(columns=("t", "batch"), when=When(is_="H"), role="header"),
        "D": Type(columns=("t", "item", "amount"), when=When(is_="D")),
        "N": Type(columns=("t", "note"), when=When(is_="N"), inside="D"),
        "T": Type(columns=("t", "count", "sum"), when=When(is_="T"), role="trailer"),
    },
    header="true",
    trailer=Trailer(count=Count(is_="count"), total=Total(of="D.amount", is_="sum")),
)
PLAIN = Layout(columns=("item", "unit"))
LAYOUTS: dict[str, tuple[Any, Any]] = {
    "plain": (delimited, PLAIN),
    "named": (delimited, Layout(columns=("item", "unit"), header="names", skip=1, comment="#")),
    "grouped": (delimited, Layout(columns=("item", "unit"), group_by="item", snapshot=KEYED)),
    "utf-16": (delimited, Layout(columns=("item", "unit"), encoding="utf-16")),
    "shift_jis": (delimited, Layout(columns=("item", "unit"), encoding="shift_jis")),
    "typed": (delimited, TYPED),
    "lines": (fixed, Fixed(fields={"item": Field(length=2), "unit": Field(length=2)}, end="crlf")),
    "length": (fixed, Fixed(fields={"item": Field(length=5)}, record=Record(length=5), encoding="cp037")),
    "rdw": (fixed, Fixed(fields={"item": Field(length=1)}, record=Record(prefix="rdw"), encoding="cp037")),
}  # fmt: skip
ROWS = st.lists(
    st.sampled_from(
        ["A1,EA\n", "A1,CS\n", '"A\n2",EA\n', "bad\n", "A3,é\n", "\n", "# x\n", '"A""4",B\r\n']
    ),
    max_size=30,
)


def body(raw: bytes) -> Blocks:
    return Blocks(size=len(raw), read=lambda offset, most: raw[offset : offset + most])


def told(make: Any) -> list[Part] | str:
    """The parts, or the error as people see it."""
    try:
        return list(make())
    except MessageError as error:
        return f"{error.code}: {error}"


def in_steps(module: Any, raw: bytes, reading: Reading, step: int) -> list[Part]:
    """The parts, a few at a time, each time from the position behind the last."""
    keys: list[str | None] = []
    surveyed = module.survey(body(raw), reading, "record", keys.append)
    found: list[Part] = []
    position = b""
    while True:
        parting = module.parted_blocks(body(raw), reading, "record", surveyed.known, position)
        some = [part for _, part in zip(range(step), parting, strict=False)]
        position = parting.position()
        found += some
        if not some:
            break
    assert surveyed.parts == len(found)
    assert not keys or keys == [part.key for part in found]
    return found


def check(name: str, raw: bytes, step: int) -> None:
    module, layout = LAYOUTS[name]
    reading = Reading(layout=layout)
    whole = told(lambda: module.parted(raw, reading, "record"))
    assert told(lambda: in_steps(module, raw, reading, step)) == whole


@settings(max_examples=25)
@given(st.sampled_from(sorted(LAYOUTS)), ROWS, st.integers(1, 7), st.integers(8, 40))
def test_in_blocks_as_whole(name: str, rows: list[str], step: int, block: int) -> None:
    text = "".join(rows)
    if name == "named":
        text = "made by\nunit,item\n" + text
    encoding = {"utf-16": "utf-16", "shift_jis": "shift_jis", "length": "cp037"}.get(
        name, "utf-8"
    )
    raw = text.encode(encoding, "replace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks_of_rows, "BLOCK", block)
        check(name, raw, step)


def test_header_and_trailer_stand_around_every_part_and_totals_are_compared_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blocks_of_rows, "BLOCK", 16)
    rows = b"".join(b"D,A%d,1.50\nN,glove %d\n" % (at, at) for at in range(20))
    raw = b"t,x\nH,B7\n" + rows + b"T,20,30.00\n"
    check("typed", raw, 3)
    check("typed", raw.replace(b"T,20", b"T,21"), 3)
    check("typed", raw.replace(b"N,glove 7\n", b"N,glove,7\n"), 3)
    check("typed", raw[: raw.index(b"T,20")], 3)
    rdw = b"".join(bytes((0, 5, 0, 0, 0xC1 + at)) for at in range(9))
    for broken in (b"", b"\x00\x09\x00\x00\xc1"):
        check("rdw", rdw + broken, 2)


def test_a_record_that_never_ends_is_told_before_anything_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blocks_of_rows, "BLOCK", 16)
    monkeypatch.setattr(blocks_of_rows, "LONGEST", 1024)
    raw = b'A1,EA\n"A2,EA\n' + b"A3,EA\n" * 1000
    with pytest.raises(MessageError) as caught:
        delimited.survey(body(raw), Reading(layout=PLAIN), "record", lambda key: None)
    assert (caught.value.code, caught.value.path) == ("too_large", "line 2")


def test_the_memory_of_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    row, size = b"A1,EA\n", 20_000_000

    def read(offset: int, most: int) -> bytes:
        at = offset % len(row)
        return (row * (most // len(row) + 2))[at : at + min(most, size - offset)]

    parting = delimited.parted_blocks(
        Blocks(size=size, read=read), Reading(layout=PLAIN), "record", b"", b""
    )
    tracemalloc.start()
    for _, _part in zip(range(60_000), parting, strict=False):
        pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2_000_000
