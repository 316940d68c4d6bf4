"""`source:`, `format:`, `split:`: where messages come from, when they are taken, how their bytes are read."""

from __future__ import annotations

import codecs
from typing import Any, Literal

import msgspec

from engine import formats
from engine.channel import Link
from engine.channel.binding import Binding, language_of
from engine.channel.grammar import CHANNEL, SOURCE, missing
from engine.channel.links import link
from engine.channel.replies import named_format
from engine.formats import Format, Reading
from engine.hints import meant, nearest
from engine.hours import Hours
from engine.mapping.layouts import layout
from engine.placed import Items, Node, Record, Scalar


class Sourced(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel says of its source."""

    link: Link | None = None
    """None where it is missing or wrong."""
    reading: Reading = Reading()
    open: Hours | None = None
    answer: Node | None = None
    """As written; it names a destination (engine/channel/answers.py)."""


def source(binding: Binding) -> Sourced:
    """The connector, and what stands beside it."""
    node = binding.get("source")
    if node is None:
        if missing(binding.record, "source", CHANNEL):
            problem = "'source' is missing: where messages come from"
            binding.mistakes.add(binding.record, problem, "source: {mllp: {port: 2575}}")
        return Sourced()
    if not isinstance(node, Record):
        problem = "the connector that brings the messages stands here"
        binding.mistakes.add(node, problem, "source: {mllp: {port: 2575}}")
        return Sourced()
    value, entries = binding.value, node.entries
    how = Literal["quarantine", "replace", "ascii"]
    mode = Literal["original", "enhanced", "by_message"]
    reading = Reading(
        encoding=_encoding(binding, node),
        unmappable=value(entries.get("unmappable"), how, "unmappable", "quarantine"),
        mode=value(entries.get("mode"), mode, "mode", "original"),
        layout=binding.layout,
    )
    return Sourced(
        link=link(binding, node, "Source", SOURCE),
        reading=reading,
        open=hours(binding, entries.get("open")),
        answer=entries.get("answer"),
    )


def hours(binding: Binding, node: Node | None) -> Hours | None:
    """`open:`, in the zone of the channel; None where it is not said."""
    if node is None:
        return None
    if not isinstance(node, Scalar):
        problem = "days and times stand here as one text, with commas between them"
        items = node.items if isinstance(node, Items) else ()
        said = ", ".join(item.text for item in items if isinstance(item, Scalar))
        binding.mistakes.add(
            node, problem, f'open: "{said}"' if said else f"open: {Hours.example}"
        )
        return None
    found = binding.value(node, Hours, "open", None)
    return None if found is None else msgspec.structs.replace(found, zone=str(binding.zone))


def _encoding(binding: Binding, record: Record) -> str:
    node = record.entries.get("encoding")
    name: str = binding.value(node, str, "encoding", "")
    try:
        codecs.lookup(name or "utf-8")
    except LookupError:
        assert node is not None
        problem = f"there is no character set '{name}'; known are utf-8, iso-8859-1, windows-1252 and others"
        binding.mistakes.add(node, problem, "encoding: iso-8859-1")
    return name


def format_of(binding: Binding) -> None:
    """The channel's format, its layout where it needs one, and the language over its messages."""
    node = binding.get("format")
    if node is None:
        if missing(binding.record, "format", CHANNEL):
            known = ", ".join(formats.names())
            problem = f"'format' is missing: how the bytes are read; there is {known}"
            binding.mistakes.add(binding.record, problem, "format: hl7v2")
        return
    said = binding.value(node, str, "format", "")
    name, _, rest = said.partition("/")
    format = named_format(binding, node, name) if name else None
    if format is None or not _laid_out(binding, node, name, rest, format):
        return
    binding.format_name = name
    _namespaces(binding, format)
    language = language_of(
        name,
        format,
        binding.mistakes,
        binding.tables,
        binding.zone,
        binding.layout,
        binding.layout_name,
    )
    binding.language = msgspec.structs.replace(
        language, memories=binding.memories, remembers=_remembered(binding)
    )


def _namespaces(binding: Binding, format: Format) -> None:
    """`namespaces:`, for a format whose paths have prefixes."""
    node = binding.get("namespaces")
    if hasattr(format, "declared"):
        binding.layout = format.declared(node, binding.mistakes)
    elif node is not None:
        problem = f"paths of the format {binding.format_name} have no prefixes; 'namespaces' belongs to xml"
        binding.mistakes.add(node, problem)


def _remembered(binding: Binding) -> tuple[str, ...]:
    """The memories that the channel writes itself."""
    node = binding.get("remember")
    return tuple(node.entries) if isinstance(node, Record) else ()


def _laid_out(binding: Binding, node: Node, name: str, rest: str, format: Format) -> bool:
    """Whether the format has the layout it needs, and none it cannot use."""
    needs = callable(getattr(format, "layout", None))
    if needs and rest:
        found = layout(name, rest, binding.home, node, binding.mistakes)
        if found is None:
            return False
        binding.layout, binding.layouts[rest] = found
        binding.layout_name = rest
        return True
    if needs:
        problem = f"'{name}' needs a layout that names its fields: a file of mappings/layouts/"
        binding.mistakes.add(node, problem, f"format: {name}/item_master")
    elif rest:
        problem = f"'{name}' takes no layout; what follows the slash is read by nobody"
        binding.mistakes.add(node, problem, f"format: {name}")
    return not needs


def validate(binding: Binding, by: str) -> Any:
    """`validate:`, the level at which messages, or the parts that `split: BY` makes of them, are checked; empty where they are not."""
    level = _level(binding)
    format = binding.language.format if binding.language is not None else None
    apart = getattr(format, "of_parts", None) if by else None
    return level if apart is None else apart(level)


def _level(binding: Binding) -> Any:
    """What `validate:` says; unsaid, the format's usual level."""
    node = binding.get("validate")
    format = binding.language.format if binding.language is not None else None
    if node is None:
        return getattr(format, "usual_level", "")
    if format is not None and isinstance(node, Record) and hasattr(format, "level"):
        level = format.level(node, binding.home, binding.mistakes)
        binding.layouts.update(level.files if level is not None else ())
        return level or ""
    said: str = binding.value(node, str, "validate", "")
    if binding.language is None or said in ("", "none"):
        return ""
    levels: tuple[str, ...] = getattr(binding.language.format, "levels", ())
    if not levels:
        problem = f"messages of the format {binding.format_name} are not validated; 'accept' asks what must hold"
        binding.mistakes.add(node, problem)
    elif said not in levels:
        near = nearest(said, levels) or levels[0]
        problem = f"there is no level '{said}' of validation{meant(said, ('none', *levels))}"
        binding.mistakes.add(node, problem, f"validate: {near}")
    elif said == "balance" and (by := binding.get("split")) is not None:
        parted = getattr(binding.language.format, "parted_totals", None)
        if parted and (problem := parted(binding.value(by, str, "split", ""))):
            binding.mistakes.add(node, problem, "validate: guide")
    return said


def split(binding: Binding) -> tuple[str, str]:
    """`split:` (empty = the format's own batches only) and `on_part:`."""
    words = Literal["quarantine_part", "quarantine_message"]
    on_part: str = binding.value(binding.get("on_part"), words, "on_part", "quarantine_part")
    node = binding.get("split")
    by: str = binding.value(node, str, "split", "")
    if node is None or binding.language is None or not by:
        return "", on_part
    name, format = binding.format_name, binding.language.format
    if by == "message":
        return "", on_part
    if not hasattr(format, "splits"):
        binding.mistakes.add(node, f"a message of the format {name} is not split")
        return "", on_part
    if problem := format.splits(by, binding.layout):
        binding.mistakes.add(node, problem.rstrip("."))
    return by, on_part
