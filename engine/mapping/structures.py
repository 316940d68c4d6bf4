"""What `to: FORMAT/NAME` of a mapping builds: the structure of that name, or a group inside one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.mapping import layouts
from engine.mapping.prints import Prints
from engine.markup.namespaces import Namespaces
from engine.placed import Mistakes, Node


def found(
    format_: Any, name: str, to: Node, home: Path, namespaces: Namespaces, mistakes: Mistakes
) -> tuple[Any, str]:
    """The structure of that name, or the group inside one and a word that says so; None and what is wrong."""
    if hasattr(format_, "structured"):
        try:
            return format_.structured(name, namespaces, home, to, mistakes), ""
        except LookupError as error:
            return None, str(error.args[0])
    if hasattr(format_, "whole_file"):
        return _laid_out(format_, name, to, home, mistakes)
    try:
        made = format_.structure(name)
        return made, "a part" if getattr(made, "is_part", False) else ""
    except LookupError as error:
        problem = str(error.args[0]) if error.args else ""
    outer, _, inner = name.rpartition("/")
    if outer:
        around, _ = found(format_, outer, to, home, namespaces, mistakes)
        if around is not None:
            try:
                return around.group(inner), "a group"
            except LookupError as error:
                problem = str(error.args[0]) if error.args else problem
    return None, problem


def _laid_out(
    format_: Any, said: str, to: Node, home: Path, mistakes: Mistakes
) -> tuple[Any, str]:
    """Whole files of a layout."""
    name, _, type_ = said.partition("/")
    if type_:
        return None, f"'groups' makes whole files, of all types: {name}"
    laid = layouts.layout(format_.__name__.rpartition(".")[2], name, home, to, mistakes)
    if laid is None:
        return None, "its layout has mistakes, or there is none"
    return format_.whole_file(laid[0], ((layouts.path_of(name), laid[1]),)), ""


def note(structure: Any, prints: Prints) -> None:
    """The files that decide about a structure are files of the mapping."""
    for path, content in getattr(structure, "files", ()):
        prints.file(path, content)
