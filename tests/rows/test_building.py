"""Whole files written: what is read back is what was set; the trailer says what the records come to."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import MessageError
from engine.formats import PathProblem, Reading, Scope, delimited, fixed
from engine.formats.delimited import Layout
from engine.formats.delimited.layout import Type, When
from engine.formats.fixed import Layout as Fixed
from engine.formats.fixed.fields import Field
from engine.formats.fixed.layout import Record
from engine.formats.fixed.layout import Type as FixedType
from engine.formats.fixed.layout import When as FixedWhen
from engine.rows.totals import Count, Total, Trailer

BANK = Fixed(
    name="bank",
    record=Record(length=20),
    encoding="cp037",
    types={
        "H": FixedType(fields={"type": Field(length=1), "bank": Field(length=8)}, role="header", when=FixedWhen(is_="H")),
        "P": FixedType(
            fields={"type": Field(length=1), "number": Field(length=8), "amount": Field(length=5, type="packed", decimals=2)},
            when=FixedWhen(is_="P"),
        ),
        "N": FixedType(fields={"type": Field(length=1), "note": Field(length=19)}, inside="P", when=FixedWhen(is_="N")),
        "T": FixedType(
            fields={
                "type": Field(length=1),
                "count": Field(length=4, type="number"),
                "sum": Field(length=7, type="zoned", decimals=2),
            },
            role="trailer",
            when=FixedWhen(is_="T"),
        ),
    },
    trailer=Trailer(count=Count(is_="count", of="lines"), total=Total(of="P.amount", is_="sum")),
)  # fmt: skip
SCOPE = Scope(None, None)


def condition(text: str, at: int, shape: Any) -> Any:
    raise AssertionError("columns have no conditions")


def add(structure: Any, around: Any, kind: str, **values: str) -> Any:
    made = around.group(kind)
    inside = (
        structure.group(kind)
        if kind in ("H", "P", "T", "rows")
        else structure.group("P").group(kind)
    )
    for column, value in values.items():
        inside.place(column, condition).set(made, SCOPE, value)
    return made


def test_header_records_those_inside_them_and_the_trailer_of_a_mainframes_file() -> None:
    structure = fixed.whole_file(BANK)
    made = structure.new(None)
    first = add(structure, made, "P", number="C-1", amount="12.5")
    add(structure, first, "N", note="PAID, LATE")
    add(structure, made, "P", number="C-2", amount="-4.50")
    add(structure, made, "H", bank="FIRST")
    raw = made.render()
    assert len(raw) == 5 * 20
    raw = raw.replace("PAID, LATE".encode("cp037"), "PAID\r\nLATE".encode("cp037"))
    document = fixed.parse(raw, Reading(layout=BANK))
    assert document.met == ("H", "P", "T")
    read = [(row.values, [note.values for note in row.rows("N")]) for row in document.rows("P")]
    assert [values[1].strip() for values, _ in read] == ["C-1", "C-2"]
    assert read[0][1][0][1].rstrip() == "PAID\r\nLATE", "line ends are bytes like others"
    (trailer,) = document.rows("T")
    count, total = (BANK.kinds.by_name["T"].columns[at].value(trailer) for at in (1, 2))
    assert (str(count), str(total)) == ("5", "8.00")
    parts = list(fixed.parted(raw, Reading(layout=BANK), "record"))
    assert [len(part.raw) for part in parts] == [80, 60]


def test_a_file_of_one_type_has_its_line_of_names() -> None:
    layout = Layout(
        name="plain", columns=("item", "text"), header="names", separator=";", end="crlf"
    )
    structure = delimited.whole_file(layout)
    made = structure.new(None)
    add(structure, made, "rows", item="A1", text="a;b")
    add(structure, made, "rows", item="A2")
    assert made.render() == b'item;text\r\nA1;"a;b"\r\nA2;\r\n'
    assert [row.values for row in made.document().rows("rows")] == [["A1", "a;b"], ["A2", ""]]


def test_what_cannot_be_is_named() -> None:
    structure = fixed.whole_file(BANK)
    with pytest.raises(LookupError, match="no type 'X' in the layout 'bank'; there is H, P, T"):
        structure.group("X")
    with pytest.raises(LookupError, match="no type 'H' inside 'P'; there is only N"):
        structure.group("P").group("H")
    with pytest.raises(PathProblem) as caught:
        structure.group("P").place("amont", condition)
    assert "did you mean 'amount'?" in caught.value.problem
    with pytest.raises(PathProblem):
        structure.place("amount", condition)
    made = structure.new(None)
    add(structure, made, "P", number="longer than eight")
    with pytest.raises(MessageError) as wrong:
        made.render()
    assert wrong.value.path == "P.number" and "longer" not in str(wrong.value)
    made = structure.new(None)
    add(structure, made, "H")
    add(structure, made, "H")
    with pytest.raises(MessageError, match="a file has one header"):
        made.render()


def test_a_trailer_has_to_have_room_for_what_it_says() -> None:
    layout = Layout(
        name="few",
        types={
            "D": Type(columns=("t", "n"), when=When(is_="D")),
            "T": Type(columns=("t", "count"), when=When(is_="T"), role="trailer"),
        },
        trailer=Trailer(count=Count(is_="count")),
    )
    structure = delimited.whole_file(layout)
    made = structure.new(None)
    add(structure, made, "T", count="999")
    assert made.render() == b"T,0\n", "the figures are those of the file, whatever is set"
