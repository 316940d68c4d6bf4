"""A place: where patients lie, where goods are kept, where work is charged to."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.canonical import Entity, Moment

VERSION = 1


class LocationReference(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A location, as other entities name it."""

    unit: str | None = None
    """Ward, department or store room."""
    room: str | None = None
    """Room."""
    bed: str | None = None
    """Bed or bin."""
    facility: str | None = None
    """The facility it is in."""


class Location(Entity, frozen=True, kw_only=True, tag=f"Location/{VERSION}"):
    """A location of the organisation, with its place in the hierarchy."""

    code: str
    """The location's code."""
    system: str | None = None
    """The code system of the location's code."""
    name: str
    """What people call it."""
    kind: Literal["facility", "department", "unit", "room", "bed", "store"]
    """What sort of place it is."""
    part_of: str | None = None
    """Code of the location that holds it."""
    cost_centre: str | None = None
    """The cost centre that its work is charged to."""
    account: str | None = None
    """The account of the chart of accounts that its work is posted to."""
    status: Literal["active", "inactive"] = "active"
    """Whether it is in use."""
    effective_from: Moment | None = None
    """When this description of it begins to hold."""
