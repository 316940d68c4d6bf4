"""
Notifications of topic-based subscriptions, as R4 has them (Subscriptions R5 Backport 1.1.0): the first entry says which one.

Handshakes and heartbeats are answered and not kept. Events become messages; a number that is missing between two of a
subscription is told to people.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from engine.connectors.fhir import pages
from engine.connectors.fhir.interactions import Asked
from engine.connectors.fhir.told import mark, passed_on, quarantined
from engine.connectors.fhir.visits import House, Visit
from engine.connectors.fhir.writing import facts_of
from engine.http.answers import Page
from engine.message import LARGE, Body, Inbound, Verdict

#: What a Bundle of notifications is: R4 and R4B, R5.
TYPES = ("history", "subscription-notification")
#: Kinds of notifications that say nothing but that the line is there; whatever else comes is kept.
_SILENT = ("handshake", "heartbeat")
#: A subscription as it may be told; whatever else a partner says is not repeated.
_NAME = re.compile(r"[A-Za-z0-9:/.\-_|$]{1,200}")
#: Subscriptions whose numbers are known at most, and the longest name of one.
MOST, LONGEST = 1000, 2000


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the first entry of a notification says."""

    type: str
    subscription: str = ""
    topic: str = ""
    first: int = 0
    """Number of its first event; 0 = it says none."""
    last: int = 0
    """Number of its last event, or of those sent so far."""


class _First(msgspec.Struct, frozen=True):
    resource: dict[str, Any] = {}


class _Notification(msgspec.Struct, frozen=True):
    entry: list[_First] = []


_DECODER = msgspec.json.Decoder(_Notification)


def status_of(raw: bytes) -> Status | None:
    """
    The status that a Bundle begins with; None where it is no notification.

    >>> said = b'{"resourceType":"SubscriptionStatus","type":"heartbeat","eventsSinceSubscriptionStart":"7"}'
    >>> status_of(b'{"entry":[{"resource":%b}]}' % said).last
    7
    """
    try:
        found = _DECODER.decode(raw).entry
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    resource = found[0].resource if found else {}
    if resource.get("resourceType") == "Parameters":
        return _of_parameters(resource)
    if resource.get("resourceType") == "SubscriptionStatus":
        return _of_status(resource)
    return None


def _of_status(resource: dict[str, Any]) -> Status:
    """R4B and R5: SubscriptionStatus."""
    events = [
        each for each in _list(resource.get("notificationEvent")) if isinstance(each, dict)
    ]
    numbers = [_number(each.get("eventNumber")) for each in events]
    subscription = resource.get("subscription")
    reference = subscription.get("reference") if isinstance(subscription, dict) else ""
    return _status(
        str(resource.get("type", "")),
        str(reference or ""),
        str(resource.get("topic") or ""),
        numbers,
        _number(resource.get("eventsSinceSubscriptionStart")),
    )


def _of_parameters(resource: dict[str, Any]) -> Status:
    """R4: the same in Parameters."""
    said = _named(resource.get("parameter"))
    events = [
        _named(each.get("part"))
        for each in _list(resource.get("parameter"))
        if isinstance(each, dict) and each.get("name") == "notification-event"
    ]
    numbers = [_number(_value(each.get("event-number"))) for each in events]
    subscription = _value(said.get("subscription"))
    reference = subscription.get("reference") if isinstance(subscription, dict) else ""
    return _status(
        str(_value(said.get("type")) or ""),
        str(reference or ""),
        str(_value(said.get("topic")) or ""),
        numbers,
        _number(_value(said.get("events-since-subscription-start"))),
    )


def _status(
    type_: str, subscription: str, topic: str, numbers: list[int], so_far: int
) -> Status:
    known = [number for number in numbers if number]
    return Status(
        type=type_,
        subscription=subscription,
        topic=topic,
        first=min(known, default=0),
        last=max(known, default=so_far),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _named(parameters: Any) -> dict[str, dict[str, Any]]:
    every = [each for each in _list(parameters) if isinstance(each, dict)]
    return {str(each.get("name")): each for each in every}


def _value(parameter: dict[str, Any] | None) -> Any:
    """Of a parameter its value, whatever the type."""
    every = (parameter or {}).items()
    return next((value for name, value in every if name.startswith("value")), None)


def _number(value: Any) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


class Watch:
    """Which numbers of each subscription have come."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._gaps: dict[str, tuple[float, str]] = {}

    def warned(self) -> tuple[tuple[str, float, str], ...]:
        """Events that are missing: kind of alert, since when, in which words."""
        return tuple(("notification_gap", since, words) for since, words in self._gaps.values())

    async def take(self, house: House, visit: Visit, raw: bytes, hidden: str) -> Page:
        """Answer a handshake or heartbeat; keep events as a message."""
        said = status_of(raw)
        if said is None or said.type not in _SILENT:
            return await self._keep(house, visit, raw, said, hidden)
        self._count(house, said)
        house.site.notice("info", f"subscription_{said.type}", peer=visit.head.peer)
        outcome = pages.outcome_of("informational", "heard", severity="information")
        return pages.page(200, outcome, visit.kind)

    async def _keep(
        self, house: House, visit: Visit, raw: bytes, said: Status | None, hidden: str
    ) -> Page:
        site = house.site
        facts = facts_of(visit, Asked(interaction="notification"), hidden)
        fault = None
        if said is None:
            rule = "Bundle.entry[0]: neither Parameters nor SubscriptionStatus says which subscription it is"
            fault = ("invalid", rule)
        else:
            named = {"topic": said.topic, "subscription": said.subscription}
            facts |= {name: value for name, value in named.items() if 0 < len(value) <= LONGEST}
            if said.last:
                facts["event_number"] = str(said.last)
        content: Body = raw if len(raw) <= LARGE else await site.spool([raw])
        inbound = Inbound(
            raw=content, received_at=site.now(), peer=visit.head.peer, facts=facts, fault=fault
        )
        reply = await house.hand_over(inbound)
        assert reply.receipt is not None
        if reply.status:
            return passed_on(visit, reply, reply.receipt)
        if reply.receipt.verdict is Verdict.QUARANTINED:
            return quarantined(visit, reply, reply.receipt)
        if said is not None:
            self._count(house, said)
        outcome = pages.outcome_of("informational", "the notification is kept", severity="information")  # fmt: skip
        return pages.page(200, outcome, visit.kind, mark(reply.receipt))

    def _count(self, house: House, said: Status) -> None:
        """Note the numbers; a gap is told until what is missing comes, or the subscription begins again."""
        name = said.subscription or said.topic
        known_already = name in self._last
        if not 0 < len(name) <= LONGEST or not (known_already or len(self._last) < MOST):
            return
        known, first = self._last.get(name, 0), said.first or said.last
        if said.type == "handshake":
            self._gaps.pop(name, None)
            self._last[name] = said.last
            return
        expected = known + 1 if said.first else known
        if known and first > expected:
            told = name if _NAME.fullmatch(name) else "a subscription"
            where = f"{told}: events {known + 1} to {first - bool(said.first)} have not come"
            words = f"{where}; ask the partner to send them again ($events)"
            self._gaps.setdefault(name, (house.site.now(), words))
            house.site.notice("warning", "notification_gap", first=known + 1, next=first)
        elif name in self._gaps and said.first and first <= known:
            self._gaps.pop(name)
        self._last[name] = max(known, said.last)
