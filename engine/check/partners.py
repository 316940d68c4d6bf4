"""The partners of a test: each answers what the test says, and by the rules of the line it is judged."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from engine.channel import Channel, Home
from engine.channel.cases import Case
from engine.channel.given import Answering, content
from engine.connectors import Answer
from engine.message import Delivery
from engine.pipeline import Attempt, Clock, deliver


class Partners:
    """Who gets deliveries. One of whom the test says nothing takes everything and says nothing."""

    def __init__(
        self, case: Case, channel: Channel, home: Home, now: Callable[[], float]
    ) -> None:
        self._case, self._under_test, self._home = case, channel, home
        self._clock = Clock(now=now, monotonic=time.monotonic, random=lambda: 0.5)
        self._asked: Counter[str] = Counter()

    def says(self, channel: Channel, destination: str) -> bool:
        """Whether the test says what this partner answers."""
        return bool(self._replies(channel, destination))

    def more(self, channel: Channel, destination: str) -> bool:
        """Whether its last word is not spoken: what it did not take is sent again."""
        answered = self._asked[self._name(channel, destination)]
        return answered < len(self._replies(channel, destination))

    async def send(
        self, channel: Channel, destination: str, delivery: Delivery, payload: bytes
    ) -> Attempt:
        """One attempt, and what the line makes of the answer."""
        route = next(route for route in channel.routes if route.name == destination)
        replies = self._replies(channel, destination)
        if not replies:
            silent: Any = _Partner(Answer(status=""))
            plain = msgspec.structs.replace(route, replies=None)
            return await deliver(plain, silent, delivery, payload, 0, self._clock)
        name = self._name(channel, destination)
        reply = replies[min(self._asked[name], len(replies) - 1)]
        self._asked[name] += 1
        partner: Any = _Partner(self._answer(route.link.module, reply))
        return await deliver(route, partner, delivery, payload, 0, self._clock)

    def _name(self, channel: Channel, destination: str) -> str:
        own = channel.name == self._under_test.name
        return destination if own else f"{channel.name}.{destination}"

    def _replies(self, channel: Channel, destination: str) -> tuple[Answering, ...]:
        return self._case.world.replies.get(self._name(channel, destination), ())

    def _answer(self, connector: Any, reply: Answering) -> Answer:
        body = content(reply.sample, self._home.folder) if reply.sample is not None else b""
        judged = getattr(connector, "answered", None)
        if judged is None:
            return Answer(status=reply.status, body=body)
        answer: Answer = judged(body, reply.status)
        return answer


class _Partner:
    """Answers always the same."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def send(self, delivery: Delivery, payload: bytes) -> Answer:
        """See Destination.send."""
        return self._answer
