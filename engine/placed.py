"""YAML that knows its place: every value keeps file, line, column and path, so that mistakes can name them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from engine import traps
from engine.errors import Mistake


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a value stands."""

    file: str
    line: int
    column: int
    path: str = ""
    used_by: str = ""
    """Of a template's value: the place of the channel that is made of it."""


class Scalar(msgspec.Struct, frozen=True, kw_only=True):
    """One written value, as its text."""

    text: str
    style: str
    """`plain` (an expression), `quoted` (text with holes) or `block` (an expression)."""
    place: Place
    source: str = ""
    """The lines it was written on, where there are several."""
    filled: bool = False
    """Whether a template's parameters were filled in: what stands in its text stands elsewhere in the file."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Keys and values."""

    entries: dict[str, Node]
    keys: dict[str, Place]
    place: Place


class Items(msgspec.Struct, frozen=True, kw_only=True):
    """A list."""

    items: tuple[Node, ...]
    place: Place


Node = Scalar | Record | Items


class _Loader(yaml.CSafeLoader):
    """Takes every value for text: what it means is decided by who reads it."""

    def resolve(self, kind: object, value: object, implicit: object) -> str:
        """The tag of what has none: always the same."""
        return _TEXT

    def descend_resolver(self, current_node: object, current_index: object) -> None:
        """Nothing depends on where a value stands."""

    def ascend_resolver(self) -> None:
        """As above."""


_TEXT = "tag:yaml.org,2002:str"
_STYLES = {None: "plain", "": "plain", "|": "block", ">": "block"}


class Mistakes:
    """Collects mistakes, so that one run shows them all."""

    def __init__(self) -> None:
        self.found: list[Mistake] = []
        self.misread: set[Place] = set()
        """Where YAML itself read something else than was meant: what follows from that is not told as well."""

    def __iter__(self) -> Iterator[Mistake]:
        return iter(self.found)

    def add(
        self, at: Node | Place, problem: str, write: str = "", offset: int = 0, path: str = ""
    ) -> None:
        """Note one mistake; `offset` counts characters into a scalar's text."""
        place = at if isinstance(at, Place) else at.place
        line, column = place.line, place.column
        if place in self.misread:
            return
        if isinstance(at, Scalar) and offset and not at.filled:
            line, column = _inside(at, offset)
        self.found.append(
            Mistake(
                file=place.file,
                line=line,
                column=column,
                path=path or place.path,
                problem=problem,
                write=""
                if isinstance(at, Scalar) and at.filled and at.style != "quoted"
                else write,
                used_by=place.used_by,
            )
        )


def _inside(scalar: Scalar, offset: int) -> tuple[int, int]:
    """Line and column of a character of a scalar's text; a folded line break counts as the one space it became."""
    place, lines = scalar.place, scalar.source.split("\n")
    if len(lines) < 2:
        return place.line, place.column + offset + (scalar.style == "quoted")
    folded = scalar.style != "block" or ">" in lines[0][place.column - 1 :]
    for number, line in enumerate(lines):
        opening = scalar.style == "block" and number == 0
        if opening:
            continue
        if folded and not line.strip():
            offset -= not lines[number - 1].strip()
            continue
        start = place.column - 1 if number == 0 else len(line) - len(line.lstrip(" "))
        length = len(line.rstrip()) - start
        if offset <= length:
            return place.line + number, start + offset + 1
        offset -= length + 1
    return place.line, place.column


def read(text: str, file: str, mistakes: Mistakes) -> Node | None:
    """The file as placed values; None (and a mistake) where it is not YAML. An empty file is an empty record."""
    try:
        if (deep := traps.too_deep(text, _Loader)) is not None:
            place = Place(file=file, line=deep.line + 1, column=deep.column + 1)
            mistakes.add(place, f"values stand more than {traps.DEPTH} deep in one another")
            return None
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        line, column, problem, write = traps.explain(text, error)
        mistakes.add(Place(file=file, line=line, column=column), problem, write)
        return None
    if root is not None:
        return _Reader(text, file, mistakes).node(root, "")
    return Record(entries={}, keys={}, place=Place(file=file, line=1, column=1))


def read_file(path: Path, file: str, mistakes: Mistakes) -> tuple[Node | None, bytes]:
    """A file's placed values and its bytes; None and a mistake where it cannot be read or is not UTF-8."""
    start = Place(file=file, line=1, column=1)
    try:
        content = path.read_bytes()
    except OSError as error:
        mistakes.add(start, f"the file cannot be read: {error.strerror}")
        return None, b""
    try:
        return read(content.decode("utf-8-sig"), file, mistakes), content
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        place = Place(file=file, line=line, column=column)
        mistakes.add(place, "a byte stands here that is not UTF-8; save the file as UTF-8")
        return None, content


