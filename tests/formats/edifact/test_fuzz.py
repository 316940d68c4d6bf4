"""Whatever comes in: a MessageError or an answer, never anything else, and in time that grows with its length."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import GROUPED, ORDER, READING

from engine.errors import MessageError
from engine.formats import edifact
from engine.message import Receipt, Verdict

RECEIPT = Receipt(id=77, verdict=Verdict.QUARANTINED)
_PIECES = [b"", b"'", b"+", b":", b"?", b"*", b"\r\n", b"UNA:+.? '", b"UNB+", b"'UNH+1+", b"'UNZ+1+1'", b"\xff", b"'UNS+S'", b"'LIN+"]  # fmt: skip


def everything(raw: bytes) -> None:
    edifact.acknowledge(raw, RECEIPT, READING, 0.0)
    edifact.parts(raw, READING)
    document = edifact.parse(raw, READING)
    assert document.kind()
    document.control(), document.processing()
    list(edifact.check(document, "guide"))
    list(edifact.tree(document))
    edifact.sent(raw, READING)
    edifact.answers(document)
    for by in ("UNH", "SG25", "LIN"):
        list(edifact.split(raw, READING, by))
    editor = document.edit()
    editor.changed()
    assert editor.render() == raw
    editor.drop(editor.lines[3:6])
    editor.render()


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    raw = draw(st.sampled_from([ORDER, GROUPED, ORDER + GROUPED]))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        size = draw(st.sampled_from([0, 0, 1, 2, 30]))
        piece = draw(st.sampled_from(_PIECES) | st.binary(max_size=4))
        raw = raw[:at] + piece + raw[at + size :]
    return raw


@settings(max_examples=80, deadline=None)
@given(mutated())
def test_nothing_but_a_message_error(raw: bytes) -> None:
    try:
        everything(raw)
    except MessageError as error:
        assert error.code


@pytest.mark.parametrize("raw", [b"UNB+UNOC:3+A'\r'LIN+", ORDER[:150] + b"'\r\n'BGM+"])
def test_a_terminator_without_its_line_break_ends_a_segment(raw: bytes) -> None:
    """One such, and none behind the last segment: there are as many terminators as segments."""
    document = edifact.parse(raw, READING)
    assert not [one for one in document.segments if "'" in one.line and one.name != "UNA"]
    everything(raw)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(mutated() | st.binary(max_size=400).map(lambda some: b"UNB+" + some))
def test_nothing_but_a_message_error_at_length(raw: bytes) -> None:
    try:
        everything(raw)
    except MessageError as error:
        assert error.code


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(
    "piece",
    [
        b"?'",
        b"'",
        b"' ",
        b"'\n",
        b"\n",
        b"?",
        b"UNB+",
        b"'UNB+A'",
        b"LIN+1'",
        b"UNA:+.? '",
        b"+:" * 40 + b"'",
    ],
)
def test_time_grows_with_the_length(piece: bytes) -> None:
    def seconds(count: int) -> float:
        head = b"UNB+UNOC:3+A+B+261121:1130+1'UNH+1+ORDERS:D:96A:UN'"
        raw = head + piece * (count // len(piece))
        began = time.perf_counter()
        try:
            document = edifact.parse(raw, READING)
            edifact.parts(raw, READING)
            list(edifact.check(document))
            document.edit()
        except MessageError:
            pass
        return time.perf_counter() - began

    small, large = (
        min(seconds(20_000) for _ in range(3)),
        min(seconds(80_000) for _ in range(2)),
    )
    assert large < 12 * small + 0.1
