"""
The grammar of paths: `PID-3(2).1`, `OBX[.3.1 == "8480-6"]-5`, and inside an `each` or a filter `.3.1`.

    path      = segment [pick] [ "-" field [pick] [ "." component [ "." subcomponent ] ] ]
    relative  = "." number [pick] [ "." number [ "." number ] ]
    pick      = "[" number "]" | "[*]"            of segments
              | "(" number ")" | "(*)"            of repetitions
              | "[" condition "]" [ "(" number ")" | "(*)" ]     of both: the first that fits, that one, or all
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import TypeVar

import msgspec

from engine.formats import CompileCondition, PathProblem, Scope, Shape
from engine.formats.hl7v2.structures import segment_names
from engine.paths import DIGITS

T = TypeVar("T")

_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}(?![A-Za-z0-9_(])|[A-Z][A-Z0-9]{2}(?=\((?:\d+|\*)\)-)")
_NUMBER = re.compile(r"\d+")
_FIELD = re.compile(r"-(\d+)")
_PART = re.compile(r"\.(\d+)")
_NAMED = re.compile(r"\.[A-Za-z_]")
_REST = re.compile(r"(?:-\d+)?(?:\(\d+\))?(?:\.\d+)*")

FORMAT = "hl7v2"


class Pick(msgspec.Struct, frozen=True):
    """Which of several things: those that fit a condition, then the one of a number, or all."""

    number: int = 1
    """From 1; 0 = all."""
    where: Callable[[Scope], bool] | None = None
    said: bool = False
    """Whether the path says it, or it is the first by default."""

    def of(self, things: Sequence[T], scope: Scope) -> Sequence[T]:
        """The things that are meant, at most one unless all are."""
        return [things[at] for at in self.positions(things, scope)]

    def positions(self, things: Sequence[T], scope: Scope) -> Iterator[int]:
        """Their positions, from 0."""
        number, where = self.number, self.where
        seen = 0
        for at, thing in enumerate(things):
            if where is None or where(scope.child(thing, at + 1)):
                seen += 1
                if number in (0, seen):
                    yield at
                    if number:
                        return


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """A path, taken apart. `segment` is empty in a relative one."""

    text: str
    end: int
    segment: str = ""
    which: Pick = Pick()
    field: int = 0
    """0 = it names segments."""
    repetition: Pick = Pick()
    component: int = 0
    """0 = not said."""
    subcomponent: int = 0

    @property
    def many(self) -> bool:
        """Whether it names several things."""
        whole = not self.field and bool(self.segment) and not self.which.said
        return whole or self.which.number == 0 or self.repetition.number == 0


def read_path(text: str, at: int, shape: Shape, condition: CompileCondition) -> Path | None:
    """
    The path that starts there; None where none does.

    Raises PathProblem for what looks like a path and cannot be one.
    """
    if text.startswith(".", at):
        return _relative(text, at, shape, condition) if _PART.match(text, at) else None
    if (found := _SEGMENT.match(text, at)) is None:
        return None
    name, end = found[0], found.end()
    _check_name(name, at, text, end)
    which, end = _pick(
        text, end, Shape(format=FORMAT, kind="segment", name=name, outer=shape), condition
    )
    if (dash := _FIELD.match(text, end)) is None:
        _refuse_dotted(text, at, end)
        return Path(text=text[at:end], end=end, segment=name, which=which)
    field, start = _from_one(dash[1], dash.start(1)), dash.end()
    inner = Shape(format=FORMAT, kind="repetition", name=f"{name}-{field}", outer=shape)
    return _below(text, at, start, inner, condition, segment=name, which=which, field=field)


def _relative(text: str, at: int, shape: Shape, condition: CompileCondition) -> Path:
    kind = shape.kind
    if kind not in ("segment", "group", "field", "repetition", "component"):
        problem = (
            "a path that begins with a dot reads the thing at hand, and there is none here"
        )
        raise PathProblem(at, problem, "PID-3.1")
    if kind in ("segment", "group"):
        found = _PART.match(text, at)
        assert found is not None
        field = _from_one(found[1], found.start(1))
        inner = Shape(
            format=FORMAT, kind="repetition", name=f"{shape.name}-{field}", outer=shape
        )
        return _below(text, at, found.end(), inner, condition, field=field)
    depth = 1 if kind == "component" else 2
    numbers, end = _numbers(text, at, at, depth)
    if kind == "component":
        numbers.insert(0, 0)
    component, subcomponent = [*numbers, 0][:2]
    return Path(text=text[at:end], end=end, component=component, subcomponent=subcomponent)


def _below(
    text: str,
    at: int,
    start: int,
    inner: Shape,
    condition: CompileCondition,
    *,
    field: int,
    segment: str = "",
    which: Pick = Pick(),  # noqa: B008
) -> Path:
    """The rest of a path, behind its field."""
    repetition, end = _pick(text, start, inner, condition)
    if (wrong := _FIELD.match(text, end)) is not None:
        write = f"{text[at:end]}.{wrong[1]}"
        raise PathProblem(wrong.start(), "a component stands behind a dot", write)
    numbers, end = _numbers(text, at, end, 2)
    component, subcomponent = [*numbers, 0, 0][:2]
    return Path(
        text=text[at:end],
        end=end,
        segment=segment,
        which=which,
        field=field,
        repetition=repetition,
        component=component,
        subcomponent=subcomponent,
    )


def _numbers(text: str, at: int, end: int, most: int) -> tuple[list[int], int]:
    numbers: list[int] = []
    while (found := _PART.match(text, end)) is not None:
        if len(numbers) == most:
            raise PathProblem(end, "below a subcomponent there is nothing", text[at:end])
        numbers.append(_from_one(found[1], found.start(1)))
        end = found.end()
    if _NAMED.match(text, end):
        raise PathProblem(end, "components are named by their number", f"{text[at:end]}.1")
    return numbers, end


def _pick(text: str, at: int, shape: Shape, condition: CompileCondition) -> tuple[Pick, int]:
    """What stands in brackets behind a segment or a field, and where it ends."""
    bracket = "[" if shape.kind == "segment" else "("
    where: Callable[[Scope], bool] | None = None
    start = at
    if text.startswith("[", at) and not re.match(r"\[\s*(\d+|\*)\s*\]", text[at:]):
        where, close = condition(text, at + 1, shape)
        at = close + 1
    found = re.compile(r"\[\s*(\d+|\*)\s*\]|\((\d+|\*)\)").match(text, at)
    if found is None:
        return Pick(1, where, where is not None), at
    number = found[1] or found[2]
    if where is None and not found[0].startswith(bracket):
        brackets, things = ("[]", "segments") if bracket == "[" else ("()", "repetitions")
        rest = _REST.match(text, found.end())
        write = f"{shape.name}{brackets[0]}{number}{brackets[1]}{rest[0] if rest else ''}"
        word = "brackets" if bracket == "[" else "parentheses"
        raise PathProblem(at, f"{things} are counted in {word}", write)
    if number == "*":
        return Pick(0, where, True), found.end()
    return Pick(_from_one(number, start), where, True), found.end()


def _from_one(number: str, at: int) -> int:
    if int(number) == 0:
        raise PathProblem(at, "HL7 counts from 1")
    if len(number) > DIGITS:
        raise PathProblem(at, f"a number in a path has at most {DIGITS} digits")
    return int(number)


def _check_name(name: str, at: int, text: str, end: int) -> None:
    if name in segment_names() or name.startswith("Z"):
        return
    turned = [one for one in sorted(segment_names()) if sorted(one) == sorted(name)]
    close = turned or get_close_matches(name, segment_names(), 1, 0.6)
    rest = _REST.match(text, end)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    write = f"{close[0]}{rest[0] if rest else ''}" if close else ""
    raise PathProblem(at, f"there is no segment '{name}' in HL7 v2{hint}", write)


def _refuse_dotted(text: str, at: int, end: int) -> None:
    """`PID.3.1`, as some engines write it."""
    found = re.compile(r"\.(\d+)(?:\.(\d+))?(?:\.(\d+))?").match(text, end)
    if found is not None:
        rest = "".join(f".{number}" for number in found.groups()[1:] if number)
        problem = "a field stands behind a dash"
        raise PathProblem(end, problem, f"{text[at:end]}-{found[1]}{rest}")
