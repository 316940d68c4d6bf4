"""What a test of a channel gives: messages and waits, memory, tables, numbers, and what partners answer."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from engine.channel.grammar import ANSWERING, GIVEN, TEST, check_keys, missing
from engine.convert import WRONG, Converter
from engine.hints import meant, nearest
from engine.mapping import lookups
from engine.placed import Items, Mistakes, Node, Record, Scalar
from engine.settings import Duration

_SAMPLE = "samples/hl7v2/dft_p03.hl7"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happens in a test: a message comes, or time passes."""

    sample: Scalar | None = None
    """The name of a file, or the message itself in a block; None = time passes."""
    wait: float = 0.0
    """Seconds."""
    channel: str = ""
    """The channel that takes it; empty = the one under test."""
    peer: str = ""
    file_name: str = ""
    facts: dict[str, str] = {}


class Answering(msgspec.Struct, frozen=True, kw_only=True):
    """What a destination answers to one message."""

    sample: Scalar | None = None
    """None = an empty answer."""
    status: str = ""
    """Of HTTP; empty = 200."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What there is when a test begins, and who answers."""

    memory: Record | None = None
    """Records by memory and key."""
    tables: tuple[tuple[str, Scalar], ...] = ()
    """Data tables and the CSV files of their rows."""
    numbers: dict[str, int] = {}
    """The last number given out, by the sequence's plain name."""
    replies: dict[str, tuple[Answering, ...]] = {}
    """By destination, one for each attempt; the last stands for all further ones."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Where a test stands."""

    home: Path
    zone: str
    destinations: tuple[str, ...]
    memories: Collection[str] | None = None
    """What the channels of the home remember; None = it is not checked."""


def content(node: Scalar, home: Path) -> bytes:
    """The bytes a scalar names or is: a block is the text itself, anything else a file of the home."""
    return node.text.encode() if node.style == "block" else (home / node.text).read_bytes()


def steps(test: Record, bounds: Bounds, mistakes: Mistakes) -> tuple[Step, ...]:
    """`given:` of a test, in order; empty where it gives nothing (noted)."""
    node = test.entries.get("given")
    if node is None:
        if missing(test, "given", TEST):
            problem = "'given' is missing: the message that the test sends in"
            mistakes.add(test, problem, f"given: {_SAMPLE}")
        return ()
    items = node.items if isinstance(node, Items) else (node,)
    found = [_step(item, bounds, mistakes) for item in items]
    read = tuple(step for step in found if step is not None)
    if len(read) == len(found) and all(step.sample is None for step in read):
        mistakes.add(node, "no message is given, only time passes", f"given: {_SAMPLE}")
    return read


def _step(node: Node, bounds: Bounds, mistakes: Mistakes) -> Step | None:
    if not isinstance(node, Record):
        return Step(sample=node) if readable(node, bounds.home, mistakes) else None  # type: ignore[arg-type]
    check_keys(node, GIVEN, mistakes)
    entries = node.entries
    if "wait" in entries:
        return _wait(node, mistakes)
    sample = entries.get("sample")
    if sample is None:
        if missing(node, "sample", GIVEN):
            mistakes.add(node, "'sample' is missing in 'given'", f"sample: {_SAMPLE}")
        return None
    if not readable(sample, bounds.home, mistakes):
        return None
    assert isinstance(sample, Scalar)
    channel, peer, file_name = (
        _text(entries.get(name), name, mistakes) for name in ("channel", "peer", "file_name")
    )
    return Step(
        sample=sample,
        channel=channel,
        peer=peer,
        file_name=file_name,
        facts=_facts(entries.get("facts"), mistakes),
    )


def _facts(node: Node | None, mistakes: Mistakes) -> dict[str, str]:
    """What a source would say of the message besides: `facts: {interaction: search, header.x-facility: NORTH}`."""
    value = {} if node is None else Converter(mistakes).read(node, dict[str, str], "facts")
    return {} if value is WRONG else dict(value)


def _wait(node: Record, mistakes: Mistakes) -> Step | None:
    if len(node.entries) > 1:
        problem = "a wait stands alone; the message that comes then is the next of the list"
        mistakes.add(node, problem, "given: [a.hl7, {wait: 24h}, b.hl7]")
        return None
    value = Converter(mistakes).read(node.entries["wait"], Duration, "wait")
    return None if value is WRONG else Step(wait=float(value))


def _text(node: Node | None, name: str, mistakes: Mistakes) -> str:
    value = "" if node is None else Converter(mistakes).read(node, str, name)
    return "" if value is WRONG else str(value)


