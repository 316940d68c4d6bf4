"""Fields into records: dicts for JSON, structs for canonical entities; dotted names build what lies between."""

from __future__ import annotations

import re
from functools import reduce

from engine.fhir.definitions import Element
from engine.fhir.lifting import Places
from engine.mapping import (
    assurance,
    conversion,
    kept,
    lifted,
    makers,
    resource_checks,
    resource_making,
    resource_types,
    uses,
)
from engine.mapping.choices import only, value, without_marker
from engine.mapping.landing import Branch, landing
from engine.mapping.language import Language, Needs, Reads, Run, Term
from engine.mapping.needs import all_of, any_of, choosing
from engine.mapping.operators import value_needs
from engine.mapping.rules import Block, Rule, Slots, block
from engine.placed import Items, Node, Record, Scalar
from engine.records.types import ANY, FieldType

#: Keys of a record of which something is made; `value` beside `when` alone is one of several values.
_MAKING = frozenset({"each", "fields", "use", "parts"})
#: A path and nothing else.
_PLAIN = re.compile(r"\s*([A-Z][A-Z0-9]{2}-\d+)?(\.\d+)*\s*", re.ASCII)
_NESTED = ("each", "let", "when", "fields", "value", "use", "of", "parts", "type", "reference")


def content(
    node: Node | None,
    at: Node,
    type_: FieldType,
    language: Language,
    slots: Slots,
    laid: bool = False,
) -> tuple[Run, list[Rule]]:
    """`fields:` as a maker of records, and its rules for traces. `laid`: they are laid over what another mapping makes."""
    rules: list[Rule] = []
    landed: resource_checks.Rules = {}
    root = Branch(type_, at.keys["fields"] if isinstance(at, Record) and node else at.place)
    if not isinstance(node, Record):
        language.mistakes.add(
            node or at, "'fields' names values", "fields: {source_id: MSH-10}"
        )
        return (lambda scope: None), rules
    for name, each in node.entries.items():
        place = node.keys[name]
        found = landing(root, name, place, language)
        if found is None:
            continue
        branch, last, wanted = found
        if last in branch.runs or last in branch.inner:
            language.mistakes.add(place, f"'{name}' is said twice, as a whole or in parts")
            continue
        element = resource_types.element(branch.type, last)
        rule = _rule(name, each, wanted, language, slots, element)
        branch.order[last] = None
        branch.runs[last] = rule.term.run if rule else (lambda scope: None)
        if element is not None:
            branch.runs[last] = assurance.bound(branch.runs[last], element, branch.type.struct)
        branch.paths[last] = rule.term.paths if rule else ()
        branch.needs[last] = rule.needs if rule else None
        branch.reads[last] = rule.reads if rule else None
        if isinstance(each, Scalar) and _PLAIN.fullmatch(each.text):
            branch.plain.add(last)
        if rule is not None and rule.term.constant:
            fixed = assurance.once(branch.runs[last])
            if fixed is not None:
                branch.fixed[last] = fixed
        if rule is not None:
            rules.append(rule)
            landed[id(branch), last] = resource_checks.Landed(place=place, rule=rule)
    resource_checks.structure(root, landed, language.mistakes)
    return makers.maker(root, language, top=not laid, laid=laid), rules


def _rule(
    name: str,
    node: Node,
    wanted: FieldType,
    language: Language,
    slots: Slots,
    element: Element | None = None,
) -> Rule | None:
    """One field: a value, or a nested list; of FHIR an element, or no element where it is a whole resource."""
    resource_checks.misplaced(node, wanted, language)
    if isinstance(node, Record) and node.entries.keys() & _MAKING:
        return nested(name, node, wanted, language, slots, element)
    if isinstance(node, Items) and any(
        isinstance(item, Record) and item.entries.keys() & _MAKING for item in node.items
    ):
        return parts(name, node, wanted, language, slots, element)
    is_fhir = element is not None or (wanted.item or wanted).form in ("fhir", "reference")

    def finish(term: Term) -> Term:
        made = conversion.convert(resource_checks.fitting(term, wanted, language), wanted)
        return assurance.assured(made, wanted, element) if is_fhir else made

    term = value(node, language, finish)
    if term is None:
        return None
    if not isinstance(node, Scalar):
        term.run = without_marker(term.run)
    return Rule(
        name=name,
        node=node,
        term=term,
        text=shown(node),
        line=node.place.line,
        needs=value_needs(term),
        reads=term.reads,
        places=lifted.of_value(wanted),
    )


