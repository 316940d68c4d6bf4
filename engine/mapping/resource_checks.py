"""
What breaks the structure of FHIR whatever message comes, told when a mapping is loaded: a resource of the wrong type, two forms
of one choice, an element that the standard requires and nothing gives, `type` where it says nothing.

Only what is certain is told: what may still be right of some message is left to the check of what was made.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator

import msgspec

from engine.fhir.definitions import Element
from engine.formats import NULL
from engine.mapping import resource_types
from engine.mapping.landing import Branch
from engine.mapping.language import Language, Term, Wrong
from engine.mapping.rules import Rule
from engine.placed import Items, Mistakes, Node, Place, Record, Scalar
from engine.records.types import FieldType

#: Kinds of values that no record is.
_PLAIN = frozenset({"text", "number", "truth", "moment"})
#: What hands a value on by a pipe, and gives nothing where there is none.
_PIPED = re.compile(r"\s*(\|(?!.*(\?\?|\bdefault\b)).*)?", re.DOTALL)
#: Keys that give elements beside `fields`, or in their place.
_OTHERS = frozenset({"use", "parts", "value"})
#: What cannot stand between the braces of YAML.
_CUT = re.compile(r"[,\[\]{}\n]")
#: So few codes are listed.
_FEW = 12


class Landed(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of `fields`, and where its name stands."""

    place: Place
    rule: Rule


#: Rules by the record in which they land, and the last part of their names.
Rules = dict[tuple[int, str], Landed]


def parts_of(node: Node) -> list[Record]:
    """The records of which something is made, those inside `parts` in place of what holds them."""
    if isinstance(node, Items):
        return [each for item in node.items for each in parts_of(item)]
    if not isinstance(node, Record):
        return []
    inner = node.entries.get("parts")
    return [node, *parts_of(inner)] if inner is not None else [node]


def fitting(term: Term, wanted: FieldType, language: Language) -> Term:
    """The term; Wrong where it is a resource that can never stand there, with the name of the one that can."""
    found = resource_types.resource_of(term.type)
    item = (wanted.item or wanted) if wanted.kind == "list" else wanted
    if not found or item.kind == "any" or (item.form != "reference" and not term.lets):
        return term
    if item.form == "reference":
        if not item.choices or {"Resource", found} & set(item.choices):
            return term
        problem = (
            f"the field is a Reference to {_either(item.choices)}, and this is {_a(found)}"
        )
        raise Wrong(term.offset, problem, _meant(item.choices, language))
    if item.form == "fhir" or item.kind in _PLAIN:
        what = resource_types.name_of(item) or item.kind
        raise Wrong(
            term.offset, f"the field is {_a(what)}, and this is a resource: {_a(found)}"
        )
    return term


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def _either(names: Collection[str]) -> str:
    return " or ".join(", ".join(sorted(names)).rsplit(", ", 1))


def _meant(targets: Collection[str], language: Language) -> str:
    """The name of the only resource at hand that can be pointed at; empty where there is none, or several."""
    names = [
        name
        for name, known in language.known.items()
        if name in language.lets and resource_types.resource_of(known.type) in targets
    ]
    return names[0] if len(names) == 1 else ""


def misplaced(node: Node, wanted: FieldType, language: Language) -> None:
    """Note each `type` of a field: only under `resources` it says what is made."""
    item = (wanted.item or wanted) if wanted.kind == "list" else wanted
    for part in parts_of(node):
        said = part.entries.get("type")
        if said is None:
            continue
        problem = "'type' says only under 'resources' which resource is made"
        write = ""
        if item.form == "reference":
            problem += "; where a Reference belongs, a mapping that is used makes it"
            write = f"{{use: ..., {'each' if 'each' in part.entries else 'of'}: ...}}"
        elif item.kind == "any" and not language.nulls and isinstance(said, Scalar):
            problem += "; here a field says it"
            write = f'fields: {{resourceType: "{said.text}"}}'
        elif item.kind == "any" or "type" in resource_types.elements(item):
            problem += "; a field of that name stands under 'fields'"
            write = "fields: {type: ...}"
        language.mistakes.add(part.keys["type"], problem, write)


def structure(branch: Branch, rules: Rules, mistakes: Mistakes) -> None:
    """Note what is wrong with a record that is laid out, and with those in it."""
    _forms(branch, rules, mistakes)
    for inner in branch.inner.values():
        structure(inner, rules, mistakes)
        if inner.listed:  # what stands in a list is never laid over
            missing(inner.order, inner.type, inner.place, mistakes)


def _forms(branch: Branch, rules: Rules, mistakes: Mistakes) -> None:
    """Note two forms of one choice of which one stands each time, or whenever the other one does."""
    known: dict[str, list[str]] = {}
    elements = resource_types.elements(branch.type)
    for name in branch.order:
        element = elements.get(name)
        if element is not None and element.choice:
            known.setdefault(element.choice, []).append(name)
    for choice, names in known.items():
        for one, other in itertools.permutations(names, 2):
            if said := _beside(branch, one, other, rules):
                there = f"'{other}' (line {_place(branch, other, rules).line})"
                problem = (
                    f"only one form of {choice} may stand, and this one {said.format(there)}"
                )
                write = _with_when(one, rules.get((id(branch), one)))
                mistakes.add(_place(branch, one, rules), problem, write)
                break


