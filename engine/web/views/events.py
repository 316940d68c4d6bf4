"""What changes, as it changes: channels, for the API's stream and the overview."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec

from engine.web.asked import Asked
from engine.web.standing import Channel
from engine.web.views.channels import seen

Text = Annotated[str, msgspec.Meta(max_length=200)]


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which channels; what is left out does not count."""

    channel: Text = ""
    """Only this one."""
    tag: Text = ""
    """Only with this tag."""
    class_: Text = msgspec.field(default="", name="class")
    """Only of this class."""
    owner: Text = ""
    """Only of this owner."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """Channels that are not as they were told before."""

    channels: list[Channel]
    """As they stand now."""
    gone: list[str]
    """Names of channels that are no more, or that no longer fit."""


async def coming(asked: Asked[Any, Any], which: Which) -> AsyncGenerator[Changed]:
    """All that fit at first, then what changes, at most once a second; one look serves all who watch."""
    watch = asked.house.watch
    watcher, told = watch.enter(), set[str]()
    try:
        while True:
            changed = await watcher.take()
            fit = [
                one for one in changed.values() if one is not None and _fits(asked, which, one)
            ]
            names = {one.name for one in fit}
            gone = sorted((told & changed.keys()) - names)
            if fit or gone or not told:
                yield Changed(channels=fit, gone=gone)
            told = (told | names) - set(gone)
    finally:
        watch.leave(watcher)


def _fits(asked: Asked[Any, Any], which: Which, one: Channel) -> bool:
    return (
        (not which.channel or which.channel == one.name)
        and (not which.tag or which.tag in one.tags)
        and (not which.class_ or which.class_ == one.class_)
        and (not which.owner or which.owner == one.owner)
        and seen(asked, one)
    )
