"""MLLP framing, without sockets: any chunking, any junk, in linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.message import LARGE
from engine.wire import mllp
from engine.wire.mllp import Broken, Deframer

ONE, TWO = b"MSH|^~\\&|one\rPID|1\r", b"MSH|^~\\&|two\r"

pieces = st.lists(
    st.sampled_from(
        [
            b"\x0b",
            b"\x1c",
            b"\r",
            b"\n",
            b"M",
            b"MS",
            b"MSH|",
            b"FHS",
            b"BHS|",
            b"x",
            b"PID|1",
            b"\x0bMSH|a\x1c\r",
        ]
    ),
    max_size=30,
).map(b"".join)


def whole(frames: list[mllp.Frame | Broken]) -> list[bytes | Broken]:
    return [b"".join(frame) if isinstance(frame, list) else frame for frame in frames]


def read(
    wire: bytes, size: int = 1 << 30, **options: object
) -> tuple[list[bytes | Broken], int, int]:
    deframer = Deframer(**options)  # type: ignore[arg-type]
    frames = []
    for at in range(0, len(wire), size):
        frames += deframer.feed(wire[at : at + size])
    frames += deframer.close()
    return whole(frames), deframer.junk, deframer.cut


@given(pieces, st.integers(1, 7), st.booleans(), st.sampled_from([3, 9, 1000]))
def test_any_chunking_gives_the_same_frames(
    wire: bytes, size: int, strict: bool, limit: int
) -> None:
    frames, junk, cut = read(wire, strict=strict, limit=limit)
    again = read(wire, size, strict=strict, limit=limit)
    assert again[0] == frames
    if not any(isinstance(frame, Broken) for frame in frames):
        assert again[1:] == (junk, cut)


@given(
    st.lists(st.binary(max_size=40).filter(lambda b: not {0x0B, 0x1C} & set(b))),
    st.integers(1, 7),
)
def test_what_is_framed_comes_out_again(messages: list[bytes], size: int) -> None:
    wire = b"".join(map(mllp.frame, messages))
    for strict in (True, False):
        assert read(wire, size, strict=strict) == (messages, 0, 0)


def test_one_byte_at_a_time_is_linear() -> None:
    def seconds(count: int) -> float:
        deframer, wire = Deframer(), mllp.frame(b"MSH|" + b"x" * count)
        began = time.process_time()
        frames = [frame for byte in wire for frame in deframer.feed(bytes((byte,)))]
        assert len(frames) == 1
        return time.process_time() - began

    seconds(1000)
    assert seconds(160_000) < 40 * max(seconds(10_000), 0.002)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("filler", [b"\x0b", b"\x1c", b"\x0bMS", b"\x1c\x1c\x0bx"])
def test_a_chunk_full_of_control_bytes_is_linear(filler: bytes) -> None:
    began = time.process_time()
    read(b"\x0bMSH|" + filler * (400_000 // len(filler)) + b"\x1c\r", 200_000)
    assert time.process_time() - began < 2


def test_a_missing_final_cr_ends_a_frame_when_the_next_begins() -> None:
    assert read(b"\x0b" + ONE + b"\x1c\x0b" + TWO + b"\x1c\r") == ([ONE, TWO], 0, 0)


def test_a_missing_final_cr_ends_a_frame_when_nothing_follows() -> None:
    deframer = Deframer()
    assert deframer.feed(b"\x0b" + ONE + b"\x1c") == []
    assert deframer.ending
    assert deframer.finish() == [ONE]
    assert deframer.feed(b"\r\x0b" + TWO + b"\x1c\r") == [TWO]
    assert deframer.junk == 0


def test_an_fs_inside_a_message_does_not_cut_it_short() -> None:
    body = b"MSH|^~\\&|one\rNTE|a\x1cb\rPID|1\r"
    assert read(b"\x0b" + body + b"\x1c\r") == ([body], 0, 0)


def test_a_vt_inside_a_message_is_content() -> None:
    body = b"MSH|^~\\&|one\rNTE|first line\x0bsecond line\r"
    assert read(b"\x0b" + body + b"\x1c\r") == ([body], 0, 0)


def test_a_sender_that_begins_anew_leaves_no_trace_of_the_first_half() -> None:
    assert read(b"\x0bMSH|half\x0b" + ONE + b"\x1c\r") == ([ONE], 0, 1)


def test_a_missing_vt_is_tolerated_where_a_message_begins() -> None:
    assert read(ONE + b"\x1c\r\r\n" + TWO + b"\x1c\r") == ([ONE, TWO], 0, 0)


def test_junk_between_frames_is_counted_and_dropped() -> None:
    wire = b"hello\x0b" + ONE + b"\x1c\rjunk MSH|\x0b" + TWO + b"\x1c\r"
    assert read(wire) == ([ONE, TWO], len(b"hello" + b"junk MSH|"), 0)


def test_blanks_between_frames_are_no_junk() -> None:
    assert read(b"\r\n\x0b" + ONE + b"\x1c\r\n\x00 \x0b" + TWO + b"\x1c\r") == (
        [ONE, TWO],
        0,
        0,
    )


def test_endless_junk_ends_the_stream() -> None:
    frames, _, _ = read(b"x" * 50, limit=20)
    assert [frame.code for frame in frames if isinstance(frame, Broken)] == ["framing"]


@pytest.mark.parametrize(
    "wire",
    [b"x" + mllp.frame(ONE), ONE + b"\x1c\r", b"\x0ba\x1c\x0bb\x1c\r", b"\x0ba\x0bb\x1c\r"],
)
def test_strict_takes_nothing_but_the_standard(wire: bytes) -> None:
    frames, _, _ = read(wire, strict=True)
    assert [type(frame) for frame in frames] == [Broken]


def test_a_frame_at_the_limit_passes_and_one_byte_more_is_too_long() -> None:
    assert read(mllp.frame(b"MSH|" + b"x" * 16), limit=20) == ([b"MSH|" + b"x" * 16], 0, 0)
    (event,), _, _ = read(mllp.frame(b"MSH|" + b"x" * 17), limit=20)
    assert event == Broken(
        code="too_long", rule="a message of more than 20 bytes", head=b"MSH|" + b"x" * 16
    )


def test_frames_before_one_that_is_too_long_are_kept() -> None:
    frames, _, _ = read(mllp.frame(b"MSH|1") + mllp.frame(b"MSH|" + b"x" * 17), limit=20)
    assert frames[0] == b"MSH|1" and isinstance(frames[1], Broken)


def test_nothing_comes_after_a_broken_frame() -> None:
    deframer = Deframer(limit=5)
    assert deframer.feed(mllp.frame(b"MSH|123"))
    assert deframer.feed(mllp.frame(b"MSH|1")) == []


def test_a_large_body_comes_in_chunks_without_a_copy_of_the_whole() -> None:
    body = b"MSH|" + b"x" * (LARGE * 3)
    deframer = Deframer()
    wire = mllp.frame(body)
    frames = [
        frame
        for at in range(0, len(wire), 65536)
        for frame in deframer.feed(wire[at : at + 65536])
    ]
    assert isinstance(frames[0], list) and max(map(len, frames[0])) < LARGE
    assert b"".join(frames[0]) == body


def test_many_small_chunks_do_not_cost_more_than_they_carry() -> None:
    deframer = Deframer()
    deframer.feed(b"\x0bMSH|")
    for _ in range(100_000):
        deframer.feed(b"xy")
    assert len(deframer._parts) < 10 and deframer.size == 200_004


def test_a_payload_that_would_end_its_frame_early_is_refused() -> None:
    with pytest.raises(MessageError, match="cannot be framed"):
        mllp.frame(b"MSH|a\x1c\rMSH|b")
