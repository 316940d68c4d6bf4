"""JSON Schemas of the files analysts write, for completion and hover in editors: channel, mapping, config, table, layout."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import yaml

from engine import canonical, connectors, formats, installation
from engine.channel import CLASSES, Alerts, grammar
from engine.channel.cases import EXPECTED
from engine.mapping import lookups
from engine.reference import keys
from engine.reference.typed import TEXT, Schema, described, of, struct
from engine.retry import Retry

_ANYTHING: Schema = {}
_NAMED: Schema = {"type": "object", "additionalProperties": TEXT}


def kinds() -> dict[str, Callable[[], Schema]]:
    """The schemas there are, by the files they are for."""
    return {"channel": channel, "mapping": mapping, "config": config, "table": table, "layout": layout}  # fmt: skip


@cache
def text(kind: str) -> str:
    """One of them as a file; KeyError where there is none of that name."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:corridor:editor:{kind}",
        "title": f"Corridor: {kind}",
    }
    return json.dumps({**head, **kinds()[kind]()}, indent=2) + "\n"


def file_name(kind: str) -> str:
    """Where it is published below docs/reference."""
    return f"schemas/editor/{kind}.json"


# -- channels --------------------------------------------------------------------------------------------------


def channel() -> Schema:
    """A channel, or a template of channels."""
    found = _record(grammar.CHANNEL.keys, keys.said()["channel"], _in_channel())
    found["properties"]["parameters"] = _by_name(_level("parameter", default=_ANYTHING))
    found["anyOf"] = [{"required": ["like"]}, {"required": ["source", "format"]}]
    return found


def _in_channel() -> dict[str, Schema]:
    release = _level("release", at=_listed(TEXT))
    collect = _level("collect", key=_listed(TEXT), release=release, then=_listed(TEXT))
    chains = _listed({"anyOf": [TEXT, _level("transform", then=_listed(TEXT))]})
    source = _level("source", answer=_level("answer", transform=chains))
    return {
        "class": {"enum": list(CLASSES)},
        "tags": of(tuple[str, ...]),
        "with": _ANYTHING,
        "override": {"type": "object"},
        "source": _with_connectors(source, "SourceSettings"),
        "let": _NAMED,
        "accept": _listed(_level("accept", unique=_listed(TEXT))),
        "keys": _NAMED,
        "remember": _by_name(_level("remember", key=_listed(TEXT), fields=_NAMED)),
        "namespaces": _by_name(TEXT),
        "validate": {"anyOf": [TEXT, {"type": "object", "properties": {"xsd": TEXT}}]},
        "transform": chains,
        "collect": collect,
        "destinations": _by_name(_destination()),
        "alerts": struct(Alerts),
        "tests": {"type": "array", "items": _test()},
    }


def _destination() -> Schema:
    close = _level("close", at=_listed(TEXT))
    found = _level(
        "destination",
        order_by=_listed(TEXT),
        retry=struct(Retry),
        batch=_level("batch", close=close),
        reply=_level("reply", keep=_NAMED),
        expect=_level("expect"),
        expect_ack=_level("expect_ack"),
    )
    return _with_connectors(found, "DestinationSettings")


def _test() -> Schema:
    payload = _listed({"anyOf": [TEXT, {"type": "object"}]})
    given = {"anyOf": [TEXT, _level("given", facts=_NAMED)]}
    answering = {"anyOf": [TEXT, _level("answering")]}
    expect = {
        "type": "object",
        "properties": {name: payload for name in EXPECTED},
        "additionalProperties": payload,
    }
    return _level(
        "test",
        given=_listed(given),
        memory=_by_name({"type": "object"}),
        tables=_NAMED,
        numbers=_by_name({"type": "integer"}),
        replies=_by_name(_listed(answering)),
        expect=expect,
    )


def _with_connectors(found: Schema, side: str) -> Schema:
    """A record in which a connector stands beside the other keys."""
    for name in connectors.names():
        module = connectors.load(name)
        kind = getattr(module, side, None)
        if kind is not None:
            inner = struct(kind, needed=False)
            inner["properties"]["partner"] = described(TEXT, "A partner of config.yaml, whose settings these are.")  # fmt: skip
            said = (module.__doc__ or "").strip().partition("\n")[0]
            found["properties"][name] = described(_or_nothing(inner), said)
    return found


