"""Partners' answers that become messages of a channel (`reply: {to:}`), kept before their deliveries are settled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.errors import CommitUnknown, EngineError
from engine.lanes import Lanes
from engine.message import LARGE, Delivery, Inbound, State
from engine.pipeline import Attempt

if TYPE_CHECKING:
    from engine.runtime.station import Station

#: Seconds between two tries to keep an answer that its channel does not take.
TRY_AGAIN = 1.0


async def hand_on(station: Station, lanes: Lanes, delivery: Delivery, attempt: Attempt) -> None:
    """
    Return when the answer is kept; until then its delivery is under way. Each reason why it is not kept is told once.

    CommitUnknown ends the engine: the delivery stays claimed.
    """
    answer, replies = attempt.answer, lanes.route.replies
    if answer is None or not answer.body or replies is None or not replies.to:
        return
    if attempt.settlement.state not in (State.DELIVERED, State.REFUSED):
        return
    try:
        while why := await _kept(station, lanes, delivery, answer.body, replies.to):
            if why != lanes.unkept:
                _tell(station, lanes, delivery, why)
            lanes.unkept = why
            await asyncio.sleep(TRY_AGAIN)
    finally:
        lanes.unkept = ""


async def _kept(
    station: Station, lanes: Lanes, delivery: Delivery, body: bytes, name: str
) -> str:
    """Why the answer is not kept, in words; empty = it is."""
    engine = station.engine
    target = engine.stations.get(name)
    if target is None:
        return f"the channel {name}, which takes its answers, does not run"
    try:
        inbound = Inbound(
            raw=body if len(body) <= LARGE else await engine.store.spool([body]),
            received_at=engine.clock.now(),
            peer=f"{station.channel.name}.{lanes.route.name}",
            parent=delivery.message,
            test=delivery.test,
        )
        reply = await target.receive(inbound)
    except CommitUnknown:
        raise
    except Exception as error:
        said = str(error) if isinstance(error, EngineError) else type(error).__name__
        return f"{name} does not take its answer: {said}"
    return (
        "" if reply.receipt is not None else f"{name} does not take its answer: {reply.error}"
    )


def _tell(station: Station, lanes: Lanes, delivery: Delivery, why: str) -> None:
    station.engine.log.event(
        "warning", station.channel.name, "answer_not_kept", delivery.message,
        destination=lanes.route.name, detail=why,
    )  # fmt: skip
