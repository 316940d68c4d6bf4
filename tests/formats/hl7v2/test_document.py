"""Parsing: any delimiters, line ends, blanks around, and what stays lazy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats import NULL, Reading
from engine.formats.hl7v2 import parse

HEAD = "MSH|^~\\&|A|B|C|D|20260101||ADT^A08^ADT_A01|C-1|T|2.5.1"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_every_line_end(hl7: Any, end: str) -> None:
    raw = end.join([HEAD, "PID|1||7", "ZPD|x", ""])
    assert hl7.read(raw, "PID-3.1") == "7"
    assert hl7.read(raw, "ZPD-1") == "x"
    assert [one.name for one in hl7.document(raw).segments] == ["MSH", "PID", "ZPD"]


def test_mixed_line_ends_and_blank_lines(hl7: Any) -> None:
    raw = f"{HEAD}\r\nPID|1||7\n\nPV1|1|I\r\r\nZPD|x"
    document = hl7.document(raw)
    assert [one.name for one in document.segments] == ["MSH", "PID", "PV1", "ZPD"]
    assert document.edit().render() == raw.encode()


def test_a_line_feed_inside_a_note_does_not_end_it(hl7: Any) -> None:
    assert hl7.read(f"{HEAD}\rNTE|1||a\nb c\n d\rPV1|1|I\r", "NTE-3") == "a\nb c\n d"


@pytest.mark.parametrize("before", ["\ufeff", " \r\n", "\x0b", "\n\n\t ", "\ufeff\r\n"])
def test_what_stands_before_the_message_is_passed_over_and_kept(hl7: Any, before: str) -> None:
    raw = f"{before}{HEAD}\rPID|1||7\r"
    assert hl7.read(raw, "PID-3") == "7"
    assert hl7.set(raw, "PID-3", "8").decode() == raw.replace("||7", "||8")


def test_indented_segments_and_trailing_blanks(hl7: Any) -> None:
    raw = f"{HEAD}\r  PID|1||7\r \t\x1c\r"
    assert hl7.read(raw, "PID-3") == "7"
    assert hl7.set(raw, "PID-3", "8").decode() == raw.replace("||7", "||8")


@pytest.mark.parametrize("marks", ["#:*!%", "$^~@&", "\x1d\x1e~\\&", "|^~\\&#"])
def test_any_delimiters(hl7: Any, marks: str) -> None:
    f, c, r, e, s = marks[:5]
    raw = f"MSH{marks}{f}LAB{f}B\rPID{f}1{f}{f}7{c}{c}{c}H{s}1.2{r}8{c}x{e}T{e}y\r"
    assert hl7.read(raw, "MSH-1") == f
    assert hl7.read(raw, "MSH-2") == marks[1:]
    assert hl7.read(raw, "MSH-3") == "LAB"
    assert hl7.read(raw, "PID-3.4.2") == "1.2"
    assert hl7.read(raw, "PID-3(2).2") == f"x{s}y"


def test_a_short_msh_2(hl7: Any) -> None:
    raw = "MSH|^~|LAB\rPID|1||a&b^c~d\\T\\"
    assert hl7.read(raw, "PID-3.1") == "a&b"
    assert hl7.read(raw, "PID-3(2).1") == "d\\T\\"


def test_an_empty_msh_2_means_the_usual(hl7: Any) -> None:
    assert hl7.read("MSH||LAB\rPID|1||a^b", "PID-3.2") == "b"


def test_null_is_unlike_empty(hl7: Any) -> None:
    raw = f'{HEAD}\rPID|1|""|""^x|| ""\r'
    assert hl7.read(raw, "PID-2") is NULL
    assert hl7.read(raw, "PID-3.1") is NULL
    assert hl7.read(raw, "PID-4") is None
    assert hl7.read(raw, "PID-5") == ' ""'
    assert hl7.read(raw, "PID-99") is None


def test_what_it_is(hl7: Any) -> None:
    document = hl7.document(HEAD)
    assert (document.kind(), document.control(), document.processing()) == (
        "ADT^A08",
        "C-1",
        "test",
    )
    bare = hl7.document("MSH|^~\\&")
    assert (bare.kind(), bare.control(), bare.processing()) == ("", "", "")
    assert hl7.document("MSH|^~\\&|||||||ACK").kind() == "ACK"


@pytest.mark.parametrize(
    "raw", [b"", b"ISA*00*", b"PID|1", b"\x00\x01\x02", b"MSH", b"<xml/>", b" " * 99]
)
def test_what_is_no_message(raw: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        parse(raw, Reading())
    assert caught.value.code == "unreadable"


def test_a_nameless_line_is_nobody_s_segment(hl7: Any) -> None:
    document = hl7.document(f"{HEAD}\rOBX and more text|1\rOBX|1||x")
    assert [one.name for one in document.segments] == ["MSH", "???", "OBX"]


@given(st.binary(max_size=300), st.sampled_from(["quarantine", "replace", "ascii"]))
def test_no_bytes_make_it_fail_otherwise(tail: bytes, unmappable: str) -> None:
    for raw in (tail, b"MSH|^~\\&|" + tail):
        try:
            document = parse(raw, Reading(unmappable=unmappable))
        except MessageError:
            continue
        assert document.edit().render() == raw
        document.kind()
        document.groups  # noqa: B018


def test_what_is_no_code_is_not_told_as_the_kind() -> None:
    raw = b"MSH|^~\\&|a|b|c|d|2026||%b|1|P|2.5.1\r"
    kinds = [
        parse(raw % said, Reading()).kind()
        for said in (b"DFT^P03^DFT_P03", b"adt^a01", b"", b"CANARY ANNA^19330303")
    ]
    assert kinds == ["DFT^P03", "adt^a01", "", "?^?"]
