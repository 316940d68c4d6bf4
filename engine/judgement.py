"""What a partner's answer means: the channel's `reply:` rules, or else the connector's own table; and what a sender is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from engine.alerts import span
from engine.channel import Answered, Channel, Route
from engine.connectors import Answer
from engine.errors import DeliveryError, MessageError, Refused, Unavailable, Uncertain
from engine.formats import Reading, Scope
from engine.message import Context, Facts, Inbound, Receipt, Spooled, Verdict
from engine.planning import texts_of
from engine.planning.chunks import blocks_of
from engine.planning.routing import bytes_of, chained
from engine.retry import Decision

_PLAIN = Reading()


def judge(route: Route, answer: Answer) -> DeliveryError | None:
    """What an answer means: the channel's `reply:` rules, or else the connector's own table. None = accepted."""
    replies = route.replies
    if replies is None or (replies.accepted is None and replies.retry is None):
        return answer.failure
    try:
        scope = _reply_scope(route, answer)
        if replies.accepted is not None and replies.accepted.run(scope) is True:
            return None
        if replies.retry is not None and replies.retry.run(scope) is True:
            after = answer.failure.retry_after if answer.failure else None
            return Unavailable(answer.status, "the reply rules say: try again", after)
    except MessageError as error:
        return Uncertain(answer.status, f"the answer cannot be read: {error}")
    if replies.accepted is None:
        return answer.failure
    return answer.failure or Refused(answer.status, "the reply rules do not accept this answer")


def told(route: Route, failure: DeliveryError, decision: Decision) -> str:
    """What a failed attempt says of itself; of one that pauses its destination also for how long."""
    if not decision.pause:
        return failure.detail
    again = (
        f"paused; tried again in {span(route.policy.retry.longest_wait)} or when it is released"
    )
    return f"{failure.detail}; {again}" if failure.detail else again


def kept(route: Route, answer: Answer) -> dict[str, str] | None:
    """
    What `reply.keep` takes from an answer, by name, over what its connector took; None where there is nothing. Never
    raises: the outcome stands.
    """
    replies = route.replies
    if replies is None or not replies.keep:
        return answer.kept
    found: dict[str, str] = dict(answer.kept or {})
    try:
        scope = _reply_scope(route, answer)
        for name, expression in replies.keep:
            for text in texts_of(expression.run(scope))[:1]:
                found[name] = text
    except Exception:  # whatever a partner writes into its answer
        return found or None
    return found or None


def _reply_scope(route: Route, answer: Answer) -> Scope:
    replies = route.replies
    assert replies is not None
    node: Any = None
    if replies.format is not None and answer.body:
        node = replies.format.parse(answer.body, _PLAIN)
    facts = {"status": answer.status, **(answer.headers or {})}
    inbound = Inbound(raw=b"", received_at=0.0, facts=facts)
    return Scope(node, Facts(inbound=inbound, context=Context(now=0.0)))


def rendered(
    channel: Channel, rule: Answered, answer: Answer, inbound: Inbound, context: Context
) -> bytes:
    """
    The reply to a sender that gets a destination's answer: as it is, or what `transform` makes of it. MessageError where it
    cannot be read, or where what is made of it is not one thing.
    """
    if not rule.transforms:
        return answer.body
    format = rule.format or channel.format
    document = format.parse(answer.body, _PLAIN)
    headers = {f"header.{name}": value for name, value in (answer.headers or {}).items()}
    asked = msgspec.structs.replace(
        inbound, facts={**headers, **(inbound.facts or {}), "status": answer.status}
    )
    facts = Facts(inbound=asked, context=context, marks=channel.marks)
    lets = _lets(channel, inbound, facts)
    made = [each for steps in rule.transforms for each in chained(steps, document, facts, lets)]
    if len(made) != 1:
        raise MessageError(
            "not_one_reply", f"what is made of it are {len(made)} things; a reply is one"
        )
    return bytes_of(made[0])


def is_told(channel: Channel, inbound: Inbound) -> bool:
    """Whether a message asks nothing: where there is no one answer to it, its sender is told that it is kept."""
    asks = getattr(channel.source.module, "asks", None)
    return asks is not None and not asks(inbound)


def _lets(channel: Channel, inbound: Inbound, facts: Facts) -> list[Any] | None:
    """The channel's `let` over the message that was answered: a reply may repeat what was asked."""
    if not channel.lets:
        return None
    raw = inbound.raw
    content = Path(raw.path).read_bytes() if isinstance(raw, Spooled) else raw
    scope = Scope(channel.format.parse(content, channel.reading), facts)
    values: list[Any] = [None] * len(channel.lets)
    scope.values = values
    for slot, let in enumerate(channel.lets):
        values[slot] = let.run(scope)
    return values


def negative(
    channel: Channel, raw: bytes, receipt: Receipt, now: float, reason: str, why: str, code: str
) -> bytes:
    """The answer to a sender whose message is kept, but who must not be told yes. `code`: AE or AR."""
    if code == "AR":
        return channel.format.refuse(raw, channel.reading, now, why)
    said = msgspec.structs.replace(
        receipt,
        verdict=Verdict.QUARANTINED,
        reason=reason,
        detail=f"the message is kept, but {why}",
        parts=(),
    )
    return channel.format.acknowledge(raw, said, channel.reading, now)


def acknowledged(channel: Channel, raw: Spooled, receipt: Receipt, now: float) -> bytes:
    """What the sender of a large message is told, in the memory of a block; empty where its file is gone."""
    try:
        blocks, close = blocks_of(raw)
    except OSError:
        return b""
    try:
        return channel.format.acknowledge_blocks(blocks, receipt, channel.reading, now)
    finally:
        close()
