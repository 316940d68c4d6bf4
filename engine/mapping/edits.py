"""
`from: hl7v2`, `to: hl7v2`, and the same with x12: the message itself, edited. Every byte that no rule names stays.

    keep    segments that stay, by name; all others leave. MSH and the envelope of X12 always stay.
    set     places and values.
    remove  segments, or places that are emptied.
    edit    for each segment that a path names: `set`, or `remove`.
    add     new segments.

The keys are carried out from top to bottom as the file has them, and so are the rules of a list. Values and conditions
are read from the message as it came, so that two fields can change places and a value outlives its segment; what is
walked, counted and written to is what the rules above left there. What `add` made is read as it was made.

`index` is the position of a segment among those of its name in the group around it, as the standard counts its
set ids: OBX begin again under each OBR (HL7 v2.5.1 ch. 7.4.2.1), FT1 go on through the message.

With `each` at the top, every thing that it walks makes a message of its own, in which the others of them, and what belongs
to them, are left out.

Each rule is for itself: a segment that is removed leaves alone what stands behind it (an OBX its NTE), unless `remove`
names that too. A list of values of which no condition holds, and a filter that finds nothing, change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.errors import MessageError
from engine.formats import Scope, Target
from engine.mapping import adds, grammar
from engine.mapping.choices import EDITS, only
from engine.mapping.language import Language, Product, Term, Traced
from engine.mapping.outputs import Make, bounded
from engine.mapping.rules import Block, Slots, block
from engine.mapping.segments import listed, records_of, segment, stays, targets, unreached
from engine.mapping.walks import Step, Told, taken, walked
from engine.mapping.writes import Write, writes
from engine.placed import Node, Record, Scalar

Removal = Callable[[Any, Scope, Told, str], None]
"""What an `edit` takes away of the segment at hand; the text is how traces call that."""


def edited(root: Record, language: Language, slots: Slots, top: Block) -> Make:
    """The maker of edited messages."""
    found: list[Step] = []
    unreached(root, language)
    format_name = grammar.format_of(language)
    for key, node in root.entries.items():
        if key in EDITS:
            found += _COMPILE[key](node, language, slots)
    if not root.entries.keys() & set(EDITS):
        problem = f"an edit has one of {', '.join(EDITS)}"
        language.mistakes.add(root, problem, 'set: {MSH-12: "2.3"}')

    def product(scope: Scope) -> Product:
        copy = _copied(top.each, scope)
        for step in found:
            step(copy, scope, None)
        payload = copy.render()
        bounded(payload)
        document = copy.document()
        return Product(of=format_name, payload=payload, shows=document.kind(), node=document)

    def told(scope: Scope) -> list[Traced]:
        copy = _copied(top.each, scope)
        traced: list[Traced] = []
        for step in found:
            step(copy, scope, traced)
        return traced

    top.told.append(told)
    return product


def _copied(each: Term | None, scope: Scope) -> Any:
    """The message to be edited; with an `each` around the edit it holds one of the things and none of the others."""
    if each is None:
        return scope.node.edit()
    around = scope.outer
    assert around is not None
    copy = around.node.edit()
    if _is_element(each) and each.nodes is not None:
        copy.only(scope.item, each.nodes(around))
    elif each.group and each.nodes is not None:
        mine = {one.key for one in scope.item.segments()}
        others = [thing for thing in each.nodes(around) if thing is not scope.item]
        gone = [one for thing in others for one in thing.segments() if one.key not in mine]
        copy.drop(copy.behind(gone))
    return copy


def _is_element(each: Term) -> bool:
    """Whether it walks elements of XML or FHIR: things that are taken out, and have a value as well."""
    shape = each.shape
    return shape is not None and (shape.format == "fhir" or (shape.format, shape.kind) == ("xml", "element"))  # fmt: skip


def _keep(node: Node, language: Language, slots: Slots) -> Iterator[Step]:
    known = grammar.of(language)
    names = [segment(item, language, known.keep) for item in listed(node)]
    line, text = node.place.line, f"[{', '.join(name or '' for name in names)}]"

    def step(copy: Any, scope: Scope, told: Told) -> None:
        if told is not None:
            gone = dict.fromkeys(each.name for each in copy.lines if each.name not in names)
            left = [name for name in gone if name and name not in known.stays]
            told.append(_traced("keep", f"{', '.join(left)} left" if left else "all", line, text))  # fmt: skip
        copy.keep(names)

    yield step


def _set(node: Node, language: Language, slots: Slots) -> Iterator[Step]:
    for write in writes(node, language):
        yield _writing(write)


def _writing(write: Write) -> Step:
    def step(copy: Any, scope: Scope, told: Told) -> None:
        value = write.run(copy, scope, scope)
        if told is not None:
            told.append(write.told(value, ""))

    return step


def _remove(node: Node, language: Language, slots: Slots) -> Iterator[Step]:
    for target, item in targets(node, language):
        yield _removing(target, item.place.line)


def _removing(target: Target, line: int) -> Step:
    def step(copy: Any, scope: Scope, told: Told) -> None:
        target.remove(copy, scope)
        if told is not None:
            told.append(_traced(target.text, "removed", line, "remove"))

    return step


def _edit(node: Node, language: Language, slots: Slots) -> Iterator[Step]:
    known = grammar.of(language)
    each = f"each: {known.place_of}"
    for record in records_of(node, "edit", known.edit, language):
        only(record, ("each", "let", "when", "set", "remove"), language.mistakes)
        rules, inner = block(record, language, slots)
        removal = _removal(record, inner)
        found = list(writes(record.entries["set"], inner)) if "set" in record.entries else []
        if not record.entries.keys() & {"set", "remove"}:
            write = f"set: {{{known.place_of}{known.part}: index}}"
            language.mistakes.add(record, "an edit sets or removes something", write)
        if "each" not in record.entries:
            language.mistakes.add(record, "an edit says which segments it walks", each)
        elif rules.each is not None and not (rules.each.group or _is_element(rules.each)):
            language.mistakes.add(record.entries["each"], "an edit walks segments", each)
        elif rules.each is not None:
            yield _editing(rules, found, removal)


def _editing(rules: Block, found: list[Write], removal: Removal | None) -> Step:
    def step(copy: Any, scope: Scope, told: Told) -> None:
        for at, inner in walked(rules, copy, scope):
            try:
                for write in found:
                    value = write.run(copy, inner, inner)
                    if told is not None:
                        told.append(write.told(value, f"{_called(rules, inner)}[{at}]."))
                if removal is not None:
                    removal(copy, inner, told, f"{_called(rules, inner)}[{at}]")
            except MessageError as error:
                raise rules.located(error, at) from None

    return step


def _called(rules: Block, inner: Scope) -> str:
    """The thing at hand for people: its name, or the path that found it."""
    if not isinstance(inner.item, dict):
        return str(inner.item)
    return rules.each.paths[0] if rules.each is not None and rules.each.paths else ""


def _removal(record: Record, inner: Language) -> Removal | None:
    """`remove: true`, or what is removed of the segment at hand and of what belongs to it."""
    node = record.entries.get("remove")
    if node is None:
        return None
    if not isinstance(node, Scalar) or node.text != "true":
        return _part_removal(node, inner)
    if "set" in record.entries:
        problem = "what is removed needs no 'set'"
        inner.mistakes.add(record.keys["set"], problem)
    if inner.shape.name in grammar.of(inner).stays:
        stays(node, inner)

    def step(copy: Any, scope: Scope, told: Told, name: str) -> None:
        copy.drop(copy.behind(taken(scope.item)))
        if told is not None:
            told.append(_traced(name, "removed", node.place.line, "remove"))

    return step


def _part_removal(node: Node, inner: Language) -> Removal | None:
    if isinstance(node, Scalar) and node.text.lower() in ("false", "yes", "no", "on", "off"):
        problem = "'remove' is true, or lists segments and fields"
        inner.mistakes.add(node, problem, "remove: true")
        return None
    name = grammar.of(inner).name
    found: list[tuple[Target, int, bool]] = [
        (target, item.place.line, name.fullmatch(item.text) is not None)
        for target, item in targets(node, inner)
    ]

    def step(copy: Any, scope: Scope, told: Told, name: str) -> None:
        for target, line, whole in found:
            if whole:
                copy.drop(
                    each
                    for each in copy.behind(scope.item.segments())
                    if each.name == target.text
                )
            else:
                target.remove(copy, scope)
            if told is not None:
                place = f"{name}.{target.text}"
                told.append(_traced(place, "removed", line, "remove"))

    return step


_COMPILE: dict[str, Callable[[Node, Language, Slots], Iterator[Step]]] = {
    "keep": _keep,
    "set": _set,
    "remove": _remove,
    "edit": _edit,
    "add": adds.added,
}


def _traced(field: str, value: str, line: int, rule: str) -> Traced:
    return Traced(field=field, value=value, line=line, rule=rule, paths=())