def shown(node: Node) -> str:
    if isinstance(node, Scalar):
        return f'"{node.text}"' if node.style == "quoted" else node.text
    if isinstance(node, Record):
        each = node.entries.get("each")
        used = node.entries.get("use")
        said = f"use {used.text}" if isinstance(used, Scalar) else "fields"
        return f"each {each.text}" if isinstance(each, Scalar) else said
    return "the first that holds"


def nested(
    name: str,
    node: Record,
    wanted: FieldType,
    language: Language,
    slots: Slots,
    element: Element | None = None,
) -> Rule | None:
    """A list of records (or of values), or one record with a condition of its own."""
    only(node, _NESTED, language.mistakes)
    listed = "each" in node.entries
    if listed and wanted.kind not in ("list", "any"):
        language.mistakes.add(node, f"'{name}' is a {wanted.kind}, not a list")
        return None
    item = (wanted.item or ANY) if listed or wanted.wraps else wanted
    if not listed and item.kind not in ("record", "any") and "value" not in node.entries:
        language.mistakes.add(node, f"'{name}' is a {item.kind}, it has no fields")
        return None
    if listed or wanted.wraps:  # nothing is laid over what stands in a list
        resource_checks.whole(node, item, language.mistakes)
    made, inner = block(node, language, slots)
    inside, read, places = _filled(node, made, item, inner, slots, element)
    needed = made.needs if made.each is not None else all_of((made.needs, inside))
    reads = kept.all_of((made.reads, read))
    if made.each is not None:
        reads = kept.walked(made.each.reads, reads, made.each.shape)
    if item.form == "reference":
        made.make = resource_making.substantial(made.make)
    paths = made.each.paths if made.each is not None else ()
    if not paths and isinstance(of := node.entries.get("of"), Scalar):
        paths = (of.text,)
    several = listed or wanted.wraps
    term = Term(
        run=made.every(wanted.form) if several else made.first(),
        offset=0,
        paths=paths,
        many=listed,
    )
    return Rule(
        name=name,
        node=node,
        term=term,
        text=shown(node),
        line=node.place.line,
        nested=made,
        needs=needed,
        reads=reads,
        places=places,
    )


