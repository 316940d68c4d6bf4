"""
Transaction sets as data: `x12/*.yaml`, one file per set, with its loops and segments in their order.

An item is `NAME[!] [repeat] [.element=CODE|CODE] [rules]`: `REF! 2 .1=EI|SY !!` must be there, at most twice, where its first
element has one of these codes; what its elements must be stands behind (rules.py). A loop is such an item with a list
of its own; its first segment begins it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec

from engine.edi.data import FOLDER, content, read
from engine.edi.dialect import Dialect
from engine.edi.dictionary import Dictionary, standard
from engine.edi.rules import Rule, item_rules, says_usage
from engine.edi.x12 import X12

_NOT_SETS = ("elements", "segments")
_ITEM = re.compile(r"(\w+)(!?)(?: (\d+|\*))?(?: \.(\d+)(?:-(\d+))?=(\S+))?((?: \S+)*)")

Test = tuple[int, int, frozenset[str]]
"""Element, component (0 = the whole element) and the codes that are allowed there."""


class Part:
    """A segment at one place of a set."""

    __slots__ = ("loop", "name", "order", "repeat", "required", "rules", "test")

    def __init__(
        self,
        name: str,
        required: bool,
        repeat: int,
        test: Test | None,
        rules: tuple[Rule, ...] = (),
    ) -> None:
        self.name = name
        self.required = required
        self.repeat = repeat
        """0 = any number."""
        self.test = test
        self.rules = rules
        """What the guide asks of its elements there; what the standard asks everywhere is in the dictionary."""
        self.loop: LoopPart
        self.order = 0

    def fits(self, name: str, codes: tuple[str, ...], at: dict[tuple[int, int], int]) -> bool:
        """Whether a segment of that name, with these codes, belongs here."""
        if name != self.name:
            return False
        test = self.test
        return test is None or codes[at[test[0], test[1]]] in test[2]


class LoopPart:
    """A loop at one place of a set."""

    __slots__ = (
        "all",
        "all_loops",
        "depth",
        "direct",
        "direct_loops",
        "hierarchy",
        "items",
        "loop",
        "name",
        "order",
        "repeat",
        "required",
    )

    def __init__(
        self, name: str, required: bool, repeat: int, items: list[Part | LoopPart]
    ) -> None:
        self.name, self.required, self.repeat = name, required, repeat
        self.items = items
        self.loop: LoopPart | None = None
        self.order = self.depth = 0
        own, inner = parts(items)
        for order, item in enumerate(items):
            item.order, item.loop = order, self
        self.direct = frozenset(part.name for part in own)
        """Segments of its own."""
        self.direct_loops = frozenset(loop.name for loop in inner)
        self.all: frozenset[str] = self.direct.union(*(loop.all for loop in inner))
        """Segments anywhere in it."""
        self.all_loops: frozenset[str] = self.direct_loops.union(
            *(loop.all_loops for loop in inner)
        )
        self.hierarchy = self.first.name == "HL" and self.first.test is None
        """Whether its repetitions are the levels of a tree (HL02, HL03)."""

    @property
    def first(self) -> Part:
        """The segment that begins it."""
        part = self.items[0]
        assert isinstance(part, Part)
        return part

    def deepen(self, depth: int = 0) -> None:
        """Say each loop how deep it is."""
        self.depth = depth
        for loop in parts(self.items)[1]:
            loop.deepen(depth + 1)

    def inside(self, name: str) -> LoopPart | None:
        """A loop directly in it."""
        for loop in parts(self.items)[1]:
            if loop.name == name:
                return loop
        return None


def parts(items: list[Part | LoopPart]) -> tuple[list[Part], list[LoopPart]]:
    """The segments and the loops among items."""
    return (
        [item for item in items if isinstance(item, Part)],
        [item for item in items if isinstance(item, LoopPart)],
    )


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a map's file says above its items."""

    set: str
    title: str
    group: str = ""
    """GS01; EDIFACT has none."""
    guide: str = ""
    """Its short name where it is not that of the set: `837P`."""
    versions: list[str]
    """GS08 of the sets it describes exactly."""
    alike: list[str] = []
    """GS08 of sets that it describes well enough to read them, not to check them."""
    writes: str = ""
    """The version that is written where only the base version is asked for."""
    counts: dict[str, str] = {}
    """Elements that count segments: `CTT01: PO1`, or `CNT01=2: LIN` where the first component says what is counted."""
    unit: str = ""
    """What the business unit at hand is known by, as a 999 names it (CTX01): `CLM01`, `SUBSCRIBER NUMBER REF02=0F`."""
    areas: list[str] = []
    """What begins the detail and the summary of the set (its tables 2 and 3); of an area that is missing one segment is named."""
    usual: dict[str, str] = {}
    """What the guide asks of a segment wherever its item says nothing: `N3: "!?"`."""

    only: dict[str, str] = {}
    """Segments that the guide uses only where another one, before them, says so: `HCR: BHT02=11`, in answers and not in requests."""

    @property
    def business(self) -> tuple[str, int, str]:
        """The segment, the element and the name of `unit`; empty where there is none."""
        place = self.unit.partition("=")[0].rpartition(" ")[2]
        return place[:-2], int(place[-2:] or 0), self.unit.partition("=")[0]


