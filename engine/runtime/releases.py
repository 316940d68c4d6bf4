"""What time brings about: groups are released, confirmations become overdue."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.alerts import Alert, span
from engine.effects import Group
from engine.errors import CommitUnknown, EngineError, GroupChanged
from engine.message import short_id
from engine.runtime.places import has_place
from engine.store import Overdue, Refused

if TYPE_CHECKING:
    from engine.runtime.engine import Engine

#: Seconds between two looks at the clock.
LOOK_EVERY = 0.1
#: Seconds before a group is tried again that the disk or its channel did not take.
PATIENCE = 5.0
#: Groups that are read at once.
AT_ONCE = 100


async def releases(engine: Engine) -> None:
    """Release groups whose time has come, one after another, as long as the engine runs. Nothing ends it."""
    put_off: dict[int, float] = {}
    while True:
        await asyncio.sleep(LOOK_EVERY)
        try:
            await _round(engine, put_off)
        except Exception as error:
            engine.log.event("error", "", "not_released", detail=_said(error))
            await asyncio.sleep(PATIENCE)


async def _round(engine: Engine, put_off: dict[int, float]) -> None:
    """
    Release what is due now. Groups of channels that are stopped wait and are not read, however many they are: else they
    would stand in the way of all others.
    """
    now = engine.clock.now()
    due = engine.store.next_due()
    if not due or due > now:
        return
    for id in [id for id, until in put_off.items() if until <= now]:
        del put_off[id]
    running = [name for name, one in engine.stations.items() if not one.receiving.stopped]
    for group in engine.store.due(now, AT_ONCE + len(put_off), running):
        if group.id not in put_off and not await _release(engine, group):
            put_off[group.id] = now + PATIENCE


async def _release(engine: Engine, found: Group) -> bool:
    """Whether the group is released, or needs no release any more."""
    station = engine.stations.get(found.channel)
    if station is None or not has_place(station.channel, found.group):
        return False
    group = engine.store.group(found.id)
    if group is None:
        return True
    try:
        await station.release(group)
    except GroupChanged:
        return True
    except CommitUnknown as error:
        engine.die(str(error))
        return False
    except Exception as error:
        engine.log.event("warning", found.channel, "not_released", detail=_said(error))
        return False
    return True


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, EngineError) else type(error).__name__


def unconfirmed(engine: Engine) -> list[Alert]:
    """What people are told of confirmations that have not come in time, each once."""
    return [_alert(engine, overdue) for overdue in engine.store.overdue(engine.clock.now())]


def rejected(engine: Engine) -> list[Alert]:
    """What people are told of what partners rejected in their acknowledgements, each once."""
    return [_rejected(engine, refused) for refused in engine.store.refused(engine.clock.now())]


def _rejected(engine: Engine, refused: Refused) -> Alert:
    station = engine.stations.get(refused.channel)
    more = f" and {refused.count - 1} more" if refused.count > 1 else ""
    why = f" ({refused.said})" if refused.said else ""
    text = (
        f"{refused.channel}, destination {refused.destination}: the partner rejected {refused.says}{more}{why},"
        f" said by {short_id(refused.by)} on {refused.awaited}. It is not sent again by itself;"
        f" see: corridor show {short_id(refused.message)}"
    )
    return Alert(
        kind="rejected_by_partner",
        channel=refused.channel,
        destination=refused.destination,
        owner=station.channel.owner if station is not None else "",
        since=refused.at,
        text=text,
    )


def _alert(engine: Engine, overdue: Overdue) -> Alert:
    station = engine.stations.get(overdue.channel)
    more = f" with {overdue.count - 1} more" if overdue.count > 1 else ""
    text = (
        f"{overdue.channel}, destination {overdue.destination}: message {short_id(overdue.message)}{more} was delivered,"
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
