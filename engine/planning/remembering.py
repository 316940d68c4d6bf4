"""`remember:` of a channel: what one message leaves for later ones. Pure."""

from __future__ import annotations

from engine.channel import Channel, Remember
from engine.effects import Remembered
from engine.formats import Scope
from engine.mapping.outputs import encoded
from engine.message import Facts
from engine.planning.keys import joined


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
        name=remember.name,
        key=key,
        value=encoded(said, in_order=True),
        until=now + remember.for_,
    )
