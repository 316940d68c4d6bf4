"""
Resources of other releases, R4B (4.3.0), R5 (5.0.0) and STU3 (3.0.2), against the models of fhir.resources.

Elements, how often, types and primitives are looked at; not required codes nor rules in FHIRPath. The models take half a second to
load and milliseconds for each resource: they are loaded when a channel first asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

from engine.findings import Finding

#: The releases, and where their models are.
RELEASES = {"R4B": "fhir.resources.R4B", "R5": "fhir.resources", "STU3": "fhir.resources.STU3"}

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
#: What is said of a kind of error; its own words could hold the value.
_RULES = {
    "missing": "the element must be there",
    "model_field_validation_missing": "the element must be there",
    "extra_forbidden": "there is no such element in this release",
    "list_type": "the element repeats: a list",
    "string_type": "the value must be a text, in quotes",
    "string_pattern_mismatch": "the text is not of its type",
    "bool_type": "the value must be true or false, without quotes",
    "none_required": "only one of its types may stand here",
}
_ANY = "the value is not of the type that the element has"


def findings(resource: Any, release: str) -> Iterator[Finding]:
    """
    What is wrong with a resource of another release, with the place of each element.

    >>> list(findings({"resourceType": "Patient", "birthDate": "2021-02-30"}, "R5"))
    [('Patient.birthDate', 'the value must be a date that exists')]
    """
    name = resource.get("resourceType") if isinstance(resource, dict) else None
    model = _model(release, name) if isinstance(name, str) else None
    if model is None:
        yield "", f"'resourceType' must be a resource of FHIR {release}"
        return
    try:
        model(resource)
    except ValueError as error:
        told = getattr(error, "errors", None)
        for each in told() if told is not None else ():
            yield _place(str(name), each["loc"]), _rule(str(each["type"]))
        if told is None:
            yield str(name), _ANY


@cache
def _model(release: str, name: str) -> Callable[[Any], Any] | None:
    """What reads a resource type of a release; None where the release has none of that name."""
    if _NAME.fullmatch(name) is None:
        return None
    try:
        model: Any = import_module(RELEASES[release]).get_fhir_model_class(name)
    except (LookupError, ValueError):
        return None
    read: Callable[[Any], Any] = model.model_validate
    return read


def _place(name: str, steps: tuple[str | int, ...]) -> str:
    place = name
    for each in steps:
        if isinstance(each, int):
            place += f"[{each}]"
        elif _NAME.fullmatch(each) is not None:
            place += f".{each}"
    return place


def _rule(kind: str) -> str:
    if kind.startswith(("date", "time")):
        return (
            "the value must be a date that exists"
            if kind.startswith("date")
            else "the value must be a time"
        )
    return _RULES.get(kind, _ANY)
