"""What a layout of fixed fields cannot be."""

from __future__ import annotations

from itertools import pairwise

from engine.formats.fixed import fields
from engine.formats.fixed.fields import Field
from engine.formats.fixed.layout import CHOICES, Layout, compiled, spans
from engine.placed import Mistakes, Node
from engine.rows import checks
from engine.rows.checks import Problem


def layout(name: str, node: Node, mistakes: Mistakes) -> Layout | None:
    """The layout of a file of `mappings/layouts/`; None where mistakes were noted."""
    made: Layout | None = checks.read(Layout, name, node, mistakes, problem)
    return made


def problem(layout: Layout) -> Problem:
    """
    The key of a layout that cannot work, and why.

    >>> problem(Layout(fields={"a": Field(length=3), "b": Field(at=2, length=1)}))
    ('fields.b', "it begins inside 'a'")
    """
    return (
        checks.choices(layout, CHOICES)
        or checks.ends(layout)
        or _records(layout)
        or _types(layout)
        or checks.types(layout, list(compiled(layout)))
        or checks.used(layout)
    )


def _records(layout: Layout) -> Problem:
    if not 0 <= layout.record.length <= 1_000_000:
        return "record.length", "a record has at least one byte"
    if layout.record.length and layout.record.prefix:
        return "record", "records have a length, or a prefix that says it, not both"
    if not layout.lines and (layout.skip or layout.comment):
        return (
            "skip" if layout.skip else "comment",
            "there are no lines where records have lengths",
        )
    return None


def _types(layout: Layout) -> Problem:
    if layout.types and layout.fields:
        return "fields", "the fields stand with each type where there are types"
    named = [(f"types.{name}.fields", each.fields) for name, each in layout.types.items()]
    for key, given in named or [("fields", layout.fields)]:
        if (wrong := _fields(layout, given)) is not None:
            return f"{key}.{wrong[0]}" if wrong[0] else key, wrong[1]
    for name, each in layout.types.items():
        if each.when is not None and not 1 <= each.when.at <= 1_000_000:
            return f"types.{name}.when.at", "the first character of a record is number 1"
    return None


def _fields(layout: Layout, given: dict[str, Field]) -> Problem:
    if not any(each.type != "filler" for each in given.values()):
        return "", "a layout names its fields, each with its length"
    for name, each in given.items():
        if (wrong := fields.problem(each)) is not None:
            return f"{name}.{wrong[0]}", wrong[1]
        if each.raw and layout.lines:
            rule = f"a {each.type} number may hold any byte, also a line's end; write   record: {{length: 80}}"
            return f"{name}.type", rule
    return _overlaps(given) or _beyond(layout, given)


def _overlaps(given: dict[str, Field]) -> Problem:
    order = sorted(spans(given).items(), key=lambda each: each[1])
    for (before, (_, end)), (name, (begin, _)) in pairwise(order):
        if begin < end:
            return name, f"it begins inside '{before}'"
    return None


def _beyond(layout: Layout, given: dict[str, Field]) -> Problem:
    length = layout.record.length
    for name, (_, end) in spans(given).items():
        if length and end > length:
            return name, f"it ends at {end}, and a record has {length} bytes"
    return None
