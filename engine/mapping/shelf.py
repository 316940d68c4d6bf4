"""The mappings of a home: each file is read once, and compiled once for all that read the same with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import msgspec

from engine.mapping.files import Mapping
from engine.mapping.language import Expression, Run
from engine.mapping.loading import Loading
from engine.mapping.tables import Table
from engine.mapping.uses import Filled, Used
from engine.placed import Items, Mistakes, Node, Record, Scalar, read_file

FOLDER = "mappings"
_WORDS = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NO_WORDS: frozenset[str] = frozenset()


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of `mappings/`, read."""

    name: str
    path: str
    """Relative to the home."""
    root: Record
    raw: bytes
    uses: tuple[str, ...]
    """The mappings that it names under `use`."""
    sound: bool
    """Whether it is YAML without mistakes."""


class Shelf:
    """Finds mappings by name; what is the same for two channels is compiled once."""

    def __init__(
        self, home: Path, mistakes: Mistakes, memories: Collection[str] | None = None
    ) -> None:
        self.home, self.mistakes, self.memories = home, mistakes, memories
        self._files: dict[str, File | None] = {}
        self._words: dict[str, frozenset[str]] = {}
        self._mappings: dict[Any, Mapping | None] = {}
        self._parts: dict[Any, Used | None] = {}
        self.shared: dict[tuple[str, str, bool], Run] = {}
        """Expressions that several mappings to FHIR have."""
        self.tables: dict[str, Table] = {}
        """The code tables that were read, without mistakes."""
        self.used: set[str] = set()
        """The mappings that others use."""
        self.choosing: list[str] = []
        """Those whose choices are read just now, outermost first."""

    def names(self) -> list[str]:
        """The mappings there are."""
        return sorted(path.stem for path in (self.home / FOLDER).glob("*.yaml"))

    def is_laid_over(self, name: str) -> bool:
        """Whether a mapping of the home may use this one as a part of something."""
        used = re.compile(rb"\buse['\"]?\s*:\s*['\"]?" + re.escape(name.encode()) + rb"\b")
        return any(
            used.search(path.read_bytes()) for path in (self.home / FOLDER).glob("*.yaml")
        )

    def find(self, name: str, zone: str, known: dict[str, Expression]) -> Mapping | None:
        """
        The mapping of that name, for a channel whose `let` has these names, in the order of their slots.

        LookupError where there is no such file, None where it has mistakes.
        """
        file = self._file(name)
        if file is None:
            return None
        said, at = self._said(name, known)
        key = (name, zone, _variant(said))
        if key not in self._mappings:
            before = len(self.mistakes.found)
            made = Loading(file, self, zone=zone, reads=tuple(said), known=known).mapping()
            sound = file.sound and len(self.mistakes.found) == before
            self._mappings[key] = made if sound else None
        found = self._mappings[key]
        return found.reading(at) if found is not None and at else found

    def part(
        self,
        name: str,
        zone: str,
        known: dict[str, Expression],
        around: tuple[str, ...],
        group: Filled | None,
    ) -> Used | None:
        """The mapping of that name as another one uses it; LookupError and None as with `find`."""
        file = self._file(name)
        self.used.add(name)
        if file is None:
            return None
        said, _ = self._said(name, known)
        key = (name, zone, _variant(said), group and (group.format_name, group.path))
        if key not in self._parts:
            before = len(self.mistakes.found)
            loading = Loading(
                file, self, zone=zone, reads=tuple(said), known=known, around=around
            )
            made = loading.part(group)
            sound = file.sound and len(self.mistakes.found) == before
            self._parts[key] = made if sound else None
        return self._parts[key]

    def _file(self, name: str) -> File | None:
        if name not in self._files:
            self._files[name] = self._read(name)
        return self._files[name]

    def _read(self, name: str) -> File | None:
        file = f"{FOLDER}/{name}.yaml"
        path = self.home / file
        if "/" in name or name.startswith(".") or not path.is_file():
            raise LookupError(name)
        before = len(self.mistakes.found)
        root, raw = read_file(path, file, self.mistakes)
        if root is None:
            return None
        if not isinstance(root, Record):
            problem = "a mapping names what it reads and what it makes"
            self.mistakes.add(root, problem, "from: hl7v2")
            return None
        sound = len(self.mistakes.found) == before
        uses = tuple(_used(root))
        return File(name=name, path=file, root=root, raw=raw, uses=uses, sound=sound)

    def _said(
        self, name: str, known: dict[str, Expression]
    ) -> tuple[dict[str, Expression], tuple[int, ...]]:
        """The channel's names that a mapping may read, and their slots in the channel."""
        if not known:
            return {}, ()
        words = self._words_of(name)
        said = {each: known[each] for each in known if each in words}
        return said, tuple(at for at, each in enumerate(known) if each in words)

    def _words_of(self, name: str, seen: tuple[str, ...] = ()) -> frozenset[str]:
        """All words of a mapping and of those that it uses."""
        if name in self._words:
            return self._words[name]
        try:
            file = self._file(name) if name not in seen else None
        except LookupError:
            file = None
        if file is None:
            return _NO_WORDS
        words = frozenset(_WORDS.findall(file.raw.decode("utf-8", "replace")))
        words = words.union(*(self._words_of(used, (*seen, name)) for used in file.uses))
        if not seen:
            self._words[name] = words
        return words


def load(
    name: str,
    home: Path,
    mistakes: Mistakes,
    zone: str = "UTC",
    known: dict[str, Expression] | None = None,
    memories: Collection[str] | None = None,
) -> Mapping | None:
    """
    One mapping, `mappings/NAME.yaml`; LookupError where there is no such file, None where it has mistakes.

    `known`: the names of the channel's `let`, in the order of their slots; `memories`: those of the home, for `recall`.
    Who loads many keeps a Shelf.
    """
    return Shelf(home, mistakes, memories).find(name, zone, known or {})


def _variant(known: dict[str, Expression]) -> tuple[Any, ...]:
    """What makes a mapping another one: what it knows of the channel's names."""
    return tuple((name, each.kind, each.many, each.paths) for name, each in known.items())


def _used(node: Node) -> Iterator[str]:
    if isinstance(node, Record):
        for key, inner in node.entries.items():
            if key == "use" and isinstance(inner, Scalar):
                yield inner.text
            else:
                yield from _used(inner)
    elif isinstance(node, Items):
        for item in node.items:
            yield from _used(item)
