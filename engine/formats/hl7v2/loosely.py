"""`to: hl7v2/2.5.1/ANY`: any segments, in the order in which they were set; groups are named by their first segment."""

from __future__ import annotations

from collections.abc import Sequence

from engine.formats.hl7v2.blueprint import ANY, Level, known
from engine.formats.hl7v2.marks import HEADERS
from engine.formats.hl7v2.structures import Part


class _Every:
    """All segments."""

    def __contains__(self, name: object) -> bool:
        return True


class Loose(Level):
    """A message without a structure, or a segment in it with what was set under it."""

    loose = True

    def __init__(self, version: str, name: str = ANY) -> None:
        super().__init__(Part(name, "*", ()), version, ANY)
        self.direct = _Every()

    def segment(self, name: str) -> tuple[str, ...]:
        """Here: everything stands where it is set."""
        if not known(name):
            raise LookupError(
                f"there is no segment '{name}' in HL7 v2; local ones begin with Z"
            )
        if name in HEADERS and not (name == "MSH" and self.name == ANY):
            raise LookupError(f"{name} stands once, at the beginning of the message")
        return ()

    def places(self, name: str) -> tuple[int, bool]:
        """One place, for as many as there are; a group has the segment that it is named by once."""
        return 1, name not in ("MSH", self.name)

    def single(self, name: str) -> Level:
        """A segment and what is set under it."""
        found = self.alone.get(name)
        if found is None:
            found = self.alone[name] = Loose(self.version, name)
        return found

    def _search(self, name: str) -> tuple[str, ...]:
        self.segment(name)
        if name == "MSH":
            raise LookupError("MSH stands once, at the beginning of the message")
        return (name,)

    def follow(self, route: Sequence[str]) -> Level:
        """The group of a segment."""
        level: Level = self
        for key in route:
            level = level.single(key)
        return level
