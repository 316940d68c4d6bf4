"""The audit trail: who did and read what."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from engine.store.audit import Record
from engine.web.asked import Asked
from engine.web.views.messages import moment

Text = Annotated[str, msgspec.Meta(max_length=200)]


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Records of a time, as a file."""

    since: Text = ""
    """Not older: 10m, 2h, 2026-11-21, `2026-11-21 08:30` in the house's zone, or seconds since 1970."""
    until: Text = ""
    """Not newer; written like `since`."""
    form: Literal["jsonl", "csv"] = "jsonl"
    """One JSON object per line, or CSV for spreadsheets."""


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which records; what is left out does not count."""

    who: Text = ""
    """Only by this account, token or person."""
    action: Text = ""
    """Only whose action holds this: `read`."""
    what: Text = ""
    """Only about what holds this: `774K-6`."""
    since: Text = ""
    """Not older: 10m, 2h, 2026-11-21, `2026-11-21 08:30` in the house's zone, or seconds since 1970."""
    until: Text = ""
    """Not newer; written like `since`."""
    before: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    """Go on behind this one: `before` of the last page."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Records, newest first."""

    records: list[Record]
    before: int
    """Where to go on; 0 = that was all."""


def page(asked: Asked[Any, Any], which: Which) -> Page:
    """One page of the trail. StoreError where nothing was ever kept."""
    found = asked.house.archive.audits(
        which.limit + 1, who=which.who, action=which.action, what=which.what,
        since=moment(asked, which.since), until=moment(asked, which.until), before=which.before or None,
    )  # fmt: skip
    records = [msgspec.convert(one, Record) for one in found[: which.limit]]
    more = len(found) > which.limit
    return Page(records=records, before=records[-1].id if more else 0)
