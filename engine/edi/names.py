"""What is known at load of the names in a path: whether there is such a loop, segment or element."""

from __future__ import annotations

from engine.edi.dialect import Dialect, dialect_in
from engine.edi.dictionary import Dictionary
from engine.edi.maps import Guide, LoopPart, parts
from engine.edi.marks import HEADERS
from engine.paths import PathProblem, Shape


def guide_of(shape: Shape) -> Guide | None:
    """The map that a mapping says it reads (`from: x12/005010/835`); None where it says none."""
    around = shape
    while around.outer is not None:
        around = around.outer
    if around.kind != "message" or "/" not in around.name:
        return None
    try:
        return dialect_in(shape).named(around.name)[0]
    except LookupError as error:
        raise PathProblem(0, f"there is no set '{around.name}'; {error}") from None


def words(shape: Shape) -> Dictionary:
    """The segments and elements that a mapping reads: those of the version that it says."""
    guide = guide_of(shape)
    return guide.dictionary if guide is not None else dialect_in(shape).dictionary()


def loops(guide: Guide, name: str) -> list[LoopPart]:
    """All loops of a map that answer to a name."""
    found: list[LoopPart] = []

    def walk(loop: LoopPart) -> None:
        for inner in parts(loop.items)[1]:
            if name in (inner.name, inner.first.name) or (
                name.startswith("HL:") and inner.first.name == "HL"
            ):
                found.append(inner)
            walk(inner)

    walk(guide.root)
    return found


def check_group(name: str, at: int, shape: Shape, inside: str) -> None:
    """PathProblem where there is no such loop or segment."""
    guide, dialect = guide_of(shape), dialect_in(shape)
    if guide is None:
        known = dialect.dictionary()
        if not dialect.loop.fullmatch(name) and not _is_known(name, known):
            problem = f"there is no segment '{name}' in {dialect.title}{_meant(name, known)}"
            raise PathProblem(at, problem, known.nearest(name))
        return
    if _is_outside(name, dialect) or name in guide.root.all or loops(guide, name):
        return
    there = guide.root.all_loops
    near = guide.dictionary.nearest(name, there | guide.root.all)
    hint = f"; did you mean '{near}'?" if near else f"; there is {', '.join(sorted(there))}"
    raise PathProblem(at, f"there is no loop '{name}' in {guide.name}{hint}", near)


def check_segment(name: str, at: int, text: str, end: int, shape: Shape, inside: str) -> None:
    """PathProblem where there is no such segment in the standard, in the set, or in the loop in front of it."""
    guide, dialect = guide_of(shape), dialect_in(shape)
    rest = text[end : end + 2]
    if guide is None or name.startswith("Z"):
        known = dialect.dictionary()
        if not _is_known(name, known):
            near = known.nearest(name)
            write = f"{near}{rest}" if near else ""
            problem = f"there is no segment '{name}' in {dialect.title}{_meant(name, known)}"
            raise PathProblem(at, problem, write)
        return
    if not inside:
        if _is_outside(name, dialect) or name in guide.root.all:
            return
        near = guide.dictionary.nearest(name, guide.root.all)
        hint = f"; did you mean '{near}'?" if near else ""
        raise PathProblem(
            at, f"{guide.name} has no segment '{name}'{hint}", f"{near}{rest}" if near else ""
        )
    found = loops(guide, inside)
    if not found or any(name in loop.all for loop in found):
        return
    there = ", ".join(sorted(frozenset[str]().union(*(loop.all for loop in found))))
    raise PathProblem(at, f"the loop {inside} has no segment '{name}'; it has {there}")


def check_element(name: str, element: int, component: int, at: int, known: Dictionary) -> None:
    """PathProblem where the segment has no such element or component."""
    described = known.segments.get(name)
    if described is None:
        return
    if element > len(described.slots):
        count = len(described.slots)
        raise PathProblem(at, f"{name} has {count} elements", f"{name}{count:02d}")
    parts_ = described.slots[element - 1].parts
    if component and name in HEADERS:
        problem = f"an element of the {name} has no components"
        raise PathProblem(at, problem, f"{name}{element:02d}")
    if component > max(len(parts_), 1):
        has = f"has {len(parts_)} components" if parts_ else "has no components"
        raise PathProblem(at, f"{name}{element:02d} {has}", f"{name}{element:02d}")


def _is_known(name: str, known: Dictionary) -> bool:
    return name in known.names or name.startswith("Z")


def _is_outside(name: str, dialect: Dialect) -> bool:
    return name in dialect.envelope or name in (dialect.set, dialect.set_ends)


def _meant(name: str, known: Dictionary) -> str:
    near = known.nearest(name)
    return f"; did you mean '{near}'?" if near else ""
