"""
`choose:` in place of `fields:`: which of several mappings makes it of this message; the first whose condition holds.

    from: hl7v2
    to: fhir/Bundle
    choose:
      - {when: MSH-9.1 == "ADT", use: hl7v2_adt_to_fhir}
      - {when: MSH-9.1 == "ORU", use: hl7v2_oru_to_fhir}

A message for which none holds is quarantined: nothing is left out without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from engine.formats import Scope
from engine.mapping.choices import condition_of, only, value
from engine.mapping.files import Mapping
from engine.mapping.language import Expression, Language, Product, Traced, refuse
from engine.mapping.prints import Prints
from engine.mapping.rules import Block, Slots
from engine.mapping.uses import Asked
from engine.message import Facts
from engine.placed import Items, Node, Record, Scalar

if TYPE_CHECKING:
    from engine.mapping.shelf import Shelf

Condition = Callable[[Scope], bool] | None
_WRITE = 'choose: [{when: MSH-9.1 == "ADT", use: hl7v2_adt_to_fhir}]'


class Choosing(Mapping):
    """A mapping that hands the message to another one."""

    def __init__(
        self,
        name: str,
        from_: str,
        to: str,
        *,
        choices: Sequence[tuple[Condition, Mapping]],
        block: Block,
        slots: Slots,
        asked: Asked,
        prints: Prints,
        layout: Any = None,
    ) -> None:
        super().__init__(
            name,
            from_,
            to,
            block=block,
            make=lambda scope: refuse("no_mapping", "nothing is made here"),
            slots=slots,
            asked=asked,
            prints=prints,
            part=False,
            layout=layout,
        )
        self._choices = tuple(choices)

    def apply(
        self, node: Any, facts: Facts, lets: Sequence[Any] | None = None
    ) -> list[Product]:
        """See Mapping.apply; MessageError `no_mapping` where no condition holds."""
        return self._chosen(node, facts, lets).apply(node, facts, lets)

    def trace(
        self, node: Any, facts: Facts, lets: Sequence[Any] | None = None
    ) -> list[tuple[Product, list[Traced]]]:
        """See Mapping.trace; each rule with the file of the mapping that was chosen."""
        chosen = self._chosen(node, facts, lets)
        file = f"mappings/{chosen.name}.yaml"
        return [
            (product, [each if each.file else replace(each, file=file) for each in told])
            for product, told in chosen.trace(node, facts, lets)
        ]

    def rules(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """None of its own."""
        return []

    def _chosen(self, node: Any, facts: Facts, lets: Sequence[Any] | None) -> Mapping:
        for scope in self._scopes(node, facts, lets):
            for condition, mapping in self._choices:
                if condition is None or condition(scope) is True:
                    return mapping
        refuse("no_mapping", f"mapping {self.name} knows no mapping for such a message")


class Chooser:
    """Reads `choose:`; while it does, the mapping stands in `shelf.choosing`."""

    def __init__(self, shelf: Shelf, zone: str, known: dict[str, Expression]) -> None:
        self.shelf, self.zone, self.known = shelf, zone, known
        self.mistakes = shelf.mistakes

    def choices(
        self, name: str, node: Node, from_: str, to: str, language: Language
    ) -> list[tuple[Condition, Mapping]] | None:
        """The conditions and their mappings; None where mistakes were noted."""
        if not isinstance(node, Items) or not node.items:
            self.mistakes.add(
                node, "'choose' is a list of mappings and when each is taken", _WRITE
            )
            return None
        self.shelf.choosing.append(name)
        try:
            found = list(self._each(node, from_, to, language))
        finally:
            self.shelf.choosing.pop()
        return found if len(found) == len(node.items) else None

    def _each(
        self, node: Items, from_: str, to: str, language: Language
    ) -> Iterator[tuple[Condition, Mapping]]:
        for at, item in enumerate(node.items):
            if not isinstance(item, Record) or "use" not in item.entries:
                self.mistakes.add(item, "each choice names a mapping", _WRITE)
                continue
            only(item, ("when", "use"), self.mistakes)
            if "when" not in item.entries and at < len(node.items) - 1:
                problem = "only the last choice stands without 'when'; those behind it are never reached"
                self.mistakes.add(item, problem)
            condition = self._condition(item, language)
            mapping = self._mapping(item.entries["use"], from_, to)
            if mapping is not None:
                yield condition, mapping

    def _condition(self, item: Record, language: Language) -> Condition:
        node = item.entries.get("when")
        term = value(node, language) if node is not None else None
        return condition_of(node, term, language) if node is not None and term else None

    def _mapping(self, node: Node, from_: str, to: str) -> Mapping | None:
        name = node.text if isinstance(node, Scalar) else ""
        if name in self.shelf.choosing:
            chain = " -> ".join([*self.shelf.choosing, name])
            self.mistakes.add(node, f"the mapping would choose itself: {chain}")
            return None
        try:
            found = self.shelf.find(name, self.zone, self.known)
        except LookupError:
            self.mistakes.add(
                node, f"there is no mapping '{name}' (the file mappings/{name}.yaml)"
            )
            return None
        if found is not None and not (_same(found.from_, from_) and _same(found.to, to)):
            problem = (
                f"'{name}' makes {found.to} of {found.from_}, and this one {to} of {from_}"
            )
            self.mistakes.add(node, problem)
            return None
        return found


def _same(said: str, wanted: str) -> bool:
    """Whether it is what is wanted, or of the format that is wanted, whatever its kind: `hl7v2` has any message of HL7."""
    return said == wanted or ("/" not in wanted and said.startswith(f"{wanted}/"))
