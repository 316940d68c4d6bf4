"""
The language analysts write: expressions, text with holes, mappings, code tables. Pure.

Everything is compiled once, at load, to closures over a Scope (engine/formats/__init__.py). What cannot work is a
placed mistake at load; what a message does not allow is a MessageError that names path and rule, never the value.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from engine.formats import Format, Scope, Shape
from engine.message import Facts
from engine.placed import Mistakes, Scalar


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    """One compiled expression, or one text with holes."""

    run: Callable[[Scope], Any]
    """Its value: text, Decimal, truth, a moment, bytes, list, record, NULL, or None for nothing."""
    text: str
    """As written."""
    line: int
    """Where it stands, for traces."""
    constant: bool = False
    """Whether it reads nothing at all."""
    many: bool = False
    """Whether its value is a list."""
    kind: str = "any"
    """Static type: text, number, truth, moment, bytes, list, record, any."""
    paths: tuple[str, ...] = ()
    """The paths it reads, for traces and documentation."""


class Language(msgspec.Struct, kw_only=True):
    """What may be used at a place where an expression stands."""

    shape: Shape
    """What absolute paths read."""
    format: Format
    """Whose paths they are."""
    mistakes: Mistakes
    tables: Any
    """The code tables of the home (engine/mapping/tables.py)."""
    lets: dict[str, int] = {}
    """Names of `let`, and their slots in `Scope.values`."""
    zone: str = "UTC"
    """Zone of times that carry no offset."""
    inner: tuple[Shape, ...] = ()
    """Shapes of the things around the message, innermost last (an entity at a destination)."""


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a mapping made: an entity, or bytes ready to send."""

    of: str
    """`ChargeEvent`, `json`, `hl7v2`, `delimited`: what `to:` says."""
    entity: Any = None
    """The canonical entity, where it is one."""
    payload: bytes = b""
    """The bytes, where it is not."""
    shows: str = ""
    """For people: `ChargeEvent`, `ADT^A08`."""
    node: Any = None
    """The document, record or entity that later expressions read."""


class Traced(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule made, for `corridor try`."""

    field: str
    value: str
    line: int
    rule: str
    paths: tuple[str, ...]


def expression(scalar: Scalar, language: Language) -> Expression | None:
    """A plain or block scalar as an expression, a quoted one as text with holes; None where mistakes were noted."""
    raise NotImplementedError


def fill(scalar: Scalar, language: Language, safe: str) -> Expression | None:
    """
    Always text with holes, whatever its style, each hole made safe: `file_name` (one name, no separators, no leading
    dot), `url_path` (percent-encoded into one segment or value), `header` (no line breaks), `text`.
    """
    raise NotImplementedError


class Mapping:
    """One file of `mappings/`, compiled."""

    name: str
    from_: str
    """The format or the entity it reads."""
    to: str
    """The entity, format or layout it makes."""
    digest: bytes
    """Of the file and all it uses."""
    tables: tuple[str, ...]
    """The code tables it uses."""

    def apply(self, node: Any, facts: Facts) -> list[Product]:
        """What the mapping makes of a document or an entity; MessageError where it cannot."""
        raise NotImplementedError

    def trace(self, node: Any, facts: Facts) -> list[tuple[Product, list[Traced]]]:
        """The same, with what each rule made."""
        raise NotImplementedError


def load(name: str, home: Path, mistakes: Mistakes, zone: str = "UTC") -> Mapping | None:
    """The mapping of that name, `mappings/NAME.yaml`; LookupError where there is no such file, None where it has mistakes."""
    raise NotImplementedError
