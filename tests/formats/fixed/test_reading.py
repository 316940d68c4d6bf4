"""Files of fixed fields: cut by lines, lengths and prefixes; numbers and dates as they are kept; written and read back."""

from __future__ import annotations

import pickle
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats import Reading, fixed
from engine.formats.fixed import Layout, line
from engine.formats.fixed.fields import Field
from engine.formats.fixed.layout import Record, Type, When
from engine.message import Receipt, Verdict


def rows(raw: bytes, layout: Layout, **reading: str) -> list[dict[str, Any]]:
    """Every row by the names of its fields, as expressions read them."""
    document = fixed.parse(raw, Reading(layout=layout, **reading))
    columns = document.level.columns.values()
    return [
        {column.name: column.value(row) for column in columns} for row in document.rows("rows")
    ]


def one(text: str | bytes, field: Field, **layout: Any) -> Any:
    """The value of the only field of the only record."""
    raw = text.encode() if isinstance(text, str) else text
    (row,) = rows(raw, Layout(fields={"x": field}, **layout))
    return row["x"]


TWO = {"a": Field(length=3), "b": Field(length=2)}


@pytest.mark.parametrize(
    ("layout", "raw", "expected"),
    [
        (Layout(fields=TWO), b"abcde\nf  g \r\n", [("abc", "de"), ("f", "g")]),
        (Layout(fields=TWO, trim=False), b"f  g \n", [("f  ", "g ")]),
        (Layout(fields=TWO), b"     \n", [(None, None)]),
        (Layout(fields=TWO), b"\n\nabcde", [("abc", "de")]),
        (Layout(fields=TWO), b"abcde   \n", [("abc", "de")]),
        (Layout(fields=TWO, short_lines="pad"), b"a\nabcd\n", [("a", None), ("abc", "d")]),
        (Layout(fields=TWO, skip=1, comment="*"), b"x\n* no\nabcde\n", [("abc", "de")]),
        (Layout(fields=TWO, end="cr"), b"abcde\rfghij\r", [("abc", "de"), ("fgh", "ij")]),
        (Layout(fields=TWO), "\u00e9bcd\u00fc\n".encode(), [("\u00e9bc", "d\u00fc")]),
        (Layout(fields=TWO), b"\xef\xbb\xbfabcde\n", [("abc", "de")]),
        (Layout(fields=TWO, encoding="utf-16"), "ab de\n".encode("utf-16"), [("ab", "de")]),
        (Layout(fields=TWO, record=Record(length=5)), b"abcdef\ng\rh", [("abc", "de"), ("f\ng", "h")]),
        (Layout(fields=TWO, record=Record(length=6)), b"abcdeXfghijX\r\n\x1a", [("abc", "de"), ("fgh", "ij")]),
        (
            Layout(fields=TWO, record=Record(prefix="rdw")),
            b"\0\x09\0\0abcde\0\x09\0\0f\ngij",
            [("abc", "de"), ("f\ng", "ij")],
        ),
        (
            Layout(fields=TWO, encoding="cp037", record=Record(length=5)),
            "abcdefghij".encode("cp037"),
            [("abc", "de"), ("fgh", "ij")],
        ),
        (Layout(fields=TWO, encoding="cp037", end="\x85"), "abcde\x85".encode("cp037"), [("abc", "de")]),
        (Layout(fields={"a": Field(at=3, length=1), "b": Field(at=1, length=1)}), b"1x2\n", [("2", "1")]),
        (
            Layout(fields={"a": Field(length=1), "f": Field(length=2, type="filler"), "b": Field(length=1)}),
            b"1xx2\n",
            [("1", "2")],
        ),
        (Layout(fields=TWO), b"", []),
    ],
)  # fmt: skip
def test_records(layout: Layout, raw: bytes, expected: list[tuple[Any, Any]]) -> None:
    assert fixed.problem(layout) is None
    assert [(row["a"], row["b"]) for row in rows(raw, layout)] == expected


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("0001250\n", Field(length=7, type="number", decimals=2), Decimal("12.50")),
        ("   1250\n", Field(length=7, type="number", decimals=2), Decimal("12.50")),
        ("  12.50\n", Field(length=7, type="number", decimals=2), Decimal("12.50")),
        ("       \n", Field(length=7, type="number", decimals=2), None),
        ("0000000\n", Field(length=7, type="number"), Decimal(0)),
        ("-000125\n", Field(length=7, type="number", sign="leading"), Decimal(-125)),
        ("+ 00125\n", Field(length=7, type="number", sign="leading"), Decimal(125)),
        ("000125-\n", Field(length=7, type="number", sign="trailing"), Decimal(-125)),
        ("000125 \n", Field(length=7, type="number", sign="trailing"), Decimal(125)),
        ("00125{\n", Field(length=6, type="zoned", decimals=2), Decimal("12.50")),
        ("00125J\n", Field(length=6, type="zoned"), Decimal(-1251)),
        ("001251\n", Field(length=6, type="zoned"), Decimal(1251)),
        ("00125q\n", Field(length=6, type="number", sign="overpunch"), Decimal(-1251)),
        ("20261121\n", Field(length=8, type="date", format="%Y%m%d"), "2026-11-21"),
        ("21NOV26 \n", Field(length=8, type="date", format="21NOV%y"), "2026-01-01"),
        ("00000000\n", Field(length=8, type="date", format="%Y%m%d"), None),
        ("        \n", Field(length=8, type="date", format="%Y%m%d"), None),
        ("202611211530\n", Field(length=12, type="date", format="%Y%m%d%H%M"), "2026-11-21T15:30:00"),
        ("26325\n", Field(length=5, type="date", format="%y%j"), "2026-11-21"),
    ],
)  # fmt: skip
def test_values(text: str, field: Field, expected: Any) -> None:
    assert one(text, field) == expected


