"""`split`: one part for each element, with the document around it."""

from __future__ import annotations

import time

import pytest

from engine.errors import MessageError
from engine.formats import Reading, xml
from tests.formats.xml.conftest import ORDER

SPACES = xml.Namespaces((("po", "urn:example:orders"),))
READING = Reading(layout=SPACES)


@pytest.mark.parametrize("by", ["po:Line", "po:Order/po:Line", 'xpath("//po:Line")'])
def test_a_part_is_the_document_with_one_of_them(by: str) -> None:
    assert xml.splits(by, SPACES) == ""
    parts = list(xml.parted(ORDER, READING, by))
    assert [part.line for part in parts] == [9, 10, 11]
    lines = ORDER.split(b"\n")
    for at, part in enumerate(parts):
        assert part.raw == b"\n".join([*lines[:8], lines[8 + at], *lines[11:]])


def test_a_document_without_such_an_element_is_its_only_part() -> None:
    assert list(xml.split(ORDER, READING, "po:Nothing")) == [ORDER]


def test_what_stands_in_another_of_them_goes_with_it() -> None:
    raw = "\ufeff<a><b i='1'><b i='2'/></b>\n<c/><b i='3'/></a>".encode("utf-16-le")
    parts = [part.decode("utf-16-le") for part in xml.split(raw, Reading(), "b")]
    assert parts == [
        "\ufeff<a><b i='1'><b i='2'/></b>\n<c/></a>",
        "\ufeff<a>\n<c/><b i='3'/></a>",
    ]


@pytest.mark.parametrize(
    ("by", "said"),
    [("q:Line", "'q' is not declared"), ("po:Line/@id", "an attribute"), ('po:Line[.@a == "b"]', "a plain path"), ('xpath("count(//po:Line)")', "no elements")],
)  # fmt: skip
def test_what_cannot_be_split_by_is_said(by: str, said: str) -> None:
    assert said in xml.splits(by, SPACES)


@pytest.mark.slow
@pytest.mark.alone
def test_many_parts_take_time_that_grows_with_what_comes_out() -> None:
    raw = b"<a>" + b"\n  <b><c>x</c></b>" * 20_000 + b"\n</a>"
    began = time.perf_counter()
    assert sum(1 for _ in xml.split(raw, Reading(), "b")) == 20_000
    assert time.perf_counter() - began < 3
    around = b"<a><x>" + b"y" * 1_000_000 + b"</x>" + b"<b/>" * 1_000 + b"</a>"
    with pytest.raises(MessageError, match="more than 10 times"):
        list(xml.split(around, Reading(), "b"))
