"""The desk where people's orders arrive: each is kept as a row, obeyed, and its outcome kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.errors import CommandError
from engine.message import State
from engine.orders import Ordered
from engine.runtime import replaying
from engine.runtime.engine import Engine
from engine.runtime.places import has_place
from engine.runtime.state import state_of
from engine.store import Hold
from engine.store.tables import publishing

#: Orders are obeyed at once or not at all.
EXPIRES = 60.0
#: Arguments that are content of messages: they are not kept with the order.
CONTENT = {"raw"}


class Desk:
    """Obeys orders in one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def obey(self, ordered: Ordered) -> dict[str, Any]:
        """Do what was ordered; CommandError where it cannot be done."""
        if ordered.verb == "status":
            return await state_of(self.engine, with_times=bool(ordered.arguments.get("times")))
        if ordered.verb == "audit":  # a record is no order, and needs no record of its own
            return await self._audit(ordered)
        if (
            ordered.verb == "usage"
        ):  # somebody looks at what was asked of tables: it is noted now
            await self.engine.tables.flush(self.engine.store)
            return {}
        handler = getattr(self, f"_{ordered.verb}", None)
        if handler is None:
            raise CommandError(f"the engine has no order '{ordered.verb}'")
        store, now = self.engine.store, self.engine.clock.now
        kept = {name: value for name, value in ordered.arguments.items() if name not in CONTENT}
        number = await store.order(
            ordered.verb, kept, ordered.who, ordered.reason, now(), now() + EXPIRES
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
        return await replaying.replay(self.engine, ordered)

    async def _edit(self, ordered: Ordered) -> dict[str, Any]:
        return await replaying.edit(self.engine, ordered)

    # -- house ----------------------------------------------------------------------------------------------

    async def _reload(self, ordered: Ordered) -> dict[str, Any]:
        return {"changed": await self.engine.reload(ordered.who)}

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
