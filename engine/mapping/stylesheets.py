"""
`xslt: NAME` of a mapping from XML: a stylesheet makes the document, the mapping hands it what it has read.

    from: xml
    to: xml
    xslt: flatten_order
    parameters: {facility: meta.header("X-Facility")}
"""

from __future__ import annotations

from pathlib import Path

from engine.formats import Reading, Scope
from engine.formats.xml import document, stylesheet
from engine.mapping import outputs, records, written
from engine.mapping.choices import value, without_marker
from engine.mapping.language import Language, Product
from engine.mapping.rules import Block, Rule
from engine.placed import Record, Scalar


def transformed(
    root: Record, home: Path, language: Language, top: Block
) -> tuple[outputs.Make, bytes] | None:
    """The maker, and the stylesheet's bytes; None where mistakes were noted."""
    node, mistakes = root.entries["xslt"], language.mistakes
    if not isinstance(node, Scalar) or not node.text:
        mistakes.add(node, "'xslt' names a stylesheet", "xslt: flatten_order")
        return None
    sheet = stylesheet.load(node.text, home, node, mistakes)
    top.rules = _parameters(root, language)
    if sheet is None:
        return None
    to = root.entries["to"]
    of = to.text if isinstance(to, Scalar) else "xml"
    runs = tuple((rule.name, without_marker(rule.term.run)) for rule in top.rules)

    def product(scope: Scope) -> Product:
        said = {name: found for name, run in runs if (found := run(scope)) is not None}
        payload = sheet.apply(scope.node, said)
        outputs.bounded(payload)
        if of == "bytes":
            return Product(of=of, payload=payload, shows=of)
        made = document.parse(payload, Reading())
        return Product(of=of, payload=payload, shows=made.kind(), node=made)

    return product, sheet.content


def path_of(root: Record) -> str:
    """The stylesheet's file, below the home."""
    node = root.entries["xslt"]
    return f"{stylesheet.FOLDER}/{node.text if isinstance(node, Scalar) else ''}.xsl"


def _parameters(root: Record, language: Language) -> list[Rule]:
    """What the stylesheet's xsl:param are given."""
    node = root.entries.get("parameters")
    if node is None:
        return []
    if not isinstance(node, Record):
        problem = "'parameters' names the stylesheet's parameters and their values"
        language.mistakes.add(node, problem, "parameters: {facility: meta.peer}")
        return []
    found = []
    for name, each in node.entries.items():
        term = value(each, language, written.xml)
        if not name.isidentifier():
            language.mistakes.add(node.keys[name], f"'{name}' is no name of a parameter")
        elif term is not None:
            text, at = records.shown(each), each.place.line
            found.append(Rule(name=name, node=each, term=term, text=text, line=at))
    return found
