"""XPath: what is compiled, what is refused at load and with which offset, and that it ends soon."""

from __future__ import annotations

import time

import pytest

from engine.markup.namespaces import Namespaces
from engine.markup.query import Query
from engine.markup.reader import read
from engine.paths import PathProblem

SPACES = Namespaces((("po", "urn:po"),), "urn:d")
ROOT = read(
    b"<r xmlns='urn:d' xmlns:po='urn:po'><po:a id='1'><b>x</b><c/></po:a><po:a id='2'><b>y</b></po:a><d><b>z</b></d></r>"
).root


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("//po:a/@id", ["1", "2"]),
        ("//po:a[@id = '2']/b/text()", ["y"]),
        ("/r/d/b/text()", ["z"]),
        ("//po:a//b/text()", ["x", "y"]),
        ("//po:*/b[../c]/text()", ["x"]),
        ("(//b)[last()]/text()", ["z"]),
        ("count(//b)", 3.0),
        ("normalize-space(//d)", "z"),
        ("boolean(//c)", True),
        ("//po:a[b = 'x' or b = 'q']/@id", ["1"]),
        ("//*[self::b or self::c]/text()", ["x", "y", "z"]),
    ],
)
def test_what_it_gives(text: str, found: object) -> None:
    assert Query(text, SPACES).run(ROOT) == found


@pytest.mark.parametrize(
    ("text", "offset", "said"),
    [
        ("//x:a", 2, "'x' is not declared; there is po"),
        ("document('a')", 0, "no function 'document'"),
        ("//a[. = //b]", 8, "thing at hand"),
        ("//a[b and (//c)]", 11, "thing at hand"),
        ("sum(//a)", 0, "floating point"),
        ("//a/following::b", 4, "'following'"),
        ("$x", 0, "variables"),
        ("//a[", 3, "the '[' that opens here is not closed"),
        ("//a[count(b]", 3, "is not closed"),
        ("//a]", 0, "no XPath"),
        ("//a/..", 4, "at the beginning"),
        ("//a/ancestor::b", 4, "at the beginning"),
        ("//a | //b", 4, "compares"),
        ("count(//a//b)", 9, "inside brackets and functions"),
        ("//a[preceding-sibling::b]", 4, "at the beginning"),
        ("//a#", 3, "from here on"),
        ("", 0, "empty"),
        ("//a//b//c//d", 9, "at most 3"),
        ("a" * 1001, 1000, "at most 1000"),
    ],
)
def test_what_cannot_be_is_told_at_load(text: str, offset: int, said: str) -> None:
    with pytest.raises(PathProblem) as caught:
        Query(text, SPACES)
    assert caught.value.offset == offset
    assert said in caught.value.problem


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("text", ["//a//a//a", "//b//a", "//a[.//a]", "//*[a]", "//a[position() = last()]", "(//a)[5]"])  # fmt: skip
def test_it_ends_soon_on_documents_that_are_deep_or_wide(text: str) -> None:
    query = Query(text, Namespaces())
    for raw in (b"<r>" + (b"<a>" * 200 + b"</a>" * 200) * 100 + b"</r>", b"<r>" + b"<b><a/></b>" * 20_000 + b"</r>"):  # fmt: skip
        root, began = read(raw).root, time.perf_counter()
        query.run(root)
        assert time.perf_counter() - began < 1.0
