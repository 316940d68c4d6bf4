"""Bytes to segments: every way in which partners write the same interchange."""

from __future__ import annotations

import pytest
from interchanges import ORDER, READING, isa

from engine.errors import MessageError
from engine.formats import x12


def names(raw: bytes) -> list[str]:
    return [segment.name for segment in x12.parse(raw, READING).segments]


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw,
        lambda raw: raw.replace(b"~", b"~\n"),
        lambda raw: raw.replace(b"~", b"~\r\n"),
        lambda raw: raw.replace(b"~", b"\n"),
        lambda raw: raw.replace(b"~", b"\r\n"),
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: b"\r\n  " + raw.replace(b"~", b"~\n\t  ") + b"\x1a",
        lambda raw: raw.replace(b"~", b"~\xc2\xa0"),
        lambda raw: raw.replace(b"~", b"~\xa0\n"),
        lambda raw: raw.replace(b"*", b"|").replace(b"~", b"'"),
        lambda raw: raw.replace(b"~", b"~\n", 7),
        lambda raw: b"\n".join(raw[at : at + 80] for at in range(0, len(raw), 80)),
        lambda raw: raw[:-1],
    ],
)
def test_however_it_is_written_the_segments_are_the_same(change: object) -> None:
    raw = change(ORDER)  # type: ignore[operator]
    document = x12.parse(raw, READING)
    assert [one.elements[1:] for one in document.segments[1:]] == [
        one.elements[1:] for one in x12.parse(ORDER, READING).segments[1:]
    ]
    assert names(raw) == names(ORDER)
    editor = document.edit()
    editor.changed()
    assert editor.render() == raw, "an edit that changes nothing gives back the bytes"


def test_delimiters_come_from_the_header() -> None:
    marks = x12.parse(ORDER, READING).marks
    assert (marks.element, marks.component, marks.repetition, marks.segment) == (*"*:^~",)
    older = isa("00401") + "GS*PO*A*B*20260105*0930*1*X*004010~GE*0*1~IEA*1*000000017~"
    assert len(x12.parse(older.encode(), READING).marks.repetition) > 1, "4010 does not repeat"


def test_a_header_of_odd_widths_and_without_its_last_element() -> None:
    short = b"ISA*00* *00* *ZZ*A*ZZ*B*260105*0930*U*00401*1*0*P*>~GS*PO*A*B~GE*0*1~IEA*1*1~"
    assert names(short) == ["ISA", "GS", "GE", "IEA"]
    left_out = b"ISA*00* *00* *ZZ*A*ZZ*B*260105*0930*U*00401*1*0*P*~\nGS*PO*A*B~\nIEA*1*1~\n"
    document = x12.parse(left_out, READING)
    assert document.marks.segment == "~"
    assert names(left_out) == ["ISA", "GS", "IEA"]


def test_binary_data_is_taken_by_its_length() -> None:
    data = b"~ST*9~\nISA*\xff~"
    head = isa().encode() + b"GS*MI*A*B~ST*275*1~"
    body = b"BIN*%d*%s~BDS*ASC*4*~~*~~SE*4*1~GE*1*1~IEA*1*000000017~"
    raw = head + body % (len(data), data)
    document = x12.parse(raw, READING)
    assert names(raw) == ["ISA", "GS", "ST", "BIN", "BDS", "SE", "GE", "IEA"]
    assert document.segments[3].elements[2].encode("latin-1") == data
    assert x12.parts(raw, READING) is None


def test_several_interchanges_with_delimiters_of_their_own() -> None:
    other = ORDER.replace(b"*", b"|").replace(b"~", b"!")
    raw = ORDER + b"\r\n" + other
    assert names(raw) == names(ORDER) * 2
    found = x12.parts(raw, READING)
    assert found is not None
    assert [part.strip() for part in found] == [ORDER, other]
    assert b"".join(found) == raw
    assert x12.parts(ORDER, READING) is None


def test_a_value_that_looks_like_a_header_is_none() -> None:
    raw = ORDER.replace(b"Gloves, sterile", b"ISA VISA ISA*")
    assert x12.parts(raw, READING) is None


@pytest.mark.parametrize(
    "raw", [b"", b"MSH|^~", b"ISA", b"ISA*00", b"ISAAAAA", isa().encode()[:90]]
)
def test_what_is_no_interchange_is_unreadable(raw: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        x12.parse(raw, READING)
    assert caught.value.code == "unreadable"


@pytest.mark.parametrize("size", [1, 7, 64, 4096])
def test_in_blocks_the_elements_are_the_same(size: int) -> None:
    data = b"a~b\n~"
    binary = (
        isa(control="000000018").encode() + b"GS*MI~ST*275*1~BIN*5*%s~SE*3*1~GE*1*1~" % data
    )
    raw = ORDER.replace(b"~", b"~\n") + binary + b"IEA*1*000000018~" + ORDER
    raw *= 3
    blocks = (raw[at : at + size] for at in range(0, len(raw), size))
    streamed = [elements for _, batch in x12.stream(blocks) for elements in batch]
    assert streamed == [segment.elements for segment in x12.parse(raw, READING).segments]


def test_latin_and_utf8_come_back_byte_for_byte() -> None:
    for name in ("Münster".encode(), "Münster".encode("latin-1")):
        raw = ORDER.replace(b"Main Campus", name)
        assert x12.parse(raw, READING).find("N1")[0].element(2) == "Münster"
        editor = x12.parse(raw, READING).edit()
        editor.changed()
        assert editor.render() == raw


@pytest.mark.parametrize("end", [":*", "*~"])
def test_an_interchange_has_different_delimiters(end: str) -> None:
    """A header in which something slipped: the separator of elements would end segments, or separate components, too."""
    head = (
        "ISA*00*"
        + " " * 10
        + "*00*"
        + " " * 10
        + "*ZZ*A*ZZ*B*260101*1200*^*00501*000000017*0*P*"
    )
    with pytest.raises(MessageError, match="one character"):
        x12.parse(f"{head}{end}GS*PO*A*B~".encode(), READING)
