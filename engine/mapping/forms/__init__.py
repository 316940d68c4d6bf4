"""
What is written like a function and made by the compiler: it takes more than values, or reads more than its arguments.

    choice    if, exists
    lookup    data tables in the store
    sequence  numbers that are given out once
    memory    recall, changed: what earlier messages left

What they do in one line stands with the functions (engine/mapping/functions/__init__.py: FORMS).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.formats import Scope
from engine.mapping.functions import FORMS
from engine.mapping.language import Term, Wrong, suggestion
from engine.message import Facts

if TYPE_CHECKING:
    from engine.mapping.calls import Arguments


class Call:
    """One call of a form, as it stands in an expression."""

    __slots__ = ("given", "name", "piped", "start")

    def __init__(self, name: str, given: Arguments, start: int, piped: Term | None) -> None:
        self.name, self.given, self.start, self.piped = name, given, start, piped

    @property
    def shown(self) -> str:
        """How it is called, for people."""
        return FORMS[self.name][0]

    def wrong(self, problem: str, offset: int = -1) -> Wrong:
        """A mistake in the call, with how it is written."""
        return Wrong(self.start if offset < 0 else offset, problem, self.shown)

    def in_brackets(self) -> None:
        """Wrong where a value came by a pipe."""
        if self.piped is not None:
            raise self.wrong(f"'{self.name}' takes its values in brackets, not by a pipe")

    def exactly(self, count: int) -> list[Term]:
        """The values without names; Wrong where there are more or less, or some with names."""
        terms = self.given.positional
        if len(terms) != count:
            raise self.wrong(f"'{self.name}' takes {count} values, {len(terms)} are given")
        for name, term in self.given.named.items():
            raise self.wrong(f"'{self.name}' has no '{name}='", term.offset)
        return terms

    def only(self, known: tuple[str, ...]) -> None:
        """Wrong where a named value is not one of these."""
        for name, term in self.given.named.items():
            if name not in known:
                near = suggestion(name, known)
                raise self.wrong(f"'{self.name}' has no '{name}='{near}", term.offset)

    def fixed(self, term: Term, what: str) -> str:
        """A text that is known at load and not empty; Wrong where it is another thing."""
        value = term.value() if term.constant else None
        if not isinstance(value, str) or not value:
            near = f'"{term.paths[0]}"' if len(term.paths) == 1 else self.shown
            raise Wrong(
                term.offset, f"{what} is a text that is known at load, in double quotes", near
            )
        return value


def facts_of(scope: Scope) -> Facts:
    """What planning was given."""
    found: Facts = scope.context
    return found
