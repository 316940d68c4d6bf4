"""
Message structures of the standard: which segments and groups a message has, in their order.

`data/structures.json` holds them as grammar: `FINANCIAL:(FT1 NTE? PROCEDURE:(PR1 ROL*)*)+`, alternatives in
`<OBR|RQD>`. The base is v2.5.1; what later and earlier versions (2.3 to 2.8.2) add stands at its place.
"""

from __future__ import annotations

import re
from functools import cache

import msgspec

from engine.formats.hl7v2.shipped import content

#: The group of earlier results that orders carry along (HL7 v2.5.1 ch. 4.4.6): orders, visits and patients of their own.
PRIOR = "PRIOR_RESULT"
_TOKEN = re.compile(r"[A-Z0-9_]+:\(|[A-Z0-9]+|[()<>|?*+]")


class Facts(msgspec.Struct, frozen=True):
    """The file of facts."""

    structures: dict[str, str]
    events: dict[str, str]
    """Structures that several trigger events share (table 0354): `ADT_A01` has `A04 A08 A13`."""
    segments: str
    """All names of segments."""
    holds: dict[str, str]
    """For messages of unknown structure: what may stand under a segment in any structure."""
    since: dict[str, str]
    """The version that brought a segment which structures require."""
    versions: str
    """All there are, in their order."""


class Part:
    """A segment, a group, or a choice, at one place of a structure."""

    __slots__ = (
        "all",
        "choice",
        "direct",
        "first",
        "mark",
        "name",
        "parts",
        "repeats",
        "required",
        "single",
        "within",
    )

    def __init__(
        self, name: str, mark: str, parts: tuple[Part, ...] | None = None, choice: bool = False
    ) -> None:
        self.name = name
        self.mark = mark
        """How often it stands: once, `?` at most once, `*` any number, `+` at least once."""
        self.required = mark in ("", "+")
        self.repeats = mark in ("*", "+")
        self.parts = parts
        """None for a segment."""
        self.choice = choice
        inner = parts or ()
        own = frozenset([name]) if parts is None else frozenset[str]()
        self.all: frozenset[str] = own.union(*(part.all for part in inner))
        """Segments anywhere in it."""
        self.within: frozenset[str] = own.union(
            *(part.within for part in inner if part.name != PRIOR)
        )
        """The same without what came before: an order sees its own ORC, not the one of a result that it is sent with."""
        self.first: frozenset[str] = own or _first(inner, choice)
        """Segments it may begin with."""
        self.direct: frozenset[str] = own.union(
            *(p.direct for p in inner if p.parts is None or p.choice)
        )
        """Segments that are its own, not those of a group in it."""
        self.single: frozenset[str] = own.union(
            *(p.single for p in inner if (p.parts is None or p.choice) and not p.repeats)
        )
        """Those of its own that stand in it once at most."""


def _first(parts: tuple[Part, ...], choice: bool) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for part in parts:
        found |= part.first
        if part.required and not choice:
            break
    return found


@cache
def facts() -> Facts:
    """The facts, read once."""
    return msgspec.json.decode(content("structures.json"), type=Facts)


@cache
def segment_names() -> frozenset[str]:
    """All names of segments in the standard."""
    return frozenset(facts().segments.split())


@cache
def holds(name: str) -> frozenset[str]:
    """What may stand under a segment in any structure."""
    return frozenset(facts().holds.get(name, "").split())


@cache
def structure(name: str) -> Part | None:
    """The structure of that name (`ADT_A01`); None where the standard has none."""
    grammar = facts().structures.get(name)
    if grammar is None:
        return None
    tokens = _TOKEN.findall(grammar)[::-1]
    return Part(name, "", _parts(tokens))


def structure_name(code: str, event: str, said: str) -> str:
    """
    The structure of a message: what MSH-9.3 says where the standard knows it, else what its event means.

    >>> structure_name("ADT", "A04", ""), structure_name("ZZZ", "Z01", "")
    ('ADT_A01', '')
    """
    for name in (said, events().get(f"{code}_{event}", ""), f"{code}_{event}", code):
        if name in facts().structures:
            return name
    return ""


@cache
def versions() -> list[str]:
    """The versions of the standard, in their order."""
    return facts().versions.split()


def since(name: str) -> int:
    """The position among `versions` of the one that brought a segment; 0 where it was always there."""
    return versions().index(facts().since.get(name, versions()[0]))


@cache
def events() -> dict[str, str]:
    """
    The structure of each message that shares one with others.

    >>> events()["ADT_A08"]
    'ADT_A01'
    """
    shared: dict[str, str] = {}
    for name, triggers in facts().events.items():
        code = name.partition("_")[0]
        shared |= {f"{code}_{trigger}": name for trigger in triggers.split()}
    return shared


def _parts(tokens: list[str]) -> tuple[Part, ...]:
    """Parts up to the closing bracket; takes tokens from the end of the reversed list."""
    parts: list[Part] = []
    while tokens and tokens[-1] not in (")", ">"):
        token = tokens.pop()
        if token == "|":
            continue
        inner = None
        if token == "<" or token.endswith("("):
            inner = _parts(tokens)
            tokens.pop()
        mark = tokens.pop() if tokens and tokens[-1] in ("?", "*", "+") else ""
        name = token.removesuffix(":(")
        parts.append(Part(name, mark, inner, choice=token == "<"))
    return tuple(parts)