def _level(name: str, **more: Schema) -> Schema:
    """The keys of a level of the grammar, with what the reference says of them."""
    levels = {called: level for _, level, called in keys.LEVELS}
    return _record(levels[name].keys, keys.said()[name], more)


def _record(names: tuple[str, ...], said: dict[str, str], more: dict[str, Schema]) -> Schema:
    properties = {name: described(more.get(name, TEXT), said[name]) for name in names}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _listed(inner: Schema) -> Schema:
    """One, or a list of them."""
    return {"anyOf": [inner, {"type": "array", "items": inner}]}


def _by_name(inner: Schema) -> Schema:
    return {"type": "object", "additionalProperties": inner}


def _or_nothing(inner: Schema) -> Schema:
    return {"anyOf": [inner, {"type": "null"}]}


# -- the other files -------------------------------------------------------------------------------------------


def mapping() -> Schema:
    """A mapping."""
    said = _mapping_keys()
    value, group = {"$ref": "#/$defs/value"}, {"$ref": "#/$defs/group"}
    values = _by_name(value)
    inside = {"set": values, "let": _by_name(value), "groups": _by_name(_listed(group)), "pairs": _listed(_pairs())}  # fmt: skip
    lists = {"keep": _listed(TEXT), "remove": _listed(TEXT)}
    edits = {"edit": _listed(_record(tuple(said["edit"]), said["edit"], {**inside, "remove": _listed(TEXT)}))}  # fmt: skip
    adds = {"add": _listed(_record(tuple(said["add"]), said["add"], inside))}
    top = {"from": _listed(_entity(TEXT)), "to": TEXT, "fields": values, "value": value}
    top |= {"namespaces": _by_name(TEXT), "parameters": _by_name(value)}
    choose = {"type": "array", "items": _record(tuple(said["choose"]), said["choose"], {})}
    top |= {"choose": choose, "resources": values}
    found = _record(tuple(said["mapping"]), said["mapping"], {**inside, **lists, **edits, **adds, **top})  # fmt: skip
    makers = {"type": "array", "items": {"$ref": "#/$defs/nested"}}
    parts = {"fields": values, "let": values, "value": value, "set": values}
    parts |= {"parts": makers, "resources": values, "reference": {"$ref": "#/$defs/nested"}}
    nested = _record(tuple(said["nested"]), said["nested"], parts)
    found["required"] = ["from", "to"]
    found["$defs"] = {
        "nested": nested,
        "value": {"anyOf": [TEXT, {"$ref": "#/$defs/nested"}, makers]},
        "group": _record(
            tuple(said["group"]), said["group"], {**inside, "holds": _listed(TEXT)}
        ),
    }
    return found


def _entity(inner: Schema) -> Schema:
    return {**inner, "examples": [*formats.names(), *canonical.names()]}


def _pairs() -> Schema:
    value: Schema = {"$ref": "#/$defs/value"}
    return {
        "type": "object",
        "properties": {"from": TEXT, "of": _by_name(value)},
        "additionalProperties": False,
    }


def _mapping_keys() -> dict[str, dict[str, str]]:
    file = importlib.resources.files(__package__).joinpath("mapping_keys.yaml")
    found: dict[str, dict[str, str]] = yaml.safe_load(file.read_text("utf-8"))
    return found


def config() -> Schema:
    """`config.yaml`."""
    found = struct(installation.Installation)
    partner: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
    partner = _with_connectors(partner, "DestinationSettings")
    for name, settings in envelopes():
        partner["properties"][name] = struct(settings, needed=False)
    found["properties"]["partners"]["additionalProperties"] = partner
    return found


def envelopes() -> list[tuple[str, Any]]:
    """The formats whose messages stand in a partner's envelope, with its settings."""
    found = [
        (name, getattr(formats.load(name), "EnvelopeSettings", None))
        for name in formats.names()
    ]
    return [(name, settings) for name, settings in found if settings is not None]


def table() -> Schema:
    """A lookup table, `mappings/tables/NAME.yaml`."""
    found = struct(lookups.Definition, without=("name", "digest"))
    return found


def layout() -> Schema:
    """A layout, `mappings/layouts/NAME.yaml`: of lines with separators, or of fixed places."""
    shapes: list[Any] = []
    for name in formats.names():
        known = getattr(formats.load(name), "KEYS", None)
        if known:
            shapes.append({"title": name, **struct(known[""], needed=False, without=("name",))})
    return {"anyOf": shapes}
