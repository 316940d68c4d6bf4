"""Places of a resource that are written to."""

from __future__ import annotations

from engine.formats import CompileCondition, PathProblem, Shape, Target


def target(text: str, shape: Shape, condition: CompileCondition) -> Target:
    """The whole text as a place; PathProblem where it is none."""
    raise PathProblem(0, "editing FHIR in place is not in this release")