@pytest.mark.parametrize(
    ("raw", "field", "expected"),
    [
        ("01250c", Field(length=3, type="packed", decimals=2), Decimal("12.50")),
        ("01250d", Field(length=3, type="packed", decimals=2), Decimal("-12.50")),
        ("01250f", Field(length=3, type="packed"), Decimal(1250)),
        ("404040", Field(length=3, type="packed"), None),
        ("00000a", Field(length=3, type="packed"), Decimal(0)),
        ("f0f1c2", Field(length=3, type="zoned"), Decimal(12)),
        ("f0f1d2", Field(length=3, type="zoned"), Decimal(-12)),
        ("f0f1c0", Field(length=3, type="zoned", decimals=1), Decimal("1.0")),
        ("fffffe", Field(length=3, type="binary", decimals=1), Decimal("-0.2")),
    ],
)
def test_values_of_a_mainframe(raw: str, field: Field, expected: Any) -> None:
    assert one(bytes.fromhex(raw), field, encoding="cp037", record=Record(length=3)) == expected


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("12x4\n", Field(length=4, type="number")),
        ("-12-\n", Field(length=4, type="number")),
        ("1234\n", Field(length=4, type="date", format="%m%d%y")),
        ("\u0661234\n", Field(length=4, type="number")),
    ],
)
def test_a_value_that_cannot_be_read_names_its_field(text: str, field: Field) -> None:
    with pytest.raises(MessageError) as caught:
        one(text, field)
    assert (caught.value.code, caught.value.path) == ("bad_value", "x")
    assert text.strip() not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "layout", "code", "path"),
    [
        (b"abcde\nabc\n", Layout(fields=TWO), "ragged_line", "line 2"),
        (b"abcde\nabcdef\n", Layout(fields=TWO), "ragged_line", "line 2"),
        (b"abcdefg", Layout(fields=TWO, record=Record(length=5)), "bad_record", "record 2"),
        (b"\0\x09\0\0abcde\0\x09\0\0fg", Layout(fields=TWO, record=Record(prefix="rdw")), "bad_record", "record 2"),
        (b"\0\x08\0\0abcd", Layout(fields=TWO, record=Record(prefix="rdw")), "ragged_line", "record 1"),
        (b"\0\x0a\0\0abcdef", Layout(fields=TWO, record=Record(prefix="rdw")), "ragged_line", "record 1"),
        (b"abc\xe9e\n", Layout(fields=TWO), "bad_encoding", "line 1"),
        (b"\0\0\0\0", Layout(fields=TWO, record=Record(prefix="rdw")), "bad_record", "record 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_names_its_record(
    raw: bytes, layout: Layout, code: str, path: str
) -> None:
    with pytest.raises(MessageError) as caught:
        rows(raw, layout)
    assert (caught.value.code, caught.value.path) == (code, path)


def test_a_packed_number_that_is_none_names_its_field() -> None:
    for raw in ("f1f2f3", "01a50c", "012345"):
        with pytest.raises(MessageError, match="x: it is not a packed number"):
            one(bytes.fromhex(raw), Field(length=3, type="packed"), record=Record(length=3))


def test_without_a_layout_nothing_is_read() -> None:
    with pytest.raises(MessageError, match="layout"):
        fixed.parse(b"1,2\n", Reading())
    with pytest.raises(MessageError, match="character set"):
        rows(b"abcde\n", Layout(fields=TWO), encoding="klingon")


def test_a_layout_travels_to_other_processes() -> None:
    layout = Layout(fields={"x": Field(length=3, type="packed")}, record=Record(length=3))
    assert rows(bytes.fromhex("01250c"), layout) == [{"x": Decimal(1250)}]
    again = pickle.loads(pickle.dumps(layout))
    assert rows(bytes.fromhex("01250c"), again) == [{"x": Decimal(1250)}]


def test_files_are_one_message_and_are_not_answered() -> None:
    reading = Reading(layout=Layout(fields=TWO, name="items"))
    assert fixed.parts(b"abcde\n", reading) is None
    receipt = Receipt(id=1, verdict=Verdict.ACCEPTED)
    assert fixed.acknowledge(b"abcde\n", receipt, reading, 0.0) == b""
    assert fixed.refuse(b"abcde\n", reading, 0.0, "full") == b""
    assert fixed.splits("record") == ""
    assert "record" in fixed.splits("line")
    document = fixed.parse(b"abcde\n", reading)
    assert (document.kind(), document.unique if hasattr(document, "unique") else ()) == (
        "items",
        (),
    )
    assert next(iter(fixed.tree(document))) == (0, "rows[0]", "rows", "")


# -- written and read back ----------------------------------------------------------------------------------

FIELDS = {
    "text": Field(length=8),
    "right": Field(length=8, align="right"),
    "filler": Field(length=3, type="filler"),
    "number": Field(length=9, type="number", decimals=2, sign="leading"),
    "trailing": Field(length=9, type="number", sign="trailing"),
    "zoned": Field(length=7, type="zoned", decimals=3),
    "date": Field(length=8, type="date", format="%Y%m%d"),
    "far": Field(at=70, length=1),
}
BYTES = {
    **FIELDS,
    "packed": Field(length=5, type="packed", decimals=2),
    "binary": Field(length=4, type="binary"),
}
LETTERS = st.text("abcXYZ 0-9,.\"'", max_size=8).map(str.strip)
AMOUNTS = st.decimals(-99999, 99999, places=2)
ROW = st.fixed_dictionaries(
    {
        "text": LETTERS,
        "right": LETTERS,
        "number": AMOUNTS,
        "trailing": st.integers(-9_999_999, 9_999_999),
        "zoned": st.decimals(-9999, 9999, places=3),
        "date": st.dates(),
        "far": st.sampled_from("abc"),
        "packed": AMOUNTS,
        "binary": st.integers(-(2**31), 2**31 - 1),
    }
)


@given(
    st.lists(ROW, max_size=4),
    st.sampled_from(
        [
            Layout(fields=FIELDS),
            Layout(fields=FIELDS, end="crlf", encoding="utf-16-le"),
            Layout(fields=FIELDS, encoding="cp037", end="\x85"),
            Layout(fields=BYTES, encoding="cp037", record=Record(length=90)),
            Layout(fields=BYTES, record=Record(prefix="rdw")),
        ]
    ),
)
def test_what_is_written_is_read_back(table: list[dict[str, Any]], layout: Layout) -> None:
    assert fixed.problem(layout) is None
    columns = layout.columns
    raw = b"".join(line([str(row[name]) for name in columns], layout) for row in table)
    expected = [
        {
            name: str(row[name]) if name == "date" else (row[name] if row[name] != "" else None)
            for name in columns
        }
        for row in table
    ]
    assert rows(raw, layout) == expected
    parts = list(fixed.split(raw, Reading(layout=layout), "record"))
    assert [rows(part, layout)[0] for part in parts] == expected


@pytest.mark.parametrize(
    ("value", "field", "rule"),
    [
        ("abcd", Field(length=3), "more than 3 characters"),
        ("a\nb", Field(length=3), "line break"),
        ("1x2", Field(length=3, type="number"), "not a number"),
        ("NaN", Field(length=3, type="number"), "not a number"),
        ("-1", Field(length=3, type="number"), "no sign"),
        ("1234", Field(length=3, type="number"), "more than 3 digits"),
        ("1e9999", Field(length=3, type="number"), "too many digits"),
        ("1.234", Field(length=9, type="number", decimals=2), "more than 2 decimals"),
        ("yesterday", Field(length=8, type="date", format="%Y%m%d"), "neither a date"),
        ("\u20ac", Field(length=3), "lacks a character"),
    ],
)
def test_what_does_not_fit_names_the_field_and_not_the_value(
    value: str, field: Field, rule: str
) -> None:
    with pytest.raises(MessageError) as caught:
        line([value], Layout(fields={"x": field}, encoding="latin-1"))
    assert (caught.value.code, caught.value.path) == ("bad_value", "x")
    assert rule in caught.value.rule
    assert value not in str(caught.value)


def test_packed_and_binary_numbers_that_do_not_fit() -> None:
    for kind, rule in (("packed", "more than 3 digits"), ("binary", "does not fit 2 bytes")):
        field = Field(length=2, type=kind)  # type: ignore[arg-type]
        with pytest.raises(MessageError, match=rule):
            line(["99999"], Layout(fields={"x": field}, record=Record(length=2)))
    with pytest.raises(MessageError, match="needs 2 bytes"):
        line(["\u00e9"], Layout(fields={"x": Field(length=1)}, record=Record(length=1)))


def test_nothing_is_written_as_blanks_and_packed_as_zero() -> None:
    layout = Layout(fields={"n": Field(length=3, type="number"), "d": Field(length=8, type="date", format="%Y%m%d")})  # fmt: skip
    assert line(["", ""], layout) == b"           \n"
    packed = Layout(fields={"p": Field(length=2, type="packed")}, record=Record(length=2))
    assert line([""], packed) == bytes.fromhex("000c")


def test_a_record_of_a_type_is_written() -> None:
    types = {
        "H": Type(fields=TWO, when=When(is_="H")),
        "D": Type(fields={"c": Field(length=2)}),
    }
    assert line(["H", "1"], Layout(types=types), "H") == b"H  1 \n"
    assert line(["D"], Layout(types=types), "D") == b"D \n"


@settings(max_examples=200)
@given(
    st.binary(max_size=60),
    st.sampled_from(
        [
            Layout(fields=TWO),
            Layout(fields=TWO, encoding="utf-16", short_lines="pad"),
            Layout(fields=BYTES, record=Record(length=7), short_lines="pad"),
            Layout(fields=TWO, record=Record(prefix="rdw"), short_lines="pad"),
            Layout(fields={"n": Field(length=3, type="number")}, group_by="n"),
        ]
    ),
)
def test_any_bytes_give_records_or_a_message_error(raw: bytes, layout: Layout) -> None:
    reading = Reading(layout=layout)
    with suppress(MessageError):
        rows(raw, layout)
    try:
        parts = list(fixed.split(raw, reading, "record"))
    except MessageError:
        return
    for part in parts:
        with suppress(MessageError):
            rows(part, layout)