def _filled(
    node: Record,
    made: Block,
    item: FieldType,
    inner: Language,
    slots: Slots,
    element: Element | None,
) -> tuple[Needs, Reads, Places]:
    """
    Let the block make what `value`, `use`, `fields` or `parts` say; `fields` beside `use` are laid over it, where it is made.
    What that needs of the thing at hand, all that it reads of it, and where resources may stand in it.
    """
    said = node.entries
    if "value" in said:
        rule = _rule("value", said["value"], item, inner, slots, element)
        made.make = rule.term.run if rule else made.make
        made.rules = [rule] if rule else []
        return (rule.needs, rule.reads, rule.places) if rule else (None, None, {})
    if isinstance(several := said.get("parts"), Items):
        rule = parts("", several, item, inner, slots, element)
        made.make = rule.term.run if rule else made.make
        made.rules = [rule] if rule else []
        return (rule.needs, rule.reads, rule.places) if rule else (None, None, {})
    if "use" in said:
        needed, reads, places = uses.making(node, made, inner, slots, item)
        if "fields" in said and item.form == "struct":
            problem = f"{uses.said(item)} is made whole by the mapping that it uses"
            inner.mistakes.add(node.keys["fields"], problem)
        elif "fields" in said:
            whole = _overlaid(said["use"], item, slots)
            above, made.rules = content(said["fields"], node, whole, inner, slots, laid=True)
            made.make = resource_making.upon(made.make, above)
            places = lifted.both(places, lifted.of_rules(made.rules))
        if isinstance(pointing := said.get("reference"), Record) and item.form == "reference":
            beside, rules = content(
                pointing.entries.get("fields"), pointing, item, inner, slots
            )
            made.make = resource_making.pointed_at(made.make, beside)
            made.rules = [*made.rules, *rules]
        elif "reference" in said:
            problem = (
                "'reference' says what stands in the Reference to the resource that is made"
            )
            inner.mistakes.add(said["reference"], problem, "reference: {fields: {display: .2}}")
        if item.form == "reference":
            places = lifted.pointed_at(places)
        return needed, kept.all_of((reads, *(rule.reads for rule in made.rules))), places
    if "fields" in said:
        made.make, made.rules = content(said["fields"], node, item, inner, slots)
        reads = kept.all_of(rule.reads for rule in made.rules)
        return makers.content_needs(made.rules, item), reads, lifted.of_rules(made.rules)
    problem = "a nested list has 'fields', one 'value', or a mapping that it uses"
    inner.mistakes.add(node, problem, "fields: {code: .1}")
    return None, None, {}


def _overlaid(used: Node, item: FieldType, slots: Slots) -> FieldType:
    """Over what `fields` are laid: where a Reference belongs, over the resource that the used mapping makes."""
    found = slots.uses.find(used) if item.form == "reference" else None
    return (resource_types.find(found.to) if found is not None else None) or item


def parts(
    name: str,
    node: Items,
    wanted: FieldType,
    language: Language,
    slots: Slots,
    element: Element | None = None,
) -> Rule | None:
    """Several makers for one field: of a list, one behind the other; of a record, laid over one another."""
    rules = []
    for item in node.items:
        if not isinstance(item, Record):
            problem = "each part is a record: of fields, or of a mapping that it uses"
            language.mistakes.add(item, problem, "- {use: hl7v2_cx_to_identifier, of: PID-18}")
            return None
        one = wanted.kind == "list" and "each" not in item.entries and not wanted.wraps
        made = (wanted.item or ANY) if one else wanted
        if (rule := nested(name, item, made, language, slots, element)) is not None:
            rules.append(rule)
    form = (wanted.item or wanted).form
    runs = tuple(_part_run(rule, form, language) for rule in rules)
    if wanted.kind in ("list", "any"):
        needed = [rule.needs for rule in rules]
        every = choosing(runs, needed, language.shape, lambda there, few: few)
        run = resource_making.one_behind_the_other(runs, wanted.form == "tuple", every)
    elif wanted.form == "struct":
        problem = f"{uses.said(wanted)} is made whole, by one mapping"
        language.mistakes.add(node, problem)
        return None
    else:
        run = reduce(resource_making.over, runs) if runs else lambda scope: None
    paths = tuple(path for rule in rules for path in rule.term.paths)
    term = Term(run=run, offset=0, paths=paths, many=wanted.kind == "list")
    return Rule(
        name=name,
        node=node,
        term=term,
        text="parts",
        line=node.place.line,
        parts=tuple(rules),
        needs=any_of(rule.needs for rule in rules),
        reads=kept.all_of(rule.reads for rule in rules),
        places=reduce(lifted.both, (rule.places for rule in rules), {}),
    )


def _part_run(rule: Rule, form: str, language: Language) -> Run:
    """What one of several makers makes; of FHIR what it made of the same fields before."""
    if form not in ("fhir", "reference"):
        return rule.term.run
    return kept.remembering(rule.term.run, rule.reads, language.shape)
