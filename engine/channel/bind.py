"""One file of `channels/`, bound to the code it names: the parts in the order a message meets them."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import msgspec

from engine import formats
from engine.channel import CLASSES, Alerts, Channel, Link
from engine.channel.accept import accept
from engine.channel.binding import Binding, FindMapping, language_of, over
from engine.channel.cases import cases
from engine.channel.destinations import NAME, destinations, spelled
from engine.channel.grammar import CHANNEL, SOURCE, check_keys, missing
from engine.channel.links import link
from engine.channel.products import made_by, transforms
from engine.channel.replies import named_format
from engine.formats import Reading
from engine.mapping import Expression, Language
from engine.mapping.tables import Tables
from engine.placed import Mistakes, Node, Place, Record, Scalar, read_file
from engine.settings import Installation, Zone


def bind(
    path: Path,
    home: Path,
    installation: Installation,
    mistakes: Mistakes,
    *,
    find_mapping: FindMapping,
) -> tuple[Channel | None, Record | None]:
    """
    The channel in a file, and the file as written.

    No channel where mistakes were noted, in it or in a mapping it uses; no record where it is not YAML.
    """
    file = path.relative_to(home).as_posix()
    before = len(mistakes.found)
    _check_name(path, file, mistakes)
    node, content = read_file(path, file, mistakes)
    if node is None:
        return None, None
    if not isinstance(node, Record) or not node.entries:
        _no_channel(node, mistakes)
        return None, None
    binding = Binding(
        name=path.stem,
        home=home,
        installation=installation,
        mistakes=mistakes,
        record=node,
        find_mapping=find_mapping,
        tables=Tables(home, mistakes),
    )
    channel = _channel(binding, file, content)
    sound = len(mistakes.found) == before and not binding.broken
    return channel if sound else None, node


def _no_channel(node: Node, mistakes: Mistakes) -> None:
    if isinstance(node, Scalar) and ":" in node.text:
        key, _, rest = node.text.partition(":")
        problem = "a colon stands here without the space after it that makes a key"
        mistakes.add(node, problem, f"{key}: {rest.split()[0]}" if rest.split() else "")
        return
    problem = "the file holds no channel yet: a 'source', a 'format' and 'destinations'"
    mistakes.add(
        node, problem, "source: {mllp: {port: 2575}}\nformat: hl7v2\ndestinations: ..."
    )


def _check_name(path: Path, file: str, mistakes: Mistakes) -> None:
    if not NAME.fullmatch(path.stem):
        problem = f"'{path.stem}' is no name for a channel; the file's name has small letters, digits and underscores"
        place = Place(file=file, line=1, column=1)
        mistakes.add(place, problem, f"{path.parent.name}/{spelled(path.stem)}.yaml")


def _channel(binding: Binding, file: str, content: bytes) -> Channel | None:
    check_keys(binding.record, CHANNEL, binding.mistakes)
    value, get = binding.value, binding.get
    words = Literal["care", "revenue", "supply", "admin"]
    binding.class_ = value(get("class"), words, "class", CLASSES[2])
    binding.zone = value(get("zone"), Zone, "zone", binding.installation.zone)
    _format(binding)
    source, reading = _source(binding)
    lets = _lets(binding)
    rules, unique, processing = accept(binding)
    keys = binding.named(get("keys"), binding.language)
    mappings = transforms(binding)
    made = made_by(binding, mappings)
    routes = destinations(binding, made)
    tests = cases(binding)
    if source is None or binding.language is None:
        return None
    channel = Channel(
        name=binding.name,
        file=file,
        description=value(get("description"), str, "description", ""),
        owner=value(get("owner"), str, "owner", ""),
        class_=binding.class_,
        tags=value(get("tags"), tuple[str, ...], "tags", ()),
        zone=binding.zone,
        source=source,
        format_name=binding.format_name,
        format=binding.language.format,
        reading=reading,
        processing=processing,
        lets=lets,
        accept=rules,
        unique=unique,
        keys=keys,
        transforms=tuple((mapping,) for mapping in mappings),
        routes=routes,
        alerts=_alerts(binding),
        tests=tests,
        restart=_restart(source, binding.format_name, reading),
    )
    return msgspec.structs.replace(
        channel, release=_release(channel, content, binding.tables.used)
    )


def _format(binding: Binding) -> None:
    """The channel's format and the language over its messages."""
    node = binding.get("format")
    if node is None:
        if not missing(binding.record, "format", CHANNEL):
            return
        known = ", ".join(formats.names())
        problem = f"'format' is missing: how the bytes are read; there is {known}"
        binding.mistakes.add(binding.record, problem, "format: hl7v2")
        return
    name = binding.value(node, str, "format", "")
    format = named_format(binding, node, name) if name else None
    if format is not None:
        binding.format_name = name
        binding.language = language_of(
            name, format, binding.mistakes, binding.tables, binding.zone
        )


