"""A handed-over message is never a delivery."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, cast

import pytest

from engine.connectors import Receive, Site, channel
from engine.message import Delivery


async def unused(*_: Any) -> Any:
    raise AssertionError("nothing is spooled or read here")


async def test_sending_to_a_channel_says_that_it_must_not_happen() -> None:
    site = Site(
        channel="adt_intake",
        name="ehr",
        home=Path(),
        notice=lambda *_, **__: None,
        now=time.time,
        spool=unused,
        read=unused,
        pressure=lambda: False,
    )
    destination = channel.Destination(channel.DestinationSettings(name="adt_to_ehr"), site)
    delivery = Delivery(id=1, message=1, destination=1, key="CANARY")
    with pytest.raises(
        RuntimeError, match=r"adt_intake.*ehr.*adt_to_ehr.*inside the commit"
    ) as caught:
        await destination.send(delivery, b"CANARY")
    assert "CANARY" not in str(caught.value)
    await destination.close()


async def test_a_channel_fed_by_others_alone_is_ready_and_waits() -> None:
    source = channel.Source(channel.SourceSettings(), cast(Site, None))
    task = asyncio.create_task(source.run(cast(Receive, None)))
    await asyncio.wait_for(source.ready.wait(), 1)
    assert not task.done()
    task.cancel()
