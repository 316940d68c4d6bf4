"""`to: bytes`: one value that is sent as it is."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import MessageError

HEAD = "from: hl7v2\nto: bytes\n"


def test_bytes_leave_as_they_are(make: Any, message: Any, facts: Any) -> None:
    mapping = make(HEAD + 'value: >-\n  "/wD+DQ==" | unbase64\n')
    (made,) = mapping.apply(message, facts)
    assert (made.of, made.payload, made.shows) == ("bytes", b"\xff\x00\xfe\r", "bytes")


def test_a_text_leaves_as_utf_8_one_payload_for_each(
    make: Any, message: Any, facts: Any
) -> None:
    mapping = make(HEAD + 'each: FT1\nwhen: FT1-6.1 != "PA"\nvalue: "{FT1-1}: é"\n')
    assert [each.payload for each in mapping.apply(message, facts)] == [
        "1: é".encode(),
        "2: é".encode(),
    ]


def test_nothing_is_not_sent_as_an_empty_file(make: Any, message: Any, facts: Any) -> None:
    with pytest.raises(MessageError) as caught:
        make(HEAD + "value: FT1-40 | unbase64\n").apply(message, facts)
    assert (caught.value.code, caught.value.path) == ("missing_field", "FT1-40")


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ("", "'value' says which bytes"),
        ("value: FT1[*]-1\n", "one value is sent as it is, bytes or a text; this is several"),
        ("value: FT1\n", "FT1 names a whole segment or group"),
        ("value: FT1-1\nfields: {a: FT1-1}\n", "there is no key 'fields' here"),
    ],
)
def test_what_is_no_one_value(mistakes_of: Any, rest: str, says: str) -> None:
    assert any(says in mistake for mistake in mistakes_of(HEAD + rest))
