"""How every channel stands: what the engine says of itself and what the store has counted, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from engine.handling.standing import why
from engine.web.showing import span


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One destination of a channel."""

    name: str
    state: str
    """idle, sending, waiting, paused, held, closed; stopped where no engine runs."""
    why: str
    """Why it waits and until when, in words; empty where it does not."""
    next_attempt_in: float
    """Seconds; 0 = none is waited for."""
    breaker: str
    queued: int
    oldest_open: float
    """When the oldest open delivery was queued, seconds since 1970; 0 = none is open."""
    refused: int
    uncertain: int
    delivered: int
    last_delivered_at: float
    drain_rate: float
    """Deliveries per second while it drains; 0 = no limit."""
    acknowledged: dict[str, int]
    """Acknowledgements and confirmations that the partner owes, by outcome: awaited, accepted, rejected; empty = none are expected."""


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One channel."""

    name: str
    description: str
    owner: str
    class_: str = msgspec.field(name="class")
    tags: tuple[str, ...]
    state: str
    """receiving, trouble, closed (outside its hours), stopped; gone where it is in the store only."""
    trouble: str
    """Why its source does not receive, in words."""
    received: int
    """Messages since the engine's start."""
    verdicts: dict[str, int]
    """Messages by verdict since the engine's start."""
    last_received_at: float
    rate: tuple[int, ...]
    """Messages in each of the last 60 minutes, oldest first; the last minute is not over. Empty where no engine runs."""
    warnings: tuple[str, ...]
    """What its source warns of, in words."""
    loading: str
    """How far the large message is that is being taken apart, in words; empty = none is."""
    needs: tuple[str, ...]
    """What needs a person, in words, most urgent first; empty = nothing does."""
    destinations: tuple[Destination, ...]

    @property
    def queued(self) -> int:
        """Deliveries that wait."""
        return sum(one.queued for one in self.destinations)

    @property
    def oldest_open(self) -> float:
        """When the oldest open delivery was queued; 0 = none is open."""
        return min(
            (one.oldest_open for one in self.destinations if one.oldest_open), default=0.0
        )

    @property
    def errors(self) -> int:
        """Deliveries that were refused or are uncertain, and messages quarantined since the start."""
        stuck = sum(one.refused + one.uncertain for one in self.destinations)
        return stuck + self.verdicts.get("quarantined", 0)


def everything(
    stations: dict[str, dict[str, Any]], counts: Sequence[dict[str, Any]], zone: ZoneInfo
) -> tuple[Channel, ...]:
    """All channels of the engine and of the store; what needs a person comes first."""
    stored: dict[str, dict[str, Any]] = {}
    for row in counts:
        stored.setdefault(row["channel"], {})[row["destination"]] = row
    made = (
        _channel(name, stations.get(name), stored.get(name, {}), zone)
        for name in {*stations, *stored}
    )
    return tuple(sorted(made, key=lambda channel: (not channel.needs, channel.name)))


def _channel(
    name: str, station: dict[str, Any] | None, stored: dict[str, dict[str, Any]], zone: ZoneInfo
) -> Channel:
    live = station or {}
    running = {one["name"]: one for one in live.get("destinations", ())}
    destinations = tuple(
        _destination(one, running.get(one, {}), stored.get(one, {}), zone)
        for one in sorted({*running, *stored})
    )
    trouble = live.get("trouble", "")
    return Channel(
        name=name,
        description=live.get("description", ""),
        owner=live.get("owner", ""),
        class_=live.get("class", ""),
        tags=tuple(live.get("tags", ())),
        state=live.get("source", "gone"),
        trouble=trouble,
        received=live.get("received", 0),
        verdicts=live.get("verdicts", {}),
        last_received_at=live.get("last_received_at", 0.0),
        rate=tuple(live.get("rate", ())),
        warnings=tuple(live.get("warnings", ())),
        loading=_loading(live.get("loading")),
        needs=tuple(_needs(trouble, live.get("warnings", ()), destinations)),
        destinations=destinations,
    )


def _loading(loading: dict[str, Any] | None) -> str:
    return f"{loading['message']} is {loading['said']}" if loading else ""


def _destination(
    name: str, live: dict[str, Any], stored: dict[str, Any], zone: ZoneInfo
) -> Destination:
    states = stored.get("states", {})
    waiting = states.get("queued", 0) + states.get("sending", 0)
    return Destination(
        name=name,
        state=live.get("state", "held" if stored.get("held") else "stopped"),
        why=why(live, span, zone) if live else str(stored.get("reason") or ""),
        next_attempt_in=live.get("next_attempt_in", 0.0),
        breaker=live.get("breaker", "closed"),
        queued=max(waiting, live.get("queued", 0)),
        oldest_open=stored.get("oldest_open") or 0.0,
        refused=states.get("refused", 0),
        uncertain=states.get("uncertain", 0),
        delivered=states.get("delivered", 0),
        last_delivered_at=stored.get("last_delivered") or live.get("last_delivered_at", 0.0),
        drain_rate=live.get("drain_rate", 0.0),
        acknowledged=stored.get("acknowledged") or {},
    )


def _needs(
    trouble: str, warnings: Iterable[str], destinations: tuple[Destination, ...]
) -> list[str]:
    said = [trouble, *warnings] if trouble else [*warnings]
    for one in destinations:
        if one.state == "paused":
            said.append(f"{one.name} is paused: {one.why}")
        if one.uncertain:
            said.append(f"{one.uncertain} uncertain for {one.name}")
        if one.refused:
            said.append(f"{one.refused} refused by {one.name}")
        if one.breaker == "open" and one.state == "waiting":
            said.append(f"{one.name} does not answer: {one.why}")
    return said
