"""Where a dotted name of `fields:` lands: the record, its last part, and the type that is wanted there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.mapping import resource_types, uses
from engine.mapping.language import Language, Needs, Reads, Run, suggestion
from engine.placed import Place
from engine.records.types import ANY, Field, FieldType, fields

_PART = re.compile(r'\["((?:[^"\\]|\\.)+)"\]|([^.\[\]]+)')


class Branch:
    """A record being laid out: its fields and the records inside it."""

    def __init__(self, type_: FieldType, place: Place, path: str = "") -> None:
        self.type, self.place, self.path = type_, place, path
        self.order: dict[str, None] = {}
        """Its names, in the order in which they are first written."""
        self.runs: dict[str, Run] = {}
        self.paths: dict[str, tuple[str, ...]] = {}
        self.needs: dict[str, Needs] = {}
        self.reads: dict[str, Reads] = {}
        """All that each is made of, where that is known."""
        self.plain: set[str] = set()
        """Those that are nothing but a path: quicker read than looked up."""
        self.fixed: dict[str, Any] = {}
        """Values that are always the same."""
        self.inner: dict[str, Branch] = {}
        self.listed = False
        """Whether the record stands in a list, as its only item."""


def landing(
    root: Branch, name: str, place: Place, language: Language
) -> tuple[Branch, str, FieldType] | None:
    """The record in which a dotted name lands, its last part, and the type that is wanted there."""
    simple = name.isidentifier()
    parts = [name] if simple else [quoted or plain for quoted, plain in _PART.findall(name)]
    if not parts:
        language.mistakes.add(place, "this is no name of a field")
        return None
    branch = root
    for part in parts[:-1]:
        type_ = _field(branch, part, place, language)
        if type_ is None:
            return None
        if part in branch.runs:
            language.mistakes.add(place, f"'{part}' is said twice, as a whole or in parts")
            return None
        listed = type_.wraps and type_.item is not None
        type_ = type_.item if listed and type_.item else type_
        if type_.kind not in ("record", "any"):
            language.mistakes.add(place, f"'{part}' is a {type_.kind} and has no fields")
            return None
        if part not in branch.inner:
            path = f"{branch.path}.{part}".lstrip(".")
            branch.order[part] = None
            branch.inner[part] = Branch(type_, place, path)
            branch.inner[part].listed = listed
        branch = branch.inner[part]
    type_ = _field(branch, parts[-1], place, language)
    return None if type_ is None else (branch, parts[-1], type_)


def _field(branch: Branch, name: str, place: Place, language: Language) -> FieldType | None:
    if branch.type.form == "dict":
        return branch.type.item or ANY
    known = _known(branch.type)
    if known is None:
        return ANY
    if name not in known:
        told = [each for each in known if not each.startswith("_")]
        near = resource_types.forms_of(branch.type, name)
        near = near or suggestion(name, told) or f"; it has {', '.join(told)}"
        language.mistakes.add(place, f"{uses.said(branch.type)} has no field '{name}'{near}")
        return None
    return known[name].type


def _known(type_: FieldType) -> Mapping[str, Field] | None:
    """The fields of a record, where they are known."""
    if type_.form in ("fhir", "reference"):
        return resource_types.fields(resource_types.name_of(type_))
    return fields(type_.struct) if type_.form == "struct" else None
