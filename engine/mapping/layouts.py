"""What outputs are written to: places in an edited message, and the layouts of files."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from engine.formats import CompileCondition, PathProblem, Target
from engine.mapping.choices import NOTHING_HOLDS
from engine.mapping.language import Language, Wrong, nearest, suggestion
from engine.mapping.parser import Parser
from engine.placed import Mistakes, Node, Place, Record, Scalar, read_file

FOLDER = "mappings/layouts"
#: A conditional value of which no condition holds leaves the place as it is.
UNCHANGED = NOTHING_HOLDS


def conditions(language: Language) -> CompileCondition:
    """Compiles the conditions inside the brackets of places that are written to."""
    return lambda text, at, shape: Parser(text, language).condition(text, at, shape)


def target(key: Scalar, language: Language, condition: CompileCondition) -> Target | None:
    """A place to write to; None, and a mistake, where it is none."""
    try:
        return language.format.paths.target(key.text, language.shape, condition)
    except PathProblem as problem:
        language.mistakes.add(key, problem.problem, problem.write, problem.offset)
    except Wrong as wrong:
        language.mistakes.add(key, wrong.problem, wrong.write, wrong.offset)
    return None


def path_of(said: str) -> str:
    """The file of a layout, named as `to:` and `from:` do: `items`, `items/line`."""
    return f"{FOLDER}/{said.partition('/')[0]}.yaml"


def layout(
    format_name: str, name: str, home: Path, at: Any, mistakes: Mistakes
) -> tuple[Any, bytes] | None:
    """The layout of that name, compiled by its format, with the bytes of its file; None where mistakes were noted."""
    file = f"{FOLDER}/{name}.yaml"
    known = sorted(path.stem for path in (home / FOLDER).glob("*.yaml"))
    if name not in known:
        near = suggestion(name, known) or f"; it would be the file {file}"
        mistakes.add(at, f"there is no layout '{name}'{near}")
        return None
    root, raw = read_file(home / file, file, mistakes)
    if root is None:
        return None
    if not isinstance(root, Record):
        mistakes.add(root, "a layout names its columns", "columns: [number, amount]")
        return None
    format_ = importlib.import_module(f"engine.formats.{format_name}")
    made = format_.layout(name, root, mistakes)
    return (made, raw) if made is not None else None


def columns(
    layout: Any, name: str, type_: str, at: Node, mistakes: Mistakes
) -> tuple[str, ...] | None:
    """The columns of a layout's lines of a type, in their order; None where mistakes were noted."""
    kinds = layout.kinds
    kind = kinds.by_name.get(type_) if type_ else kinds.sole
    if kind is not None and (type_ or kinds.simple):
        return tuple(column.name for column in kind.columns)
    types = [] if kinds.simple else [each.name for each in kinds.kinds]
    said = f"the layout '{name}' has no type '{type_}'" if type_ else f"the layout '{name}' has several types of lines"  # fmt: skip
    there = (
        f"{suggestion(type_, types)}; it has {', '.join(types)}"
        if types
        else "; it has no types"
    )
    mistakes.add(at, said + there, f"to: .../{name}/{types[0]}" if types else "")
    return None


def unknown(
    column: str, place: Place, known: tuple[str, ...], name: str, mistakes: Mistakes
) -> None:
    """Note a field that is no column."""
    near = nearest(column, known)
    hint = f"; did you mean '{near}'?" if near else f"; it has {', '.join(known)}"
    mistakes.add(place, f"the layout '{name}' has no column '{column}'{hint}")
