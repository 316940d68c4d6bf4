"""`remember:` of a channel: what one message leaves for later ones. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.channel import Channel, Remember
from engine.effects import Remembered
from engine.formats import NULL, Scope
from engine.mapping.values import Moment
from engine.message import Facts
from engine.planning.keys import joined


def _hook(found: Any) -> Any:
    if found is NULL:
        return None
    if isinstance(found, Moment):
        return str(found)
    raise NotImplementedError


_ENCODER = msgspec.json.Encoder(enc_hook=_hook, decimal_format="number", order="sorted")


def note(channel: Channel, scope: Scope, facts: Facts) -> None:
    """Fill in what the message would remember (`changed` asks for it); MessageError where a value cannot be read."""
    for remember in channel.remembers:
        if remember.when is None or remember.when.run(scope) is True:
            found = _one(remember, scope, facts.context.now)
            if found is not None:
                facts.notes.remembers[remember.name] = found


def _one(remember: Remember, scope: Scope, now: float) -> Remembered | None:
    """Nothing is remembered where the key is nothing."""
    key = joined(remember.key, scope)
    if key is None:
        return None
    values = {name: expression.run(scope) for name, expression in remember.fields}
    said = {name: value for name, value in values.items() if value is not None}
    return Remembered(
        name=remember.name, key=key, value=_ENCODER.encode(said), until=now + remember.for_
    )
