"""Connectors in a channel: `mllp: {partner: lab, port: 2575}` becomes a module and its settings."""

from __future__ import annotations

import re
from typing import Any

from engine import connectors
from engine.channel import Link
from engine.channel.binding import Binding
from engine.channel.grammar import Level, unknown
from engine.convert import WRONG, Converter, Holes
from engine.hints import meant, nearest, written
from engine.installation import Listen
from engine.placed import Node, Place, Record, Scalar
from engine.shapes import fields_of

#: What is left of hours where YAML took their comma for its own.
_HOURS = re.compile(r"(mon|tue|wed|thu|fri|sat|sun|daily)\b.*\d:\d\d", re.IGNORECASE)
_LOOPBACK = "127.0.0.1"
_EXAMPLES = {
    "Source": "mllp: {port: 2575}",
    "Destination": "http: {url: https://erp.example.org/postings}",
}


def link(
    binding: Binding, record: Record, side: str, level: Level, holes: Holes | None = None
) -> Link | None:
    """
    The one connector among the keys of a record; what else stands there and should not is noted.

    `side` is `Source` or `Destination`. None where mistakes were noted.
    """
    others = [key for key in record.entries if key not in level.keys]
    found = [key for key in others if key in connectors.names()]
    meant_one = False
    for key in others:
        if key in level.later:
            binding.mistakes.add(record.keys[key], f"'{key}' is not in this release")
        elif key not in found:
            meant_one |= _unknown(binding, record, key, found=found, side=side, level=level)
    if not found and not meant_one:
        able = ", ".join(_able(side))
        problem = f"the {side.lower()} has no connector; it needs one of {able}"
        binding.mistakes.add(record, problem, _EXAMPLES[side])
    for extra in found[1:]:
        problem = f"a {side.lower()} has one connector; '{found[0]}' stands here already"
        binding.mistakes.add(record.keys[extra], problem)
    return (
        _bound(binding, record, found[0], side, level=level, holes=holes)
        if len(found) == 1
        else None
    )


def _able(side: str) -> list[str]:
    """The connectors that can be a source, or a destination."""
    return [
        name for name in connectors.names() if hasattr(connectors.load(name), f"{side}Settings")
    ]


def _settings(kind: str, side: str) -> Any:
    return getattr(connectors.load(kind), f"{side}Settings")


def _unknown(
    binding: Binding, record: Record, key: str, *, found: list[str], side: str, level: Level
) -> bool:
    """Say what was probably meant by a key that does not stand here; whether it was meant as the connector."""
    place, node = record.keys[key], record.entries[key]
    if _HOURS.match(key):
        said = record.entries.get("open")
        before = f"{said.text}, " if isinstance(said, Scalar) else ""
        problem = "the comma ended the value before; hours with a comma stand in quotes"
        binding.mistakes.add(place, problem, f'open: "{before}{key}"')
        return False
    for kind in found or _able(side):
        if kind in _able(side) and key in fields_of(_settings(kind, side)):
            problem = f"'{key}' is a setting of the connector and stands inside it"
            binding.mistakes.add(
                place, problem, f"{kind}: {{{key}: {written(node, key) or '...'}}}"
            )
            return not found
    if isinstance(node, Record) and not found and not nearest(key, level.keys):
        known = connectors.names()
        problem = f"there is no connector '{key}'{meant(key, known)}"
    else:
        known = [*level.keys, *_able(side)]
        problem, near = unknown(key, level, tuple(known))
    near = nearest(key, known)
    shown = written(node, key)
    binding.mistakes.add(place, problem, f"{near}: {shown}" if near and shown else "")
    return not found and (near in connectors.names() or isinstance(node, Record))


def _bound(
    binding: Binding, record: Record, kind: str, side: str, *, level: Level, holes: Holes | None
) -> Link | None:
    module, place = connectors.load(kind), record.keys[kind]
    if not hasattr(module, f"{side}Settings"):
        able = ", ".join(_able(side))
        binding.mistakes.add(place, f"'{kind}' cannot be a {side.lower()}; there is {able}")
        return None
    settings = _settings(kind, side)
    node = _complete(binding, _gathered(record, kind, settings, level), kind, settings)
    if node is None:
        return None
    value = Converter(binding.mistakes, holes).struct(node, settings)
    return None if value is WRONG else Link(kind=kind, module=module, settings=value)


def _gathered(record: Record, kind: str, settings: Any, level: Level) -> Record:
    """With the connector's settings that stand beside it put inside, so that they are told as misplaced only."""
    inside, beside = (
        record.entries[kind],
        set(record.entries) & set(fields_of(settings)) - set(level.keys),
    )
    if not beside or not isinstance(inside, Record):
        return record
    entries = {**{key: record.entries[key] for key in beside}, **inside.entries}
    keys = {**{key: record.keys[key] for key in beside}, **inside.keys}
    joined = Record(entries=entries, keys=keys, place=inside.place)
    return Record(
        entries={**record.entries, kind: joined}, keys=record.keys, place=record.place
    )


def _complete(binding: Binding, record: Record, kind: str, settings: Any) -> Node | None:
    """The settings with what the partner and the installation say underneath; None where the partner is unknown."""
    node = record.entries[kind]
    if isinstance(node, Scalar) and node.style == "plain" and node.text in ("", "~", "null"):
        node = Record(entries={}, keys={}, place=record.keys[kind])
    if not isinstance(node, Record):
        return node
    if "partner" in node.entries and "partner" not in fields_of(settings):
        below = _partner(binding, node.entries["partner"], kind)
        if below is None:
            return None
        own = {key: value for key, value in node.entries.items() if key != "partner"}
        node = _under(node, own, below)
    field = fields_of(settings).get("host")
    host = binding.installation.listen.host
    if (
        field
        and field.default == _LOOPBACK
        and host != _LOOPBACK
        and "host" not in node.entries
    ):
        node = _listening(node, binding.installation.listen)
    return node


def _listening(node: Record, listen: Listen) -> Record:
    """With what config.yaml says of every listener that does not say otherwise."""
    said = Place(file="config.yaml", line=1, column=1, path="listen.host")
    host = Scalar(text=listen.host, style="plain", place=said)
    entries: dict[str, Node] = {"host": host, **node.entries}
    keys = {"host": said, **node.keys}
    if listen.plaintext and "plaintext" not in entries:
        entries["plaintext"] = Scalar(text="true", style="plain", place=said)
        keys["plaintext"] = said
    return Record(entries=entries, keys=keys, place=node.place)


def _under(node: Record, own: dict[str, Node], below: Record) -> Record:
    keys = {key: node.keys[key] for key in own}
    return Record(
        entries={**below.entries, **own}, keys={**below.keys, **keys}, place=node.place
    )


def _partner(binding: Binding, name: Node, kind: str) -> Record | None:
    partners = binding.installation.partners
    word = name.text if isinstance(name, Scalar) else ""
    if word not in partners:
        known = list(partners)
        near = nearest(word, known)
        said = meant(word, known) if known else "; config.yaml names none"
        write = (
            f"partner: {near}"
            if near
            else f"in config.yaml:\npartners: {{{word}: {{{kind}: ...}}}}"
        )
        binding.mistakes.add(name, f"config.yaml has no partner '{word}'{said}", write)
        return None
    inside = partners[word].entries.get(kind)
    if not isinstance(inside, Record):
        has = ", ".join(partners[word].entries) or "nothing"
        problem = (
            f"the partner '{word}' in config.yaml has no settings for {kind}, only for {has}"
        )
        binding.mistakes.add(name, problem)
        return None
    return inside
