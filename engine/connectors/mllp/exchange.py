"""One message that came in: handed to the engine, and what its sender is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.connectors import Site
from engine.errors import CommitRefused, CommitUnknown, MessageError
from engine.message import Body, Inbound
from engine.wire import mllp
from engine.wire.mllp import Frame

if TYPE_CHECKING:
    from engine.connectors.mllp.source import Source


class Slot:
    """The place of one answer in the order of answers."""

    __slots__ = ("answer",)

    def __init__(self) -> None:
        self.answer: bytes | None = None


async def exchange(source: Source, peer: str, frame: Frame, head: bytes) -> bytes | None:
    """
    Hand one message to the engine. The framed answer; empty where its format has none; None where nobody knows
    whether it was kept: say nothing and close. `head` is the message's beginning, for a refusal.
    """
    site = source.site
    try:
        raw = frame if type(frame) is bytes else await _spool(site, frame)
        reply = await source.receive(Inbound(raw=raw, received_at=site.now(), peer=peer))
    except CommitRefused:
        return refusal(site, head, "it could not be kept")
    except CommitUnknown:
        return None
    if reply.receipt is None and not (reply.body and isinstance(raw, bytes)):
        return refusal(site, head, reply.error)
    return framed(reply.body) if reply.body else b""


def refusal(site: Site, head: bytes, why: str) -> bytes:
    """What a sender is told whose message was not kept: try again."""
    if site.format is None:
        return b""
    return framed(site.format.refuse(head, site.reading, site.now(), why))


def framed(answer: bytes) -> bytes:
    """An answer on the wire; what it repeats of a broken message cannot break its frame."""
    try:
        return mllp.frame(answer)
    except MessageError:
        return mllp.frame(answer.replace(mllp.STOP, b" "))


async def _spool(site: Site, chunks: Frame) -> Body:
    try:
        return await site.spool(list(chunks))  # type: ignore[arg-type]
    except OSError as error:
        raise CommitRefused(f"the body cannot be written: {error.strerror}") from error
