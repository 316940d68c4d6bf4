"""How far two Bundles agree, leaf by leaf: resources and items of lists are matched so that most agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

Tree = Any
#: Of a matched resource: what it is called on either side.
Same = dict[str, str]


def leaves(tree: Tree, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every text, number and truth but the types of resources, with its path; items of lists are not numbered."""
    if isinstance(tree, dict):
        for name, each in tree.items():
            if name != "resourceType":
                yield from leaves(each, f"{path}.{name}" if path else name)
    elif isinstance(tree, list):
        for each in tree:
            yield from leaves(each, path)
    else:
        yield path, tree


def size(tree: Tree) -> int:
    """How many leaves it has."""
    if isinstance(tree, dict):
        return sum(size(each) for name, each in tree.items() if name != "resourceType")
    return sum(map(size, tree)) if isinstance(tree, list) else 1


def equal(ours: Tree, theirs: Tree, same: Same | None) -> int:
    """How many leaves are equal; references by what they point at, all of them where `same` is not known yet."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = 0
        for name in (ours.keys() & theirs.keys()) - {"resourceType"}:
            if name == "reference" and isinstance(ours[name], str):
                found += same is None or same.get(theirs[name]) == ours[name]
            else:
                found += equal(ours[name], theirs[name], same)
        return found
    if isinstance(ours, list) and isinstance(theirs, list):
        return sum(agreed for agreed, _, _ in matched(ours, theirs, same))
    return int(_same_leaf(ours, theirs))


def matched(
    ours: list[Tree], theirs: list[Tree], same: Same | None
) -> list[tuple[int, int, int]]:
    """Pairs of items (agreement, our position, their position), the best first; each stands in one pair at most."""
    ranked = sorted(
        (
            (equal(mine, other, same), -abs(at - to), at, to)
            for at, mine in enumerate(ours)
            for to, other in enumerate(theirs)
        ),
        reverse=True,
    )
    left, right, pairs = set[int](), set[int](), []
    for agreed, _, at, to in ranked:
        if at not in left and to not in right:
            left.add(at)
            right.add(to)
            pairs.append((agreed, at, to))
    return pairs


def _same_leaf(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, bool) or isinstance(theirs, bool) or ours is None or theirs is None:
        return ours is theirs
    if isinstance(ours, str) and isinstance(theirs, str):
        return ours == theirs or (
            (moment := _moment(ours)) is not None and moment == _moment(theirs)
        )
    if (
        isinstance(ours, str)
        or isinstance(theirs, str)
        or isinstance(ours, dict | list)
        or isinstance(theirs, dict | list)
    ):
        return False
    return Decimal(str(ours)) == Decimal(str(theirs))


def _moment(text: str) -> datetime | None:
    if "T" not in text or not text[:4].isdigit():
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else None


class Pairing:
    """Resources of two Bundles, by what they are called there (`Patient/1`, `urn:uuid:...`), each matched with at most one."""

    def __init__(self, ours: dict[str, Tree], theirs: dict[str, Tree]) -> None:
        self.ours, self.theirs = ours, theirs
        self.pairs: list[tuple[str, str]] = []
        kinds = {each["resourceType"] for each in theirs.values()}
        for kind in sorted(kinds):
            left = [name for name, each in ours.items() if each["resourceType"] == kind]
            right = [name for name, each in theirs.items() if each["resourceType"] == kind]
            found = matched(
                [ours[name] for name in left], [theirs[name] for name in right], None
            )
            self.pairs += [(left[at], right[to]) for _, at, to in found]
        self.same: Same = {other: mine for mine, other in self.pairs}

    def counts(self) -> tuple[int, int, int]:
        """Equal, expected and ours."""
        good = sum(
            equal(self.ours[mine], self.theirs[other], self.same) for mine, other in self.pairs
        )
        return good, size(list(self.theirs.values())), size(list(self.ours.values()))

    def differing(self) -> Iterator[tuple[str, str, Any]]:
        """What is missing (`-`) and what is too much (`+`), with paths that begin with the type."""
        back = {mine: other for mine, other in self.pairs}
        for name, each in self.theirs.items():
            mine = self.ours.get(self.same.get(name, ""), {})
            yield from _rest("-", each["resourceType"], each, mine, self.same)
        for name, each in self.ours.items():
            other = self.theirs.get(back.get(name, ""), {})
            yield from _rest("+", each["resourceType"], each, other, back)


def _rest(
    sign: str, kind: str, tree: Tree, other: Tree, same: Same
) -> Iterator[tuple[str, str, Any]]:
    have = Counter((path, _plain(path, value, {})) for path, value in leaves(other))
    for path, value in leaves(tree):
        key = (path, _plain(path, value, same))
        if have[key] > 0:
            have[key] -= 1
        else:
            yield sign, f"{kind}.{path}", value


def _plain(path: str, value: Any, same: Same) -> Any:
    if path.endswith("reference"):
        return same.get(value, value)
    moment = _moment(value) if isinstance(value, str) else None
    return moment.timestamp() if moment else value
