"""Code tables: files of the release, with their own places in mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def test_columns_are_chosen_by_name(hl7: Any) -> None:
    assert hl7('PID-8 | table("sex")') == "female"
    assert hl7('"male" | table("sex", from="ours", to="theirs")') == "M"
    assert hl7('table(PID-8, "sex")') == "female"
    assert hl7.language.tables.used.keys() == {"sex"}


def test_an_empty_counterpart_is_nothing(hl7: Any) -> None:
    assert hl7('"U" | table("sex")') is None
    assert hl7('"U" | table("sex") ?? "none"') == "none"


@pytest.mark.parametrize(
    ("content", "place", "problem"),
    [
        (
            b"theirs,ours\nF,female\nM,male\nF,f\n",
            "t.csv:4:1",
            "twice in 'theirs'; the first is in line 2",
        ),
        (b"theirs\nF\n", "t.csv:1:1", "names two columns or more"),
        (b"a,a\nF,f\n", "t.csv:1:1", "names two columns or more"),
        (b"", "t.csv:1:1", "names two columns or more"),
        (b"theirs,ours\nF,female,x\n", "t.csv:2:1", "has 3 cells, the first names 2 columns"),
        (b'theirs,ours\nF,"female\n', "t.csv:2:1", "not CSV"),
        (b"theirs,ours\nF,weibl\xfcch\n", "t.csv:2:1", "UTF-8"),
    ],
)
def test_mistakes_name_file_and_line(
    hl7: Any, home: Path, content: bytes, place: str, problem: str
) -> None:
    (home / "mappings" / "tables" / "t.csv").write_bytes(content)
    hl7.compile('PID-8 | table("t")')
    (mistake,) = hl7.mistakes.found
    assert f"{mistake.file}:{mistake.line}:{mistake.column}" == f"mappings/tables/{place}"
    assert problem in mistake.problem


def test_many_to_one_is_no_mistake_until_it_is_read_backwards(hl7: Any, home: Path) -> None:
    (home / "mappings" / "tables" / "t.csv").write_text("theirs,ours\nA,x\nB,x\n")
    assert hl7('"B" | table("t")') == "x"
    assert not hl7.mistakes.found
    hl7.compile('"x" | table("t", from="ours", to="theirs")')
    assert "twice in 'ours'" in hl7.mistakes.found[0].problem


def test_quotes_spaces_and_a_byte_order_mark(hl7: Any, home: Path) -> None:
    (home / "mappings" / "tables" / "t.csv").write_bytes(
        b'\xef\xbb\xbftheirs, ours\r\n"a, b" , "c ""d"""\r\n'.replace(b'" , "', b'","')
    )
    assert hl7('"a, b" | table("t")') == 'c "d"'
