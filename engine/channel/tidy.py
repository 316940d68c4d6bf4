"""
Files as everybody writes them: keys in the order of the line, two spaces a level. Line by line, so that every comment, blank
line and value stays as it is; what a file means does not change, or the file is left alone.
"""

from __future__ import annotations

import yaml

from engine.channel.orders import Ordered, of_file
from engine.placed import Items, Mistakes, Node, Record, Scalar, read

_STEP = 2


def tidy(text: str, file: str) -> str:
    """
    The text of a file of a home (`channels/a.yaml`), put in order. One that is not YAML comes back as it is.

    >>> print(tidy("format: json\\nsource:\\n    mllp: {port: 2575}\\n", "channels/a.yaml"), end="")
    source:
      mllp: {port: 2575}
    format: json
    """
    before = _meaning(text, file)
    if not isinstance(before, Record):
        return text
    text = text.lstrip("\n")
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        return text
    lines = _ended(text.split("\n"))
    first = root.start_mark.line
    if any(line.strip() and not _remark(line) for line in lines[:first]):
        return text
    head = [line.rstrip() for line in lines[:first]]
    made = _Tidy(lines).mapping(root, first, len(lines), 0, of_file(file))
    tidied = "\n".join(head + _ended(made)) + "\n"
    after = _meaning(tidied, file)
    return tidied if after is not None and same(before, after) else text


def _meaning(text: str, file: str) -> Node | None:
    mistakes = Mistakes()
    found = read(text, file, mistakes)
    return None if mistakes.found else found


def same(one: Node, other: Node) -> bool:
    """Whether two files say the same: values as they are written, records whatever the order of their keys."""
    if isinstance(one, Record) and isinstance(other, Record):
        return one.entries.keys() == other.entries.keys() and all(
            same(value, other.entries[name]) for name, value in one.entries.items()
        )
    if isinstance(one, Items) and isinstance(other, Items):
        pairs = zip(one.items, other.items, strict=False)
        return len(one.items) == len(other.items) and all(same(a, b) for a, b in pairs)
    if isinstance(one, Scalar) and isinstance(other, Scalar):
        return (one.text, one.style) == (other.text, other.style)
    return False


def _ended(lines: list[str]) -> list[str]:
    """Without blank lines at the beginning and the end."""
    begin, end = 0, len(lines)
    while end > begin and not lines[end - 1].strip():
        end -= 1
    while begin < end and not lines[begin].strip():
        begin += 1
    return lines[begin:end]


class _Chunk:
    """One entry or item with what stands above it."""

    __slots__ = ("above", "body", "name")

    def __init__(self, name: str, above: list[str], body: list[str]) -> None:
        self.name, self.above, self.body = name, above, body

    def gap(self) -> int:
        """How many blank lines stand above it."""
        count = 0
        while count < len(self.above) and not self.above[count]:
            count += 1
        return count


