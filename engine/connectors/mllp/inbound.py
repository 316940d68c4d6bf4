"""One connection that messages come in on: frames in, answers out, in the same order."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

from engine.connectors.mllp.exchange import Slot, exchange, refusal
from engine.connectors.mllp.listener import keep_alive
from engine.message import LARGE
from engine.wire.mllp import Broken, Deframer, Frame

if TYPE_CHECKING:
    from engine.connectors.mllp.source import Source

#: Messages of one connection that may be under way at once; a sender that does not wait is slowed down beyond it.
WINDOW = 64

#: Seconds to wait for the final CR of a frame that has its FS.
ENDING = 0.01

#: Seconds in which what a sender still sends after a frame that was not taken is read and dropped.
LINGER = 5.0

#: Why reading pauses; it goes on when no reason is left.
_WINDOW, _WRITE, _ALONE = 1, 2, 4


class Connection(asyncio.Protocol):
    """
    Submits each frame as it comes, without waiting for the answer to the one before, so that frames which wait
    together share a commit; answers them in order. One task lives as long as the connection; more join it
    while more frames wait than it can take. A large body and a full queue make those behind them wait.
    """

    def __init__(self, source: Source, peer: str) -> None:
        settings = source.settings
        self.peer = peer
        self.seen = False
        """Whether a byte came: what never sends one is a load balancer's probe."""
        self.announced = False
        """Whether its coming was logged; short connections are not worth a line."""
        self._active = True
        self._last = self._begun = 0.0
        self._source, self._loop = source, asyncio.get_running_loop()
        self._deframer = Deframer(settings.limit, settings.framing == "strict")
        self._waiting: deque[Frame | Broken] = deque()
        self._slots: deque[Slot] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._idle: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._paused = 0
        self._junk = self._weight = 0
        self._spooling: list[bytes] = []
        self._alone = self._leaving = self._deaf = self._secure = False

    # -- what the network does ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands, TLS included."""
        self._transport = cast(asyncio.Transport, transport)
        self._secure = transport.get_extra_info("sslcontext") is not None
        keep_alive(transport, self._source.settings.keep_alive)
        self._source.opened(self)

    def data_received(self, data: bytes) -> None:
        """Cut into frames, submit them."""
        if self._deaf:
            return
        self._active = self.seen = True
        deframer = self._deframer
        frames = deframer.feed(data)
        if frames:
            self._take(frames)
        if (
            deframer.partial
            or self._weight
            or self._ending is not None
            or deframer.junk != self._junk
        ):
            self._look_closer()

    def eof_received(self) -> bool:
        """The sender has said all; answers under way still go out."""
        self._take(self._deframer.close())
        self._leaving = True
        return not self._secure and bool(self._slots or self._waiting)

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody is left to answer; what arrived whole is kept all the same."""
        self._leaving, self._transport = True, None
        self._deframer.close()
        if self._deframer.cut:
            self._source.site.notice("warning", "message_cut_off", peer=self.peer)
        self._cancel_ending()
        self._wake()
        self._weigh()
        self._close_when_done()

    def pause_writing(self) -> None:
        """The sender does not read its answers."""
        self._pause(_WRITE)

    def resume_writing(self) -> None:
        """It reads again."""
        self._resume(_WRITE)

    # -- frames ---------------------------------------------------------------------------------------------

    def overdue(self, now: float, idle: float, frame_within: float) -> str:
        """`idle`, `slow_sender` or nothing; asked every so often by the source's watch."""
        if self._active or self._slots or self._waiting:
            self._active, self._last = False, now
        elif now - self._last > idle:
            return "idle"
        if self._paused or not self._deframer.partial:
            self._begun = 0.0
        elif not self._begun:
            self._begun = now
        elif now - self._begun > frame_within:
            return "slow_sender"
        return ""

    def stop(self) -> None:
        """Take nothing more; close when all that is under way is answered."""
        # Bytes left unread would make the close a reset, which can destroy an answer on its way.
        self._leaving = self._deaf = True
        self._waiting.clear()
        if self._deframer.broken and not self._slots:
            self.abort()
        self._close_when_done()

    def abort(self) -> None:
        """Close at once, without another word."""
        self._leaving = True
        self._waiting.clear()
        self._slots.clear()
        if self._transport is not None:
            self._transport.abort()

    def _take(self, frames: list[Frame | Broken]) -> None:
        waiting = self._waiting
        waiting.extend(frames)
        self._begun = 0.0
        if self._idle is not None:
            self._wake()
            more = len(waiting) - 1
        else:
            more = len(waiting)
        for _ in range(min(more, WINDOW - len(self._workers))):
            worker = self._loop.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._worker_ended)
        if len(waiting) + len(self._slots) >= WINDOW:
            self._pause(_WINDOW)

    def _look_closer(self) -> None:
        """What only happens with half frames and deviating senders."""
        self._cancel_ending()
        if self._deframer.ending:
            self._ending = self._loop.call_later(ENDING, self._end)
        if self._deframer.junk and not self._junk:
            self._source.site.notice("warning", "bytes_outside_frames", peer=self.peer)
        self._junk = self._deframer.junk
        self._weigh()

    def _weigh(self) -> None:
        """Tell the source how much of large messages is held here; past what it has room for, give this one up."""
        held = self._deframer.size + sum(map(len, self._spooling))
        held += sum(
            len(chunk) for frame in self._waiting if type(frame) is list for chunk in frame
        )
        grown, self._weight = held - self._weight, held
        if not self._source.has_room(grown) and self._deframer.size > LARGE:
            self._take(self._deframer.give_up("too_much", "too many large messages at once"))
            self._weigh()

    def _end(self) -> None:
        self._ending = None
        self._take(self._deframer.finish())

    def _cancel_ending(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    def _wake(self) -> None:
        idle, self._idle = self._idle, None
        if idle is not None and not idle.done():
            idle.set_result(None)

    async def _work(self) -> None:
        """Take frames as they come; the last worker stays for as long as the connection."""
        waiting, slots, pressure = self._waiting, self._slots, self._source.site.pressure
        while True:
            if not waiting or self._alone:
                if self._leaving or self._idle is not None:
                    return
                self._idle = self._loop.create_future()
                await self._idle
                continue
            frame = waiting.popleft()
            slot = Slot()
            slots.append(slot)
            if type(frame) is bytes and not pressure():
                slot.answer = await self._exchange(frame, frame)
            else:
                slot.answer = await self._exchange_alone(frame)
            if slots and slots[0] is slot:
                self._flush()

    def _worker_ended(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if not worker.cancelled() and (error := worker.exception()) is not None:
            self._fail(error)

    # -- one message ----------------------------------------------------------------------------------------

    async def _exchange_alone(self, frame: Frame | Broken) -> bytes:
        """A frame that those behind it wait for, so that they cannot overtake it."""
        self._alone = True
        self._pause(_ALONE)
        try:
            if isinstance(frame, Broken):
                return self._give_up(frame)
            head = frame if isinstance(frame, bytes) else frame[0]
            self._spooling = [] if isinstance(frame, bytes) else frame
            if not await self._source.relief():
                return refusal(self._source.site, head, "the queue is full")
            return await self._exchange(frame, head)
        finally:
            self._alone, self._spooling = False, []
            self._weigh()
            self._resume(_ALONE)
            self._take([])

    async def _exchange(self, frame: Frame, head: bytes) -> bytes:
        try:
            answer = await exchange(self._source, self.peer, frame, head)
        except Exception as error:
            self._fail(error)
            return b""
        if answer is None:
            self.abort()
        return answer or b""

    def _give_up(self, broken: Broken) -> bytes:
        """Answer what can be answered, then let the sender's bytes run dry: a reset would destroy the answer."""
        self._source.site.notice("warning", broken.code, peer=self.peer, why=broken.rule)
        self._leaving = True
        self._waiting.clear()
        self._loop.call_later(LINGER, self.abort)
        return refusal(self._source.site, broken.head, broken.rule) if broken.head else b""

    def _fail(self, error: BaseException) -> None:
        """A mistake of ours: nobody is told anything, the sender keeps its message."""
        self._source.site.notice(
            "error", "receive_failed", peer=self.peer, why=type(error).__name__
        )
        self.abort()

    # -- answers and flow -----------------------------------------------------------------------------------

    def _flush(self) -> None:
        """Send the answers that are due, in order."""
        slots, transport = self._slots, self._transport
        while slots and (answer := slots[0].answer) is not None:
            slots.popleft()
            if answer and transport is not None:
                transport.write(answer)
        if self._paused & _WINDOW and len(self._waiting) + len(slots) <= WINDOW // 2:
            self._resume(_WINDOW)
        if self._leaving:
            self._close_when_done()

    def _close_when_done(self) -> None:
        transport = self._transport
        if self._slots or self._waiting:
            return
        if transport is None:
            self._source.closed(self)
        elif self._deframer.broken and transport.can_write_eof():
            transport.write_eof()
        elif not self._deframer.broken and not transport.is_closing():
            transport.close()

    def _pause(self, reason: int) -> None:
        transport = self._transport
        if not self._paused and transport is not None and not transport.is_closing():
            transport.pause_reading()
        self._paused |= reason

    def _resume(self, reason: int) -> None:
        transport, paused = self._transport, self._paused
        self._paused &= ~reason
        if paused and not self._paused and transport is not None and not transport.is_closing():
            self._begun = 0.0
            transport.resume_reading()
