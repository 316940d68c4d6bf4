"""A resource being changed."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING

from engine.fhir.outcome import render
from engine.fhir.references import Record

if TYPE_CHECKING:
    from engine.formats.fhir.document import Document


class Editor:
    """A copy of a document; what is written in it leaves the document as it is."""

    def __init__(self, document: Document, made: Callable[[Record, str], Document]) -> None:
        self.value: Record = deepcopy(document.value)
        self._wire, self._made = document.wire, made

    def render(self) -> bytes:
        """The document as bytes, JSON or XML as it came."""
        return render(self.value, "xml" if self._wire == "xml" else "json")

    def document(self) -> Document:
        """The document as it is now."""
        return self._made(deepcopy(self.value), self._wire)
