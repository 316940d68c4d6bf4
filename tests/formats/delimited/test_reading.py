"""Delimited files read: quoting, line ends, character sets, column names; what is wrong names its line."""

from __future__ import annotations

import pickle
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats import Reading, delimited
from engine.formats.delimited import Layout, line
from engine.message import Receipt, Verdict
from engine.rows.snapshot import Snapshot

TWO = ("a", "b")


def rows(raw: bytes, layout: Layout, **reading: str) -> list[Any]:
    """The values of every row."""
    document = delimited.parse(raw, Reading(layout=layout, **reading))
    return [list(row.values) for row in document.rows("rows")]


def wrong(raw: bytes, layout: Layout, **reading: str) -> MessageError:
    with pytest.raises(MessageError) as caught:
        rows(raw, layout, **reading)
    return caught.value


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"1,2\n3,4\n", [["1", "2"], ["3", "4"]]),
        (b"1,2\r\n3,4", [["1", "2"], ["3", "4"]]),
        (b"\n1,2\n\n\r\n3,\n\n", [["1", "2"], ["3", ""]]),
        (b'"1","2"\n', [["1", "2"]]),
        (b'"a ""b"" c",2\n', [['a "b" c', "2"]]),
        (b'"a,b",2\n3,4\n', [["a,b", "2"], ["3", "4"]]),
        (b'"a\nb",2\n3,4\n', [["a\nb", "2"], ["3", "4"]]),
        (b'"a\r\nb","c\n\nd"\r\n3,4\r\n', [["a\r\nb", "c\n\nd"], ["3", "4"]]),
        (b'5" tube,2\n', [['5" tube', "2"]]),
        (b'"",""\n', [["", ""]]),
        (b'1,""""\n', [["1", '"']]),
        (b"\xef\xbb\xbf1,2\n", [["1", "2"]]),
        (" 1 ,\u00e92\n".encode(), [[" 1 ", "\u00e92"]]),
        (b"", []),
        (b"\n\n", []),
    ],
)
def test_records(raw: bytes, expected: list[list[str]]) -> None:
    assert rows(raw, Layout(columns=TWO)) == expected


@pytest.mark.parametrize(
    ("layout", "raw", "expected"),
    [
        (Layout(columns=TWO, separator="\t"), b'1\t"x\ty"\n', [["1", "x\ty"]]),
        (Layout(columns=TWO, separator="\x1d"), b"1\x1d2\n", [["1", "2"]]),
        (Layout(columns=TWO, separator="|", quote=""), b'"1|2"\n', [['"1', '2"']]),
        (Layout(columns=TWO, quote="'"), b"'a,''b',2\n", [["a,'b", "2"]]),
        (
            Layout(columns=TWO, end="crlf"),
            b"1,a\nb\r\n2,c\rd\r\n",
            [["1", "a\nb"], ["2", "c\rd"]],
        ),
        (Layout(columns=TWO, end="cr"), b"1,2\r3,4\r", [["1", "2"], ["3", "4"]]),
        (Layout(columns=TWO, end="~"), b'1,2~3,"4~5"~', [["1", "2"], ["3", "4~5"]]),
        (Layout(columns=TWO, end="~\n"), b"1,2~\n3,4~\n", [["1", "2"], ["3", "4"]]),
        (Layout(columns=TWO, skip=2), b"made by\nsomebody\n1,2\n", [["1", "2"]]),
        (Layout(columns=TWO, skip=9), b"made by\n", []),
        (Layout(columns=TWO, comment="#"), b"# x\n1,#2\n#\n", [["1", "#2"]]),
        (Layout(columns=TWO, trim=True), b' 1 , " 2 " \n  \n', [["1", " 2 "]]),
        (Layout(columns=TWO, trim=True), b' "a ""b"", c" ,2\n', [['a "b", c', "2"]]),
        (Layout(columns=("a",), empty_lines="keep"), b"1\n\n2\n", [["1"], [""], ["2"]]),
        (Layout(columns=TWO, header="true"), b"x,y\n1,2\n", [["1", "2"]]),
        (Layout(columns=TWO, header="names"), b'\xef\xbb\xbf"b", a\n1,2\n', [["2", "1"]]),
        (
            Layout(columns=TWO, header="names", skip=1, comment="#"),
            b"x\n#\nb,a\n1,2\n",
            [["2", "1"]],
        ),
        (Layout(columns=TWO, line_breaks="refuse"), b'"1",2\n3,4\n', [["1", "2"], ["3", "4"]]),
    ],
)
def test_what_a_layout_says(layout: Layout, raw: bytes, expected: list[list[str]]) -> None:
    assert delimited.problem(layout) is None
    assert rows(raw, layout) == expected


