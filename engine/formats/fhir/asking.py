"""`fhirpath("name.where(use = 'official').given")`: FHIRPath itself, asked of the thing at hand, or of the document."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any

from engine.formats.fhir import following
from engine.paths import Match, PathProblem, Scope, Shape
from engine.records import reading
from engine.records.types import ANY

_CALL = re.compile(r"fhirpath\(\s*")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"\s*\)')
_EACH = re.compile(r"\[\s*\*\s*\]")
_WRITE = "fhirpath(\"name.where(use = 'official').given.first()\")"


def match(text: str, at: int, shape: Shape) -> Match | None:
    """The call that starts there, compiled; None where none does. PathProblem where what is asked is no FHIRPath."""
    call = _CALL.match(text, at)
    if call is None:
        return None
    said = _TEXT.match(text, call.end())
    if said is None:
        problem = "in fhirpath(...) stands a FHIRPath in double quotes, whose own texts stand in single ones"
        raise PathProblem(call.end(), problem, _WRITE, certain=True)
    run = _asking(re.sub(r"\\(.)", r"\1", said[1]), call.end() + 1, shape)
    every = _EACH.match(text, said.end())
    end = every.end() if every else said.end()

    def values(scope: Scope) -> list[Any]:
        return [reading.leaf(each) for each in run(scope)]

    def first(scope: Scope) -> Any:
        found = run(scope)
        return reading.leaf(found[0]) if found else None

    return Match(
        text=text[at:end],
        end=end,
        read=values if every else first,
        many=every is not None,
        nodes=run,
        shape=Shape(format=shape.format, kind="record", type=ANY, outer=shape),
        group=True,
        kind="any",
    )


def _asking(text: str, at: int, shape: Shape) -> Callable[[Scope], list[Any]]:
    # what reads FHIRPath is large, and loaded by those who use it
    query_of = importlib.import_module("engine.fhir.query").Query
    try:
        query = query_of(text)
    except PathProblem as problem:
        offset = at + problem.offset
        raise PathProblem(offset, problem.problem, problem.write, certain=True) from None
    begin, named = reading.begin(shape.kind, 0), "%resource" in text

    def run(scope: Scope) -> list[Any]:
        thing = begin(scope)
        if thing is None:
            return []
        known = following.index(scope)
        root = following.document(scope).value
        resource = (known.around(thing) or root) if named else root
        found: list[Any] = query.run(
            thing, resource, root, lambda one: known.resolve(one, thing), _now(scope)
        )
        return found

    return run


def _now(scope: Scope) -> float:
    """The moment of planning."""
    facts = scope.context
    return facts.context.now if facts is not None else 0.0
