"""
`from: hl7v2`, `to: hl7v2`: the message itself, edited. Every byte that no rule names stays.

    keep    segments that stay, by name; all others leave. MSH always stays.
    set     places and values.
    remove  segments, or places that are emptied.
    edit    for each segment that a path names: `set`, or `remove`.
    add     new segments.

The keys are carried out from top to bottom as the file has them, and so are the rules of a list. Values and conditions
are read from the message as it came, so that two fields can change places and a value outlives its segment; what is
walked, counted and written to is what the rules above left there. What `add` made is read as it was made.

`index` is the position of a segment among those of its name in the group around it, as the standard counts its
set ids: OBX begin again under each OBR (HL7 v2.5.1 ch. 7.4.2.1), FT1 go on through the message.

Each rule is for itself: a segment that is removed leaves alone what stands behind it (an OBX its NTE), unless `remove`
names that too. A list of values of which no condition holds, and a filter that finds nothing, change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.errors import MessageError
from engine.formats import Scope, Target
from engine.mapping import steps
from engine.mapping.language import Language, Product, Traced
from engine.mapping.outputs import Make, bounded
from engine.mapping.rules import EDITS, Block, Slots, block, only
from engine.mapping.segments import NAME, listed, records_of, segment, stays, targets, unreached
from engine.mapping.writes import Write, writes
from engine.placed import Node, Record, Scalar

Told = list[Traced] | None
"""Where traces go; None while no one looks."""
Step = Callable[[Any, Scope, Told], None]
"""One rule, carried out on the message being edited, in the scope of the message as it came."""
Removal = Callable[[Any, Scope, Told, str], None]
"""What an `edit` takes away of the segment at hand; the text is how traces call that."""


def edited(root: Record, language: Language, slots: Slots, top: Block) -> Make:
    """The maker of edited messages."""
    found: list[Step] = []
    unreached(root, language)
    for key, node in root.entries.items():
        if key in EDITS:
            found += _COMPILE[key](node, language, slots)
    if not root.entries.keys() & set(EDITS):
        problem = f"an edit has one of {', '.join(EDITS)}"
        language.mistakes.add(root, problem, 'set: {MSH-12: "2.3"}')

    def product(scope: Scope) -> Product:
        copy = scope.node.edit()
        for step in found:
            step(copy, scope, None)
        payload = copy.render()
        bounded(payload)
        document = copy.document()
        return Product(of="hl7v2", payload=payload, shows=document.kind(), node=document)

    def told(scope: Scope) -> list[Traced]:
        copy = scope.node.edit()
        traced: list[Traced] = []
        for step in found:
            step(copy, scope, traced)
        return traced

    top.told = told
    return product


def _keep(node: Node, language: Language, slots: Slots) -> Iterator[Step]:
    names = [segment(item, language, "keep: [MSH, PID, PV1]") for item in listed(node)]
    line, text = node.place.line, f"[{', '.join(name or '' for name in names)}]"

    def step(copy: Any, scope: Scope, told: Told) -> None:
        if told is not None:
            gone = dict.fromkeys(each.name for each in copy.lines if each.name not in names)
            left = [name for name in gone if name and name != "MSH"]
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
    write = '- {each: OBX, when: OBX-11 == "X", remove: true}'
    for record in records_of(node, "edit", write, language):
        only(record, ("each", "let", "when", "set", "remove"), language.mistakes)
        rules, inner = block(record, language, slots)
        removal = _removal(record, inner)
        found = list(writes(record.entries["set"], inner)) if "set" in record.entries else []
        if not record.entries.keys() & {"set", "remove"}:
            language.mistakes.add(
                record, "an edit sets or removes something", "set: {OBX-1: index}"
            )
        if "each" not in record.entries:
            language.mistakes.add(record, "an edit says which segments it walks", "each: OBX")
        elif rules.each is not None and not rules.each.group:
            language.mistakes.add(record.entries["each"], "an edit walks segments", "each: OBX")
        elif rules.each is not None:
            yield _editing(rules, found, removal)


def _editing(rules: Block, found: list[Write], removal: Removal | None) -> Step:
    def step(copy: Any, scope: Scope, told: Told) -> None:
        for at, inner in _walked(rules, copy, scope):
            try:
                for write in found:
                    value = write.run(copy, inner, inner)
                    if told is not None:
                        told.append(write.told(value, f"{inner.item}[{at}]."))
                if removal is not None:
                    removal(copy, inner, told, f"{inner.item}[{at}]")
            except MessageError as error:
                raise rules.located(error, at) from None

    return step


def _walked(rules: Block, copy: Any, scope: Scope) -> Iterator[tuple[int, Scope]]:
    """The scopes in which something is done, each with its place in the walk."""
    each = rules.each
    if each is None:
        if rules.enter(scope):
            yield 1, scope
        return
    walked = copy.walk(each.nodes or each.run, scope)
    steps.take(scope, len(walked))
    for at, (number, thing) in enumerate(walked, 1):
        inner = scope.child(thing, number, thing if each.group else None)
        try:
            if rules.enter(inner):
                yield at, inner
        except MessageError as error:
            raise rules.located(error, at) from None


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
    if inner.shape.name == "MSH":
        stays(node, inner)

    def step(copy: Any, scope: Scope, told: Told, name: str) -> None:
        copy.drop(copy.behind([scope.item.segment]))
        if told is not None:
            told.append(_traced(name, "removed", node.place.line, "remove"))

    return step


def _part_removal(node: Node, inner: Language) -> Removal | None:
    if isinstance(node, Scalar) and node.text.lower() in ("false", "yes", "no", "on", "off"):
        problem = "'remove' is true, or lists segments and fields"
        inner.mistakes.add(node, problem, "remove: true")
        return None
    found: list[tuple[Target, int, bool]] = [
        (target, item.place.line, NAME.fullmatch(item.text) is not None)
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


def _add(node: Node, language: Language, slots: Slots) -> Iterator[Step]:
    write = "- {segment: ZPV, after: PV1, set: {ZPV-1: PV1-19.1}}"
    for record in records_of(node, "add", write, language):
        only(
            record,
            ("segment", "after", "before", "each", "let", "when", "set"),
            language.mistakes,
        )
        name = segment(record.entries.get("segment", record), language, "segment: ZPV", "MSH")
        after, before = (
            segment(
                record.entries[key], language, f"{key}: PV1", "MSH" if key == "before" else ""
            )
            if key in record.entries
            else ""
            for key in ("after", "before")
        )
        if after and before:
            language.mistakes.add(record.keys["before"], "'after' or 'before', not both")
        rules, inner = block(record, language, slots)
        if "set" not in record.entries:
            problem = "a segment that is added has values"
            language.mistakes.add(record, problem, f"set: {{{name or 'ZPV'}-1: PV1-19.1}}")
        elif name:
            found = list(_own(record.entries["set"], name, inner))
            if "each" not in record.entries or rules.each is not None:
                yield _adding(rules, found, name, after or "", before or "")


def _own(node: Node, name: str, language: Language) -> Iterator[Write]:
    """Those that write to the new segment; the others are mistakes."""
    for write in writes(node, language):
        assert isinstance(node, Record)
        place = write.rule.name
        at, rest = node.keys[place], place.partition("-")[2]
        if "[" in place:
            problem = "a new segment is empty: there is nothing to look for in it"
            language.mistakes.add(at, problem, f"{name}-1")
        elif not place.startswith(f"{name}-"):
            problem = f"'{place}' is no place of the {name} that is added"
            language.mistakes.add(at, problem, f"{name}-{rest or place.lstrip('.')}")
        else:
            yield write


def _adding(rules: Block, found: list[Write], name: str, after: str, before: str) -> Step:
    def step(copy: Any, scope: Scope, told: Told) -> None:
        made = []
        for at, inner in _walked(rules, copy, scope):
            new = copy.new(name)
            place = Scope(new, scope.context)
            try:
                for write in found:
                    value = write.run(copy, inner, place)
                    if told is not None:
                        number = f"[{at}]" if rules.each is not None else ""
                        told.append(write.told(value, f"{name}{number}."))
            except MessageError as error:
                raise rules.located(error, at) from None
            if new.line.touched:
                made.append((new, inner))
        copy.place(made, after, before)

    return step


_COMPILE: dict[str, Callable[[Node, Language, Slots], Iterator[Step]]] = {
    "keep": _keep,
    "set": _set,
    "remove": _remove,
    "edit": _edit,
    "add": _add,
}


def _traced(field: str, value: str, line: int, rule: str) -> Traced:
    return Traced(field=field, value=value, line=line, rule=rule, paths=())
