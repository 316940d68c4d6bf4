"""Makers of records, of fields that are laid out: dicts for JSON, structs for canonical entities, elements for FHIR."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.errors import MessageError
from engine.formats import Scope, Shape
from engine.mapping import assurance, resource_making, resource_types
from engine.mapping.frames import Part, filled
from engine.mapping.kept import Kept, all_of, is_told, remembering
from engine.mapping.landing import Branch
from engine.mapping.language import Language, Needs, Run
from engine.mapping.needs import any_of
from engine.mapping.rules import FieldError, Rule
from engine.records.types import FieldType, fields

Parts = tuple[tuple[str, Run], ...]


def maker(branch: Branch, language: Language, top: bool = False, laid: bool = False) -> Run:
    """Makes the record. `top`: also where nothing is in it; `laid`: it is laid over what another maker makes."""
    for name, inner in branch.inner.items():
        branch.runs[name] = maker(inner, language)
        element = resource_types.element(branch.type, name)
        if element is not None:
            branch.runs[name] = assurance.bound(branch.runs[name], element, branch.type.struct)
        branch.paths[name] = tuple(path for paths in inner.paths.values() for path in paths)
        branch.needs[name] = _needs(inner)
        if _is_fixed(inner) and (fixed := assurance.once(branch.runs[name])) is not None:
            branch.fixed[name] = fixed
        branch.reads[name] = all_of(inner.reads.get(each) for each in inner.order)
    if branch.type.form in ("fhir", "reference"):
        assurance.beside(branch.runs, branch.fixed, branch.type)
        return _element(branch, language, top, laid)
    named = tuple((name, branch.runs[name]) for name in branch.order)
    if branch.type.form == "struct":
        return _struct(branch, named, language, top)
    return _dict(named, top)


def _element(branch: Branch, language: Language, top: bool, laid: bool) -> Run:
    """An element of FHIR, of which what rules made before is looked up."""
    asked = [
        _part(name, branch, language.shape) for name in branch.order if name not in branch.fixed
    ]
    make = resource_making.element(branch.type, branch.fixed, asked, top, language.shape, laid)
    return resource_making.one_behind_the_other((make,)) if branch.listed else make


def _part(name: str, branch: Branch, shape: Shape) -> Part:
    run, reads, needs = branch.runs[name], branch.reads.get(name), branch.needs.get(name)
    if name in branch.plain or not is_told(reads, shape):
        return Part(name=name, run=run, needs=needs, reads=reads)
    kept = Kept()
    return Part(
        name=name,
        run=remembering(run, reads, shape, kept),
        needs=needs,
        reads=reads,
        plainly=run,
        seldom=kept.is_given_up,
    )


def _is_fixed(branch: Branch) -> bool:
    """Whether an element of FHIR is the same each time: as nobody changes what is made, all may share it."""
    return (
        branch.type.form in ("fhir", "reference") and branch.order.keys() <= branch.fixed.keys()
    )


def _needs(branch: Branch) -> Needs:
    """What a record between dots needs to have content."""
    if branch.type.form not in ("fhir", "reference"):
        return None
    extension = resource_types.name_of(branch.type) == "Extension"
    names = (name for name in branch.order if not (extension and name == "url"))
    return any_of(branch.needs.get(name) for name in names)


def content_needs(rules: Iterable[Rule], type_: FieldType) -> Needs:
    """What a record needs to have content: of FHIR only, where one without any is left out; the url of an extension is none."""
    if type_.form not in ("fhir", "reference") or resource_types.is_resource(type_):
        return None
    extension = resource_types.name_of(type_) == "Extension"
    return any_of(rule.needs for rule in rules if not (extension and rule.name == "url"))


def _dict(parts: Parts, top: bool) -> Run:
    def make(scope: Scope) -> dict[str, Any] | None:
        made: dict[str, Any] = {}
        name = ""
        try:
            for name, run in parts:
                if (found := run(scope)) is not None:
                    made[name] = found
        except MessageError as error:
            raise FieldError(error, name) from None
        return made if made or top else None

    return make


def _struct(branch: Branch, parts: Parts, language: Language, top: bool) -> Run:
    struct, paths = branch.type.struct, branch.paths
    required = [name for name, field in fields(struct).items() if field.required]
    for name in required:
        if name not in paths:
            where = f" in '{branch.path}'" if branch.path else ""
            language.mistakes.add(
                branch.place, f"{struct.__name__} needs '{name}'{where}, and no rule gives it"
            )
    needed = frozenset(required)

    def make(scope: Scope) -> Any:
        made = filled({}, parts, scope)
        if not made and not top:
            return None
        if not needed <= made.keys():
            _missing(struct, next(each for each in required if each not in made), paths)
        return struct(**made)

    return make


def _missing(struct: Any, name: str, paths: dict[str, tuple[str, ...]]) -> None:
    error = MessageError("missing_field", f"{struct.__name__} needs it, and it is nothing", ", ".join(paths[name]))  # fmt: skip
    raise FieldError(error, name)
