"""
What a rule made, kept for the next time its fields say the same.

Of the segments of a feed most fields repeat: sex, ward, doctor, payer, coding systems; patients, numbers and times do not. A rule
that reads nothing but some fields of the thing at hand (no facts of the message, no data, no numbers) makes the same of the
same texts, so what it made is looked up by them. A rule whose fields seldom repeat is found out, and then nothing is kept of it.

What is kept is shared by all messages: who gets it never changes it (engine/fhir/lifting.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any
from weakref import WeakSet

import msgspec

from engine.coverage import is_watched
from engine.fhir.doubts import DOUBTS
from engine.formats import Scope, Shape
from engine.formats.hl7v2 import presence
from engine.formats.hl7v2.read import in_message
from engine.mapping.language import Expression, Language, Reads, Run, Term

#: So many different ones are kept of each rule; then it begins again.
MOST = 400
#: Where so many were kept and hardly one was met again, nothing is kept either: numbers and times.
SOON, _SELDOM = 100, 5
#: So many are kept of all rules together, some 60 MB; then all begin again.
ALTOGETHER = 60_000
#: Texts longer than this, in characters, are not worth the room.
LONGEST = 400
#: So many ways to separate the parts of fields are remembered at once: umlauts alone make another one of a feed without MSH-18.
WAYS = 4
#: A rule that reads more fields than this seldom meets the same again.
_WIDEST = 8
_NOTHING: Reads = frozenset()
#: Stands for what was not met before.
NEW: Any = object()


def of_path(text: str, shape: Shape, asked: Sequence[Term] = ()) -> Reads:
    """The field or component that a path reads, and what the conditions in its brackets read elsewhere (`asked`)."""
    found = presence.whole(text, shape) if shape.format == "hl7v2" else ""
    inside = all_of(term.reads for term in asked)
    if not found or inside is None:
        return None
    return frozenset((found, *(each for each in inside if not each.startswith("."))))


def all_of(reads: Iterable[Reads]) -> Reads:
    """What several things read together; not known where that of one is not."""
    found = _NOTHING
    for each in reads:
        if each is None or found is None:
            return None
        found |= each
    return found


def walked(each: Reads, inside: Reads, shape: Shape | None) -> Reads:
    """What is read around an `each`: the field that it walks, and what is read inside of other fields."""
    if each is None or inside is None or shape is None or not presence.has_parts(shape):
        return None
    return each | {name for name in inside if not name.startswith(".")}


def of_segment(made_of: Reads, text: str, shape: Shape) -> Reads:
    """
    What a mapping reads that is handed the segment at hand by its name (`of: IN1` in a mapping of IN1), as it is read here; not known
    where it reads another one than that and the header: which one that is depends on where it is looked for.
    """
    if made_of is None or shape.kind != "group" or shape.name != text:
        return None
    return made_of if all(name[:3] in (text, "MSH") for name in made_of) else None


def named(reads: Reads, level: int) -> Reads:
    """What a name of `let` is made of, where it is read so many brackets deep: what a dot reads is another thing there."""
    inside = level and reads is not None and any(each.startswith(".") for each in reads)
    return None if inside else reads


def foreign(known: dict[str, Expression]) -> dict[str, Expression]:
    """Names whose values were read of something else than the thing at hand: what they are made of says nothing here."""
    return {name: msgspec.structs.replace(each, reads=None) for name, each in known.items()}


def remembering(run: Run, reads: Reads, shape: Shape, kept: Kept | None = None) -> Run:
    """
    The same, of which what was made before is looked up where the fields at hand tell it. `kept`: where that stands, for who
    asks how much repeats.
    """
    if not is_told(reads, shape):
        return run
    return _looking(run, presence.said(sorted(reads or ())), kept or Kept())


def is_told(reads: Reads, shape: Shape) -> bool:
    """Whether the fields of things of such a shape tell what is made of them."""
    if not reads or len(reads) > _WIDEST or shape.format != "hl7v2" or is_watched():
        return False
    return shape.kind in ("message", "group") or presence.has_parts(shape)


def _looking(run: Run, said: Callable[[Scope], Any], kept: Kept) -> Run:
    """Looks up what the fields say before it is made."""

    def of(scope: Scope) -> Any:
        separated, found = kept.now
        if found is None:
            return run(scope)
        marks = scope.node.marks
        if marks is not separated:
            found = kept.begin(marks)
        read = said(scope)
        made = found.get(read, NEW)
        if made is not NEW:
            kept.hits += 1
            return made
        return kept.keep(found, read, DOUBTS.count, run(scope))

    return of


def shared(text: str, term: Term, language: Language) -> Run:
    """
    The same, kept once for all mappings that have this expression of fields of the message: what one of them gave, the next one of
    the same message finds.
    """
    reads = term.reads
    inside = reads is None or term.lets or any(each.startswith(".") for each in reads)
    if language.shared is None or inside or is_watched():
        return term.run
    key = (text, language.zone, in_message(language.shape))
    if key not in language.shared:
        language.shared[key] = remembering(term.run, reads, language.shape)
    return language.shared[key]


class Kept:
    """What one rule or mapping made, by what it was made of; those that seldom meet the same keep nothing any more."""

    __slots__ = ("__weakref__", "_ways", "hits", "now")

    def __init__(self) -> None:
        _EVERY.add(self)
        self.now: tuple[Any, dict[Any, Any] | None] = None, {}
        """How the messages separate the parts of fields, and what was made of such; None = nothing is kept any more."""
        self._ways: dict[Any, dict[Any, Any]] = {}
        """What was made, by how they do."""
        self.hits = 0

    def begin(self, marks: Any) -> dict[Any, Any]:
        """What was made of messages that separate the parts of fields in this other way."""
        ways = self._ways
        found = ways.get(marks)
        if found is None:
            if len(ways) >= WAYS:
                ways.clear()
            found = ways[marks] = {}
        self.now = marks, found
        return found

    def keep(self, found: dict[Any, Any], said: Any, doubts: int, made: Any) -> Any:
        """Keep what was made, and give it; what was doubted since there were so many doubts is to be doubted each time."""
        if DOUBTS.count == doubts and _length(said) <= LONGEST:
            if len(found) >= MOST or (len(found) == SOON and self.hits < _SELDOM):
                self.now = None, None if self.hits < MOST else {}
                self._ways.clear()
                self.hits = 0
            else:
                found[said] = made
                _counted()
        return made

    def is_given_up(self) -> bool:
        """Whether nothing is kept any more."""
        return self.now[1] is None

    def forget(self) -> None:
        """Begin again; what is no longer kept stays so."""
        self.now = None, None if self.now[1] is None else {}
        self._ways.clear()
        self.hits = 0


_EVERY: WeakSet[Kept] = WeakSet()
_COUNT = count(1)


def _counted() -> None:
    """One more is kept; where it is one too many, all rules begin again."""
    if next(_COUNT) % ALTOGETHER == 0:
        for each in tuple(_EVERY):
            each.forget()


def _length(said: Any) -> int:
    return len(said) if type(said) is str else sum(map(_length, said))
