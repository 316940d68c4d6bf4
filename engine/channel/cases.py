"""`tests:` of a channel, read: what is given, what is expected. engine/check.py runs them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from engine.channel.binding import Binding
from engine.channel.grammar import GIVEN, TEST, check_keys, missing
from engine.convert import WRONG, Converter
from engine.hints import meant, nearest
from engine.message import Verdict
from engine.placed import Items, Mistakes, Node, Place, Record, Scalar

#: What `expect:` knows besides the names of destinations.
EXPECTED = ("verdict", "reason", "acknowledgement", "keys", "deliveries")
#: The moment a test plays at where it names none.
MOMENT = "2026-01-01T12:00:00+00:00"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One test as written."""

    name: str
    place: Place
    given: Scalar
    """The name of a sample, or the message itself in a block."""
    peer: str = ""
    file_name: str = ""
    now: float
    """Wall clock, seconds since 1970."""
    environment: str = ""
    """Empty = the installation's."""
    expect: Record

    def message(self, home: Path) -> bytes:
        """The bytes of the message that is given."""
        return content(self.given, home)


def content(node: Scalar, home: Path) -> bytes:
    """The bytes a scalar names or is: a block is the text itself, anything else a file of the home."""
    return node.text.encode() if node.style == "block" else (home / node.text).read_bytes()


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
    names = tuple(routes.entries) if isinstance(routes, Record) else ()
    for item in node.items:
        case(item, names, binding.home, binding.zone, binding.mistakes)
    return node.items


def case(
    node: Node, destinations: tuple[str, ...], home: Path, zone: str, mistakes: Mistakes
) -> Case | None:
    """One test; None where mistakes were noted."""
    before = len(mistakes.found)
    if not isinstance(node, Record):
        mistakes.add(node, "a test has 'name', 'given' and 'expect'", "- name: ...")
        return None
    check_keys(node, TEST, mistakes)
    entries = node.entries
    given, facts = _given(node, home, mistakes)
    expect = _expect(node, destinations, home, mistakes)
    environment = _value(
        entries.get("environment"), Literal["production", "test"], "environment", mistakes
    )
    now = _now(entries.get("now"), zone, mistakes)
    if given is None or expect is None or len(mistakes.found) > before:
        return None
    name = entries.get("name")
    said = name.text if isinstance(name, Scalar) else f"line {node.place.line}"
    return Case(
        name=said,
        place=node.place,
        given=given,
        peer=facts.get("peer", ""),
        file_name=facts.get("file_name", ""),
        now=now,
        environment=environment or "",
        expect=expect,
    )


def _value(node: Node | None, kind: Any, name: str, mistakes: Mistakes) -> Any:
    if node is None:
        return None
    value = Converter(mistakes).read(node, kind, name)
    return None if value is WRONG else value


def _given(
    record: Record, home: Path, mistakes: Mistakes
) -> tuple[Scalar | None, dict[str, str]]:
    """The sample and what is said about how it came."""
    node = record.entries.get("given")
    facts: dict[str, str] = {}
    if node is None:
        problem = "'given' is missing: the message that the test sends in"
        if missing(record, "given", TEST):
            mistakes.add(record, problem, "given: samples/hl7v2/dft_p03.hl7")
        return None, facts
    if isinstance(node, Items):
        mistakes.add(
            node,
            "several messages in one test are not in this release",
            "given: samples/hl7v2/dft_p03.hl7",
        )
        return None, facts
    if isinstance(node, Record):
        check_keys(node, GIVEN, mistakes)
        if "sample" not in node.entries:
            mistakes.add(
                node, "'sample' is missing in 'given'", "sample: samples/hl7v2/dft_p03.hl7"
            )
            return None, facts
        for key in ("peer", "file_name"):
            facts[key] = _value(node.entries.get(key), str, key, mistakes) or ""
        node = node.entries["sample"]
    return (node, facts) if _readable(node, home, mistakes) else (None, facts)  # type: ignore[return-value]


def _readable(node: Node, home: Path, mistakes: Mistakes) -> bool:
    """Whether a node is a block of text, or names a file that is there."""
    if not isinstance(node, Scalar) or not node.text:
        mistakes.add(node, "the name of a file stands here, or the text itself in a block (|)")
        return False
    if node.style == "block" or (home / node.text).is_file():
        return True
    folder = (home / node.text).parent
    known = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    near = nearest(Path(node.text).name, known)
    said = f"; did you mean '{near}'?" if near else ""
    mended = (Path(node.text).parent / near).as_posix() if near else ""
    mistakes.add(node, f"there is no file '{node.text}' in the home{said}", mended)
    return False


def _expect(
    record: Record, destinations: tuple[str, ...], home: Path, mistakes: Mistakes
) -> Record | None:
    node = record.entries.get("expect")
    if not isinstance(node, Record) or not node.entries:
        problem = "'expect' is missing: what must come of the message"
        if node is not None or missing(record, "expect", TEST):
            mistakes.add(node or record, problem, "expect: {verdict: accepted}")
        return None
    for key, value in node.entries.items():
        if key in destinations:
            _payloads(value, home, mistakes)
        elif key not in EXPECTED:
            known = (*EXPECTED, *destinations)
            problem = (
                f"'{key}' is neither a destination of this channel nor something a test expects"
            )
            near = nearest(key, known)
            mistakes.add(
                node.keys[key], problem + meant(key, known), f"{near}: ..." if near else ""
            )
    words = Literal["accepted", "filtered", "duplicate", "quarantined", "split"]
    assert set(words.__args__) <= set(Verdict)  # type: ignore[attr-defined]
    _value(node.entries.get("verdict"), words, "verdict", mistakes)
    _value(node.entries.get("reason"), str, "reason", mistakes)
    _value(node.entries.get("deliveries"), int, "deliveries", mistakes)
    _acknowledgement(node.entries.get("acknowledgement"), home, mistakes)
    keys = node.entries.get("keys")
    if keys is not None and not isinstance(keys, Record):
        mistakes.add(
            keys, "names of keys and their values stand here", 'keys: {mrn: "1000123"}'
        )
    return node


def _acknowledgement(node: Node | None, home: Path, mistakes: Mistakes) -> None:
    code = isinstance(node, Scalar) and len(node.text) == 2 and node.text.isalpha()
    if node is not None and not code:
        _readable(node, home, mistakes)


def _payloads(node: Node, home: Path, mistakes: Mistakes) -> None:
    """What one destination is to get: a file, a block, some fields, several of them, or `nothing`."""
    for item in node.items if isinstance(node, Items) else (node,):
        if isinstance(item, Items):
            mistakes.add(item, "one payload stands here: a file, a block of text, or fields")
        elif isinstance(item, Scalar) and item.text != "nothing":
            _readable(item, home, mistakes)


def _now(node: Node | None, zone: str, mistakes: Mistakes) -> float:
    text = node.text if isinstance(node, Scalar) else MOMENT
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        assert node is not None
        mistakes.add(node, f"'{text}' is not a moment", "now: 2026-01-31T14:30:00")
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).timestamp()
