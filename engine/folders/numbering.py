"""The numbers of a partner's files as they come, kept in the commits of their messages, and what people are told of them."""

from __future__ import annotations

import msgspec

from engine.folders import Site
from engine.folders.sequence import Counted, Counts, Sequence, counted, forgotten, ranges
from engine.wire.pickup import Sight, day_of

Mark = tuple[str, str, bytes]
#: What people are told: the kind of alert, since when, and in which words.
Warned = tuple[str, float, str]


class Numbering:
    """The sequence of one source; each folder in it counts by itself. Without `sequence:` it does nothing."""

    def __init__(self, sequence: Sequence | None, site: Site, own: str) -> None:
        self._sequence, self._site = sequence, site
        self._key = f"{own}sequence"
        self._counts: dict[str, Counts] = {}

    async def begin(self) -> None:
        """Read what was counted so far."""
        found = await self._site.remember.get(self._key) if self._sequence else None
        self._counts = msgspec.msgpack.decode(found, type=dict[str, Counts]) if found else {}

    def next(self, sight: Sight) -> dict[str, Counts] | None:
        """The counts with this file; None where it is not counted."""
        if self._sequence is None:
            return None
        folder, _, name = sight.name.rpartition("/")
        before = self._counts.get(folder, {})
        now = self._site.now()
        after = counted(before, name, self._sequence, now=now, day=day_of(now))
        return None if after is before else {**self._counts, folder: after}

    def mark(self, counts: dict[str, Counts]) -> Mark:
        """For `Inbound.marks`."""
        mark: Mark = self._site.remember.mark(self._key, msgspec.msgpack.encode(counts))
        return mark

    def kept(self, counts: dict[str, Counts]) -> None:
        """They are in the store: say what is new in them."""
        for folder, after in counts.items():
            before = self._counts.get(folder, {})
            for day, each in after.items():
                self._say(before.get(day), each)
        self._counts = counts

    def _say(self, before: Counted | None, after: Counted) -> None:
        was = before.missing if before else {}
        if new := [number for number in after.missing if number not in was]:
            self._site.notice("warning", "file_sequence_gap", missing=ranges(new))
        if after.again is not None and (before is None or before.again != after.again):
            self._site.notice("warning", "file_sequence_repeat", number=after.again[0])

    async def forget(self) -> None:
        """Wait no more for numbers that were waited for long enough."""
        if self._sequence is None:
            return
        now = self._site.now()
        rest = {key: forgotten(each, self._sequence, now) for key, each in self._counts.items()}
        if any(rest[key] is not each for key, each in self._counts.items()):
            self._site.notice("info", "file_sequence_gap_forgotten")
            self._counts = rest
            await self._site.remember.put(self._key, msgspec.msgpack.encode(rest))

    def warned(self) -> list[Warned]:
        """What people should be told now."""
        said: list[Warned] = []
        each = [one for counts in self._counts.values() for one in counts.values()]
        missing = {number: since for one in each for number, since in one.missing.items()}
        if missing and self._sequence is not None:
            text = (
                f"of the partner's files {self._sequence.name} the numbers {ranges(list(missing))} are missing; "
                "ask the partner to send them"
            )
            said.append(("file_sequence_gap", min(missing.values()), text))
        again = [one.again for one in each if one.again is not None]
        if again and self._sequence is not None:
            number, since = max(again, key=lambda one: one[1])
            text = (
                f"of the partner's files {self._sequence.name} the number {number} came twice, or out of its turn; "
                "ask the partner which one counts"
            )
            said.append(("file_sequence_repeat", since, text))
        return said
