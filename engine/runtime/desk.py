"""The desk where people's orders arrive: each is kept as a row, obeyed, and its outcome kept."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import CommandError
from engine.message import Outbound, Plan, Receipt, State, Verdict
from engine.orders import Ordered
from engine.runtime.engine import Engine
from engine.runtime.places import has_place
from engine.runtime.state import state_of
from engine.store import Hold
from engine.store.archive import SqliteArchive
from engine.store.tables import publishing

#: Orders are obeyed at once or not at all.
EXPIRES = 60.0


class Desk:
    """Obeys orders in one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def obey(self, ordered: Ordered) -> dict[str, Any]:
        """Do what was ordered; CommandError where it cannot be done."""
        if ordered.verb == "status":
            return state_of(self.engine)
        handler = getattr(self, f"_{ordered.verb}", None)
        if handler is None:
            raise CommandError(f"the engine has no order '{ordered.verb}'")
        store, now = self.engine.store, self.engine.clock.now
        number = await store.order(
            ordered.verb, ordered.arguments, ordered.who, ordered.reason, now(), now() + EXPIRES
        )
        try:
            answer: dict[str, Any] = await handler(ordered)
        except Exception as error:
            why = str(error) if isinstance(error, CommandError) else type(error).__name__
            await store.finish(number, why, False, now())
            raise
        await store.finish(number, "done", True, now())
        return {"order": number, **answer}

    # -- destinations ---------------------------------------------------------------------------------------

    def _numbers(self, arguments: dict[str, Any]) -> list[int]:
        """Which destinations are meant: a channel, one of its destinations, or all."""
        channel, name = arguments.get("channel", ""), arguments.get("destination", "")
        found = [
            lanes.number
            for station in self.engine.stations.values()
            for lanes in station.lanes.values()
            if (not channel or station.channel.name == channel)
            and (not name or lanes.route.name == name)
        ]
        if not found:
            raise CommandError(f"there is no destination {channel}/{name or '*'}")
        return found

    async def _hold(self, ordered: Ordered) -> dict[str, Any]:
        return await self._flag(ordered, True)

    async def _release(self, ordered: Ordered) -> dict[str, Any]:
        return await self._flag(ordered, False)

    async def _flag(self, ordered: Ordered, held: bool) -> dict[str, Any]:
        engine = self.engine
        numbers = self._numbers(ordered.arguments)
        for number in numbers:
            hold = Hold(
                destination=number,
                held=held,
                rate=float(ordered.arguments.get("rate") or 0.0),
                who=ordered.who,
                reason=ordered.reason,
                since=engine.clock.now(),
            )
            await engine.store.hold(hold)
            engine.holds[number] = hold
            engine.lanes[number].set_hold(hold)
        return {"destinations": len(numbers)}

    # -- deliveries -----------------------------------------------------------------------------------------

    async def _discard(self, ordered: Ordered) -> dict[str, Any]:
        return await self._move(ordered, State.DISCARDED)

    async def _resend(self, ordered: Ordered) -> dict[str, Any]:
        return await self._move(ordered, State.QUEUED)

    async def _delivered(self, ordered: Ordered) -> dict[str, Any]:
        return await self._move(ordered, State.DELIVERED)

    async def _move(self, ordered: Ordered, to: State) -> dict[str, Any]:
        engine = self.engine
        wanted = [int(number) for number in ordered.arguments.get("deliveries", ())]
        busy = {number for lanes in engine.lanes.values() for number in lanes.sending}
        free = [number for number in wanted if number not in busy]
        held, gone = (set() if to is State.QUEUED else set(free)), set[int]()
        for lanes in engine.lanes.values():
            lanes.due.withhold(held)
        try:
            moved = await engine.store.move(
                free, to, ordered.who, ordered.reason, engine.clock.now()
            )
            if moved < len(held):
                left = {
                    one.id for one in await engine.store.chosen(free) if one.state is not to
                }
                gone = held - left
            else:
                gone = held
        finally:
            for lanes in engine.lanes.values():
                lanes.decided(held, gone)
        return {"moved": moved, "busy": len(wanted) - len(free)}

    async def _release_group(self, ordered: Ordered) -> dict[str, Any]:
        """A group or batch need not wait for its time. It is released by the next look at the clock."""
        engine, number = self.engine, int(ordered.arguments["group"])
        found = engine.store.group(number)
        if found is None:
            raise CommandError(f"no group {number} waits: see corridor groups")
        station = engine.stations.get(found.channel)
        if station is None or station.receiving.stopped:
            raise CommandError(f"the channel {found.channel} is not running")
        if not has_place(station.channel, found.group):
            what = f"the batch of '{found.group}'" if found.group else "'collect'"
            raise CommandError(f"{found.channel} has no longer {what}; put it back first")
        await engine.store.audit(
            ordered.who, "release_group", f"group {number}", ordered.reason, engine.clock.now()
        )
        if not await engine.store.release(number, engine.clock.now()):
            raise CommandError(f"group {number} was released just now")
        return {"channel": found.channel, "group": found.group, "members": len(found.members)}

    # -- replay ---------------------------------------------------------------------------------------------

    async def _replay(self, ordered: Ordered) -> dict[str, Any]:
        """
        Send messages through their channels once more, linked to the originals.

        `messages`, `to` (destinations), `mode` again | same_bytes, `as_new` (a new idempotency key), `rate` a second.
        """
        arguments = ordered.arguments
        rate = float(arguments.get("rate") or 0.0)
        made: list[dict[str, Any]] = []
        for message in arguments.get("messages", ()):
            receipt = await self._again(int(message), ordered)
            made.append({"of": message, "id": receipt.id, "verdict": receipt.verdict.value})
            if rate:
                await asyncio.sleep(1.0 / rate)
        return {"replayed": made}

    async def _again(self, message: int, ordered: Ordered) -> Receipt:
        engine, arguments = self.engine, ordered.arguments
        only = tuple(arguments.get("to") or ())
        archive = SqliteArchive(engine.home)
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
        inbound = msgspec.structs.replace(
            inbound,
            replay_of=message,
            only=only,
            as_new=bool(arguments.get("as_new")),
            received_at=engine.clock.now(),
        )
        await engine.store.audit(
            ordered.who, "replay", f"message {message}", ordered.reason, engine.clock.now()
        )
        if arguments.get("mode") == "same_bytes":
            plan = await asyncio.to_thread(_same, archive, message, only)
            number = engine.store.reserve()
            return await engine.store.accept(
                found.channel, inbound, plan, number, station.channel.class_
            )
        reply = await station.receive(inbound)
        if reply.receipt is None:
            raise CommandError(f"message {message} was not taken: {reply.error}")
        return reply.receipt

    # -- house ----------------------------------------------------------------------------------------------

    async def _reload(self, ordered: Ordered) -> dict[str, Any]:
        return {"changed": await self.engine.reload()}

    async def _start(self, ordered: Ordered) -> dict[str, Any]:
        self._station(ordered).start()
        return {}

    async def _stop(self, ordered: Ordered) -> dict[str, Any]:
        if not ordered.arguments.get("channel"):
            self.engine.ended.set()
            return {}
        await self._station(ordered).stop_source()
        return {}

    def _station(self, ordered: Ordered) -> Any:
        name = ordered.arguments.get("channel", "")
        if name not in self.engine.stations:
            raise CommandError(f"there is no channel '{name}'")
        return self.engine.stations[name]

    async def _backup(self, ordered: Ordered) -> dict[str, Any]:
        target = Path(ordered.arguments["target"])
        await self.engine.store.backup(target)
        return {"target": str(target)}

    async def _tables(self, ordered: Ordered) -> dict[str, Any]:
        """A new version of a data table."""
        engine, now = self.engine, self.engine.clock.now()
        return await publishing.obey(
            engine.store, engine.tables, engine.home, ordered.arguments, ordered.who, ordered.reason, now
        )  # fmt: skip

    async def _audit(self, ordered: Ordered) -> dict[str, Any]:
        """Somebody is about to read content: the record comes first."""
        arguments = ordered.arguments
        await self.engine.store.audit(
            ordered.who,
            str(arguments.get("action", "read")),
            str(arguments.get("what", "")),
            ordered.reason,
            self.engine.clock.now(),
        )
        return {}


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
