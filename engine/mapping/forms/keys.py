"""Parts of the names under which memory and sequences are kept."""

from __future__ import annotations

from typing import Any

from engine.formats import NULL, Scope
from engine.mapping import operators
from engine.mapping.language import Run, Term, Wrong, refuse
from engine.mapping.values import Unreadable, text_of

#: Stands between the parts; a value of a message that holds it cannot be a part.
SEPARATOR = "\x1f"


def part(term: Term, what: str) -> Run:
    """Reads one part as text; nothing and null as they are. Wrong where it can have no text."""
    operators.single(term, what)
    if term.kind in ("record", "bytes", "list"):
        raise Wrong(term.offset, f"{what} is a text, this is a {term.kind}")
    read, paths = term.run, term.paths

    def run(scope: Scope) -> Any:
        value = read(scope)
        if value is None or value is NULL:
            return value
        try:
            said = value if type(value) is str else text_of(value)
        except Unreadable as why:
            refuse("bad_value", why.why, paths)
        if SEPARATOR in said:
            refuse(
                "bad_value",
                "a separator (U+001F) stands in a value that is part of a key",
                paths,
            )
        return said or None

    return run