@pytest.mark.parametrize(
    "encoding",
    [
        "utf-8",
        "utf-8-sig",
        "latin-1",
        "cp1252",
        "cp037",
        "cp437",
        "utf-16",
        "utf-16-le",
        "utf-32",
        "shift_jis",
        "gb18030",
    ],
)
def test_character_sets(encoding: str) -> None:
    layout = Layout(columns=TWO, encoding=encoding, header="names")
    assert delimited.problem(layout) is None
    text = 'b,a\n1,"x,y\nz"\n2,"q ""r"""\n'
    raw = text.encode(encoding)
    assert rows(raw, layout) == [["x,y\nz", "1"], ['q "r"', "2"]]
    parts = list(delimited.split(raw, Reading(layout=layout), "record"))
    assert [rows(part, layout) for part in parts] == [[["x,y\nz", "1"]], [['q "r"', "2"]]]


def test_the_channels_character_set_comes_first() -> None:
    layout = Layout(columns=TWO)
    assert rows(b"\xe9,2\n", layout, encoding="latin-1") == [["\u00e9", "2"]]
    assert wrong(b"1,2\n\xe9,2\n", layout).path == "line 2"
    assert wrong(b"1,2\n", layout, encoding="klingon").code == "bad_encoding"
    assert rows(b"\xe9,2\n", layout, unmappable="replace") == [["\ufffd", "2"]]


@pytest.mark.parametrize(
    ("raw", "layout", "code", "path"),
    [
        (b"1,2\n3\n", Layout(columns=TWO), "ragged_line", "line 2"),
        (b"1,2\n3,4,5\n", Layout(columns=TWO), "ragged_line", "line 2"),
        (b'1,"a\n\nb"\n3\n', Layout(columns=TWO), "ragged_line", "line 4"),
        (b'x\n1,"a\nb"\n3\n', Layout(columns=TWO, header="true"), "ragged_line", "line 4"),
        (b"x\n\n#\n1\n", Layout(columns=TWO, skip=1, comment="#"), "ragged_line", "line 4"),
        (b'1,2\n3,"4\n5,6\n', Layout(columns=TWO), "bad_quotes", "line 2"),
        (b'1,2\n3,"4"x\n5,6\n', Layout(columns=TWO), "bad_quotes", "line 2"),
        (b'1,"2"3"\n', Layout(columns=TWO), "bad_quotes", "line 1"),
        (b'"1",2\n3,"4\n', Layout(columns=TWO, line_breaks="refuse"), "bad_quotes", "line 2"),
        (b"", Layout(columns=TWO, header="names"), "bad_header", ""),
        (b"a,c\n1,2\n", Layout(columns=TWO, header="names"), "bad_header", "line 1"),
        (b"a,b,c\n1,2,3\n", Layout(columns=TWO, header="names"), "bad_header", "line 1"),
        (b"a,b,a\n1,2,3\n", Layout(columns=TWO, header="names"), "bad_header", "line 1"),
    ],
)
def test_what_is_wrong_names_its_line(raw: bytes, layout: Layout, code: str, path: str) -> None:
    found = wrong(raw, layout)
    assert (found.code, found.path) == (code, path)
    assert "4" not in found.rule.replace("4 columns", "")


def test_a_missing_and_an_unknown_column_are_named() -> None:
    layout = Layout(columns=TWO, header="names")
    assert "'b' is missing" in wrong(b"a,c\n", layout).rule
    said = wrong(b"a,b,secret\n", layout).rule
    assert "column 3 of 3 has a name" in said and "secret" not in said
    data = wrong(b"TEST,ANNA\n", layout)
    assert "ANNA" not in str(data)
    assert "TEST" not in str(data)


def test_without_a_layout_nothing_is_read() -> None:
    with pytest.raises(MessageError, match="layout"):
        delimited.parse(b"1,2\n", Reading())


def test_a_layout_travels_to_other_processes() -> None:
    layout = Layout(columns=TWO, header="names", snapshot=Snapshot(key="a"))
    assert pickle.loads(pickle.dumps(layout)) == layout
    assert rows(b"b,a\n1,2\n", layout) == [["2", "1"]]
    assert rows(b"a,b\n1,2\n", pickle.loads(pickle.dumps(layout))) == [["1", "2"]]
    assert rows(b"a,b\n1,2\n", layout) == [["1", "2"]]


