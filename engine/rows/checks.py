"""What is the same in the layouts of all files of rows, checked when they are loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from engine.convert import WRONG, Converter
from engine.hints import meant
from engine.placed import Mistakes, Node, Record
from engine.rows import encodings, kinds
from engine.rows.kinds import Kind, Kinds
from engine.rows.snapshot import Snapshot
from engine.rows.totals import Totals, Trailer

#: The key of a layout that cannot work, dotted, and why.
Problem = tuple[str, str] | None


class Laid(Protocol):
    """What the layouts of all files of rows have in common."""

    @property
    def encoding(self) -> str: ...
    @property
    def end(self) -> str: ...
    @property
    def skip(self) -> int: ...
    @property
    def types(self) -> dict[str, Any]: ...
    @property
    def trailer(self) -> Trailer | None: ...
    @property
    def snapshot(self) -> Snapshot | None: ...
    @property
    def group_by(self) -> str | tuple[str, ...]: ...
    @property
    def kinds(self) -> Kinds: ...
    @property
    def totals(self) -> Totals | None: ...


def read(
    kind: Any, name: str, node: Node, mistakes: Mistakes, problem: Callable[[Any], Problem]
) -> Any:
    """A layout from its file; None where mistakes were noted, each at its place."""
    if not isinstance(node, Record):
        mistakes.add(node, "a layout names its columns, each key with a colon and a value")
        return None
    known = [key for key in kind.__struct_fields__ if key != "name"]
    if (place := node.keys.get("name")) is not None:
        mistakes.add(place, f"there is no setting 'name' here{meant('name', known)}")
        return None
    made = Converter(mistakes).struct(node, kind)
    if made is WRONG:
        return None
    made = msgspec.structs.replace(made, name=name)
    if (wrong := problem(made)) is not None:
        mistakes.add(_inside(node, wrong[0]), wrong[1])
        return None
    return made


def _inside(node: Node, key: str) -> Node:
    """The value of a dotted key, as deep as it goes."""
    for step in key.split("."):
        node = node.entries.get(step, node) if isinstance(node, Record) else node
    return node


def choices(layout: Any, known: Mapping[str, tuple[str, ...]]) -> Problem:
    """A key whose value is none of its words."""
    for key, words in known.items():
        if (said := getattr(layout, key)) not in words:
            return key, f"it is one of: {', '.join(words)}{meant(said, words)}"
    return None


def ends(layout: Laid) -> Problem:
    """What ends a line, and the character set that has to have it."""
    if not encodings.known(layout.encoding):
        return "encoding", "there is no such character set"
    end = encodings.ENDS.get(layout.end, layout.end)
    if not end or encodings.lacks(end, layout.encoding):
        return "end", f"it ends a line: lf, crlf, cr, or characters that {layout.encoding} has"
    if layout.skip < 0:
        return "skip", "it is a number of lines, from 0"
    return None


def types(layout: Laid, compiled: Sequence[Kind]) -> Problem:
    """What record types cannot be."""
    if not layout.types:
        wrong = "a trailer needs `types`, one of them with `role: trailer`"
        return ("trailer", wrong) if layout.trailer is not None else None
    if (found := kinds.problem(compiled)) is not None:
        return f"types.{found[0]}" if found[0] else "types", found[1]
    open_ = [name for name, each in layout.types.items() if each.when is None]
    if len(open_) > 1:
        return (
            f"types.{open_[1]}",
            f"only one type may have no `when`, and '{open_[0]}' has none",
        )
    return None


def used(layout: Laid) -> Problem:
    """A column that another key names and the layout has not."""
    known = layout.kinds.level.columns
    wanted = [("group_by", layout.group_by)]
    if layout.snapshot is not None:
        wanted.append(("snapshot.key", layout.snapshot.key))
    for key, names in wanted:
        for name in (names,) if isinstance(names, str) else names:
            if name not in known:
                return key, f"there is no column '{name}'{meant(name, known)}"
    if layout.group_by and any(kind.inside for kind in layout.kinds.kinds):
        return "group_by", "records that hold others are not grouped"
    try:
        _ = layout.totals
    except LookupError as error:
        return "trailer", str(error.args[0])
    return None
