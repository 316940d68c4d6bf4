"""Messages once more through their channels, as they were or corrected, linked to the originals."""

from __future__ import annotations

import asyncio
import binascii
from base64 import b64decode
from typing import Any

import msgspec

from engine.errors import CommandError, EngineError
from engine.message import LARGE, Inbound, Outbound, Plan, Receipt, Verdict, short_id
from engine.orders import Ordered
from engine.planning.routing import LET_THROUGH
from engine.rows.snapshot import STOPPED
from engine.runtime.engine import Engine
from engine.runtime.station import Station
from engine.store.archive import SqliteArchive


async def replay(engine: Engine, ordered: Ordered) -> dict[str, Any]:
    """
    Send messages through their channels once more, linked to the originals.

    `messages`, `to` (destinations), `mode` again | same_bytes, `as_new` (a new idempotency key), `rate` a second,
    `accept_snapshot` (a file that was stopped because too much vanishes in it goes through and counts as the last one). Of
    several messages one that cannot be sent does not keep the others; CommandError where the only one cannot.
    """
    arguments = ordered.arguments
    rate = float(arguments.get("rate") or 0.0)
    wanted = [int(message) for message in arguments.get("messages", ())]
    made: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    with SqliteArchive(engine.home) as archive:
        for message in wanted:
            try:
                receipt = await _again(engine, archive, message, ordered)
                made.append(_told(message, receipt))
            except EngineError as error:
                if len(wanted) == 1:
                    raise
                failed.append({"of": message, "why": str(error)})
            if rate:
                await asyncio.sleep(1.0 / rate)
    return {"replayed": made, "failed": failed}


async def edit(engine: Engine, ordered: Ordered) -> dict[str, Any]:
    """
    Send a corrected copy of a message through its channel, linked to the original, under a new key: to partners it is
    another message. `message`, `raw` (base64 of the corrected bytes), `to` (destinations).
    """
    message = int(ordered.arguments.get("message") or 0)
    try:
        raw = b64decode(str(ordered.arguments.get("raw", "")), validate=True)
    except (binascii.Error, ValueError):
        raise CommandError("the corrected message is not base64") from None
    if not raw:
        raise CommandError("the corrected message is empty")
    if len(raw) > LARGE:
        raise CommandError(
            f"a message over {LARGE // 1024} KB is corrected where it comes from, and sent again"
        )
    with SqliteArchive(engine.home) as archive:
        station, inbound = await _found(engine, archive, message, _only(ordered))
    inbound = msgspec.structs.replace(
        inbound, raw=raw, as_new=True, received_at=engine.clock.now()
    )
    await _audit(engine, ordered, "edit_replay", message)
    return {"replayed": [_told(message, await _received(station, inbound, message))]}


def _told(message: int, receipt: Receipt) -> dict[str, Any]:
    return {"of": message, "id": receipt.id, "verdict": receipt.verdict.value}


def _only(ordered: Ordered) -> tuple[str, ...]:
    return tuple(ordered.arguments.get("to") or ())


async def _again(
    engine: Engine, archive: SqliteArchive, message: int, ordered: Ordered
) -> Receipt:
    arguments, only = ordered.arguments, _only(ordered)
    station, inbound = await _found(engine, archive, message, only)
    inbound = msgspec.structs.replace(
        inbound, as_new=bool(arguments.get("as_new")), received_at=engine.clock.now()
    )
    if arguments.get("accept_snapshot"):
        inbound = await _let_through(archive, message, inbound, ordered)
        await _audit(engine, ordered, "accept_snapshot", message)
    else:
        await _audit(engine, ordered, "replay", message)
    if arguments.get("mode") == "same_bytes":
        plan = await asyncio.to_thread(_same, archive, message, only)
        number = engine.store.reserve()
        channel = station.channel
        return await engine.store.accept(channel.name, inbound, plan, number, channel.class_)
    return await _received(station, inbound, message)


async def _found(
    engine: Engine, archive: SqliteArchive, message: int, only: tuple[str, ...]
) -> tuple[Station, Inbound]:
    """The running channel of a message, and the message as its source handed it over, as one that repeats it."""
    found = await asyncio.to_thread(archive.message, message)
    if found is None:
        raise CommandError(f"there is no message {message}")
    station = engine.stations.get(found.channel)
    if station is None:
        raise CommandError(f"the channel {found.channel} is not running")
    inbound = await asyncio.to_thread(archive.inbound, message)
    collects = station.channel.collect is not None and "group" not in (inbound.facts or {})
    if only and collects:
        raise CommandError(
            f"what {found.channel} receives goes into groups; replay the message that released the group"
        )
    facts = {name: fact for name, fact in (inbound.facts or {}).items() if name != LET_THROUGH}
    inbound = msgspec.structs.replace(
        inbound, replay_of=message, only=only, facts=facts or None
    )
    return station, inbound


async def _let_through(
    archive: SqliteArchive, message: int, inbound: Inbound, ordered: Ordered
) -> Inbound:
    """The message as one in which any share may vanish. CommandError where it was not stopped for that, or goes in part."""
    found = await asyncio.to_thread(archive.message, message)
    if found is None or found.reason != STOPPED:
        raise CommandError(
            f"message {short_id(message)} was not stopped because too much vanishes in it ({STOPPED})"
        )
    if _only(ordered) or ordered.arguments.get("mode") == "same_bytes":
        raise CommandError(
            "a file that is let through goes whole to all destinations, by today's channel"
        )
    return msgspec.structs.replace(
        inbound, facts={**(inbound.facts or {}), LET_THROUGH: "true"}
    )


async def _audit(engine: Engine, ordered: Ordered, action: str, message: int) -> None:
    now = engine.clock.now()
    await engine.store.audit(ordered.who, action, f"message {message}", ordered.reason, now)


async def _received(station: Station, inbound: Inbound, message: int) -> Receipt:
    reply = await station.receive(inbound)
    if reply.receipt is None:
        raise CommandError(f"message {message} was not taken: {reply.error}")
    return reply.receipt


def _same(archive: SqliteArchive, message: int, only: tuple[str, ...]) -> Plan:
    """A plan that queues the very bytes of a message's deliveries once more."""
    outbound = []
    for row in archive.deliveries(message):
        if only and row["destination"] not in only:
            continue
        outbound.append(
            Outbound(
                destination=row["destination"],
                payload=archive.payload(row["id"]),
                part=row["part"],
                lanes=tuple(row["lanes"]),
                options=row["options"],
                shows=row["shows"],
            )
        )
    if not outbound:
        raise CommandError(f"message {message} has no delivery to these destinations")
    found = archive.message(message)
    assert found is not None
    return Plan(
        verdict=Verdict.ACCEPTED,
        kind=found.kind,
        control=found.control,
        keys=tuple(archive.keys(message)),
        outbound=tuple(outbound),
        summary=f"the same bytes as message {message}",
    )
