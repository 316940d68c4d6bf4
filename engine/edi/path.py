"""
The grammar of paths: `CLM05-1`, `2300/CLM01`, `REF[.01 == "G1"]02`, `HL:O/PRF01`, and inside an `each` or a filter `.05-1`.

    path      = { group [pick] "/" } segment [pick] [ nn [which] [ "-" component ] ]
    group     = loop | segment that begins one           2300, 2010AA, PO1, HL:I
    relative  = "." nn [which] [ "-" component ]
    pick      = "[" number "]" | "[*]" | "[" condition "]" [ "(" number ")" | "(*)" ]
    which     = "(" number ")" | "(*)"                    of the repetitions of an element
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from engine.edi.dialect import Dialect, dialect_in
from engine.edi.names import check_element, check_group, check_segment, words
from engine.paths import DIGITS, CompileCondition, PathProblem, Scope, Shape

T = TypeVar("T")

_SEGMENT = re.compile(
    r"([A-Z][A-Z0-9]{1,2})(?:(?=\d\d(?![A-Za-z0-9_]))|(?![A-Za-z0-9_(])|(?=\((?:\d+|\*)\)\d\d))"
)
_ELEMENT = re.compile(r"\d\d(?![A-Za-z0-9_])")
_LATER_ELEMENT = re.compile(r"\.(\d\d?)(?!\d)")
_COMPONENT = re.compile(r"-(\d+)")
_PICKED = re.compile(r"\[\s*(\d+|\*)\s*\]|\((\d+|\*)\)")
_NUMBERED = re.compile(r"\[\s*(\d+|\*)\s*\]")
_REPETITION = re.compile(r"\((\d+|\*)\)")


class Pick(msgspec.Struct, frozen=True):
    """Which of several things: those that fit a condition, then the one of a number, or all."""

    number: int = 1
    """From 1; 0 = all."""
    where: Callable[[Scope], bool] | None = None
    said: bool = False
    """Whether the path says it, or it is the first by default."""

    def of(self, things: Sequence[T], scope: Scope) -> Sequence[T]:
        """The things that are meant, at most one unless all are."""
        if self.where is None:
            return things if not self.number else things[self.number - 1 : self.number]
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
    """A path, taken apart. `segment` is empty in a relative one, and in one that names loops by their number."""

    text: str
    end: int
    groups: tuple[tuple[str, Pick], ...] = ()
    """The loops on the way."""
    segment: str = ""
    which: Pick = Pick()
    element: int = 0
    """0 = it names groups."""
    repetition: Pick = Pick()
    component: int = 0
    """0 = not said."""

    @property
    def many(self) -> bool:
        """Whether it names several things."""
        if not self.element and self.segment and not self.which.said:
            return True
        picks = [self.which, self.repetition, *[pick for _, pick in self.groups]]
        return any(pick.number == 0 for pick in picks)


def read_path(text: str, at: int, shape: Shape, condition: CompileCondition) -> Path | None:
    """
    The path that starts there; None where none does.

    Raises PathProblem for what looks like a path and cannot be one.
    """
    if text.startswith(".", at):
        return _relative(text, at, shape)
    groups: list[tuple[str, Pick]] = []
    dialect, end, inside = dialect_in(shape), at, ""
    while (found := _step(text, end, dialect)) is not None:
        name, start, end = found, end, end + len(found)
        is_loop = dialect.loop.fullmatch(name) is not None
        number = _ELEMENT.match(text, end) if not is_loop else None
        if number is None:
            check_group(name, start, shape, inside)
        else:
            check_segment(name, start, text, end, shape, inside)
        kind = Shape(format=shape.format, kind="segment", name=name, outer=shape)
        pick, end = _pick(text, end, kind, condition)
        if number is None and text.startswith("/", end) and _step(text, end + 1, dialect):
            groups.append((name, pick))
            end, inside = end + 1, name
            continue
        if is_loop and not groups and not _stands_alone(text, at, end, name):
            return None
        return _last(text, at, end, shape, groups, name, pick, inside)
    return None


def _step(text: str, at: int, dialect: Dialect) -> str | None:
    """The name of a loop or segment that starts there."""
    found = dialect.loop.match(text, at)
    if found is not None:
        return found[0]
    found = _SEGMENT.match(text, at)
    return found[1] if found is not None else None


def _stands_alone(text: str, at: int, end: int, name: str) -> bool:
    """Whether a loop's number is a path and not a number: `2300` where nothing is around it, `2010AA`, `2300[1]`."""
    if not name.isdigit() or text[end - 1] in ")]":
        return True
    around = text[:at].rstrip(), text[end:].lstrip()
    return around == ("", "") or (
        around[0].endswith("(") and around[1].startswith((")", ",", "|"))
    )


