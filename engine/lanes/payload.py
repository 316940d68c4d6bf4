"""What is sent, read when its turn comes; and what keeps its place afterwards."""

from __future__ import annotations

import msgspec

from engine.errors import StoreError
from engine.message import Delivery, State
from engine.retry import Policy
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


def keeps_place(state: State, policy: Policy) -> bool:
    """Whether a delivery in that state keeps its place in its lanes until a person decides."""
    return state is State.UNCERTAIN or (state is State.REFUSED and policy.on_refused == "wait")