def test_files_are_one_message_and_are_not_answered() -> None:
    reading = Reading(layout=Layout(columns=TWO))
    assert delimited.parts(b"1,2\n", reading) is None
    receipt = Receipt(id=1, verdict=Verdict.ACCEPTED)
    assert delimited.acknowledge(b"1,2\n", receipt, reading, 0.0) == b""
    assert delimited.refuse(b"1,2\n", reading, 0.0, "full") == b""
    document = delimited.parse(b"1,2\n", Reading(layout=Layout(columns=TWO, name="items")))
    assert (document.kind(), document.control(), document.processing()) == ("items", "", "")
    assert list(delimited.tree(document)) == [
        (0, "rows[0]", "rows", ""),
        (1, "rows[0].a", "a", "1"),
        (1, "rows[0].b", "b", "2"),
    ]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
SEPARATORS = st.sampled_from([",", ";", "\t", "|", "\x1d", "^", "]", "-", "(", "\\"])
QUOTES = st.sampled_from(['"', "'", "`", "$"])
ENDS = st.sampled_from(["lf", "crlf", "cr", "~", "~\n", "\x1e"])


@given(
    st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=6),
    SEPARATORS,
    QUOTES,
    ENDS,
    st.sampled_from(["when_needed", "always"]),
    st.booleans(),
)
def test_what_is_written_is_read_back(
    table: list[list[str]], separator: str, quote: str, end: str, quoting: str, trim: bool
) -> None:
    layout = Layout(
        columns=TWO, separator=separator, quote=quote, end=end, quoting=quoting, line_breaks="quoted",
        trim=trim, comment="#",
    )  # fmt: skip
    assert delimited.problem(layout) is None
    raw = b"".join(line(values, layout) for values in table)
    assert rows(raw, layout) == table
    parts = list(delimited.split(raw, Reading(layout=layout), "record"))
    assert [rows(part, layout)[0] for part in parts] == table


SOUP = st.lists(
    st.sampled_from([b'"', b",", b"\n", b"\r", b"a", b" ", b"#", b"\xe9", b'""', b"T"]),
    max_size=40,
)


@settings(max_examples=300)
@given(
    st.one_of(SOUP.map(b"".join), st.binary(max_size=60)),
    st.sampled_from(
        [
            Layout(columns=TWO),
            Layout(columns=TWO, header="names", trim=True),
            Layout(columns=TWO, header="true", comment="#", group_by="a"),
            Layout(columns=TWO, encoding="utf-16"),
            Layout(columns=TWO, line_breaks="refuse", empty_lines="keep"),
        ]
    ),
)
def test_any_bytes_give_records_or_a_message_error(raw: bytes, layout: Layout) -> None:
    reading = Reading(layout=layout)
    try:
        whole = rows(raw, layout)
    except MessageError:
        whole = None
    try:
        parts = list(delimited.parted(raw, reading, "record"))
    except MessageError:
        assert whole is None
        return
    read = []
    for part in parts:
        try:
            read += rows(part.raw, layout)
        except MessageError:
            read.append(None)
    assert (whole is None) == (None in read)
    assert whole is None or read == whole


@pytest.mark.parametrize(
    "line",
    [
        b'x",y,"z\n',
        b'",",x\n',
        b'"a\n',
        b'"""\n',
        b',"\n',
        b'" ,\n',
        b'"\n"',
        b"\n",
        b'"",',
        b"# \n",
    ],
)
def test_time_is_linear(line: bytes) -> None:
    """Ten times the bytes take about ten times as long, whatever is done with quotes."""
    reading = Reading(layout=Layout(columns=TWO, trim=True))

    def seconds(count: int) -> float:
        raw, best = line * count, 99.0
        for _ in range(2):
            began = time.process_time()
            for part in delimited.split(raw, reading, "record"):
                assert part
            best = min(best, time.process_time() - began)
        return best

    assert seconds(10_000) < 30 * seconds(1_000) + 0.05


def test_a_line_of_column_names_with_another_separator_says_so():
    with pytest.raises(MessageError, match="looks as if semicolons separated"):
        rows(b"a;c\n1;2\n", Layout(columns=TWO, header="names"))