def _source(binding: Binding) -> tuple[Link | None, Reading]:
    node = binding.get("source")
    if node is None:
        if not missing(binding.record, "source", CHANNEL):
            return None, Reading()
        problem = "'source' is missing: where messages come from"
        binding.mistakes.add(binding.record, problem, "source: {mllp: {port: 2575}}")
        return None, Reading()
    if not isinstance(node, Record):
        problem = "the connector that brings the messages stands here"
        binding.mistakes.add(node, problem, "source: {mllp: {port: 2575}}")
        return None, Reading()
    value, entries = binding.value, node.entries
    how = Literal["quarantine", "replace", "ascii"]
    mode = Literal["original", "enhanced", "by_message"]
    reading = Reading(
        encoding=_encoding(binding, node),
        unmappable=value(entries.get("unmappable"), how, "unmappable", "quarantine"),
        mode=value(entries.get("mode"), mode, "mode", "original"),
    )
    return link(binding, node, "Source", SOURCE), reading


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


def _lets(binding: Binding) -> tuple[Expression, ...]:
    """`let`, by slot; each sees those above it, and all that follows sees them all."""
    node, language = binding.get("let"), binding.language
    if node is None:
        return ()
    if not isinstance(node, Record):
        binding.mistakes.add(node, "names and expressions stand here", "let: {mrn: PID-3.1}")
        return ()
    found: list[Expression] = []
    for name, value in node.entries.items():
        if not NAME.fullmatch(name):
            problem = (
                f"'{name}' is no name for a 'let'; it has small letters, digits and underscores"
            )
            binding.mistakes.add(node.keys[name], problem, f"{spelled(name)}: ...")
            continue
        expression = binding.expression(value, language)
        if expression is None or language is None:
            language = None if language is None else _with(language, name, len(found), None)
            continue
        language = _with(language, name, len(found), expression)
        found.append(expression)
    binding.language = language
    return tuple(found)


def _with(language: Language, name: str, slot: int, value: Expression | None) -> Language:
    """The language with one more name; a broken one is known too, so that its users are not called mistakes."""
    known = {**language.known, name: value} if value is not None else language.known
    lets = {**language.lets, name: slot}
    return msgspec.structs.replace(language, lets=lets, known=known)


def _alerts(binding: Binding) -> Alerts:
    said, below = binding.get("alerts"), binding.defaults().entries.get("alerts")
    if isinstance(said, Record) and isinstance(below, Record):
        below = over(said, below)
    elif said is not None:
        below = said
    alerts: Alerts = binding.value(below, Alerts, "alerts", Alerts())
    return alerts


def _restart(source: Link, format_name: str, reading: Reading) -> str:
    text = repr((source.kind, source.settings, format_name, reading))
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _release(channel: Channel, content: bytes, tables: Mapping[str, bytes]) -> str:
    """Of everything that decides what becomes of a message: file, mappings, tables, settings from elsewhere."""
    digest = blake2b(content, digest_size=8)
    for name in sorted(tables):
        digest.update(tables[name])
    renders = [route.render for route in channel.routes if route.render is not None]
    steps = [mapping for chain in channel.transforms for mapping in chain]
    for mapping in (*steps, *renders):
        digest.update(mapping.digest)
    links = [channel.source, *(route.link for route in channel.routes)]
    outside = [(each.kind, each.settings) for each in links]
    policies = [(route.policy, route.queue_limit) for route in channel.routes]
    digest.update(repr((outside, policies, channel.zone, channel.alerts)).encode())
    return digest.hexdigest()
