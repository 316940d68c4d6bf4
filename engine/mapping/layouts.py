"""What outputs are written to: places in an edited message, and the layouts of delimited lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from engine.formats import CompileCondition, PathProblem, Target, delimited
from engine.formats.delimited import Layout
from engine.mapping.language import Language, Wrong, nearest, suggestion
from engine.mapping.parser import Parser
from engine.mapping.rules import NOTHING_HOLDS
from engine.placed import Items, Mistakes, Place, Record, Scalar, read

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


def layout(name: str, home: Path, at: Any, mistakes: Mistakes) -> tuple[Layout, bytes] | None:
    """The layout of that name, with the bytes of its file; None where mistakes were noted."""
    file = f"{FOLDER}/{name}.yaml"
    known = sorted(path.stem for path in (home / FOLDER).glob("*.yaml"))
    if name not in known:
        near = suggestion(name, known) or f"; it would be the file {file}"
        mistakes.add(at, f"there is no layout '{name}'{near}")
        return None
    raw = (home / file).read_bytes()
    root = read(raw.decode("utf-8", "replace"), file, mistakes)
    if root is None:
        return None
    if not isinstance(root, Record):
        mistakes.add(root, "a layout names its columns", "columns: [number, amount]")
        return None
    made = _layout(root, mistakes)
    return (made, raw) if made is not None else None


def _layout(root: Record, mistakes: Mistakes) -> Layout | None:
    said: dict[str, Any] = {}
    before = len(mistakes.found)
    known = Layout.__struct_fields__
    for key, node in root.entries.items():
        if key not in known:
            mistakes.add(
                root.keys[key], f"there is no key '{key}' in a layout{suggestion(key, known)}"
            )
        elif key == "columns":
            columns = node.items if isinstance(node, Items) else ()
            said[key] = tuple(item.text for item in columns if isinstance(item, Scalar))
        elif isinstance(node, Scalar):
            said[key] = node.text
        else:
            mistakes.add(node, f"'{key}' is one value")
    if "columns" not in root.entries:
        mistakes.add(root, "a layout names its columns", "columns: [number, amount]")
    if len(mistakes.found) > before:
        return None
    made = msgspec.convert(said, Layout)
    if (wrong := delimited.problem(made)) is not None:
        key, problem = wrong
        mistakes.add(root.entries.get(key, root), problem)
        return None
    return made


def unknown(column: str, place: Place, made: Layout, name: str, mistakes: Mistakes) -> None:
    """Note a field that is no column."""
    near = nearest(column, made.columns)
    hint = f"; did you mean '{near}'?" if near else f"; it has {', '.join(made.columns)}"
    mistakes.add(place, f"the layout '{name}' has no column '{column}'{hint}")
