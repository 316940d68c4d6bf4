"""What is known at load of the names in a path: whether there is such a loop, segment or element."""

from __future__ import annotations

from engine.edi import dictionary
from engine.edi.maps import Guide, LoopPart, named, parts
from engine.paths import PathProblem, Shape

ENVELOPE = frozenset(["ISA", "GS", "GE", "IEA", "TA1", "TA3", "ISB", "ISE", "ST", "SE"])


def guide_of(shape: Shape) -> Guide | None:
    """The map that a mapping says it reads (`from: x12/005010/835`); None where it says none."""
    around = shape
    while around.outer is not None:
        around = around.outer
    if around.kind != "message" or "/" not in around.name:
        return None
    try:
        return named(around.name)[0]
    except LookupError as error:
        raise PathProblem(0, f"there is no set '{around.name}'; {error}") from None


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
    guide = guide_of(shape)
    if guide is None:
        if name[0].isalpha() and ":" not in name and not _is_known(name):
            raise PathProblem(
                at, f"there is no segment '{name}' in X12{_meant(name)}", _near(name)
            )
        return
    if name in ENVELOPE or name in guide.root.all or loops(guide, name):
        return
    known = guide.root.all_loops
    near = dictionary.nearest(name, known | guide.root.all)
    hint = f"; did you mean '{near}'?" if near else f"; there is {', '.join(sorted(known))}"
    raise PathProblem(at, f"there is no loop '{name}' in {guide.name}{hint}", near)


def check_segment(name: str, at: int, text: str, end: int, shape: Shape, inside: str) -> None:
    """PathProblem where there is no such segment in X12, in the set, or in the loop in front of it."""
    guide = guide_of(shape)
    rest = text[end : end + 2]
    if guide is None or name.startswith("Z"):
        if not _is_known(name):
            near = _near(name)
            write = f"{near}{rest}" if near else ""
            raise PathProblem(at, f"there is no segment '{name}' in X12{_meant(name)}", write)
        return
    if not inside:
        if name in ENVELOPE or name in guide.root.all:
            return
        near = dictionary.nearest(name, guide.root.all)
        hint = f"; did you mean '{near}'?" if near else ""
        raise PathProblem(
            at, f"{guide.name} has no segment '{name}'{hint}", f"{near}{rest}" if near else ""
        )
    found = loops(guide, inside)
    if not found or any(name in loop.all for loop in found):
        return
    known = frozenset[str]().union(*(loop.all for loop in found))
    there = ", ".join(sorted(known))
    raise PathProblem(at, f"the loop {inside} has no segment '{name}'; it has {there}")


def check_element(name: str, element: int, component: int, at: int) -> None:
    """PathProblem where the segment has no such element or component."""
    described = dictionary.segments().get(name)
    if described is None:
        return
    if element > len(described.slots):
        count = len(described.slots)
        raise PathProblem(at, f"{name} has {count} elements", f"{name}{count:02d}")
    parts_ = described.slots[element - 1].parts
    if component and name == "ISA":
        raise PathProblem(at, "an element of the ISA has no components", f"ISA{element:02d}")
    if component > max(len(parts_), 1):
        has = f"has {len(parts_)} components" if parts_ else "has no components"
        raise PathProblem(at, f"{name}{element:02d} {has}", f"{name}{element:02d}")


def _is_known(name: str) -> bool:
    return name in dictionary.names() or name.startswith("Z")


def _near(name: str) -> str:
    return dictionary.nearest(name)


def _meant(name: str) -> str:
    near = _near(name)
    return f"; did you mean '{near}'?" if near else ""
