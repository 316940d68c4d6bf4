"""A home with partners, its channels, and a real store: the line without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.channel import Channel, load_all
from engine.message import Context, Delivery, Inbound, Plan, Receipt, Settlement, State
from engine.pipeline import plan, receive, release
from engine.store.archive import SqliteArchive
from engine.store.sqlite import SqliteStore

#: 2026-03-02 15:15 UTC.
NOW = 1_772_464_500.0

CONFIG = """
environment: test
partners:
  medline:
    file: {folder: out}
    x12:
      us: {id: GENHOSP}
      them: {id: MEDLINE, qualifier: "01", group: MEDGS}
      delimiters: {component: ">"}
      line_breaks: true
      first_number: 41
"""
ORDER = """
from: json
to: x12/005010/850
set:
  BEG01: "00"
  BEG02: "SA"
  BEG03: number
  BEG05: "20260302"
groups:
  PO1: {each: lines, set: {PO101: index, PO102: quantity, PO103: "EA", PO104: price, PO106: "VN", PO107: item}}
"""
ORDERS = """
description: Orders to a supplier
owner: purchasing
zone: America/Chicago
source: {channel: {}}
format: json
accept: {unique: number}
transform: order
destinations:
  medline:
    file: {partner: medline, name: "{number}.850"}
    expect_ack: {from: medline_in, within: 4h}
"""
INBOX = """
description: What the supplier sends
owner: purchasing
source: {channel: {}}
format: x12
"""


class Line:
    """The line of one home."""

    def __init__(self, home: Path) -> None:
        self.home, self.now = home, NOW
        self.store: SqliteStore
        self.plans: list[Plan] = []

    def write(self, name: str, text: str) -> None:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())

    @property
    def channels(self) -> dict[str, Channel]:
        return load_all(self.home).channels

    async def open(self) -> None:
        self.store = await SqliteStore.open(
            self.home, asyncio.get_running_loop(), lambda: self.now
        )

    async def again(self) -> None:
        """Close and open, as after an orderly end."""
        await self.store.close()
        await self.open()

    def context(self) -> Context:
        store = self.store
        return Context(
            now=self.now,
            id=store.reserve(),
            environment="test",
            channels=self.channels,
            memory=store.memory,
            numbers=store.sequences,
        )

    async def receive(self, channel: str, raw: bytes | str, **inbound: object) -> Receipt:
        """One message through the line."""
        raw = raw.encode() if isinstance(raw, str) else raw
        came = Inbound(raw=raw, received_at=self.now, **inbound)  # type: ignore[arg-type]

        async def elsewhere(channel: Channel, inbound: Inbound, context: Context) -> Plan:
            return plan(channel, inbound, context)

        reply = await receive(
            self.channels[channel], came, self.store, self.context(), elsewhere
        )
        assert reply.receipt is not None and reply.plan is not None
        self.plans.append(reply.plan)
        return reply.receipt

    async def release(self) -> Receipt:
        """The one group that is due."""
        (due,) = self.store.due(self.now)
        group = self.store.group(due.id)
        assert group is not None
        receipt, _ = await release(
            self.channels[group.channel], group, self.store, self.context()
        )
        return receipt

    async def sent(self, delivery: Delivery) -> str:
        """What a delivery sends."""
        payload, _ = await self.store.payload(delivery.id)
        return (await self.store.read(payload)).decode()

    async def deliver(self, receipt: Receipt) -> None:
        """The partner took everything of a message."""
        for delivery in receipt.deliveries:
            self.store.claim(delivery, self.now)
            self.store.settle(
                Settlement(
                    delivery=delivery.id,
                    state=State.DELIVERED,
                    at=self.now,
                    attempt=1,
                    status="",
                    duration=0.0,
                )
            )
        await self.settled()

    async def settled(self) -> None:
        """Wait until what rides is on the disk."""
        self.store.hurry()
        await self.store.put("test", "tick", b"")

    def archive(self) -> SqliteArchive:
        return SqliteArchive(self.home)

    async def verified(self) -> list[str]:
        await self.settled()
        with self.archive() as archive:
            return list(archive.verify())

    def trail(self, message: int) -> list[str]:
        with self.archive() as archive:
            return [f"{step.what} {step.detail}".strip() for step in archive.trail(message)]


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    made = Line(tmp_path)
    made.write("config.yaml", CONFIG)
    made.write("mappings/order.yaml", ORDER)
    made.write("channels/medline_orders.yaml", ORDERS)
    made.write("channels/medline_in.yaml", INBOX)
    await made.open()
    yield made
    assert await made.verified() == []
    await made.store.close()
