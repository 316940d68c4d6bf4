"""Text with holes, made safe for where it goes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.mapping.text import _file_name, _header, _url_path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{MSH-10}-{FT1-1}", "MSG00042-1"),
        ("ERP", "ERP"),
        ("{{MSH-10}}", "{MSH-10}"),
        ("a } b", "a } b"),
        ('{ PID-3[.5 == "MR"].1 ?? "x}" }', "100234"),
        ("{FT1-10 | decimal * 2}", "24"),
        ("{FT1-4 | datetime}", "2026-11-21T10:15:00-06:00"),
        ("{exists(PID-3)}", "true"),
        ("", ""),
    ],
)
def test_holes_are_filled(hl7: Any, text: str, value: str) -> None:
    assert hl7(text, "quoted") == value


def test_fill_is_text_whatever_its_style(hl7: Any) -> None:
    assert hl7("charges/{MSH-10}", "plain", "url_path") == "charges/MSG00042"
    assert hl7("{meta.file_name}.bak", "plain", "file_name") == "a b.csv.bak"


def test_an_address_with_a_hole_that_is_nothing_is_refused(hl7: Any) -> None:
    with pytest.raises(MessageError) as caught:
        hl7("patients/{PID-2}", "quoted", "url_path")
    assert (caught.value.code, caught.value.path) == ("missing_field", "PID-2")


@given(st.text(max_size=300))
def test_a_file_name_stays_one_name(said: str) -> None:
    try:
        name = _file_name(said, ())
    except MessageError:
        assert len(said.encode("utf-8", "replace")) > 150
        return
    assert not set(name) & set('/\\:*?"<>|\0\r\n')
    assert not name.startswith(".")
    assert len(name.encode()) <= 150


@given(st.text(max_size=100))
def test_a_hole_in_an_address_stays_one_segment(said: str) -> None:
    try:
        segment = _url_path(said, ())
    except MessageError:
        assert said in ("", ".", "..")
        return
    assert segment.isascii() and not set(segment) & set("/?#&=+ \r\n")


@given(st.text(max_size=100))
def test_a_hole_in_a_header_has_no_line_breaks(said: str) -> None:
    assert not set(_header(said, ())) & set("\r\n\0")
