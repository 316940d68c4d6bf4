"""One channel file while it is read: its mistakes, its language, its defaults."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from engine import formats
from engine.channel.grammar import Level, check_keys, missing, misspelt
from engine.convert import WRONG, Converter
from engine.formats import Format, Shape
from engine.installation import Installation
from engine.mapping import Expression, Language, Mapping, expression
from engine.mapping.tables import Tables
from engine.mapping.traps import not_a_value
from engine.placed import Items, Mistakes, Node, Record, Scalar, read

#: Finds a compiled mapping by name, zone and the names of `let` it may read: LookupError where there is no such file,
#: None where it has mistakes.
FindMapping = Callable[[str, str, dict[str, Expression]], Mapping | None]


class Binding(msgspec.Struct, kw_only=True):
    """What every part of a channel needs while it is bound to the code it names."""

    name: str
    home: Path
    installation: Installation
    mistakes: Mistakes
    record: Record
    find_mapping: FindMapping
    tables: Tables
    class_: str = "supply"
    zone: str = "UTC"
    format_name: str = ""
    """`hl7v2`, `delimited`."""
    layout_name: str = ""
    """`item_master`; empty where the format needs none."""
    layout: Any = None
    """The compiled layout of the channel's format, where it needs one."""
    layouts: dict[str, bytes] = {}
    """The layouts it reads by, with the bytes of their files."""
    memories: Collection[str] = ()
    """What the channels of the home remember."""
    language: Language | None = None
    """What expressions over the message may use; None while the format is unknown."""
    known: dict[str, Expression] = {}
    """The names of `let` that mappings may read, in the order of their slots."""
    broken: bool = False
    """Whether something the channel needs is broken in another file."""

    def get(self, key: str) -> Node | None:
        """What the channel says under a key."""
        return self.record.entries.get(key)

    def value(self, node: Node | None, kind: Any, name: str, default: Any) -> Any:
        """A setting by its type; the default where it is absent or wrong (the mistake is noted)."""
        if node is None:
            return default
        value = Converter(self.mistakes).read(node, kind, name)
        return default if value is WRONG else value

    def group(self, node: Node | None, level: Level, write: str) -> Record | None:
        """A record whose keys are those of a level; None where there is none, or where something else stands there."""
        if node is None:
            return None
        known = isinstance(node, Record) and (node.entries.keys() & set(level.keys) or misspelt(node, level))  # fmt: skip
        if not isinstance(node, Record) or not known:
            self.mistakes.add(node, f"keys stand here: {', '.join(level.keys)}", write)
            return None
        check_keys(node, level, self.mistakes)
        return node

    def needed(self, record: Record, level: Level, key: str, what: str, write: str) -> bool:
        """Whether a key stands there that the record cannot be without; what it says is noted where it does not."""
        if key in record.entries:
            return True
        if missing(record, key, level):
            self.mistakes.add(record, f"'{key}' is missing: {what}", write)
        return False

    def expression(self, node: Node | None, language: Language | None) -> Expression | None:
        """A compiled expression; None where there is none, or where mistakes were noted."""
        if node is None or language is None:
            return None
        if not isinstance(node, Scalar):
            not_a_value(node, self.mistakes)
            return None
        if node.style == "plain" and node.text in ("", "~", "null"):
            key = node.place.path.rpartition(".")[2]
            self.mistakes.add(
                node, f"'{key}' has no value; an expression stands here", f"{key}: PID-3.1"
            )
            return None
        return expression(node, language)

    def condition(self, node: Node | None, language: Language | None) -> Expression | None:
        """An expression that is true or false; None where there is none, or where mistakes were noted."""
        found = self.expression(node, language)
        if found is None or not isinstance(node, Scalar) or found.kind in ("truth", "any"):
            return found
        key = node.place.path.rpartition(".")[2]
        if node.style == "quoted":
            problem = "in quotes this is a text, which is neither true nor false"
            double = node.text.replace("'", '"')
            self.mistakes.add(node, problem, f"{key}: {double}")
        else:
            problem = f"a condition is true or false, this is a {found.kind}"
            self.mistakes.add(node, problem, f"{key}: exists({node.text})")
        return None

    def differing(self, node: Node | None, language: Language | None) -> Expression | None:
        """An expression that reads something of the message: what a key is made of."""
        found = self.expression(node, language)
        if found is None or not isinstance(node, Scalar) or not found.constant:
            return found
        quoted = node.style == "quoted"
        what = f'"{node.text}" is a text' if quoted else f"'{node.text}' reads nothing"
        problem = f"{what}, the same for every message"
        self.mistakes.add(node, problem, node.text if quoted else "")
        return None

    def parts(self, node: Node, language: Language | None) -> tuple[Expression, ...]:
        """What a key is made of: one expression, or a list of them."""
        items = node.items if isinstance(node, Items) else (node,)
        found = [self.differing(item, language) for item in items]
        return tuple(expression for expression in found if expression is not None)

    def named(
        self, node: Node | None, language: Language | None
    ) -> tuple[tuple[str, Expression], ...]:
        """Names and their expressions, in the order written."""
        if node is None:
            return ()
        if not isinstance(node, Record):
            self.mistakes.add(node, "names and expressions stand here", "mrn: PID-3.1")
            return ()
        pairs = [
            (name, self.expression(value, language)) for name, value in node.entries.items()
        ]
        return tuple((name, found) for name, found in pairs if found is not None)

    def defaults(self) -> Record:
        """What destinations and alerts of the channel's class have: config.yaml's over the release's."""
        shipped = _shipped().entries[self.class_]
        assert isinstance(shipped, Record)
        said = {str(name): record for name, record in self.installation.defaults.items()}
        return over(said[self.class_], shipped) if self.class_ in said else shipped


def over(upper: Record, lower: Record) -> Record:
    """One record over another: its own keys win, records under the same key are joined the same way."""
    entries, keys = dict(lower.entries), dict(lower.keys)
    for name, value in upper.entries.items():
        below = entries.get(name)
        joined = isinstance(value, Record) and isinstance(below, Record)
        entries[name] = over(value, below) if joined else value  # type: ignore[arg-type]
        keys[name] = upper.keys[name]
    return Record(entries=entries, keys=keys, place=upper.place)


def language_of(
    format_name: str,
    format: Format,
    mistakes: Mistakes,
    tables: Tables,
    zone: str,
    layout: Any = None,
    layout_name: str = "",
) -> Language:
    """The language of expressions over messages of a format, whose layout is given where it needs one."""
    shape = Shape(format=format_name, name=layout_name, type=layout)
    return Language(shape=shape, format=format, mistakes=mistakes, tables=tables, zone=zone)


@cache
def format_named(name: str) -> Format | None:
    """The format of that name; None where there is none."""
    try:
        return formats.load(name)
    except LookupError:
        return None


@cache
def _shipped() -> Record:
    text = (Path(__file__).parent / "classes.yaml").read_text("utf-8")
    node = read(text, "classes.yaml", Mistakes())
    assert isinstance(node, Record)
    return node
