"""What is sent, read when its turn comes."""

from __future__ import annotations

import msgspec

from engine.errors import StoreError
from engine.message import Delivery
from engine.store import Store


async def loaded(store: Store, delivery: Delivery) -> tuple[Delivery, bytes | None]:
    """The delivery with its options, and its payload; None where it cannot be read now."""
    payload = delivery.payload
    try:
        if payload is None:
            payload, options = await store.payload(delivery.id)
            delivery = msgspec.structs.replace(delivery, options=options)
        return delivery, payload if isinstance(payload, bytes) else await store.read(payload)
    except (StoreError, OSError):
        return delivery, None