class _Reader:
    """Turns YAML's nodes into placed ones; what YAML has and the language has not is a mistake."""

    def __init__(self, text: str, file: str, mistakes: Mistakes) -> None:
        self.file, self.mistakes = file, mistakes
        self.lines = text.split("\n")
        self.met: set[int] | None = set() if "*" in text and "&" in text else None

    def node(self, node: yaml.Node, path: str) -> Node:
        mark = node.start_mark
        place = Place(file=self.file, line=mark.line + 1, column=mark.column + 1, path=path)
        if node.tag is not _TEXT and not node.tag.startswith("tag:yaml.org,2002:"):
            self.tag(node, place)
        if self.met is not None:
            if id(node) in self.met:
                problem = "an alias (*name) repeats another value; here every value stands written out"
                self.misread(place, problem)
                return Scalar(text="", style="plain", place=place)
            self.met.add(id(node))
        return self.found(node, path, place)

    def misread(
        self, place: Place, problem: str, write: str = "", at: Place | None = None
    ) -> None:
        """Note that YAML read something else than was meant; `at` is where that shows."""
        self.mistakes.add(at or place, problem, write)
        self.mistakes.misread.add(place)

    def found(self, node: yaml.Node, path: str, place: Place) -> Node:
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, place)
        if isinstance(node, yaml.SequenceNode):
            whole = self.uncut(node, path)
            items = [self.node(item, f"{path}[{at}]") for at, item in enumerate(whole)]
            return Items(items=tuple(items), place=place)
        return self.record(node, place)

    def scalar(self, node: yaml.ScalarNode, place: Place) -> Scalar:
        style = _STYLES.get(node.style, "quoted")
        first, last = node.start_mark.line, node.end_mark.line
        if style == "plain" and node.value.count('"') % 2:
            self.comment(node, place)
        if first == last:
            return Scalar(text=node.value, style=style, place=place)
        source = "\n".join(self.lines[first : last + (node.end_mark.column > 0)])
        if style == "plain" and " - " in node.value:
            for number, line in enumerate(source.split("\n")[1:], 1):
                if line.lstrip().startswith("- "):
                    at = Place(
                        file=place.file,
                        line=place.line + number,
                        column=len(line) - len(line.lstrip()) + 1,
                        path=place.path,
                    )
                    problem = "this list item is indented under the text above and becomes a part of it"
                    self.misread(place, problem, at=at)
        return Scalar(text=node.value, style=style, place=place, source=source)

    def record(self, node: yaml.Node, place: Place) -> Record:
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        for key, value in self.uncut(node, place.path):
            scalar = isinstance(key, yaml.ScalarNode)
            name = str(key.value) if scalar else "?"
            inner = f"{place.path}.{name}" if place.path else name
            at = self.place(key, inner)
            if not scalar:
                problem = "a key that begins with a bracket or a brace stands in quotes"
                self.mistakes.add(at, problem, '"[...]": ...')
            elif name in entries:
                problem = f"'{name}' stands here twice; the first is in line {keys[name].line}"
                self.mistakes.add(at, problem)
            elif name == "<<":
                self.mistakes.add(at, "merge keys (<<) are not used here; write the keys out")
            else:
                keys[name] = at
                entries[name] = self.node(value, inner)
        return Record(entries=entries, keys=keys, place=place)

    def uncut(self, node: Any, path: str) -> list[Any]:
        """What stands in a list or a record; an expression of which YAML's comma made several is told, and its rest left out."""
        if not node.flow_style:
            return list(node.value)
        kept, cut = traps.uncut(node.value, self.lines)
        for said in cut:
            inner = f"{path}.{said.key}".lstrip(".") if said.key else f"{path}[{said.number}]"
            self.misread(self.place(said.value, inner), traps.CUT, said.write)
        return kept

    def tag(self, node: yaml.Node, place: Place) -> None:
        value = f"{node.tag} {node.value}" if isinstance(node, yaml.ScalarNode) else node.tag
        key = place.path.rpartition(".")[2] or "key"
        problem = "YAML takes an exclamation mark at the beginning of a value for something of its own"
        problem += "; an expression like this stands in a block"
        self.misread(place, problem, traps.block(key, value.strip()))

    def comment(self, node: yaml.ScalarNode, place: Place) -> None:
        """Tell of a ` #` that was meant as a part of the text: a quote is open there."""
        end = node.end_mark
        rest = self.lines[end.line][end.column :]
        if rest.lstrip().startswith("#") and rest.count('"') % 2:
            key = place.path.rpartition(".")[2]
            at = Place(
                file=self.file,
                line=end.line + 1,
                column=end.column + rest.index("#") + 1,
                path=place.path,
            )
            problem = "' #' begins a comment, also between the quotes of an expression"
            self.misread(place, problem, traps.block(key, node.value + rest), at=at)

    def place(self, node: yaml.Node, path: str) -> Place:
        mark = node.start_mark
        return Place(file=self.file, line=mark.line + 1, column=mark.column + 1, path=path)


def plain(node: Node) -> object:
    """The written value without its places; every scalar stays text, an unquoted empty one or `null` is None."""
    if isinstance(node, Record):
        return {name: plain(value) for name, value in node.entries.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return None if node.style == "plain" and node.text in ("", "~", "null") else node.text
