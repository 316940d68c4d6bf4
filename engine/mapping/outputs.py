"""What a mapping makes of a scope: a canonical entity, JSON or a delimited line; edits.py: the message itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.formats import NULL, Scope, delimited
from engine.formats.delimited import Layout
from engine.formats.json import JsonDocument
from engine.formats.json.types import ANY, of
from engine.mapping import layouts, records
from engine.mapping.language import Language, Product, Term, Wrong, refuse
from engine.mapping.rules import Block, FieldError, Rule, Slots, value, without_marker
from engine.mapping.values import Moment, Unreadable, text_of
from engine.placed import Record

Make = Callable[[Scope], Product]

#: Largest payload that a mapping makes, in bytes.
LARGEST = 64 * 1024 * 1024


def _hook(found: Any) -> Any:
    if found is NULL:
        return None
    if isinstance(found, Moment):
        return str(found)
    raise NotImplementedError


_ENCODER = msgspec.json.Encoder(enc_hook=_hook, decimal_format="number")


def entity(struct: Any, root: Record, language: Language, slots: Slots, block: Block) -> Make:
    """`to: ChargeEvent`."""
    name = struct.__name__
    make, block.rules = records.content(root.entries.get("fields"), root, of(struct), language, slots)  # fmt: skip

    def product(scope: Scope) -> Product:
        made = make(scope)
        return Product(of=name, entity=made, shows=name, node=made)

    return product


def json(root: Record, language: Language, slots: Slots, block: Block) -> Make:
    """`to: json`: what is nothing is left out, what is null is null, numbers keep their digits."""
    make, block.rules = records.content(root.entries.get("fields"), root, ANY, language, slots)

    def product(scope: Scope) -> Product:
        made = make(scope)
        try:
            payload = _ENCODER.encode(made)
        except (NotImplementedError, TypeError):
            refuse("bad_value", "JSON cannot hold this value")
        bounded(payload)
        return Product(of="json", payload=payload, shows="json", node=JsonDocument(made))

    return product


def bounded(payload: bytes) -> None:
    """MessageError where a payload is larger than any partner takes."""
    if len(payload) > LARGEST:
        refuse("too_large", f"a mapping makes at most {LARGEST} bytes")


def line(layout: Layout, name: str, root: Record, language: Language, block: Block) -> Make:
    """`to: delimited/NAME`: one line, its columns in the order of the layout."""
    node = root.entries.get("fields")
    rules: dict[str, Rule] = {}
    if not isinstance(node, Record):
        language.mistakes.add(
            node or root, "'fields' names the columns", "fields: {number: MSH-10}"
        )
        node = Record(entries={}, keys={}, place=root.place)
    for column, each in node.entries.items():
        if column not in layout.columns:
            layouts.unknown(column, node.keys[column], layout, name, language.mistakes)
            continue
        term = value(each, language, _written)
        if term is not None:
            rules[column] = Rule(
                name=column,
                node=each,
                term=msgspec.structs.replace(term, run=without_marker(term.run)),
                text=records.shown(each),
                line=each.place.line,
            )
    for column in layout.columns:
        if column not in node.entries:
            problem = f"the layout '{name}' has the column '{column}', and no rule gives it"
            language.mistakes.add(node, problem, f'{column}: ""')
    block.rules = [rules[column] for column in layout.columns if column in rules]
    runs = tuple((rule.name, rule.term.run) for rule in block.rules)

    def product(scope: Scope) -> Product:
        values: list[str] = []
        try:
            for _, run in runs:
                found = run(scope)
                values.append(found if type(found) is str else text_of(found))
        except MessageError as error:
            raise FieldError(error, runs[len(values)][0]) from None
        payload = delimited.line(values, layout)
        bounded(payload)
        return Product(of="delimited", payload=payload, shows=f"delimited/{name}")

    return product


def _written(term: Term) -> Term:
    """A value that has a text."""
    if term.kind == "group" or term.many or term.kind in ("record", "bytes", "list"):
        raise Wrong(term.offset, "a column takes one value that has a text", "first(...)")
    if term.kind != "any":
        return term
    run, paths = term.run, term.paths

    def text(scope: Scope) -> str:
        try:
            return text_of(run(scope))
        except Unreadable as why:
            refuse("bad_value", why.why, paths)

    return msgspec.structs.replace(term, run=text, kind="text")
