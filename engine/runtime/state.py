"""How the engine stands, for people: everything that runs, and why something waits."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from engine.lanes.state import state_of as lanes_state
from engine.message import short_id
from engine.runtime.buckets import BOUNDS
from engine.runtime.engine import Engine
from engine.runtime.station import Station

#: Channels that are told in one go; then messages have their turn.
AT_ONCE = 20


async def state_of(engine: Engine, *, with_times: bool = False) -> dict[str, Any]:
    """
    Everything that runs in a home, as plain values; `with_times` also how long things took (engine/runtime/buckets.py).

    It lets the loop go between some channels and the next: hundreds of them are no pause of the line.
    """
    stations = list(engine.stations.values())
    told: list[dict[str, Any]] = []
    for at in range(0, len(stations), AT_ONCE):
        for station in stations[at : at + AT_ONCE]:
            told.append(_station(station) | (_times(station) if with_times else {}))
        await asyncio.sleep(0)
    return {
        "running": True,
        "process": os.getpid(),
        "started_at": engine.started_at,
        "environment": engine.environment,
        "mistakes": [str(mistake) for mistake in engine.mistakes],
        "loop_lag_ms": _lag(engine),
        "store": engine.store.state(),
        "log_dropped": engine.log.dropped,
        "bounds": BOUNDS if with_times else (),
        "channels": told,
    }


def _lag(engine: Engine) -> dict[str, float]:
    lags = sorted(engine.lags) or [0.0]
    p99 = lags[int((len(lags) - 1) * 0.99)]
    return {"p99": round(p99 * 1000, 2), "most": round(lags[-1] * 1000, 2)}


def _station(station: Station) -> dict[str, Any]:
    counts = station.engine.counts
    receiving, counting = station.receiving, station.counting
    ways, name = station.engine.apart.ways, station.channel.name
    source = "trouble" if receiving.trouble else "closed" if receiving.closed else "receiving"
    return {
        "channel": station.channel.name,
        "description": station.channel.description,
        "class": station.channel.class_,
        "owner": station.channel.owner,
        "tags": list(station.channel.tags),
        "source": "stopped" if receiving.stopped else source,
        "trouble": receiving.trouble,
        "warnings": [said for _, _, said in (*receiving.warned, *ways.warned(name))],
        "loading": _loading(station),
        "received": counting.received,
        "verdicts": dict(counting.verdicts),
        "last_received_at": counting.last_received_at,
        "rate": counting.rate(),
        "destinations": [
            {"name": name, "queued": counts.get(lanes.number, 0), **lanes_state(lanes)}
            for name, lanes in station.lanes.items()
        ],
    }


def _times(station: Station) -> dict[str, Any]:
    counting = station.counting
    times = {
        name: {"attempts": one.state(), "delivery": counting.delivering[name].state()}
        for name, one in counting.answering.items()
    }
    return {"accept": counting.accepting.state(), "times": times}


def _loading(station: Station) -> dict[str, Any] | None:
    """The large message that is being taken apart; None where none is."""
    loading = station.engine.apart.open.get(station.channel.name)
    if loading is None:
        return None
    return {
        "message": short_id(loading.message),
        "read": loading.met,
        "expected": loading.expected,
        "rejected": loading.rejected,
        "said": loading.standing(),
    }