def readable(node: Node, home: Path, mistakes: Mistakes) -> bool:
    """Whether a node is a block of text, or names a file that is there; noted where it is not."""
    if not isinstance(node, Scalar) or not node.text:
        mistakes.add(node, "the name of a file stands here, or the text itself in a block (|)")
        return False
    if node.style == "block" or (home / node.text).is_file():
        return True
    if "\n" in node.text:
        problem = (
            "a text of several lines stands in a block (|), or in a file that is named here"
        )
        mistakes.add(node, problem, "|")
        return False
    folder = (home / node.text).parent
    known = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    near = nearest(Path(node.text).name, known)
    said = f"; did you mean '{near}'?" if near else ""
    mended = (Path(node.text).parent / near).as_posix() if near else ""
    mistakes.add(node, f"there is no file '{node.text}' in the home{said}", mended)
    return False


def world(test: Record, bounds: Bounds, mistakes: Mistakes) -> World:
    """What a test says about memory, tables, numbers and replies."""
    entries = test.entries
    return World(
        memory=_memory(entries.get("memory"), bounds, mistakes),
        tables=_tables(entries.get("tables"), bounds, mistakes),
        numbers=_numbers(entries.get("numbers"), mistakes),
        replies=_replies(entries.get("replies"), bounds, mistakes),
    )


def _named(node: Node | None, mistakes: Mistakes, says: str, write: str) -> Record | None:
    if node is None or isinstance(node, Record):
        return node
    mistakes.add(node, says, write)
    return None


def _memory(node: Node | None, bounds: Bounds, mistakes: Mistakes) -> Record | None:
    write = "memory: {visit: {V123: {class: I}}}"
    found = _named(node, mistakes, "memories stand here by name", write)
    if found is None:
        return None
    for name, records in found.entries.items():
        if bounds.memories is not None and name not in bounds.memories:
            known = sorted(bounds.memories)
            problem = f"no channel remembers '{name}'{meant(name, known)}"
            near = nearest(name, known)
            mistakes.add(found.keys[name], problem, f"{near}: ..." if near else "")
        inside = _named(records, mistakes, "records stand here by their keys", write)
        for record in inside.entries.values() if inside is not None else ():
            fields = _named(record, mistakes, "fields of the record stand here", write)
            for value in fields.entries.values() if fields is not None else ():
                if not isinstance(value, Scalar):
                    mistakes.add(value, "one value stands here")
    return found


def _tables(
    node: Node | None, bounds: Bounds, mistakes: Mistakes
) -> tuple[tuple[str, Scalar], ...]:
    says, write = (
        "tables and their CSV files stand here",
        "tables: {cdm: samples/tables/cdm.csv}",
    )
    found = _named(node, mistakes, says, write)
    if found is None:
        return ()
    known = lookups.names(bounds.home)
    read: list[tuple[str, Scalar]] = []
    for name, file in found.entries.items():
        if name not in known:
            problem = f"there is no lookup table '{name}'{meant(name, known)}"
            near = nearest(name, known)
            mistakes.add(found.keys[name], problem, f"{near}: ..." if near else "")
        elif readable(file, bounds.home, mistakes) and isinstance(file, Scalar):
            read.append((name, file))
    return tuple(read)


def _numbers(node: Node | None, mistakes: Mistakes) -> dict[str, int]:
    says, write = (
        "sequences and the last numbers they gave stand here",
        "numbers: {po_file: 17}",
    )
    found = _named(node, mistakes, says, write)
    if found is None:
        return {}
    read = {
        name: Converter(mistakes).read(value, int, name)
        for name, value in found.entries.items()
    }
    return {name: value for name, value in read.items() if value is not WRONG}


def _replies(
    node: Node | None, bounds: Bounds, mistakes: Mistakes
) -> dict[str, tuple[Answering, ...]]:
    says, write = "destinations and what they answer stand here", "replies: {payer: samples/hl7v2/rsp_k11.hl7}"  # fmt: skip
    found = _named(node, mistakes, says, write)
    if found is None:
        return {}
    read: dict[str, tuple[Answering, ...]] = {}
    for name, said in found.entries.items():
        if "." not in name and name not in bounds.destinations:
            known = bounds.destinations
            problem = f"there is no destination '{name}' in this channel{meant(name, known)}"
            near = nearest(name, known)
            mistakes.add(found.keys[name], problem, f"{near}: ..." if near else "")
        items = said.items if isinstance(said, Items) else (said,)
        made = [_answering(item, bounds, mistakes) for item in items]
        read[name] = tuple(one for one in made if one is not None)
    return read


def _answering(node: Node, bounds: Bounds, mistakes: Mistakes) -> Answering | None:
    if not isinstance(node, Record):
        return Answering(sample=node) if readable(node, bounds.home, mistakes) else None  # type: ignore[arg-type]
    check_keys(node, ANSWERING, mistakes)
    sample = node.entries.get("sample")
    if sample is not None and not readable(sample, bounds.home, mistakes):
        return None
    status: Any = _text(node.entries.get("status"), "status", mistakes)
    assert sample is None or isinstance(sample, Scalar)
    return Answering(sample=sample, status=status)
