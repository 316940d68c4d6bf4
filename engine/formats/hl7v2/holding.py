"""
Groups that hold more than the standard says: `groups: {OBR: {holds: [NTE, ZDS, OBX]}}` of a mapping.

    holding(document, {"OBR": ("NTE", "ZDS", "OBX")})

What the standard has in the group stays where it has it. The others belong to the group as long as no segment leaves it,
instead of to the segment before them or to what the standard has further out. A segment that has no group (a Z
segment, an NK1 of an ADT) gets one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.formats.hl7v2.charset import Decoded
from engine.formats.hl7v2.document import Document, Segment
from engine.formats.hl7v2.extension import Held
from engine.formats.hl7v2.groups import Groups


def holding(document: Document, groups: Mapping[str, Iterable[str]]) -> Document:
    """
    The same message with groups that hold more: by the segment that a path names the group by, what belongs to it besides.

    Costs nothing until a group is asked for; segments and bytes are shared.
    """
    held = tuple([(name, tuple(names)) for name, names in groups.items()])
    return _Holding(document, held)


class _Holding(Document):
    """A message whose groups hold more, and all that is made of it by edits."""

    __slots__ = ("_held",)

    def __init__(self, document: Document, held: Held) -> None:
        super().__init__(
            document.raw,
            document.decoded,
            document.reading,
            document.marks,
            document.segments,
            document.index,
        )
        self._held = held

    @property
    def groups(self) -> Groups:
        """The groups, the standard's and these."""
        if self._groups is None:
            self._groups = Groups(self, self._held)
        return self._groups

    def again(
        self,
        raw: bytes,
        decoded: Decoded,
        segments: list[Segment],
        index: dict[str, list[Segment]],
    ) -> Document:
        """The same message with other segments, read in the same way."""
        return _Holding(super().again(raw, decoded, segments, index), self._held)