def _beside(branch: Branch, one: str, other: str, rules: Rules) -> str:
    """How one of two comes to stand beside the other; empty where it may be right."""
    if _always(branch, one, rules):
        return "always does, also beside {}"
    return "does whenever {} does" if _whenever(branch, one, other, rules) else ""


def _with_when(name: str, landed: Landed | None) -> str:
    if landed is None:
        return f"{name}: {{when: ..., fields: {{...}}}}"
    text = landed.rule.text
    return f"{name}: [{{when: ..., value: {'...' if _CUT.search(text) else text}}}]"


def _always(branch: Branch, name: str, rules: Rules) -> bool:
    """Whether an element has a value whatever message comes; the url of an extension is none."""
    if name in branch.inner:
        inner = branch.inner[name]
        extension = resource_types.name_of(inner.type) == "Extension"
        names = (each for each in inner.order if not (extension and each == "url"))
        return any(_always(inner, each, rules) for each in names)
    landed = rules.get((id(branch), name))
    if landed is None:
        return False
    fixed = branch.fixed.get(name, NULL)
    return fixed is not NULL or landed.rule.term.decided


def _whenever(branch: Branch, name: str, other: str, rules: Rules) -> bool:
    """Whether an element is a path and nothing else, and something in the other one a value made of that path."""
    if name not in branch.plain or (landed := rules.get((id(branch), name))) is None:
        return False
    path = landed.rule.text.strip()
    return any(
        text.startswith(path) and _PIPED.fullmatch(text[len(path) :])
        for text in _texts(branch, other, rules)
    )


def _texts(branch: Branch, name: str, rules: Rules) -> Iterator[str]:
    if name in branch.inner:
        inner = branch.inner[name]
        for each in inner.order:
            yield from _texts(inner, each, rules)
    elif (landed := rules.get((id(branch), name))) is not None:
        yield from _written(landed.rule.node)


def _written(node: Node) -> Iterator[str]:
    """The expressions of a value in which paths mean what they mean around it."""
    if isinstance(node, Scalar):
        if node.style != "quoted":
            yield node.text.strip()
    elif isinstance(node, Items):
        for item in node.items:
            yield from _written(item)
    elif "each" not in node.entries and "use" not in node.entries:
        if (value := node.entries.get("value")) is not None:
            yield from _written(value)
        elif isinstance(fields := node.entries.get("fields"), Record):
            for each in fields.entries.values():
                yield from _written(each)


def _place(branch: Branch, name: str, rules: Rules) -> Place:
    return branch.inner[name].place if name in branch.inner else rules[id(branch), name].place


def whole(node: Record, type_: FieldType, mistakes: Mistakes) -> None:
    """Note what the standard requires of a record of these `fields` and none of them gives, as nothing else gives it either."""
    fields = node.entries.get("fields")
    if not isinstance(fields, Record) or not _OTHERS.isdisjoint(node.entries):
        return
    # Two resources with one id become one (engine/fhir/lifting.py), so each may lack what the other one has
    if not resource_types.is_resource(type_) or "id" not in fields.entries:
        missing(fields.entries, type_, node.keys["fields"], mistakes)


def missing(
    names: Iterable[str], type_: FieldType, at: Node | Place, mistakes: Mistakes
) -> None:
    """Note what the standard requires of a type and none of these dotted names gives, where that is all that is ever said of it."""
    wanted = lacking(names, type_)
    if not wanted:
        return
    said, first = ", ".join(f"'{each}'" for each in wanted), next(iter(wanted.values()))
    problem = f"{resource_types.name_of(type_)} needs {said}, and no rule gives it"
    mistakes.add(
        at, problem + (_hint(first) if len(wanted) == 1 else ""), f"{first[0].name}: ..."
    )


def lacking(names: Iterable[str], type_: FieldType) -> dict[str, list[Element]]:
    """The elements that the standard requires of a type and none of these names gives, each with its forms."""
    given = {name.partition(".")[0].removeprefix("_") for name in names}
    wanted: dict[str, list[Element]] = {}
    for name, element in resource_types.elements(type_).items():
        if element.least:
            wanted.setdefault(element.choice or name, []).append(element)
    return {
        name: forms
        for name, forms in wanted.items()
        if given.isdisjoint(each.name for each in forms)
    }


def _hint(forms: list[Element]) -> str:
    """What the element may be, where there is something to choose from that is short enough to be read."""
    if forms[0].choice:
        return f"; its type is a part of its name: {', '.join(each.name for each in forms)}"
    codes = sorted(forms[0].codes) if forms[0].type == "code" else []
    return f"; it takes one of: {', '.join(codes)}" if 0 < len(codes) <= _FEW else ""
