"""Whatever the bytes: a document or a MessageError, and what is read is written back as it came."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats import Reading, xml
from tests.formats.xml.conftest import ORDER

BITS = [b"<", b">", b"/", b"<a>", b"</a>", b"<a b='", b"'", b'"', b"&", b"&amp;", b"&#x1;", b"&#9;", b"<!--", b"-->", b"<![CDATA[",
        b"]]>", b"<?x ", b"?>", b"<!DOCTYPE a", b"[", b"]", b" xmlns='u'", b" xmlns:p='v'", b"<p:c/>", b"\xff\xfe", b"\xef\xbb\xbf",
        b"<?xml version='1.0' encoding='utf-16'?>", b"\xe9", b"\x00", b"text", b"\n"]  # fmt: skip
NAMES = st.sampled_from(["a", "b", "p:c", "d.e-f"])
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
    max_size=8,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(st.one_of(st.sampled_from(BITS), st.binary(max_size=4)), max_size=25).map(b"".join)
)
def test_no_bytes_cause_anything_but_a_message_error(raw: bytes) -> None:
    for body in (
        raw,
        b"<a>" + raw + b"</a>",
        ORDER[: len(raw) * 7] + raw + ORDER[len(raw) * 7 :],
    ):
        with contextlib.suppress(MessageError):
            document = xml.parse(body, Reading())
            list(xml.tree(document))
            list(xml.split(body, Reading(), "a"))
            if b"\x00" not in body:
                assert document.edit().render() == body


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.recursive(
        st.tuples(NAMES, TEXTS),
        lambda inner: st.tuples(NAMES, st.lists(inner, max_size=4)),
        max_leaves=12,
    )
)
def test_what_is_written_by_hand_is_read_as_it_was(made: object) -> None:
    from xml.sax.saxutils import escape

    def written(one: object) -> str:
        assert isinstance(one, tuple)
        name, inside = one
        text = escape(inside) if isinstance(inside, str) else "".join(map(written, inside))
        return f"<{name} k={chr(34)}>{chr(34)}>{text}</{name}>"

    raw = f"<r xmlns:p='u'>{written(made)}</r>".encode()
    document = xml.parse(raw, Reading())
    assert document.edit().render() == raw
