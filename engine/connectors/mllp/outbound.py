"""One connection that messages go out on: a frame out, its acknowledgement in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ssl import SSLError
from typing import cast

from engine.connectors.mllp import acknowledgement
from engine.connectors.mllp.acknowledgement import Acknowledgement
from engine.connectors.mllp.listener import keep_alive, reason_of
from engine.errors import DeliveryError, Misconfigured, Uncertain
from engine.message import LARGE
from engine.wire import mllp
from engine.wire.mllp import Broken, Deframer

#: Largest acknowledgement, in bytes.
_LIMIT = 1024 * 1024

#: A large payload is written in pieces of this size, each when the one before has left.
_PIECE = 256 * 1024

#: Seconds without a byte after which an acknowledgement without a frame counts as whole.
_QUIET = 0.2

Answered = tuple[bytes, Acknowledgement | None]


class Line(asyncio.Protocol):
    """Carries one message at a time; `stale` once it must not carry another."""

    def __init__(
        self, match: str, silence: float, ready: Callable[[Line], None] | None
    ) -> None:
        self.stale = False
        """Whether its end was seen, or something came that nobody asked for."""
        self.since = 0.0
        """When it was last used, on the loop's clock."""
        self._match, self._silence, self._ready = match, silence, ready
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._deframer = Deframer(_LIMIT)
        self._answer: asyncio.Future[Answered] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._quiet: asyncio.TimerHandle | None = None
        self._control = self._bare = b""
        self._choked = False

    # -- what the network does ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands, TLS included."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=1, low=0)
        keep_alive(transport, self._silence)
        self.since = self._loop.time()
        if self._ready is not None:
            self._ready(self)

    def data_received(self, data: bytes) -> None:
        """Part of an acknowledgement, or something nobody asked for."""
        if self._answer is None or self._answer.done():
            self.stale = self.stale or self._match == "strict"
            return
        if self._match == "lenient" and self._is_bare(data):
            self._take_bare(data)
            return
        deframer = self._deframer
        for found in deframer.feed(data) + deframer.finish():
            if isinstance(found, Broken):
                self._fail(Uncertain("unreadable", "the answer is no MLLP frame"))
            else:
                self._take(found if isinstance(found, bytes) else b"".join(found))

    def eof_received(self) -> None:
        """The partner is done with this connection."""
        self.stale = True
        self._take_quiet()

    def connection_lost(self, error: Exception | None) -> None:
        """Whatever waits for this connection may or may not have arrived."""
        self.stale = True
        self._cancel_quiet()
        if isinstance(error, SSLError) and "ALERT" in (error.reason or ""):
            self._fail(
                Misconfigured("TLS", f"the partner does not trust us: {reason_of(error)}")
            )
        else:
            self._fail(Uncertain("connection lost", "after the message was sent"))

    def pause_writing(self) -> None:
        """What was written has not left yet."""
        self._choked = True

    def resume_writing(self) -> None:
        """It has."""
        self._choked = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    # -- one message ----------------------------------------------------------------------------------------

    async def exchange(self, payload: bytes, within: float) -> Answered:
        """
        Send one message and wait for its answer; with `ack_match: none` only until it has left.
        Uncertain when it may have arrived, Misconfigured when the partner's TLS turned us away.
        """
        self._control = acknowledgement.control_of(payload)
        if self._match == "lenient":
            self._deframer, self._bare = Deframer(_LIMIT), b""
        answer: asyncio.Future[Answered] = self._loop.create_future()
        self._answer = answer
        try:
            await self._write(payload, within)
            if self._match == "none":
                await self._drain(within)
                return b"", None
            timer = self._loop.call_later(within, self._expire)
            try:
                answered = await answer
            finally:
                timer.cancel()
            return answered
        finally:
            self._answer = None
            if answer.done() and not answer.cancelled():
                answer.exception()
            self.since = self._loop.time()

    def close(self) -> None:
        """Let go of the connection."""
        self.stale = True
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Let go of it at once; what was not sent is not sent."""
        self.stale = True
        if self._transport is not None:
            self._transport.abort()

    async def _write(self, payload: bytes, within: float) -> None:
        transport = self._transport
        assert transport is not None
        if len(payload) <= LARGE:
            transport.write(mllp.START + payload + mllp.END)
            return
        view = memoryview(payload)
        transport.write(mllp.START)
        for at in range(0, len(view), _PIECE):
            transport.write(view[at : at + _PIECE])
            await self._drain(within)
        transport.write(mllp.END)

    async def _drain(self, within: float) -> None:
        """Wait until all that was written has left."""
        if self._choked and not self.stale:
            self._drained = self._loop.create_future()
            timer = self._loop.call_later(within, self._expire)
            try:
                await self._drained
            finally:
                timer.cancel()
                self._drained = None
        if self._answer is not None and self._answer.done():
            self._answer.result()
        if self.stale and self._choked:
            raise Uncertain("connection lost", "while the message was being sent")

    # -- its answer -----------------------------------------------------------------------------------------

    def _take(self, body: bytes) -> None:
        """A whole answer: ours, or one to skip, or a sign that the connection is out of step."""
        found = acknowledgement.read(body)
        ours = not self._control or (found is not None and found.control == self._control)
        if self._match == "strict" and found is not None and not ours:
            self._fail(Uncertain("wrong acknowledgement", "its MSA-2 is not our MSH-10"))
        elif found is None or ours or not found.control:
            self.stale = self.stale or found is None
            self._finish((body, found))

    def _is_bare(self, data: bytes) -> bool:
        """Whether these bytes belong to an answer without a frame."""
        text = data.lstrip(b"\r\n")
        return bool(self._bare) or (
            bool(text) and not self._deframer.partial and text[:1] != mllp.START
        )

    def _take_bare(self, data: bytes) -> None:
        """An acknowledgement without a frame: whole when its MSA segment is, or when nothing more comes."""
        self._bare += data
        self._cancel_quiet()
        text = self._bare.strip(mllp.START + mllp.STOP)
        found = acknowledgement.read(text)
        if (found is not None and found.whole) or len(self._bare) > _LIMIT:
            self._bare = b""
            self._take(text)
        else:
            self._quiet = self._loop.call_later(_QUIET, self._take_quiet)

    def _take_quiet(self) -> None:
        self._cancel_quiet()
        if self._bare and acknowledgement.read(self._bare) is not None:
            text, self._bare = self._bare.strip(mllp.START + mllp.STOP), b""
            self._take(text)

    def _cancel_quiet(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None

    def _finish(self, answered: Answered) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answered)

    def _fail(self, error: DeliveryError) -> None:
        self.stale = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _expire(self) -> None:
        self._fail(Uncertain("no acknowledgement", "in the time that 'timeout' gives"))
