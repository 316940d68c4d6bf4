"""What a mapping makes of a scope: a canonical entity, JSON, bytes or a delimited line; edits.py: the message itself."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.formats import NULL, Scope
from engine.formats.json import JsonDocument
from engine.mapping import layouts, records, written
from engine.mapping.choices import value, without_marker
from engine.mapping.language import Language, Product, Run, refuse
from engine.mapping.prints import Prints
from engine.mapping.rules import Block, FieldError, Rule
from engine.mapping.values import Moment, text_of
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
_SORTED = msgspec.json.Encoder(enc_hook=_hook, decimal_format="number", order="sorted")


def encoded(made: Any, in_order: bool = False) -> bytes:
    """Values of the language as JSON, `in_order` of their names; MessageError `bad_value` where JSON cannot hold one."""
    try:
        return (_SORTED if in_order else _ENCODER).encode(made)
    except (NotImplementedError, TypeError):
        refuse("bad_value", "JSON cannot hold this value")


def entity(struct: Any, make: Run) -> Make:
    """`to: ChargeEvent`."""
    name = struct.__name__

    def product(scope: Scope) -> Product:
        made = make(scope)
        return Product(of=name, entity=made, shows=name, node=made)

    return product


def json(make: Run) -> Make:
    """`to: json`: what is nothing is left out, what is null is null, numbers keep their digits."""

    def product(scope: Scope) -> Product:
        made = make(scope)
        payload = encoded(made)
        bounded(payload)
        return Product(of="json", payload=payload, shows="json", node=JsonDocument(made))

    return product


def plain(root: Record, language: Language, block: Block) -> Make | None:
    """`to: bytes`: what `value` gives, as it is; a text as UTF-8. None where mistakes were noted."""
    node = root.entries.get("value")
    if node is None:
        problem = "'value' says which bytes"
        language.mistakes.add(root.entries["to"], problem, "value: OBX-5.5 | unbase64")
        return None
    term = value(node, language, written.whole)
    if term is None:
        return None
    text, at = records.shown(node), node.place.line
    block.rules = [Rule(name="value", node=node, term=term, text=text, line=at)]
    run, paths = without_marker(term.run), term.paths

    def product(scope: Scope) -> Product:
        found = run(scope)
        if found is None:
            refuse("missing_field", "there is nothing to send: 'value' is nothing", paths)
        payload = found if isinstance(found, bytes) else found.encode()
        bounded(payload)
        return Product(of="bytes", payload=payload, shows="bytes")

    return product


def bounded(payload: bytes) -> None:
    """MessageError where a payload is larger than any partner takes."""
    if len(payload) > LARGEST:
        refuse("too_large", f"a mapping makes at most {LARGEST} bytes")


def laid_out(
    format_name: str,
    said: str,
    root: Record,
    home: Path,
    language: Language,
    block: Block,
    prints: Prints,
) -> Make | None:
    """The same with the layout found, its file one of the mapping's; None where mistakes were noted."""
    node = root.entries["to"]
    if not said:
        problem = f"{format_name} lines need a layout"
        language.mistakes.add(node, problem, f"to: {format_name}/nightly_billing")
        return None
    name = said.partition("/")[0]
    found = layouts.layout(format_name, name, home, node, language.mistakes)
    if found is None:
        return None
    layout, raw = found
    prints.file(layouts.path_of(name), raw)
    return line(format_name, layout, said, root, language, block)


def line(
    format_name: str,
    layout: Any,
    said: str,
    root: Record,
    language: Language,
    block: Block,
) -> Make | None:
    """`to: delimited/NAME`, `to: fixed/NAME/TYPE`: one line, its columns in the order of the layout."""
    name, _, type_ = said.partition("/")
    columns = layouts.columns(layout, name, type_, root.entries["to"], language.mistakes)
    if columns is None:
        return None
    block.rules = _cells(columns, name, root, language)
    runs = tuple((rule.name, rule.term.run) for rule in block.rules)
    write = importlib.import_module(f"engine.formats.{format_name}").line

    def product(scope: Scope) -> Product:
        values: list[str] = []
        try:
            for _, run in runs:
                found = run(scope)
                values.append(found if type(found) is str else text_of(found))
        except MessageError as error:
            raise FieldError(error, runs[len(values)][0]) from None
        payload = write(values, layout, type_)
        bounded(payload)
        return Product(of=format_name, payload=payload, shows=f"{format_name}/{said}")

    return product


def _cells(columns: tuple[str, ...], name: str, root: Record, language: Language) -> list[Rule]:
    """A rule for each column, in their order."""
    node = root.entries.get("fields")
    rules: dict[str, Rule] = {}
    if not isinstance(node, Record):
        problem = "'fields' names the columns"
        language.mistakes.add(node or root, problem, f"fields: {{{columns[0]}: MSH-10}}")
        return []
    for column, each in node.entries.items():
        if column not in columns:
            layouts.unknown(column, node.keys[column], columns, name, language.mistakes)
            continue
        term = value(each, language, written.column)
        if term is not None:
            term.run = without_marker(term.run)
            text, at = records.shown(each), each.place.line
            rules[column] = Rule(name=column, node=each, term=term, text=text, line=at)
    for column in columns:
        if column not in node.entries:
            problem = f"the layout '{name}' has the column '{column}', and no rule gives it"
            language.mistakes.add(node, problem, f'{column}: ""')
    return [rules[column] for column in columns if column in rules]
