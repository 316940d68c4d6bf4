"""What the language compiles to, and what may be used at the place where it stands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NoReturn

import msgspec

from engine.errors import MessageError
from engine.formats import Format, Scope, Shape
from engine.paths import Leaf
from engine.placed import Mistakes
from engine.records.types import FieldType

Run = Callable[[Scope], Any]
#: Fields or components of the thing at hand, one of which must have something, or there is nothing (engine/mapping/needs.py).
Needs = frozenset[int] | None
#: Fields and components that say all of what something becomes (engine/mapping/kept.py); None = not known, or more than these.
Reads = frozenset[str] | None


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    """One compiled expression, or one text with holes."""

    run: Run
    """Its value: text, Decimal, truth, a moment, bytes, list, record, NULL, or None for nothing."""
    text: str
    """As written."""
    line: int
    """Where it stands, for traces."""
    constant: bool = False
    """Whether it reads nothing at all."""
    many: bool = False
    """Whether its value is a list."""
    kind: str = "any"
    """Static type: text, number, truth, moment, bytes, list, record, any."""
    paths: tuple[str, ...] = ()
    """The paths it reads, for traces and documentation."""
    names: tuple[str, ...] | None = None
    """The fields of its record, where it is one and they are known."""
    type: FieldType | None = None
    """The type of its record, where it is one and it is known."""
    reads: Reads = None
    """What it is made of, and nothing else."""


class Language(msgspec.Struct, kw_only=True):
    """What may be used at a place where an expression stands."""

    shape: Shape
    """What absolute paths read."""
    format: Format
    """Whose paths they are."""
    mistakes: Mistakes
    tables: Any
    """The code tables of the home (engine/mapping/tables.py)."""
    lets: dict[str, int] = {}
    """Names of `let`, and their slots in `Scope.values`."""
    zone: str = "UTC"
    """Zone of times that carry no offset."""
    elsewhere: Mapping[str, tuple[str, str]] = {}
    """Names of resources that are known at other places of the mapping: why not here, and what to write."""
    made: str = ""
    """What a mapping makes of the message, where people might ask for its fields and cannot: `json`."""
    nulls: bool = True
    """Whether null is something. To FHIR it is nothing: no element of a resource says that a value is to be deleted."""
    shared: dict[tuple[str, str, bool], Run] | None = None
    """Expressions that several mappings have, by their text, their zone and whether they look into the whole message, where what they gave is kept (engine/mapping/kept.py)."""
    inner: tuple[Shape, ...] = ()
    """Shapes of the things around the message, innermost last (an entity at a destination: `Scope.item` there)."""
    known: dict[str, Expression] = {}
    """What stands behind each name of `let`, where it is known: its kind is checked at load."""
    reply: bool = False
    """Whether `status` and `header("...")` of a partner's answer may be read."""
    memories: Collection[str] | None = None
    """
    The memories of the home, for `recall`; a mapping of names to their fields has these checked as well.
    None = nothing can be recalled at this place.
    """
    remembers: Collection[str] | None = None
    """The memories that this channel writes, for `changed`; None = not known here, any of the home may be asked."""


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a mapping made: an entity, or bytes ready to send."""

    of: str
    """`ChargeEvent`, `json`, `hl7v2`, `delimited`: what `to:` says."""
    entity: Any = None
    """The canonical entity, where it is one."""
    payload: bytes = b""
    """The bytes, where it is not."""
    shows: str = ""
    """For people: `ChargeEvent`, `ADT^A08`."""
    node: Any = None
    """The document, record or entity that later expressions read."""


class Traced(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule made, for `corridor try`."""

    field: str
    value: str
    line: int
    rule: str
    paths: tuple[str, ...]
    file: str = ""
    """The file in which the rule stands, where it is another one than the mapping's (`use`)."""


class Wrong(Exception):
    """A mistake inside one expression: offset in its text, what is wrong, what to write."""

    def __init__(self, offset: int, problem: str, write: str = "") -> None:
        self.offset, self.problem, self.write = offset, problem, write
        super().__init__(problem)


class Term(msgspec.Struct, kw_only=True):
    """A part of an expression, compiled; lives only while its expression is compiled."""

    run: Run
    offset: int
    kind: str = "any"
    constant: bool = False
    many: bool = False
    paths: tuple[str, ...] = ()
    nodes: Callable[[Scope], Sequence[Any]] | None = None
    """The things themselves, where the term is a path and nothing else."""
    shape: Shape | None = None
    """The shape of each of those things."""
    group: bool = False
    """Whether each of those things becomes the node of its scope."""
    soft: Run | None = None
    """The same, where a miss in a table is nothing instead of an error: what `??` uses."""
    lets: bool = False
    """Whether it reads a name of `let`."""
    names: tuple[str, ...] | None = None
    """The fields of its record, where it is one and they are known."""
    type: FieldType | None = None
    """The type of its record, where it is one and it is known."""
    equals: Callable[[str], Callable[[Scope], bool] | None] | None = None
    """A quicker way to ask whether it is a text that is known at load (engine/paths.py: Match)."""
    tidy: bool = False
    """Of a text: whether it is one as FHIR wants codes and texts, without blanks and control characters."""
    slot: int | None = None
    """Where it is a name of `let` and nothing else: its slot."""
    leaf: Leaf | None = None
    """Quicker ways to ask for it, where it is a path and nothing else (engine/paths.py: Match)."""
    needs: Needs = None
    """What it needs to be something, or of a truth to be true; None = not known."""
    reads: Reads = None
    """What it is made of, and nothing else."""
    decided: bool = False
    """Of a truth: whether it is true or false whatever is there, and never nothing."""
    said: tuple[Run, Callable[[str], Decimal]] | None = None
    """Where it is the number that a text says: that text, and what reads it."""

    def value(self) -> Any:
        """The value of a constant."""
        return self.run(NOWHERE)

    def quicker(self) -> Leaf | None:
        """Quicker ways to ask for it, unless something was put around what reads it."""
        return self.leaf if self.leaf is not None and self.leaf.read is self.run else None


#: The scope in which constants are evaluated.
NOWHERE = Scope(None, None)


def constant(value: Any, kind: str, offset: int) -> Term:
    """A term that is always the same."""
    return Term(
        run=lambda scope: value, offset=offset, kind=kind, constant=True, reads=frozenset()
    )


@lru_cache(1024)
def of_slot(number: int) -> Run:
    """Reads a name of `let`; the same reader for all that read it, which so stays near at hand."""
    return lambda scope: scope.values[number]  # type: ignore[index]


def suggestion(name: str, known: Sequence[str]) -> str:
    """
    `; did you mean 'decimal'?`, or nothing where no name is near.

    >>> suggestion("decimel", ["decimal", "date"])
    "; did you mean 'decimal'?"
    """
    near = nearest(name, known)
    return f"; did you mean '{near}'?" if near else ""


def nearest(name: str, known: Sequence[str]) -> str:
    """The known name that looks most like this one; empty where none does."""
    close = get_close_matches(name.lower(), [each.lower() for each in known], n=1, cutoff=0.6)
    return next((each for each in known if close and each.lower() == close[0]), "")


def later(name: str) -> str:
    """How keys and functions of a later release are answered."""
    return f"'{name}' is not in this release"


def refuse(code: str, rule: str, paths: Sequence[str] = ()) -> NoReturn:
    """Raise MessageError for the paths that were read."""
    raise MessageError(code, rule, ", ".join(paths))
