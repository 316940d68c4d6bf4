"""YAML's traps: what it makes of a value that was meant otherwise, and the form to write."""

from __future__ import annotations

import re

from engine.mapping.language import Language, Wrong
from engine.placed import Items, Mistakes, Node, Record, Scalar

#: Written plain, these are truths in one YAML and texts in another.
_TRUTHS = {
    "no": "false",
    "off": "false",
    "yes": "true",
    "on": "true",
}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?$")
_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?$")
#: Fields of the segments that nearly every message has; other texts of that form may be codes of something.
_FIELD = re.compile(
    r"(MSH|EVN|PID|PD1|PV1|PV2|NK1|ORC|OBR|OBX|NTE|FT1|GT1|IN1|DG1|AL1|MSA|ERR)-\d{1,2}(\.\d{1,2}){0,2}"
)
_DOTTED = re.compile(r"\d+(\.\d+){2,}$")
_HOLE = re.compile(r"(?<!\\[pP])\{[.A-Za-z_][^{}]*\}")
_HOLE_OR_TEXT = re.compile(r"\{[.A-Za-z_][^{}]*\}|(?:(?!\{[.A-Za-z_][^{}]*\}).)+", re.DOTALL)


def check(text: str, start: int = 0) -> None:
    """Wrong where the text from the offset on is a known trap."""
    said = text[start:].strip()
    if said.lower() in _TRUTHS:
        truth = _TRUTHS[said.lower()]
        raise Wrong(
            start,
            f"'{said}' may be a truth or a text; here it is neither",
            f'{truth}, or "{said}"',
        )
    if said == "~":
        raise Wrong(start, "'~' means nothing here", 'nothing, null, or "~"')
    if _DATE.match(said):
        raise Wrong(
            start,
            "a date without quotes is read as a number and a subtraction",
            f'"{said}", or date("{said[:10]}")',
        )
    if _TIME.match(said):
        raise Wrong(start, "a time without quotes is not a value here", f'"{said}"')
    if _DOTTED.match(said):
        raise Wrong(start, "this is no number; as a text it needs quotes", f'"{said}"')


def holes(said: str, start: int) -> None:
    """Wrong where a text inside an expression has holes: only a text in YAML's quotes has (`\\p{L}` of a pattern is none)."""
    if _HOLE.search(said) is None:
        return
    parts = [part for part in _HOLE_OR_TEXT.findall(said) if part]
    items = ", ".join(part[1:-1] if _HOLE.fullmatch(part) else f'"{part}"' for part in parts)
    problem = "a text inside an expression has no holes; it would stay as it is written"
    raise Wrong(start, problem, f'join([{items}], "")' if len(parts) > 1 else items)


def is_path_in_quotes(node: Scalar, language: Language) -> bool:
    """
    Note a text that is exactly a field of HL7: hardly anybody means the text, and nothing would tell the others.

    Whether it is one.
    """
    said = node.text
    if language.shape.format != "hl7v2" or _FIELD.fullmatch(said) is None:
        return False
    problem = f"in quotes this is the text {said}; the field stands without them, the text as"
    language.mistakes.add(node, f"{problem} '{{\"{said}\"}}'", said)
    return True


def not_a_value(node: Node, mistakes: Mistakes) -> None:
    """Note what happened where `{` or `[` was meant as the beginning of an expression."""
    if isinstance(node, Record):
        said = ", ".join(node.entries)
        mistakes.add(
            node,
            "YAML reads '{' as the beginning of a record; in a text, holes need quotes",
            f'"{{{said}}}"',
        )
    elif isinstance(node, Items):
        mistakes.add(
            node,
            "YAML reads '[' as the beginning of a list; an expression with brackets in front stands in a block",
            ">-",
        )
