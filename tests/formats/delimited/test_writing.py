"""Delimited lines: whatever stands in a value, it comes back out of a reader as it went in."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats.delimited import Layout, line, problem

TWO = ("a", "b")


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
        min_size=2,
        max_size=2,
    )
)
def test_a_reader_gets_the_values_back(values: list[str]) -> None:
    written = line(values, Layout(columns=TWO, separator="|", line_breaks="quoted")).decode()
    (row,) = csv.reader(io.StringIO(written, newline=""), delimiter="|")
    assert row == values


@given(st.lists(st.text(max_size=20), min_size=2, max_size=2))
def test_a_record_is_one_line(values: list[str]) -> None:
    try:
        written = line(values, Layout(columns=TWO, end="crlf")).decode()
    except MessageError:
        assert not "".join(values).isprintable()
        return
    assert written.endswith("\r\n")
    assert "\n" not in written[:-2] and "\r" not in written[:-2]


def test_rules() -> None:
    assert line(["1", "x"], Layout(columns=TWO, quoting="always")) == b'"1","x"\n'
    assert line(["1", "ü"], Layout(columns=TWO, encoding="latin-1", end="cr")) == b"1,\xfc\r"
    assert (
        line(["1", "€"], Layout(columns=TWO, encoding="latin-1", unmappable="replace"))
        == b"1,?\n"
    )


@pytest.mark.parametrize(
    ("value", "layout", "rule"),
    [
        ("a,b", Layout(columns=TWO, quoting="never"), "the layout forbids them"),
        ("a,b", Layout(columns=TWO, quote=""), "the layout has none"),
        ("a\nb", Layout(columns=TWO, line_breaks="refuse"), "a line break"),
        ("€", Layout(columns=TWO, encoding="latin-1"), "latin-1 lacks a character"),
    ],
)
def test_what_does_not_fit_names_the_column_and_not_the_value(
    value: str, layout: Layout, rule: str
) -> None:
    with pytest.raises(MessageError) as caught:
        line(["1", value], layout)
    assert (caught.value.code, caught.value.path) == ("bad_value", "b")
    assert rule in caught.value.rule
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("layout", "key"),
    [
        (Layout(columns=TWO, separator="||"), "separator"),
        (Layout(columns=TWO, separator="\n"), "separator"),
        (Layout(columns=TWO, separator='"'), "quote"),
        (Layout(columns=TWO, quote="", quoting="always"), "quoting"),
        (Layout(columns=()), "columns"),
        (Layout(columns=("a", "a")), "columns"),
        (Layout(columns=TWO, encoding="klingon"), "encoding"),
        (Layout(columns=TWO, line_breaks="maybe"), "line_breaks"),
    ],
)
def test_layouts_that_cannot_work(layout: Layout, key: str) -> None:
    found = problem(layout)
    assert found is not None
    assert found[0] == key
    assert problem(Layout(columns=TWO)) is None
