"""Functions that look at each item of a list, over the groups and rows of every format; and what bounds them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.errors import MessageError
from engine.formats import Reading, Shape, load
from engine.mapping import steps, values
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes, read
from tests.mapping.conftest import Said  # type: ignore[import-not-found]
from tests.mapping.fuzz.test_compiler import LAYOUT, ORDER, ROWS  # type: ignore[import-not-found]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('sum(FT1[*], FT1-10 | decimal(otherwise=0))', Decimal(12)),
        ('sum(FT1[*], .10 | decimal(otherwise=0))', Decimal(12)),
        ('count(FT1[*], FT1-6 == "CG")', 1),
        ('count(FT1[*], FT1-6 == "CG" and PID-8 == "F")', 1),
        ('count(FT1[*], FT1[1]-6 == .6)', 3),
        ('any(FT1[*], FT1-6 == "CR")', True),
        ('all(FT1[*], exists(FT1-6))', True),
        ('count(PID-3(*), .5 == "MR")', 1),
        ('nth(FT1[*]-7.1, 2)', "SUP-0099"),
        ('length(nth(FT1[*]-7.1, 2))', 8),
        ('max(FT1[*]-1 | sort)', "3"),
    ],
)  # fmt: skip
def test_segments_of_hl7(hl7: Any, text: str, value: Any) -> None:
    assert hl7(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sum(PO1[*], (PO102 | decimal) * (PO104 | decimal))", Decimal("262.50")),
        ("sum(PO1[*], .02 | decimal)", Decimal(7)),
        ('count(PO1[*], qualified(PO106, "VN") == "V-2")', 1),
        ('count(N1[*], N101 == "BY" and BEG03 == "4500017")', 1),
        ('any(N1[*], exists(N301))', True),
        ("nth(PO1[*]02, 2)", "2"),
        ('min(PO1[*]04 | sort)', "100"),
        ('qualified(PO106, "UP") | length', 12),
    ],
)  # fmt: skip
def test_loops_of_x12(home: Path, text: str, value: Any) -> None:
    assert Said(home, "x12", load("x12").parse(ORDER, Reading()))(text) == value


@pytest.fixture
def rows(home: Path) -> Said:
    code, mistakes = load("delimited"), Mistakes()
    layout = code.layout("items", read(LAYOUT, "items.yaml", mistakes), mistakes)
    document = code.parse(ROWS, Reading(layout=layout))
    return Said(
        home, "delimited", document, Shape(format="delimited", name="items", type=layout)
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sum(rows[*], quantity | decimal)", Decimal(12)),
        ('sum(rows[*], (.quantity | decimal) * (.["Unit Price"] | decimal))', Decimal("5.00")),
        ('count(rows[*], unit == "CS")', 1),
        ("all(rows[*], exists(.quantity))", False),
        ('max(rows[*], .["Unit Price"] | decimal).number', "B"),
        ('first(rows[*], .unit == "EA").quantity', "10"),
        ('last(rows)["Unit Price"]', "3"),
        ("nth(rows[*], 2).unit", "EA"),
        ("nth(rows[*], 9).unit", None),
        ("length(nth(rows[*].unit, 1))", 2),
        ("unique(rows[*].number) | count", 2),
    ],
)  # fmt: skip
def test_rows_of_files(rows: Said, text: str, value: Any) -> None:
    assert rows(text) == value


def test_columns_behind_a_function_are_checked(rows: Said) -> None:
    mistake = rows.wrong("first(rows[*]).untt")
    assert mistake.problem == "a row of 'rows' has no column 'untt'; did you mean 'unit'?"
    assert mistake.column == 16


def test_a_list_of_a_record_of_which_nothing_is_known(json: Any) -> None:
    said = json(b'{"numbers": [1, 2.5, null, 3], "texts": ["a", "", "b"]}')
    assert said("sum(numbers)") == Decimal("6.5")
    assert said("first(numbers) + 1") == Decimal(2)
    assert said("max(numbers)") == Decimal(3)
    assert said("count(texts)") == 2
    assert said('"b" in texts') is True
    assert said('"b" in nothing') is False
    assert said('"b" not in null') is True


# -- bounds -----------------------------------------------------------------------------------------------------


def small(said: Any) -> None:
    """A message of its own, so that its share of steps is counted from the beginning."""
    said.facts = Facts(inbound=Inbound(raw=b"", received_at=0.0), context=Context(now=0.0))


def test_lists_inside_lists_are_counted(json: Any, monkeypatch: Any) -> None:
    said = json(b'{"a": [%s]}' % b",".join([b"1"] * 60))
    monkeypatch.setattr(steps, "MOST", 100_000)
    small(said)
    assert said("count(a[*], count(a[*]) == 60)") == 60
    monkeypatch.setattr(steps, "MOST", 3000)
    small(said)
    with pytest.raises(MessageError) as error:
        said("count(a[*], count(a[*]) == 60)")
    assert error.value.code == "too_large"


@pytest.mark.parametrize(
    "text",
    [
        'replace(long, "x", long)',
        'join([long, long], long)',
        'pad("1", 1000001)',
        'pad(pad("1", 1000000), 1000000) | replace("0", "00")',
        'count(unique(days))',
    ],
)  # fmt: skip
def test_no_function_makes_more_than_its_bound(json: Any, monkeypatch: Any, text: str) -> None:
    """The size is told before anything is made: a text of 10 000 in itself would be 100 million characters."""
    from engine.mapping.functions import lists
    from engine.mapping.functions import text as texts

    monkeypatch.setattr(texts, "LARGEST", 20_000)
    monkeypatch.setattr(lists, "COMPARED", 50)
    days = ", ".join(f'"202601{day:02d}"' for day in range(1, 29))
    said = json(b'{"long": "%s", "days": [%s]}' % (b"x" * 10_000, days.encode()))
    found = text.replace("count(unique(days))", "unique(days, it | date)")
    compiled = said.compile(found)
    if compiled is None:
        assert "this can never work" in said.mistakes.found[0].problem
        return
    with pytest.raises(MessageError):
        said(found)


def test_numbers_do_not_grow_without_end(json: Any) -> None:
    said = json(b'{"n": 9999999999999999999999999999999999, "list": [1e99, 9e99, 9e99]}')
    assert said("n * n") == values.ARITHMETIC.multiply(Decimal("9" * 34), Decimal("9" * 34))
    for text in ("n * n * n", "n / (1 - 1)", "sum(list)"):
        with pytest.raises(MessageError):
            said(text)
