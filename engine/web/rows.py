"""Rows of the overview, each made once for all who look while its channel does not change."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from engine.web import showing
from engine.web.standing import Channel

if TYPE_CHECKING:
    from engine.web.asked import Asked

#: Seconds that a row is shown as it was made: it says how long ago something was.
LASTS = 10.0


class Row(NamedTuple):
    """A row as it was made."""

    channel: Channel
    text: str
    until: float


def rows(asked: Asked[Any, Any], channels: Sequence[Channel]) -> list[Markup]:
    """The rows of these channels; there is nothing in them that depends on who looks."""
    kept, now = asked.house.rows, time.monotonic()
    stale = [one for one in channels if not _fresh(kept.get(one.name), one, now)]
    if stale:
        made = showing.part(asked, "overview_rows.html", {"channels": stale})
        for one, text in zip(stale, made.split("<!--row-->")[1:], strict=True):
            kept[one.name] = Row(one, text, now + LASTS)
    return [Markup(kept[one.name].text) for one in channels]


def _fresh(row: Row | None, channel: Channel, now: float) -> bool:
    return row is not None and row.channel == channel and now < row.until
