"""`split:` of JSON documents, and JSON lines."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats import Reading
from engine.formats import json as json_format
from engine.formats.json import parse, parts, split, splits, splitting

READING = Reading()


def cut(raw: bytes, by: str, **reading: str) -> list[bytes]:
    return list(split(raw, Reading(**reading), by))


def test_each_element_with_all_that_stands_around() -> None:
    raw = b'{"n": 12.50, "lines": [{"code": "A", "q": 2.10}, null, {"code":"B"}], "@x": {"z":[1]}}'
    assert cut(raw, "lines[*]") == [
        b'{"n":12.50,"lines":[{"code": "A", "q": 2.10}],"@x":{"z":[1]}}',
        b'{"n":12.50,"lines":[{"code":"B"}],"@x":{"z":[1]}}',
    ]


@pytest.mark.parametrize(
    ("raw", "by", "found"),
    [
        (b'{"o":{"l":[1.0,2e3]}}', "o.l[*]", [b'{"o":{"l":[1.0]}}', b'{"o":{"l":[2e3]}}']),
        (
            b'{"o":[{"n":1,"l":[1,2]},{"n":2,"l":[3]},{"n":3}]}',
            "o[*].l[*]",
            [
                b'{"o":[{"n":1,"l":[1]}]}',
                b'{"o":[{"n":1,"l":[2]}]}',
                b'{"o":[{"n":2,"l":[3]}]}',
            ],
        ),
        (b'{"@a b":[1,2]}', '["@a b"][*]', [b'{"@a b":[1]}', b'{"@a b":[2]}']),
        (b'{"o":{"@x":[1,2]}}', 'o["@x"][*]', [b'{"o":{"@x":[1]}}', b'{"o":{"@x":[2]}}']),
        (b'[1.50, {"a":1}, null]', "[*]", [b"1.50", b'{"a":1}']),
        (b"[[7]]", "[*]", [b"[7]"]),
        (b'\xef\xbb\xbf{"l":[1,2]}', "l[*]", [b'{"l":[1]}', b'{"l":[2]}']),
    ],
)
def test_paths(raw: bytes, by: str, found: list[bytes]) -> None:
    assert splits(by) == ""
    assert cut(raw, by) == found


@pytest.mark.parametrize(
    "raw",
    [
        b'{"lines":[]}',
        b'{"x":1}',
        b'{"lines":null}',
        b'{"lines": [ 1 ]}',
        b'{ "lines":[null,1]}',
    ],
)
def test_a_document_with_none_or_one_is_its_own_part(raw: bytes) -> None:
    assert cut(raw, "lines[*]") == [raw]


def test_other_character_sets() -> None:
    raw = '{"a":"ü","l":[1,2]}'.encode("latin-1")
    found = cut(raw, "l[*]", encoding="latin-1")
    assert [one.decode("latin-1") for one in found] == [
        '{"a":"ü","l":[1]}',
        '{"a":"ü","l":[2]}',
    ]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"lines":3}', "bad_value"),
        (b'{"lines":{"a":1}}', "bad_value"),
        (b"[1]", "bad_value"),
        (b'{"lines":', "not_json"),
        (b"\xff", "not_json"),
        (b'{"lines":[' + b"[" * 5000, "not_json"),
    ],
)
def test_what_cannot_be_taken_apart(raw: bytes, code: str) -> None:
    with pytest.raises(MessageError) as caught:
        cut(raw, "lines[*]")
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("by", "wrong"),
    [
        ("lines", "'lines' does not say each element of a list; write lines[*]"),
        ("a[*].lines", "'a[*].lines' does not say each element of a list; write a[*].lines[*]"),
        ("OBR", "'OBR' does not say each element of a list; write OBR[*]"),
        *((by, f"'{by}' names no list of a document; as in lines[*] or order.lines[*]") for by in ("", ".x[*]", "x..y[*]", "x[0].y[*]", "x[*]y[*]", "x[*].", "[*].x", "a b[*]")),
    ],
)  # fmt: skip
def test_what_cannot_be_said(by: str, wrong: str) -> None:
    assert splits(by) == wrong


def test_parts_that_come_to_too_much(monkeypatch: Any) -> None:
    monkeypatch.setattr(splitting, "MOST", 100)
    raw = json.dumps({"a": "x" * 300, "lines": [1, 2, 3]}).encode()
    with pytest.raises(MessageError, match="parts come to more than"):
        cut(raw, "lines[*]")


def test_a_large_list_takes_time_in_proportion() -> None:
    lines = b",".join(b'{"code":"%d","q":1.10}' % at for at in range(50_000))
    began = time.process_time()
    assert (
        sum(1 for _ in split(b'{"h":"x","lines":[' + lines + b"]}", READING, "lines[*]"))
        == 50_000
    )
    assert time.process_time() - began < 2.0


_VALUES: Any = st.recursive(
    st.booleans()
    | st.text(max_size=5)
    | st.integers(-(10**20), 10**20)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(float),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.lists(_VALUES, min_size=2, max_size=5),
    st.dictionaries(st.text(max_size=4), _VALUES, max_size=3),
)
def test_a_part_is_the_document_with_one_element(
    lines: list[Any], around: dict[str, Any]
) -> None:
    raw = json.dumps({**around, "lines": lines}, indent=1).encode()
    found = cut(raw, "lines[*]")
    assert [json.loads(one) for one in found] == [{**around, "lines": [line]} for line in lines]


# -- JSON lines -------------------------------------------------------------------------------------------------


def test_json_lines_are_a_batch() -> None:
    raw = b'\xef\xbb\xbf{"a": 1}\r\n\n{"a": \n[2]\n'
    assert parts(raw, READING) == (b'{"a": 1}', b'{"a": ', b"[2]")
    assert json_format.parts is parts


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"{}\n",
        b"{}\n \r\n",
        b'{\n"a":1}',
        b"[1,\n2]",
        b"1\n2\n",
        b"nonsense\n{}\n",
        b'{"a":1},\n{"a":2}',
    ],
)
def test_one_document_is_no_batch(raw: bytes) -> None:
    assert parts(raw, READING) is None


def test_each_document_of_a_batch_is_taken_apart() -> None:
    raw = b'{"l":[1,2]}\n{"l":3}\n{"l":\n{"l":[4,5]}\n'
    assert cut(raw, "l[*]") == [
        b'{"l":[1]}', b'{"l":[2]}', b'{"l":3}', b'{"l":', b'{"l":[4]}', b'{"l":[5]}',
    ]  # fmt: skip


@given(
    st.lists(st.dictionaries(st.text(max_size=3), _VALUES, max_size=2), min_size=2, max_size=4)
)
def test_any_documents_in_lines(documents: list[Any]) -> None:
    raw = "".join(json.dumps(one) + "\n" for one in documents).encode()
    found = parts(raw, READING)
    assert found is not None
    assert [json.loads(one) for one in found] == documents
    assert [parse(one, READING).edit().render() for one in found]
