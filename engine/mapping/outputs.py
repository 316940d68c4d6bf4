"""What a mapping makes of a scope: a canonical entity, JSON, a delimited line, or the message itself, edited."""

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
from engine.mapping.functions import strftime
from engine.mapping.language import Language, Product, Term, Wrong, refuse
from engine.mapping.rules import Block, FieldError, Rule, Slots, value, without_marker
from engine.mapping.values import SECOND, Moment, Unreadable, offset, text_of
from engine.placed import Items, Node, Record, Scalar

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
        _bounded(payload)
        return Product(of="json", payload=payload, shows="json", node=JsonDocument(made))

    return product


def _bounded(payload: bytes) -> None:
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
        _bounded(payload)
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


def edited(root: Record, language: Language, block: Block) -> Make:
    """`from: hl7v2`, `to: hl7v2`: what no rule names stays byte for byte. Values are read from the message as it came."""
    parser = layouts.conditions(language)
    removed = _removed(root.entries.get("remove"), language, parser)
    written: list[tuple[Any, Rule]] = []
    node = root.entries.get("set")
    if node is not None and not isinstance(node, Record):
        language.mistakes.add(node, "'set' names places and values", 'set: {MSH-12: "2.3"}')
    for place, each in node.entries.items() if isinstance(node, Record) else ():
        assert isinstance(node, Record)
        key = Scalar(text=place, style="plain", place=node.keys[place])
        target = layouts.target(key, language, parser)
        term = value(each, language, _field)
        if target is not None and term is not None:
            text, at = records.shown(each), each.place.line
            written.append((target, Rule(name=place, node=each, term=term, text=text, line=at)))
    if node is None and not removed:
        language.mistakes.add(root, "an edit has 'set' or 'remove'", 'set: {MSH-12: "2.3"}')
    block.rules = [rule for _, rule in written]
    steps = tuple((target, rule.name, rule.term.run) for target, rule in written)

    def product(scope: Scope) -> Product:
        copy = scope.node.edit()
        for target in removed:
            target.remove(copy, scope)
        for target, name, run in steps:
            try:
                found = run(scope)
                if found is not layouts.UNCHANGED:
                    target.set(copy, scope, found)
            except MessageError as error:
                raise FieldError(error, name) from None
        payload = copy.render()
        _bounded(payload)
        document = copy.document()
        return Product(of="hl7v2", payload=payload, shows=document.kind(), node=document)

    return product


def _removed(node: Node | None, language: Language, parser: Any) -> list[Any]:
    if node is None:
        return []
    items = node.items if isinstance(node, Items) else (node,)
    targets = []
    for item in items:
        if isinstance(item, Scalar):
            targets.append(layouts.target(item, language, parser))
        else:
            language.mistakes.add(item, "'remove' lists places", "remove: [PID-19, NK1]")
    return [target for target in targets if target is not None]


def _field(term: Term) -> Term:
    """A value as a field of HL7 takes it: a path and nothing else copies what stands there, as it is."""
    nodes, run, paths = term.nodes, term.run, term.paths
    if nodes is not None and term.shape is not None and term.shape.format == "hl7v2":
        return msgspec.structs.replace(term, run=lambda scope: nodes(scope) or None)
    if term.kind == "group" or term.many or term.kind in ("record", "list", "bytes"):
        raise Wrong(term.offset, "a field takes one value", "first(...)")

    def text(scope: Scope) -> Any:
        try:
            return hl7_text(run(scope))
        except Unreadable as why:
            refuse("bad_value", why.why, paths)

    return term if term.kind == "text" else msgspec.structs.replace(term, run=text)


def hl7_text(found: Any) -> Any:
    """
    A value as HL7 writes it: moments as DTM (v2.5.1 ch. 2.A.22), truths as Y and N (table 0136).

    >>> hl7_text(True), hl7_text("ERP")
    ('Y', 'ERP')
    """
    if found is None or found is NULL or found is layouts.UNCHANGED or isinstance(found, str):
        return found
    if found is True or found is False:
        return "Y" if found else "N"
    if not isinstance(found, Moment):
        return text_of(found)
    said = strftime.write(found, "%Y%m%d%H%M%S"[: 2 * min(found.precision, SECOND)])
    if found.precision > SECOND:
        digits = min(found.precision - SECOND, 4)
        said += "." + f"{found.at.microsecond:06d}"[:digits]
    return said + offset(found.at, "", "+0000") if found.precision > 3 else said
