"""Mappings: one file of `mappings/` each, compiled; what it makes of what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any

from engine.errors import MessageError
from engine.formats import Scope
from engine.mapping import outputs, trace
from engine.mapping.language import Product, Traced, refuse
from engine.mapping.prints import Prints
from engine.mapping.rules import Block, FieldError, Slots
from engine.mapping.uses import Asked
from engine.message import Facts

#: Most products of one message.
MOST = 100_000


class Mapping:
    """One file of `mappings/`, compiled."""

    def __init__(
        self,
        name: str,
        from_: str,
        to: str,
        *,
        block: Block,
        make: outputs.Make,
        slots: Slots,
        asked: Asked,
        prints: Prints,
        part: bool,
        layout: Any = None,
        thing: Callable[[Any], Any] | None = None,
    ) -> None:
        self.name = name
        self.from_ = from_
        """What it reads: a format (`x12/005010/835`), an entity, or `[ChargeEvent]`."""
        self.to = to
        """What it makes: an entity, a format, a layout or a structure."""
        self.digest = prints.digest()
        """Of the file and all it uses."""
        self.files = prints.files
        """All it was made of, by path below the home."""
        self.asked = asked
        """The tables, sequences and memories that it asks, those of the mappings it uses included."""
        self.tables = asked.tables
        """The code tables and lookup tables it uses."""
        self.part = part
        """Whether it makes or reads a part of something, so that only other mappings can use it."""
        self.layout = layout
        """The layout of the files it reads, compiled, where they need one."""
        self._block, self._make, self._slots, self._thing = block, make, slots, thing
        self._reads: tuple[int, ...] = ()
        """The slots of the channel's `let` that it reads; they are its own first slots, in this order."""

    def reading(self, slots: tuple[int, ...]) -> Mapping:
        """The same mapping for a channel in which the names that it reads have these slots."""
        if slots == self._reads:
            return self
        made = copy(self)
        made._reads = slots
        return made

    def apply(
        self, node: Any, facts: Facts, lets: Sequence[Any] | None = None
    ) -> list[Product]:
        """
        What the mapping makes of a document, an entity or a group; MessageError where it cannot.

        `lets`: the values of the channel's `let`, by slot.
        """
        made: list[Product] = []
        size = 0
        try:
            for scope in self._scopes(node, facts, lets):
                made.append(product := self._product(scope))
                size += len(product.payload)
                if len(made) > MOST or size > outputs.LARGEST:
                    refuse("too_large", f"mapping {self.name} makes too much of this message")
        except FieldError as error:
            raise self._told(error) from None
        return made

    def trace(
        self, node: Any, facts: Facts, lets: Sequence[Any] | None = None
    ) -> list[tuple[Product, list[Traced]]]:
        """The same, with what each rule made."""
        made: list[tuple[Product, list[Traced]]] = []
        try:
            for scope in self._scopes(node, facts, lets):
                before = len(facts.notes.numbers)
                product = self._product(scope)
                scope.context = trace.repeating(facts, before)
                made.append((product, list(trace.rules(self._block, scope))))
        except FieldError as error:
            raise self._told(error) from None
        return made

    def rules(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """The rules of its fields as they are written: field, text, paths; none where it edits or builds a message."""
        return list(trace.written(self._block))

    def _scopes(self, node: Any, facts: Facts, lets: Sequence[Any] | None) -> Iterator[Scope]:
        count, reads = self._slots.count, self._reads
        values: list[Any] | None = None
        if count:
            said = [lets[slot] for slot in reads] if reads and lets is not None else []
            values = said + [None] * (count - len(said))
        if self._thing is not None:
            node = self._thing(node)
        return self._block.scopes(Scope(node, facts, values=values))

    def _product(self, scope: Scope) -> Product:
        if self._block.each is None:
            return self._make(scope)
        try:
            return self._make(scope)
        except MessageError as error:
            raise self._block.located(error, scope.index) from None

    def _told(self, error: FieldError) -> MessageError:
        rule = f"{error.why} (mapping {self.name}, {error.field})"
        return MessageError(error.code, rule, error.path)
