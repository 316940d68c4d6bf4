"""JSON lines: cut in the memory of one block, from any position on; names that stand twice; character sets."""

from __future__ import annotations

import json as python_json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats import Blocks, Reading, json

LINES = [b'\xef\xbb\xbf{"a": 1}', b"", b'{"a": "x\\n"}\r', b"no json", b" [1] ", b'{"big": "' + b"y" * 700_000 + b'"}', b'{"last": 2}']  # fmt: skip
RAW = b"\n".join(LINES)
WANTED = [(1, b'{"a": 1}'), (3, b'{"a": "x\\n"}'), (4, b"no json"), (5, b"[1]"), (6, LINES[5]), (7, b'{"last": 2}')]  # fmt: skip


def blocks(raw: bytes, asked: list[int] | None = None) -> Blocks:
    def read(at: int, most: int) -> bytes:
        if asked is not None:
            asked.append(most)
        return raw[at : at + most]

    return Blocks(size=len(raw), read=read)


def test_lines_are_the_same_from_any_position_on() -> None:
    assert json.splits("record") == ""
    assert list(json.split(RAW, Reading(), "record")) == [raw for _, raw in WANTED]
    assert json.survey(blocks(RAW), Reading(), "record", lambda key: None).parts == len(WANTED)
    position, found = b"", []
    while True:
        parting = json.parted_blocks(blocks(RAW), Reading(), "record", b"", position)
        part = next(iter(parting), None)
        if part is None:
            break
        found.append((part.line, part.raw))
        position = parting.position()
    assert found == WANTED


def test_no_more_than_a_block_and_a_line_is_held() -> None:
    asked: list[int] = []
    many = b'{"a": 1}\n' * 200_000
    assert sum(1 for _ in json.parted_blocks(blocks(many, asked), Reading(), "record", b"", b"")) == 200_000  # fmt: skip
    assert max(asked) == 256 * 1024
    with pytest.raises(MessageError, match="line 2 has more than"):
        list(
            json.parted_blocks(
                blocks(b"1\n" + b"x" * 34_000_000), Reading(), "record", b"", b""
            )
        )
    with pytest.raises(MessageError, match="UTF-8"):
        json.parted_blocks(blocks(b""), Reading(encoding="utf-16"), "record", b"", b"")


def test_lines_of_another_character_set_are_parts_in_it() -> None:
    reading = Reading(encoding="utf-16")
    raw = '{"a": "é"}\n{"a": 2}'.encode("utf-16")
    for parts in (json.parts(raw, reading), list(json.split(raw, reading, "record"))):
        assert parts is not None
        assert [json.parse(part, reading).value["a"] for part in parts] == ["é", 2]
    assert json.parse('{"a": "é"}'.encode("utf-16"), Reading()).value == {"a": "é"}


@pytest.mark.parametrize("raw", [b'{"a":1,"a":1}', b'[{"b":{"a" :1, "a"\n:2}}]', b'{"\\u0061":1,"a":2}', b'{"":1,"":2,"\\":":3}', b'{"x":"\\":","a" :1,"a" :2}'])  # fmt: skip
def test_a_name_that_stands_twice_is_refused(raw: bytes) -> None:
    with pytest.raises(MessageError, match="twice"):
        json.parse(raw, Reading())


KEYS = st.text(st.sampled_from(list('a":\\, {é')), max_size=4)
VALUES = st.recursive(st.one_of(KEYS, st.integers(), st.none()), lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)), max_leaves=8)  # fmt: skip


@settings(max_examples=100, deadline=None, derandomize=True)
@given(VALUES, st.sampled_from([(",", ":"), (" , ", " : "), (",\n", "\t:")]))
def test_names_that_stand_once_are_never_refused(value: object, signs: tuple[str, str]) -> None:
    raw = python_json.dumps(value, separators=signs, ensure_ascii=False).encode()
    json.parse(raw, Reading())


def test_numbers_keep_their_digits_and_their_size() -> None:
    raw = b"[12345678901234567890123456789, -9223372036854775809, 0.10000000000000000000000001]"
    assert [str(each) for each in json.parse(raw, Reading()).value] == raw.decode().strip("[]").split(", ")  # fmt: skip
