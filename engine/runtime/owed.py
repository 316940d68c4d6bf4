"""
Answers that senders wait for: until destinations have a message (`ack: delivered`), or until one has answered (`answer:`).

A message is kept before anybody waits; when the limit is reached the sender is not told yes, and nothing is sent twice. An
answer that comes later is kept with its delivery and shown in the message's trail. Where the destination cannot be reached the
sender is told so at once: nobody waits for what does not come.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import msgspec

from engine.channel import Answered
from engine.connectors import Answer
from engine.errors import EngineError, Misconfigured, Unavailable
from engine.judgement import is_told, rendered
from engine.message import Delivery, Inbound, Receipt, Reply, State, Verdict
from engine.pipeline import Attempt
from engine.runtime.outcomes import Outcomes

if TYPE_CHECKING:
    from engine.runtime.station import Station

#: Answers that are remembered for a sender who begins to wait only after they came, before the disk shows them.
LATELY = 200


#: Verdicts of messages that a destination may answer.
_ANSWERED = (Verdict.ACCEPTED, Verdict.SPLIT)


class Owed:
    """The answers that one channel's senders wait for."""

    def __init__(self, station: Station) -> None:
        self._station = station
        settings = station.channel.source.settings
        self.delivered = getattr(settings, "ack", "accepted") == "delivered"
        """Whether senders wait until destinations have the message."""
        self._outcomes = Outcomes()
        self._waiting: dict[int, list[asyncio.Future[Answer | str]]] = {}
        """By delivery; a text = why there is no answer."""
        self._lately: OrderedDict[int, Answer | str] = OrderedDict()

    @property
    def any(self) -> bool:
        """Whether senders wait for anything but the commit."""
        return self.delivered or self._station.channel.answer is not None

    def ended(self, delivery: Delivery, attempt: Attempt, name: str) -> None:
        """An attempt ended; who waits for it is told."""
        state = attempt.settlement.state
        answered = self._station.channel.answer
        asked = answered is not None and answered.from_ == name
        if state is State.QUEUED:
            failure = attempt.failure
            if asked and isinstance(failure, Unavailable | Misconfigured):
                self._unreached(name, failure.status)
            return
        if self.delivered:
            self._outcomes.ended(delivery.id, state)
        if asked:
            self._answered(delivery.id, attempt.answer or f"{name} has not taken the message")

    def _answered(self, delivery: int, answer: Answer | str) -> None:
        self._tell(delivery, answer)
        self._lately[delivery] = answer
        if len(self._lately) > LATELY:
            self._lately.popitem(last=False)

    def _unreached(self, name: str, status: str) -> None:
        """The destination as a whole waits now: whoever is not being sent to it hears so."""
        lanes = self._station.lanes.get(name)
        under_way = lanes.sending if lanes is not None else {}
        for delivery in [each for each in self._waiting if each not in under_way]:
            self._tell(delivery, _unreached(name, status))

    def _tell(self, delivery: int, answer: Answer | str) -> None:
        for future in self._waiting.pop(delivery, []):
            if not future.done():
                future.set_result(answer)

    async def reply(self, inbound: Inbound, reply: Reply) -> Reply:
        """What the sender is told, once it is known or the limit is reached."""
        channel = self._station.channel
        if channel.answer is not None:
            return await self._with_answer(inbound, reply, channel.answer)
        return await self._when_delivered(inbound, reply, channel.source.settings)

    # -- a destination's answer -----------------------------------------------------------------------------

    async def _with_answer(self, inbound: Inbound, reply: Reply, rule: Answered) -> Reply:
        """
        Of a message that was split the one part that was sent there is answered for; a sender that repeats itself joins the
        wait for the original's answer, or gets it once more.
        """
        receipt = reply.receipt
        assert receipt is not None
        answer, why = await self._answer(receipt, rule, inbound)
        if answer is None:
            return reply if not why else await self._without(inbound, reply, rule, why)
        try:
            station = self._station
            body = rendered(station.channel, rule, answer, inbound, station.context(inbound))
        except Exception as error:
            said = str(error) if isinstance(error, EngineError) else type(error).__name__
            why = f"the answer of {rule.from_} cannot be passed on: {said}"
            return await self._without(inbound, reply, rule, why)
        if not body and not rule.otherwise.isdigit():
            why = f"the answer of {rule.from_} is empty"
            return await self._without(inbound, reply, rule, why)
        headers = None if rule.transforms else answer.headers
        status = _status(answer, rule)
        return msgspec.structs.replace(reply, body=body, status=status, headers=headers)

    async def _answer(
        self, receipt: Receipt, rule: Answered, inbound: Inbound
    ) -> tuple[Answer | None, str]:
        """The answer, or why there is none; neither where the verdict itself is the answer."""
        engine, channel = self._station.engine, self._station.channel
        if receipt.verdict is Verdict.DUPLICATE and receipt.reason in _ANSWERED:
            past = await engine.answered(receipt.original, rule.from_)
            if past.answer is not None:
                return past.answer, ""
            if not past.waiting:
                return None, f"{rule.from_} has not answered the first time"
            asked = past.waiting
        elif receipt.verdict in _ANSWERED:
            number = engine.store.destination(channel.name, rule.from_)
            receipts = (receipt, *receipt.parts)
            sent = [item for one in receipts for item in one.deliveries]
            asked = [item.id for item in sent if item.destination == number]
        else:
            return None, ""
        if len(asked) != 1 and is_told(channel, inbound):
            return None, ""
        if len(asked) != 1:
            what = "nothing" if not asked else f"{len(asked)} messages"
            return None, f"{what} went to {rule.from_}, so that there is no one answer"
        return await self._wait(asked[0], rule)

    async def _wait(self, delivery: int, rule: Answered) -> tuple[Answer | None, str]:
        if delivery in self._lately:
            return _told(self._lately[delivery])
        if why := self._standing_still(rule.from_, delivery):
            return None, why
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer | str] = loop.create_future()
        self._waiting.setdefault(delivery, []).append(future)
        try:
            answer = await asyncio.wait_for(future, rule.within)
        except TimeoutError:
            return None, f"{rule.from_} has not answered within {rule.within:g} s"
        finally:
            self._forget(delivery, future)
        return _told(answer)

    def _standing_still(self, name: str, delivery: int) -> str:
        """Why a delivery does not go to its destination now; empty = it does."""
        lanes = self._station.lanes.get(name)
        if lanes is None or delivery in lanes.sending:
            return ""
        if lanes.hold.held:
            return _unreached(name, "on hold")
        waits = lanes.breaker.until > lanes.clock.monotonic()
        return _unreached(name, lanes.breaker.why.partition(":")[0]) if waits else ""

    def _forget(self, delivery: int, future: asyncio.Future[Answer | str]) -> None:
        waiting = self._waiting.get(delivery, [])
        if future in waiting:
            waiting.remove(future)
        if not waiting:
            self._waiting.pop(delivery, None)

    async def _without(self, inbound: Inbound, reply: Reply, rule: Answered, why: str) -> Reply:
        """No answer: what the channel says the sender is told then."""
        station, receipt = self._station, reply.receipt
        assert receipt is not None
        station.engine.log.event(
            "warning", station.channel.name, "not_answered", receipt.id, detail=why
        )
        if rule.otherwise.isdigit():
            return msgspec.structs.replace(reply, body=b"", error=why, status=rule.otherwise)
        body = await station.negative(inbound, receipt, "not_answered", why, rule.otherwise)
        return msgspec.structs.replace(reply, body=body, error=why)

    # -- delivered ------------------------------------------------------------------------------------------

    async def _when_delivered(self, inbound: Inbound, reply: Reply, settings: Any) -> Reply:
        """
        Answer yes only once the destinations named have it; no positive answer when the limit is reached.

        A sender that repeats itself meanwhile joins the wait for the original's deliveries.
        """
        station, receipt = self._station, reply.receipt
        assert receipt is not None
        names = settings.ack_from or tuple(station.lanes)
        wanted = {station.lanes[name].number for name in names if name in station.lanes}
        receipts: tuple[Receipt, ...] = (receipt, *receipt.parts)
        queued = (item for one in receipts for item in one.deliveries)
        deliveries = [item.id for item in queued if item.destination in wanted]
        if receipt.verdict is Verdict.DUPLICATE:
            deliveries = await station.engine.open_deliveries(receipt.original, names)
        why = await self._outcomes.wait(deliveries, settings.ack_within)
        if not why:
            return reply
        body = await station.negative(inbound, receipt, "not_delivered", why, "AE")
        return Reply(receipt=receipt, body=body, error=why)


def _unreached(name: str, status: str) -> str:
    """For a sender, who is told the partner's word but no address of ours."""
    return f"{name} cannot be reached now ({status}); it gets the message when it can"


def _told(answer: Answer | str) -> tuple[Answer | None, str]:
    return (None, answer) if isinstance(answer, str) else (answer, "")


def _status(answer: Answer, rule: Answered) -> str:
    """For a sender that asked by HTTP: the status of the answer, and its content type where the body is the partner's."""
    kind = (answer.headers or {}).get("content-type", "") if not rule.transforms else ""
    return f"{answer.status if answer.status.isdigit() else '200'} {kind}".rstrip()
