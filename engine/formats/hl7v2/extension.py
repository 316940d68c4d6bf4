"""Structures whose groups hold more than the standard says (holding.py)."""

from __future__ import annotations

from functools import lru_cache

from engine.formats.hl7v2.structures import Part

#: The segment that names a group, and those that belong to it besides.
Held = tuple[tuple[str, tuple[str, ...]], ...]


@lru_cache(256)
def extended(part: Part, held: Held) -> Part:
    """A structure in which the groups that these segments name hold what stands behind their names."""
    return _extended(part, dict(held), whole=True)


def group(name: str, mark: str, held: dict[str, tuple[str, ...]]) -> Part:
    """A segment with what it holds, as a group."""
    inner = {key: names for key, names in held.items() if key != name}
    return Part(name, mark, (Part(name, ""), *(_one(each, inner) for each in held[name])))


def _one(name: str, held: dict[str, tuple[str, ...]]) -> Part:
    return group(name, "*", held) if name in held else Part(name, "*")


def _extended(part: Part, held: dict[str, tuple[str, ...]], whole: bool = False) -> Part:
    parts: list[Part] = []
    for one in part.parts or ():
        if one.parts is not None:
            parts.append(_extended(one, held))
        elif one.name in held and (whole or one.name not in part.single) and not part.choice:
            parts.append(group(one.name, one.mark, held))
        else:
            parts.append(one)
    there = part.all
    if not whole and not part.choice:
        for name, names in held.items():
            if name in part.single:
                parts += [_one(each, held) for each in names if each not in there]
    return Part(part.name, part.mark, tuple(parts), part.choice)
