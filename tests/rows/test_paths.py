"""Paths over rows, in expressions: columns, rows, filters, types; what is not there is known at load."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.errors import MessageError
from engine.formats import PathProblem, Reading, Scope, Shape, delimited, fixed
from engine.formats.delimited import Layout
from engine.formats.delimited.layout import Type, When
from engine.formats.fixed import Layout as Fixed
from engine.formats.fixed.fields import Field
from engine.mapping import Expression, Language, expression
from engine.mapping.tables import Tables
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes, Scalar
from engine.placed import Place as At

ITEMS = Layout(columns=("item", "unit", "quantity", "Invoice No", "rows"), name="items")
RAW = b"A1,EA,1,77,x\nA1,CS,12,,x\nA2,EA,1,78,\n"
TYPES = Layout(
    types={
        "H": Type(columns=("type", "batch"), when=When(is_="H"), role="header"),
        "D": Type(columns=("type", "claim", "amount"), when=When(is_="D")),
        "L": Type(columns=("type", "line", "code"), when=When(is_=("L", "M")), inside="D"),
        "T": Type(columns=("type", "count"), when=When(is_="T"), role="trailer"),
    }
)
CLAIMS = b"H,B7\nD,C1,10\nL,1,X\nM,2,Y\nD,C2,20\nL,1,Z\nT,2\n"


def compiled(
    text: str, layout: Any = ITEMS, module: Any = delimited
) -> tuple[Expression | None, Mistakes]:
    mistakes = Mistakes()
    name = module.__name__.rpartition(".")[2]
    language = Language(
        shape=Shape(format=name, type=layout),
        format=module,
        mistakes=mistakes,
        tables=Tables(Path("nowhere"), mistakes),
    )
    place = At(file="f.yaml", line=1, column=1)
    return expression(Scalar(text=text, style="plain", place=place), language), mistakes


def read(text: str, raw: bytes = RAW, layout: Any = ITEMS, module: Any = delimited) -> Any:
    made, mistakes = compiled(text, layout, module)
    assert made is not None, list(map(str, mistakes))
    facts = Facts(inbound=Inbound(raw=raw, received_at=0.0), context=Context(now=0.0))
    return made.run(Scope(module.parse(raw, Reading(layout=layout)), facts))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("item", "A1"),
        ('["Invoice No"]', "77"),
        ("rows[1].item", "A1"),
        ('rows[1]["Invoice No"]', None),
        ("rows[9].item", None),
        ("rows[*].item", ["A1", "A1", "A2"]),
        ('rows[*]["Invoice No"]', ["77", "78"]),
        ('rows[.unit == "CS"].quantity', "12"),
        ('rows[.unit == "EA"](*).item', ["A1", "A2"]),
        ('rows[.unit == "ZZ"].item', None),
        ("rows[.item == item](*).unit", ["EA", "CS"]),
        ("rows", "x"),
        ("count(rows[*])", Decimal(3)),
        ("sum(rows[*], .quantity | decimal)", Decimal(14)),
        ('any(rows[*], .unit == "CS")', True),
        ("exists(rows[2])", True),
        ("exists(rows[3])", False),
    ],
)
def test_rows(text: str, value: Any) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("H.batch", "B7"),
        ("T.count | integer", Decimal(2)),
        ("D[*].claim", ["C1", "C2"]),
        ("rows[*].claim", ["C1", "C2"]),
        ("claim", "C1"),
        ("D[0].L[*].code", ["X", "Y"]),
        ("D[*].L[0].code", ["X", "Z"]),
        ("D[*].L[*].code", ["X", "Y", "Z"]),
        ('D[.claim == "C2"].L[0].code', "Z"),
        ('D[any(.L[*], .code == "Z")].claim', "C2"),
        ("L[*].code", ["X", "Y"]),
        ("exists(H)", True),
    ],
)
def test_types(text: str, value: Any) -> None:
    assert read(text, CLAIMS, TYPES) == value


def test_an_empty_file_has_nothing() -> None:
    assert read("item", b"") is None
    assert read("rows[*].item", b"") == []


def test_numbers_and_dates_of_fixed_fields_have_their_kind() -> None:
    layout = Fixed(
        fields={
            "amount": Field(length=5, type="number", decimals=2),
            "on": Field(length=8, type="date", format="%Y%m%d"),
        }
    )
    raw = b"0125020261121\n0000100000000\n"
    assert read("amount * 2", raw, layout, fixed) == Decimal("25.00")
    assert read("sum(rows[*].amount)", raw, layout, fixed) == Decimal("12.51")
    assert read('on | format("%d.%m.%Y")', raw, layout, fixed) == "21.11.2026"
    assert read("rows[1].on", raw, layout, fixed) is None
    with pytest.raises(MessageError, match="amount: it is not a number"):
        read("amount", b"01x5020261121\n", layout, fixed)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("itme", "did you mean 'item'"),
        ('["Invoice Nr"]', "the layout has no column 'Invoice Nr'; did you mean 'Invoice No'?"),
        ("rows[*].itme", "a row of 'rows' has no column 'itme'; did you mean 'item'?"),
        ('rows[.untis == "EA"].item', "has no column 'untis'; did you mean 'unit'?"),
        ("item.x", "'item' is a column and holds one value"),
        ("item[0]", "'item' is a column and holds one value"),
        (".item", "starts with a dot"),
    ],
)
def test_what_is_no_column_is_a_mistake_at_load(text: str, problem: str) -> None:
    made, mistakes = compiled(text)
    assert made is None
    assert problem in "\n".join(map(str, mistakes))


def test_of_several_rows_brackets_say_which() -> None:
    for text in ("rows.claim", "D.claim", "D[*].L.code"):
        made, mistakes = compiled(text, TYPES)
        assert made is None
        assert "brackets say which" in "\n".join(map(str, mistakes))


def test_rows_are_not_edited_in_place() -> None:
    with pytest.raises(PathProblem, match="not edited"):
        delimited.paths.target("item", Shape(format="delimited", type=ITEMS), lambda *_: None)  # type: ignore[arg-type]
    document = delimited.parse(RAW, Reading(layout=ITEMS))
    assert document.edit().render() == RAW
    assert document.document() is document


def test_without_a_layout_nothing_is_known() -> None:
    made, _ = compiled("item", None)
    assert made is None


def test_the_tree_shows_every_value_once() -> None:
    document = delimited.parse(CLAIMS, Reading(layout=TYPES))
    shown = [(path, value) for _, path, _, value in delimited.tree(document)]
    assert ("H.batch", "B7") in shown
    assert ("D[0].L[1].code", "Y") in shown
    assert len(shown) == len(set(shown)) == 26
