"""What time brings about: groups are released, confirmations become overdue."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.alerts import Alert, span
from engine.effects import Group
from engine.errors import CommitRefused, GroupChanged
from engine.message import short_id
from engine.store import Overdue

if TYPE_CHECKING:
    from engine.runtime.engine import Engine

#: Seconds between two looks at the clock.
LOOK_EVERY = 0.1
#: Seconds before a group is tried again that the disk or its channel did not take.
PATIENCE = 5.0


async def releases(engine: Engine) -> None:
    """Release groups whose time has come, one after another, as long as the engine runs."""
    put_off: dict[int, float] = {}
    while True:
        await asyncio.sleep(LOOK_EVERY)
        now = engine.clock.now()
        due = engine.store.next_due()
        if not due or due > now:
            continue
        put_off = {group: until for group, until in put_off.items() if until > now}
        for group in engine.store.due(now):
            if group.id not in put_off and not await _release(engine, group):
                put_off[group.id] = now + PATIENCE


async def _release(engine: Engine, found: Group) -> bool:
    """Whether the group is released, or needs no release any more."""
    station = engine.stations.get(found.channel)
    if station is None or station.receiving.stopped:
        return False
    group = engine.store.group(found.id)
    if group is None:
        return True
    try:
        await station.release(group)
    except GroupChanged:
        return True
    except CommitRefused as error:
        engine.log.event("warning", found.channel, "not_released", detail=str(error))
        return False
    return True


def unconfirmed(engine: Engine) -> list[Alert]:
    """What people are told of confirmations that have not come in time, each once."""
    return [_alert(engine, overdue) for overdue in engine.store.overdue(engine.clock.now())]


def _alert(engine: Engine, overdue: Overdue) -> Alert:
    station = engine.stations.get(overdue.channel)
    text = (
        f"{overdue.channel}, destination {overdue.destination}: message {short_id(overdue.message)} was delivered,"
        f" and {overdue.awaited} has brought no confirmation within {span(overdue.within)}."
        f" Ask the partner, or see: corridor show {short_id(overdue.message)}"
    )
    return Alert(
        kind="not_confirmed",
        channel=overdue.channel,
        destination=overdue.destination,
        owner=station.channel.owner if station is not None else "",
        since=overdue.delivered_at,
        text=text,
    )