class _Tidy:
    """Puts the lines of one file in order."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def mapping(
        self, node: yaml.MappingNode, start: int, end: int, column: int, order: Ordered
    ) -> list[str]:
        """The lines of a block of keys, which begin at a column."""
        begins = [key.start_mark.line for key, _ in node.value]
        here = node.value[0][0].start_mark.column
        bounds = self._bounds(begins, start, end, here)
        chunks: list[_Chunk] = []
        for (key, value), (above, at, stop) in zip(node.value, bounds, strict=True):
            inner = order.inside(str(key.value))
            body = self._entry(key, value, at, stop, column, inner)
            chunks.append(_Chunk(str(key.value), self._above(above, at, column), body))
        ordered = order.sorted(chunks)
        _move_gap(chunks, ordered)
        return [line for chunk in ordered for line in (*chunk.above, *chunk.body)]

    def _bounds(
        self, begins: list[int], start: int, end: int, column: int
    ) -> list[tuple[int, int, int]]:
        """Of each entry: where what stands above it begins, its own line, and where it ends."""
        aboves = [start]
        for number in begins[1:]:
            at = number
            while at > start and self._stands_above(at - 1, column):
                at -= 1
            aboves.append(at)
        stops = [*aboves[1:], end]
        return list(zip(aboves, begins, stops, strict=True))

    def _stands_above(self, at: int, column: int) -> bool:
        line = self._lines[at]
        return not line.strip() or (_remark(line) and _indentation(line) <= column)

    def _above(self, start: int, at: int, column: int) -> list[str]:
        return [" " * column + line.strip() if line.strip() else "" for line in self._lines[start:at]]  # fmt: skip

    def _entry(
        self, key: yaml.Node, value: yaml.Node, at: int, stop: int, column: int, order: Ordered
    ) -> list[str]:
        first, here = self._lines[at], key.start_mark.column
        block = isinstance(value, yaml.CollectionNode) and not value.flow_style and value.value
        if not block or value.start_mark.line == at:
            return self._shifted(value, at, stop, column - here)
        head = [" " * column + first[here:].rstrip()]
        inner = column + _STEP
        if isinstance(value, yaml.MappingNode):
            return head + self.mapping(value, at + 1, stop, inner, order)
        assert isinstance(value, yaml.SequenceNode)
        return head + self._items(value, at + 1, stop, inner, order)

    def _shifted(self, value: yaml.Node, at: int, stop: int, by: int) -> list[str]:
        """Lines as they are, further in or out."""
        lines = self._lines[at:stop]
        block = isinstance(value, yaml.ScalarNode) and value.style in ("|", ">")
        if not block and value.end_mark.line == at:
            lines = [line.rstrip() for line in lines]
        return [_shift(line, by) for line in lines]

    def _items(
        self, node: yaml.SequenceNode, start: int, end: int, column: int, order: Ordered
    ) -> list[str]:
        begins = [self._dash(item, start) for item in node.value]
        here = self._lines[begins[0]].index("-")
        made: list[str] = []
        for item, (above, at, stop) in zip(
            node.value, self._bounds(begins, start, end, here), strict=True
        ):
            made += self._above(above, at, column)
            made += self._item(item, at, stop, column, order.inside("[]"))
        return made

    def _dash(self, item: yaml.Node, start: int) -> int:
        at = item.start_mark.line
        while at > start and not self._lines[at].lstrip().startswith("-"):
            at -= 1
        return at

    def _item(
        self, item: yaml.Node, at: int, stop: int, column: int, order: Ordered
    ) -> list[str]:
        line = self._lines[at]
        dash = line.index("-")
        keyed = isinstance(item, yaml.MappingNode) and not item.flow_style and item.value
        if not keyed or item.start_mark.line != at:
            return self._shifted(item, at, stop, column - dash)
        assert isinstance(item, yaml.MappingNode)
        self._lines[at] = f"{line[:dash]} {line[dash + 1 :]}"
        inner = self.mapping(item, at, stop, column + _STEP, order)
        self._lines[at] = line
        first = next(number for number, each in enumerate(inner) if each.strip() and not _remark(each))  # fmt: skip
        above = [_shift(each, -_STEP) for each in inner[:first]]
        dashed = " " * column + "- " + inner[first][column + _STEP :]
        return [*(each for each in above if each), dashed, *inner[first + 1 :]]


def _move_gap(before: list[_Chunk], after: list[_Chunk]) -> None:
    """The first entry has no blank line above it: what moves there gives its own to what stood there."""
    if not before or before[0] is after[0]:
        return
    old, new = before[0], after[0]
    gap, there = new.gap(), old.gap()
    new.above = [""] * there + new.above[gap:]
    old.above = [""] * gap + old.above[there:]


def _remark(line: str) -> bool:
    return line.lstrip().startswith("#")


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _shift(line: str, by: int) -> str:
    if not line.strip():
        return line if by >= 0 else line[min(-by, len(line)) :]
    return " " * by + line if by >= 0 else line[min(-by, _indentation(line)) :]
