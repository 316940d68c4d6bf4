"""Every structure: random messages are built, and the parser reads what was written, where it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.formats import Reading, Scope
from engine.formats.hl7v2 import findings, parse, structure
from engine.formats.hl7v2.layout import Node
from engine.formats.hl7v2.structures import facts
from engine.message import Context, Facts, Inbound

SCOPE = Scope(None, None)
FACTS = Facts(inbound=Inbound(raw=b"", received_at=0.0), context=Context(now=0.0, id=1))
_TEXTS = st.text(min_size=1, max_size=8) | st.sampled_from(
    ["|^~\\&", "\r\n", "\\.br\\", '""x', "é|", " "]
)


class Chance:
    """What is written, and how often."""

    def __init__(self, seed: int, texts: list[str]) -> None:
        self.random, self.texts, self.left = Random(seed), texts, 40
        self.written: list[tuple[str, str]] = []
        """Each segment that was written, and what its second field says, in no order."""

    def count(self, step: Any) -> int:
        least = 1 if step.required or step.one_of else 0
        if self.left <= 0:
            return least
        return max(least, self.random.choice((0, 0, 1, 2) if step.repeats else (0, 1)))


def fill(level: Any, node: Any, chance: Chance) -> None:
    """Write something to a group, and to groups inside it."""
    several: dict[str, int] = {}
    for step in level.steps:
        if step.takes is not None and several.get(step.key, 0) and step.takes != slice(1, None):
            continue
        for _ in range(chance.count(step)):
            chance.left -= 1
            if step.level is not None:
                if step.level.steps:
                    fill(step.level, node.group(step.key), chance)
            elif step.key != "MSH":
                number = several[step.key] = several.get(step.key, 0) + 1
                write(level, node, f"{step.key}[{number}]" if number > 1 else step.key, chance)


def write(level: Any, node: Any, segment: str, chance: Chance) -> None:
    text = chance.random.choice(chance.texts)
    level.place(f"{segment}-9(2).3.2", None).set(node, SCOPE, text)
    chance.written.append((segment[:3], text))


def built(name: str, seed: int, texts: list[str]) -> tuple[Any, Chance]:
    level = structure(name)
    node, chance = level.new(FACTS), Chance(seed, texts)
    fill(level, node, chance)
    level.place("MSH-9.2", None).set(node, SCOPE, level.event or "X01")
    return node, chance


def said(raw: bytes) -> Iterator[tuple[str, str]]:
    document = parse(raw, Reading())
    for segment in document.segments[1:]:
        *_, last = segment.fields[9].split("&")
        yield segment.name, segment.marks.unescape(last)


@pytest.mark.parametrize("initial", sorted({name[0] for name in facts().structures}))
def test_every_structure(initial: str) -> None:
    for name in sorted(facts().structures):
        for seed in range(3) if name[0] == initial else ():
            node, chance = built(f"2.5.1/{name}", seed, ["a|b", "ü\n"])
            assert sorted(said(node.render())) == sorted(chance.written), name
            document = parse(node.render(), Reading())
            assert list(findings(document)) == [], name


ASKED = [
    "ADT_A01",
    "ADT_A17",
    "ORU_R01",
    "OML_O21",
    "DFT_P03",
    "MFN_M16",
    "SIU_S12",
    "RDE_O11",
    "VXU_V04",
    "BAR_P01",
    "ORM_O01",
]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(ASKED),
    st.integers(0, 10**9),
    st.lists(
        _TEXTS.filter(lambda one: one.isprintable() or "\r" in one), min_size=1, max_size=4
    ),
)
def test_what_was_written_is_read(name: str, seed: int, texts: list[str]) -> None:
    node, chance = built(f"2.5.1/{name}", seed, texts)
    raw = node.render()
    found = sorted(said(raw))
    assert found == sorted((one, re.sub("\r\n?", "\n", text)) for one, text in chance.written)
    document = parse(raw, Reading())
    made = node.document()
    assert [one.fields for one in made.segments] == [one.fields for one in document.segments]
    assert made.kind() == document.kind()
    assert raw.isascii() == (document.header(18) == "")


#: Structures in which each group begins with a segment of its own, so that it is found again as it was built.
_CLEAR = [
    "ADT_A39",
    "ADT_A43",
    "ADT_A45",
    "BAR_P02",
    "MFN_M16",
    "MFN_M04",
    "MFN_M05",
    "MFN_M15",
    "SIU_S12",
]


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(_CLEAR), st.integers(0, 10**9))
def test_groups_are_read_as_they_were_built(name: str, seed: int) -> None:
    node, _ = built(f"2.5.1/{name}", seed, ["x"])
    document = parse(node.render(), Reading())
    assert shape_of_built(node) == shape_of_read(document)


def shape_of_built(node: Any) -> list[Any]:
    """Names of segments, and lists of the same for groups, as they were written."""
    shape: list[Any] = []
    for step in node.level.steps:
        for entry in node.held.get(step.key, ()):
            if isinstance(entry, list):
                shape.append(entry[0])
            elif inner := shape_of_built(entry):
                shape.append(inner)
    return shape


def shape_of_read(document: Any) -> list[Any]:
    """The same, as it is read."""
    home = document.groups._layout.home
    names = [segment.name for segment in document.segments]

    def shape(node: Node) -> list[Any]:
        found: list[tuple[int, Any]] = [(at, names[at]) for at in node.own]
        found += [(child.every[0], shape(child)) for child in node.children if child.every]
        return [one for _, one in sorted(found, key=lambda each: each[0])]

    root = home[0]
    while root.parent is not None:
        root = root.parent
    return shape(root)
