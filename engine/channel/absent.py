"""The language where no message is at hand: of a batch, of a group that was released."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from engine import formats
from engine.formats import CompileCondition, Format, Match, PathProblem, Shape, Target
from engine.mapping import Expression, Language

_WORD = re.compile(r"[a-z_]\w*", re.ASCII)


def over_record(language: Language, shape: Shape, what: str) -> Language:
    """The language over a record instead of the channel's message; `what` says what is read there."""
    names: dict[str, int] = {}
    known: dict[str, Expression] = {}
    paths: Any = _Paths(language, what)
    return msgspec.structs.replace(language, shape=shape, format=paths, lets=names, known=known)


class _Paths:
    """Paths of records, which tell those of messages apart from what nobody knows."""

    unique: tuple[str, ...] = ()

    def __init__(self, message: Language, what: str) -> None:
        self.paths = self
        self._records = formats.load("json").paths
        self._format: Format = message.format
        self._shape, self._lets, self._what = message.shape, message.lets, what

    def match(
        self, text: str, at: int, shape: Shape, condition: CompileCondition
    ) -> Match | None:
        found = self._records.match(text, at, shape, condition)
        if found is not None:
            return found
        word = _WORD.match(text, at)
        if word and word[0] in self._lets:
            problem = (
                f"'{word[0]}' is read from a message, and none is at hand here, {self._what}"
            )
            raise PathProblem(at, problem, certain=True)
        if self._of_message(text, at, condition):
            raise PathProblem(at, f"no message is at hand here, {self._what}", certain=True)
        return None

    def _of_message(self, text: str, at: int, condition: CompileCondition) -> bool:
        if self._shape.format in ("json", "canonical", "fhir"):
            return False
        try:
            return self._format.paths.match(text, at, self._shape, condition) is not None
        except PathProblem:
            return False

    def target(self, text: str, shape: Shape, condition: CompileCondition) -> Target:
        return self._records.target(text, shape, condition)
