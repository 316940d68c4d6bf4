"""Hours in which something is open: `mon-fri 06:00-18:00, sat 08:00-12:00`, in a zone."""

from __future__ import annotations

import msgspec


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One span of a day; one that ends at or before its begin reaches into the next day."""

    days: frozenset[int]
    """Monday is 0."""
    begins: int
    """Minutes from midnight."""
    ends: int
    """Minutes from midnight."""


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """When something is open, by the wall clock of a zone."""

    spans: tuple[Span, ...]
    zone: str = "UTC"
