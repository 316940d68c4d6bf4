"""`tests:` of a channel, read: what is given (given.py), what is expected. engine/check/ runs them."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from engine.channel.binding import Binding
from engine.channel.given import Bounds, Step, World, readable, steps, world
from engine.channel.grammar import TEST, check_keys, missing
from engine.convert import WRONG, Converter
from engine.hints import meant, nearest
from engine.message import Verdict
from engine.placed import Items, Mistakes, Node, Place, Record, Scalar

#: What `expect:` knows besides the names of destinations.
EXPECTED = (
    "verdict",
    "reason",
    "acknowledgement",
    "reply",
    "keys",
    "deliveries",
    "waiting",
    "released",
    "unconfirmed",
)
#: The moment a test plays at where it names none.
MOMENT = "2026-01-01T12:00:00+00:00"
#: A destination of another channel: `laboratory_answers.ward`.
_ELSEWHERE = re.compile(r"[^.\s]+\.[^.\s]+")
_WORDS = Literal["accepted", "filtered", "duplicate", "quarantined", "split", "collected"]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One test as written."""

    name: str
    place: Place
    given: tuple[Step, ...]
    """In order; at least one is a message."""
    world: World
    now: float
    """Wall clock, seconds since 1970."""
    environment: str = ""
    """Empty = the installation's."""
    expect: Record


def cases(binding: Binding) -> tuple[Node, ...]:
    """The tests of a channel as written; what is wrong with them is noted."""
    node = binding.get("tests")
    if node is None or (isinstance(node, Scalar) and not node.text):
        return ()
    if not isinstance(node, Items):
        binding.mistakes.add(
            node,
            "tests stand here as a list",
            "tests:\n  - name: a charge becomes a charge\n    ...",
        )
        return ()
    routes = binding.get("destinations")
    bounds = Bounds(
        home=binding.home,
        zone=binding.zone,
        destinations=tuple(routes.entries) if isinstance(routes, Record) else (),
        memories=binding.memories,
    )
    for item in node.items:
        case(item, bounds, binding.mistakes)
    return node.items


def case(node: Node, bounds: Bounds, mistakes: Mistakes) -> Case | None:
    """One test; None where mistakes were noted."""
    before = len(mistakes.found)
    if not isinstance(node, Record):
        mistakes.add(node, "a test has 'name', 'given' and 'expect'", "- name: ...")
        return None
    check_keys(node, TEST, mistakes)
    entries = node.entries
    given = steps(node, bounds, mistakes)
    around = world(node, bounds, mistakes)
    expect = _expect(node, bounds, mistakes)
    environment = _value(
        entries.get("environment"), Literal["production", "test"], "environment", mistakes
    )
    now = _now(entries.get("now"), bounds.zone, mistakes)
    if not given or expect is None or len(mistakes.found) > before:
        return None
    name = entries.get("name")
    return Case(
        name=name.text if isinstance(name, Scalar) else f"line {node.place.line}",
        place=node.place,
        given=given,
        world=around,
        now=now,
        environment=environment or "",
        expect=expect,
    )


def _value(node: Node | None, kind: Any, name: str, mistakes: Mistakes) -> Any:
    if node is None:
        return None
    value = Converter(mistakes).read(node, kind, name)
    return None if value is WRONG else value


def _expect(record: Record, bounds: Bounds, mistakes: Mistakes) -> Record | None:
    node = record.entries.get("expect")
    if not isinstance(node, Record) or not node.entries:
        problem = "'expect' is missing: what must come of the message"
        if node is not None or missing(record, "expect", TEST):
            mistakes.add(node or record, problem, "expect: {verdict: accepted}")
        return None
    for key, value in node.entries.items():
        if key in bounds.destinations or (key not in EXPECTED and _ELSEWHERE.fullmatch(key)):
            _payloads(value, bounds.home, mistakes)
        elif key not in EXPECTED:
            _unknown(key, node, bounds.destinations, mistakes)
    _plain_values(node, bounds.destinations, mistakes)
    for name in ("acknowledgement", "reply"):
        if name not in bounds.destinations:
            _answer(node.entries.get(name), name, bounds.home, mistakes)
    keys = node.entries.get("keys")
    if keys is not None and not isinstance(keys, Record) and "keys" not in bounds.destinations:
        problem = "names of keys and their values stand here"
        mistakes.add(keys, problem, 'keys: {mrn: "1000123"}')
    return node


def _unknown(key: str, node: Record, destinations: tuple[str, ...], mistakes: Mistakes) -> None:
    known = (*EXPECTED, *destinations)
    problem = f"'{key}' is neither a destination of this channel nor something a test expects"
    near = nearest(key, known)
    mistakes.add(node.keys[key], problem + meant(key, known), f"{near}: ..." if near else "")


def _plain_values(node: Record, destinations: tuple[str, ...], mistakes: Mistakes) -> None:
    """Those of which one word or number is expected; of verdicts and reasons also one for each message."""
    assert set(_WORDS.__args__) <= set(Verdict)  # type: ignore[attr-defined]
    kinds = {"verdict": _WORDS, "reason": str, "deliveries": int, "waiting": int, "released": _WORDS, "unconfirmed": int}  # fmt: skip
    for name, kind in kinds.items():
        value = node.entries.get(name)
        if value is None or name in destinations:
            continue
        several = isinstance(value, Items) and name in ("verdict", "reason", "released")
        for item in value.items if several else (value,):  # type: ignore[union-attr]
            _value(item, kind, name, mistakes)


def _answer(node: Node | None, name: str, home: Path, mistakes: Mistakes) -> None:
    """A code, or the answer itself; of a reply also a status or some of its fields."""
    if node is None or (name == "reply" and isinstance(node, Record)):
        return
    if not isinstance(node, Scalar) or not is_code(node.text, name):
        readable(node, home, mistakes)


def is_code(text: str, name: str) -> bool:
    """
    Whether an expected answer is told by its code, not written out: MSA-1, or a status of HTTP.

    >>> is_code("AE", "reply"), is_code("503", "reply"), is_code("a.hl7", "reply")
    (True, True, False)
    """
    return (len(text) == 2 and text.isalpha()) or (name == "reply" and text.isdigit())


def _payloads(node: Node, home: Path, mistakes: Mistakes) -> None:
    """What one destination is to get: a file, a block, some fields, several of them, or `nothing`."""
    for item in node.items if isinstance(node, Items) else (node,):
        if isinstance(item, Items):
            mistakes.add(item, "one payload stands here: a file, a block of text, or fields")
        elif isinstance(item, Scalar) and item.text != "nothing":
            readable(item, home, mistakes)


def _now(node: Node | None, zone: str, mistakes: Mistakes) -> float:
    text = node.text if isinstance(node, Scalar) else MOMENT
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        assert node is not None
        mistakes.add(node, f"'{text}' is not a moment", "now: 2026-01-31T14:30:00")
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).timestamp()
