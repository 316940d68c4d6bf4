"""A resource being changed: what a rule names is written to, everything else stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from engine.fhir.outcome import render
from engine.fhir.references import Record
from engine.paths import Scope

if TYPE_CHECKING:
    from engine.formats.fhir.document import Document


class Editor:
    """A copy that is written to; what is read, is read from the document as it came."""

    def __init__(self, document: Document, made: Callable[[Record, str], Document]) -> None:
        self._copies: dict[int, Any] = {}
        """The copy of each record, by the number of the one that came; `_document` keeps those alive."""
        self.value: Record = deepcopy(document.value, self._copies)
        self._document, self._wire, self._made = document, document.wire, made
        self._gone: set[int] = set()

    def behind(self, things: Iterable[Any]) -> list[Record]:
        """The copies of records that still stand there."""
        found = (self._copies.get(id(one)) for one in things if isinstance(one, dict))
        return [one for one in found if one is not None and id(one) not in self._gone]

    def walk(
        self, nodes: Callable[[Scope], Sequence[Any]], scope: Scope
    ) -> list[tuple[int, Any]]:
        """The records that a rule walks, each with its number."""
        things = [one for one in nodes(scope) if self.behind([one])]
        return list(enumerate(things, 1))

    def drop(self, records: Iterable[Record]) -> None:
        """Take records out, of resources their entries as well; what becomes empty by that leaves too (R4, 2.6.2.1)."""
        self._gone |= {id(one) for one in records if one is not self.value}
        self._swept(self.value)

    def only(self, record: Any, all_of: Sequence[Any]) -> None:
        """Of several records keep one."""
        self.drop(self.behind(one for one in all_of if one is not record))

    def sweep(self) -> None:
        """Let records and lists leave that have become empty."""
        self._swept(self.value)

    def _swept(self, value: Any) -> bool:
        """Whether a value is gone, or has become empty; what is in it and is, is taken out."""
        if isinstance(value, list):
            value[:] = [one for one in value if not self._swept(one)]
            return not value
        if not isinstance(value, dict):
            return False
        if id(value) in self._gone or id(value.get("resource")) in self._gone:
            return True
        for name in [name for name, each in value.items() if self._swept(each)]:
            del value[name]
        return not value

    def render(self) -> bytes:
        """The document as bytes, JSON or XML as it came."""
        return render(self.value, "xml" if self._wire == "xml" else "json")

    def document(self) -> Document:
        """The document as it is now."""
        return self._made(deepcopy(self.value), self._wire)
