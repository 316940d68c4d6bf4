"""Delimiters and escapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats.hl7v2.marks import Marks, delimiters, marks_of

USUAL = marks_of("|^~\\&", "utf-8")


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f", "a|b^c&d~e\\f"),
        ("\\H\\loud\\N\\ quiet", "loud quiet"),
        ("one\\.br\\two", "one\ntwo"),
        ("\\X41\\\\X0D\\", "A\r"),
        ("\\XC3A9\\", "é"),
        ("\\XC3\\\\XA9\\", "é"),
        ("\\XFF\\", "\\XFF\\"),
        ("\\X4\\", "\\X4\\"),
        ("\\Zlocal\\ \\.sp3\\ \\C2842\\", "\\Zlocal\\ \\.sp3\\ \\C2842\\"),
        ("C:\\temp\\new", "C:\\temp\\new"),
        ("half \\T", "half \\T"),
        ("\\x\\T\\", "\\x&"),
        ("\\P\\", "\\P\\"),
        ("\\\\", "\\\\"),
    ],
)
def test_escapes_are_read_and_unknown_ones_kept(raw: str, meant: str) -> None:
    assert USUAL.unescape(raw) == meant


def test_hexadecimal_is_read_in_the_character_set_of_the_message() -> None:
    assert marks_of("|^~\\&", "iso8859-1").unescape("caf\\XE9\\") == "café"


def test_the_truncation_character_has_an_escape_where_msh_2_has_five() -> None:
    marks = marks_of("|^~\\&#", "ascii")
    assert marks.unescape("a\\P\\b") == "a#b"
    assert marks.escape("a#b") == "a\\P\\b"
    assert USUAL.escape("a#b") == "a#b"


def test_a_value_can_never_end_a_segment_or_a_frame() -> None:
    assert USUAL.escape("a\r\nb\rc\nd") == "a\\.br\\b\\.br\\c\\.br\\d"
    assert USUAL.escape("\x0b\x1c") == "\\X0B\\\\X1C\\"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_what_is_escaped_is_read_back(text: str) -> None:
    if not any(one in text for one in "\ufdd0"):
        escaped = USUAL.escape(text)
        assert not set(escaped) & set("|^~&\r\n\x0b\x1c")
        assert USUAL.unescape(escaped) == text.replace("\r\n", "\n").replace("\r", "\n")


@given(
    st.text(alphabet="|^~&#ab\r\n\\", max_size=30),
    st.sampled_from(["#:*!%", "$^~@&", "|^~\\&#"]),
)
def test_other_delimiters_are_escaped_as_well(text: str, given_marks: str) -> None:
    marks = Marks(given_marks, "ascii")
    assert marks.unescape(marks.escape(text)) == text.replace("\r\n", "\n").replace("\r", "\n")


def test_delimiters_that_msh_2_leaves_out_are_not_used() -> None:
    marks = marks_of(delimiters("MSH|^~|LAB"), "ascii")
    assert marks.text == "|^~"
    assert marks.unescape("a\\T\\b") == "a\\T\\b"
    with pytest.raises(MessageError, match="MSH-2"):
        marks.escape("a|b")


@pytest.mark.parametrize("header", ["MSH", "MSHA^~", "MSH ^~\\&", "MSH\r", "MSH|abc|"])
def test_what_can_be_no_delimiter_is_refused(header: str) -> None:
    with pytest.raises(MessageError) as caught:
        delimiters(header)
    assert caught.value.code == "unreadable"