def _last(
    text: str,
    at: int,
    end: int,
    shape: Shape,
    groups: list[tuple[str, Pick]],
    name: str,
    pick: Pick,
    inside: str,
) -> Path:
    """The rest of a path, from the element of its segment on."""
    is_loop = dialect_in(shape).loop.fullmatch(name) is not None
    if not is_loop:
        _refuse_dotted(text, at, end)
    number = _ELEMENT.match(text, end) if not is_loop else None
    if number is None:
        return Path(text=text[at:end], end=end, groups=tuple(groups), segment=name, which=pick)
    check_segment(name, end - len(name), text, end, shape, inside)
    element, repetition, component, end = _element(text, end, name, shape)
    return Path(
        text=text[at:end],
        end=end,
        groups=tuple(groups),
        segment=name,
        which=pick,
        element=element,
        repetition=repetition,
        component=component,
    )


def _element(text: str, at: int, name: str, shape: Shape) -> tuple[int, Pick, int, int]:
    """Element, which repetition, component, and where they end."""
    element, end = _from_one(text[at : at + 2], at), at + 2
    pick = Pick()
    if (which := _REPETITION.match(text, end)) is not None:
        said = which[1]
        pick = Pick(0 if said == "*" else _from_one(said, which.start(1)), None, True)
        end = which.end()
    component = 0
    if (part := _COMPONENT.match(text, end)) is not None:
        component, end = _from_one(part[1], part.start(1)), part.end()
    check_element(name, element, component, at, words(shape))
    return element, pick, component, end


def _relative(text: str, at: int, shape: Shape) -> Path | None:
    found = _LATER_ELEMENT.match(text, at)
    if found is None:
        return None
    if shape.kind == "repetition":
        raise PathProblem(at, "a component stands behind a dash", f"CLM05-{int(found[1])}")
    if shape.kind not in ("segment", "group"):
        problem = (
            "a path that begins with a dot reads the segment at hand, and there is none here"
        )
        raise PathProblem(at, problem, "CLM01")
    if len(found[1]) == 1:
        problem = "elements have two digits"
        raise PathProblem(at, problem, f".0{found[1]}")
    name = shape.name.rpartition("/")[2].partition("[")[0]
    element, pick, component, end = _element(text, at + 1, name, shape)
    return Path(
        text=text[at:end], end=end, element=element, repetition=pick, component=component
    )


def _pick(text: str, at: int, shape: Shape, condition: CompileCondition) -> tuple[Pick, int]:
    """What stands in brackets behind a loop or a segment, and where it ends."""
    where: Callable[[Scope], bool] | None = None
    if text.startswith("[", at) and not _NUMBERED.match(text, at):
        where, close = condition(text, at + 1, shape)
        at = close + 1
    found = _PICKED.match(text, at)
    if found is None:
        return Pick(1, where, where is not None), at
    number = found[1] or found[2]
    if where is None and found[2]:
        write = f"{shape.name}[{number}]"
        raise PathProblem(at, "segments and loops are counted in brackets", write)
    if number == "*":
        return Pick(0, where, True), found.end()
    return Pick(_from_one(number, at + 1), where, True), found.end()


def _from_one(number: str, at: int) -> int:
    if int(number) == 0:
        raise PathProblem(at, "a number in a path counts from 1")
    if len(number) > DIGITS:
        raise PathProblem(at, f"a number in a path has at most {DIGITS} digits")
    return int(number)


def _refuse_dotted(text: str, at: int, end: int) -> None:
    """`CLM.05.1` and `CLM-5`, as other languages write it."""
    found = re.compile(r"[.-](\d{1,2})(?:[.-](\d{1,2}))?").match(text, end)
    if found is not None:
        write = f"{text[at:end]}{int(found[1]):02d}" + (f"-{found[2]}" if found[2] else "")
        raise PathProblem(end, "an element is two digits right behind its segment", write)
