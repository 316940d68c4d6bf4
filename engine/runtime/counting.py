"""What became of messages and attempts, as counts of a channel and lines of its log."""

from __future__ import annotations

from engine.channel import Channel
from engine.lanes import Lanes
from engine.log import Log
from engine.message import Delivery, Inbound, Plan, Receipt, State, Verdict
from engine.pipeline import Attempt, Clock
from engine.runtime.buckets import Buckets
from engine.store.loading import Loading

#: Rejected parts of one large message that have a line in the log each; the others are counted.
REJECTS_TOLD = 100
#: Minutes of which it is known how many messages came in each.
MINUTES = 60


class Counting:
    """One channel's counts since it was started."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self.received = 0
        self.verdicts: dict[str, int] = {}
        self.last_received_at = 0.0
        self._ring, self._minute = [0] * MINUTES, 0
        self.accepting = Buckets()
        """From the last byte received to the commit, in seconds."""
        self.answering: dict[str, Buckets] = {}
        """By destination: attempts."""
        self.delivering: dict[str, Buckets] = {}
        """By destination: from the queue to the partner's yes."""

    def rate(self) -> list[int]:
        """Messages in each of the last MINUTES minutes, oldest first; the last one is not over yet."""
        at = self._turned(self._clock.now())
        return [*self._ring[at + 1 :], *self._ring[: at + 1]]

    def _turned(self, now: float) -> int:
        """The place of this minute, those that went by since empty; a clock that was set back counts on in the last one."""
        minute = int(now // 60)
        if minute > self._minute:
            for gone in range(max(self._minute, minute - MINUTES) + 1, minute + 1):
                self._ring[gone % MINUTES] = 0
            self._minute = minute
        return self._minute % MINUTES

    def kept(
        self, channel: Channel, inbound: Inbound, receipt: Receipt, planned: Plan | None
    ) -> None:
        """A message was kept, its parts with it."""
        now = self._clock.now()
        self._ring[self._turned(now)] += 1
        self.received += 1
        self.accepting.add(now - inbound.received_at)
        self.last_received_at = inbound.received_at
        verdict = receipt.verdict.value
        self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1
        good = receipt.verdict is not Verdict.QUARANTINED
        self._log.event(
            "info" if good else "warning",
            channel.name,
            verdict,
            receipt.id,
            reason=receipt.reason,
            detail=receipt.detail,
            duration=now - inbound.received_at,
            keys=_key_names(planned),
            kind=planned.kind if planned else "",
            owner="" if good else (planned.owner if planned else "") or channel.owner,
            peer=inbound.peer,
            made=planned.summary if planned else "",
            deliveries=len(receipt.deliveries),
        )
        for at, part in enumerate(receipt.parts):
            self.kept(channel, inbound, part, planned.parts[at] if planned else None)

    def chunk(
        self, channel: Channel, loading: Loading, receipt: Receipt, planned: Plan
    ) -> None:
        """Parts of a large message were kept; the first of them that were rejected are told one by one."""
        left = REJECTS_TOLD - loading.rejected
        self._ring[self._turned(self._clock.now())] += len(receipt.parts)
        for at, part in enumerate(receipt.parts):
            self.received += 1
            verdict = part.verdict.value
            self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1
            if part.verdict is Verdict.QUARANTINED and left > 0:
                left -= 1
                self._log.event(
                    "warning",
                    channel.name,
                    verdict,
                    part.id,
                    reason=part.reason,
                    detail=part.detail,
                    owner=planned.parts[at].owner or channel.owner,
                )

    def loaded(self, channel: Channel, loading: Loading) -> None:
        """A large message is through: its report."""
        level = "warning" if loading.rejected else "info"
        detail = loading.report()
        took = loading.ended_at - loading.began_at
        self._log.event(
            level, channel.name, "taken_apart", loading.message, detail=detail, duration=took
        )

    def tried(
        self, channel: Channel, lanes: Lanes, delivery: Delivery, attempt: Attempt
    ) -> None:
        """An attempt ended."""
        settlement = attempt.settlement
        state = settlement.state
        name = lanes.route.name
        if (answering := self.answering.get(name)) is None:
            answering, self.delivering[name] = Buckets(), Buckets()
            self.answering[name] = answering
        answering.add(settlement.duration)
        if state is State.DELIVERED:
            self.delivering[name].add(settlement.at - delivery.queued_at)
        self._log.event(
            "info" if state is State.DELIVERED else "warning",
            channel.name,
            "waiting" if state is State.QUEUED else state.value,
            delivery.message,
            destination=name,
            status=settlement.status,
            detail=settlement.detail,
            duration=settlement.duration,
            attempt=settlement.attempt,
            again_in=round(settlement.due_at - settlement.at, 1) if settlement.due_at else 0,
        )


def _key_names(planned: Plan | None) -> tuple[str, ...]:
    """The names of the keys a message has, once each."""
    return tuple(dict.fromkeys(name for name, _ in planned.keys)) if planned else ()