class Guide:
    """One transaction set's map."""

    def __init__(
        self, head: Head, root: LoopPart, dialect: Dialect, dictionary: Dictionary
    ) -> None:
        self.head, self.root, self.dialect, self.dictionary = head, root, dialect, dictionary
        self.name = head.guide or head.set
        self.codes: dict[str, dict[tuple[int, int], int]] = {}
        """For each segment whose place depends on codes: where they stand in it, numbered."""
        self.known: dict[str, list[set[str]]] = {}
        """The codes that matter there."""
        self.steps: dict[Any, Any] = {}
        """What followed what, for the walker (loops.py)."""
        self._collect(root)

    def _collect(self, loop: LoopPart) -> None:
        own, inner = parts(loop.items)
        for part in own:
            if part.test is not None:
                places = self.codes.setdefault(part.name, {})
                known = self.known.setdefault(part.name, [])
                at = places.setdefault(part.test[:2], len(places))
                if at == len(known):
                    known.append(set())
                known[at] |= part.test[2]
        for each in inner:
            self._collect(each)


@cache
def heads() -> dict[str, Head]:
    """The heads of all maps, by the name of their file."""
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.stem not in _NOT_SETS:
            text = path.read_text("utf-8").partition("\nof:")[0]
            found[path.stem] = msgspec.convert(read(text), Head)
    return found


@cache
def guide(file: str) -> Guide:
    """A map, read once."""
    head = heads()[file]
    made = (item(node, head.usual) for node in content(file)["of"])
    items = [item("ST! 1", {}), *made, item("SE! 1", {})]
    root = LoopPart("ST", True, 0, items)
    root.deepen()
    return Guide(head, root, X12, standard())


def item(node: Any, usual: dict[str, str]) -> Part | LoopPart:
    """A line of a map: a segment, or a loop with what is in it."""
    text, inner = node, None
    if isinstance(node, dict):
        ((text, inner),) = node.items()
    found = _ITEM.fullmatch(str(text))
    assert found is not None, text
    name, required, repeat = found[1], bool(found[2]), found[3] or "1"
    most = 0 if repeat == "*" else int(repeat)
    if inner is not None:
        return LoopPart(name, required, most, [item(each, usual) for each in inner])
    test = None
    if found[4]:
        test = (int(found[4]), int(found[5] or 0), frozenset(found[6].split("|")))
    return Part(name, required, most, test, item_rules(_said(found[7], usual.get(name, ""))))


def _said(own: str, usual: str) -> str:
    """The rules of an item: what is usual for its segment holds besides, where it does not say itself which elements it has."""
    return own if says_usage(own) else f"{usual}{own}"


@cache
def resolve(set_: str, version: str) -> tuple[Guide | None, bool]:
    """
    The map of a set by ST01 and GS08 (or ST03), and whether it describes that version exactly.

    >>> resolve("837", "005010X222A1")[0].name, resolve("850", "003010")[1], resolve("214", "004010")
    ('837P', False, (None, False))
    """
    wanted = {file: head for file, head in heads().items() if head.set == set_}
    for file, head in wanted.items():
        if version in head.versions:
            return guide(file), True
    base = version[:10]
    for file, head in wanted.items():
        known = [*head.versions, *head.alike]
        if "X" in version and base in [one[:10] for one in known]:
            return guide(file), version[:6] == head.versions[0][
                :6
            ] and version not in head.alike
    for file, head in wanted.items():
        if version[:6] in head.versions and "X" not in version:
            return guide(file), True
    return (guide(min(wanted)), False) if wanted else (None, False)


def named(name: str) -> tuple[Guide, str]:
    """
    The map and the version (GS08) of `005010/850`, `005010X222A1/837P`, `005010/837P`.

    Raises LookupError, with what there is, where there is none.
    """
    version, _, wanted = name.partition("/")
    found = {
        file: head for file, head in heads().items() if wanted in (file, head.set, head.guide)
    }
    if not found:
        raise LookupError(f"there is {', '.join(heads())}")
    for file, head in found.items():
        if version in head.versions:
            bare = "X" not in version and head.writes
            return guide(file), head.writes if bare else version
        if "X" not in version and version == head.versions[0][:6]:
            return guide(file), head.writes or version
    there = [
        f"{one}/{head.guide or file}" for file, head in found.items() for one in head.versions
    ]
    raise LookupError(f"there is {', '.join(there)}")
