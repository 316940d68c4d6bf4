"""What of channels and mappings no test reaches, by file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from engine import connectors
from engine.channel import Channel
from engine.coverage import Coverage, Point
from engine.mapping import Mapping

#: A setting of a destination's connector.
_SETTING = re.compile(rf"destinations\.[^.]+\.({'|'.join(connectors.names())})\.")


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that no test reaches."""

    line: int
    path: str
    """`accept[0].when`, `fields.quantity[1].value`."""
    why: str


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one file the tests reach."""

    file: str
    rules: int
    """Expressions in it."""
    missed: tuple[Missed, ...]

    @property
    def percent(self) -> int:
        """Rounded down: 100 means all."""
        return 100 if not self.rules else (self.rules - len(self.missed)) * 100 // self.rules


def covered(coverage: Coverage, channels: Iterable[Channel]) -> list[Covered]:
    """
    The files of these channels and of the mappings they use, and all others that were reached, by name. Of a template
    every channel counts.
    """
    wanted = {file for channel in channels for file in _files(channel)}
    by_file: dict[str, list[Missed | None]] = {}
    for point in coverage.points.values():
        place = point.place
        if not (place.file in wanted or point.gave) or _is_set(point):
            continue
        why = point.missed()
        said = Missed(line=place.line, path=place.path, why=why) if why else None
        by_file.setdefault(place.file, []).append(said)
    return [
        Covered(
            file=file,
            rules=len(found),
            missed=tuple(sorted((each for each in found if each), key=lambda each: each.line)),
        )
        for file, found in sorted(by_file.items())
    ]


def _is_set(point: Point) -> bool:
    """Whether it is no rule: what a test says, or a connector's setting that is the same for every message."""
    path = point.place.path
    return path.startswith("tests[") or (bool(_SETTING.match(path)) and "{" not in point.text)


def _files(channel: Channel) -> set[str]:
    mappings: list[Mapping] = [one for chain in channel.transforms for one in chain]
    mappings += [route.render for route in channel.routes if route.render is not None]
    mappings += channel.collect.then if channel.collect is not None else ()
    if channel.answer is not None:
        mappings += [one for chain in channel.answer.transforms for one in chain]
    return {channel.file, *(f"mappings/{mapping.name}.yaml" for mapping in mappings)}
