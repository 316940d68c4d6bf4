"""What a shipped mapping makes of a sample: read as its `from` says, with the tables of samples/tables where it asks some."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from engine import canonical, formats, mapping
from engine.formats import Reading
from engine.mapping.layouts import layout
from engine.mapping.lookups import definitions
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes
from engine.store.tables.given import GivenTables, from_csv

ROOT = Path(__file__).parents[2]
#: 2026-03-05T13:00:00Z.
NOW = 1_772_715_600.0


def given_tables() -> GivenTables:
    """The data tables that samples/tables has rows for."""
    return GivenTables(list(_rows()), today="2026-03-05")


@cache
def _rows() -> tuple[Any, ...]:
    declared = definitions(ROOT, Mistakes())
    found = {path.stem: path for path in (ROOT / "samples/tables").glob("*.csv")}
    return tuple(
        from_csv(declared[name], path) for name, path in found.items() if name in declared
    )


def converted(name: str, raw: bytes) -> list[bytes]:
    """What a mapping makes of bytes; of canonical JSON where it reads an entity."""
    loaded = _loaded(name)
    context = Context(now=NOW, id=7, lookups=given_tables())
    facts = Facts(inbound=Inbound(raw=raw, received_at=NOW), context=context)
    return [
        each.payload if each.entity is None else canonical.encode(each.entity)
        for node in _read(loaded.from_, raw)
        for each in loaded.apply(node, facts)
    ]


@cache
def _loaded(name: str) -> Any:
    loaded = _shelf().find(name, "UTC", {})
    assert loaded is not None, "\n".join(map(str, _shelf().mistakes.found))
    return loaded


@cache
def _shelf() -> mapping.Shelf:
    """All mappings, so that what many use is compiled once."""
    return mapping.Shelf(ROOT, Mistakes())


def _read(reads: str, raw: bytes) -> list[Any]:
    if reads in canonical.names():
        found = json.loads(raw)
        entities = found if isinstance(found, list) else [found]
        return [canonical.decode(reads, json.dumps(each).encode()) for each in entities]
    format_name, _, rest = reads.partition("/")
    format_ = formats.load(format_name)
    if format_name not in ("delimited", "fixed"):
        return [format_.parse(raw, Reading())]
    compiled = layout(format_name, rest, ROOT, None, Mistakes())
    assert compiled is not None
    reading = Reading(layout=compiled[0])
    return [format_.parse(part, reading) for part in format_.split(raw, reading, "record")]
