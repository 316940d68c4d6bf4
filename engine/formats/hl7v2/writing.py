"""Values as they stand in a message: text escaped, things copied with their parts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from engine.formats import NULL
from engine.formats.hl7v2.elements import DATATYPE, LEVELS, Element, leaf
from engine.formats.hl7v2.marks import Marks


def within(raw: str, marks: Marks, component: int, subcomponent: int, value: Any) -> str:
    """A repetition with the value at a component or subcomponent of it; both 0 = in place of it all."""
    if not component:
        return encoded(value, marks, "repetition")
    if not subcomponent:
        return put(raw, marks.component, component, encoded(value, marks, "component"))
    parts = raw.split(marks.component)
    old = parts[component - 1] if component <= len(parts) else ""
    new = put(old, marks.subcomponent, subcomponent, encoded(value, marks, "subcomponent"))
    return put(raw, marks.component, component, new)


def put(raw: str, separator: str, number: int, value: str) -> str:
    """The text with one of its parts replaced; where the last one is emptied, no separators are left behind the others."""
    parts = raw.split(separator)
    if number > len(parts):
        if not value:
            return raw
        parts.extend([""] * (number - len(parts)))
    emptied = not value and number == len(parts) and parts[-1]
    parts[number - 1] = value
    written = separator.join(parts)
    return written.rstrip(separator) if emptied else written


def encoded(value: Any, marks: Marks, level: str) -> str:
    """A value as it stands in a message at a level of LEVELS: text, NULL, None, a thing, or a list of these (repetitions)."""
    if value is None:
        return ""
    if value is NULL:
        return '""'
    if isinstance(value, Element):
        return _copied(value, marks, level)
    if isinstance(value, list | tuple):
        if level != "field" or len(value) < 2:
            return encoded(value[0] if value else None, marks, level)
        return marks.repetition.join(encoded(one, marks, "repetition") for one in value)
    return marks.escape(str(value))


def _copied(thing: Element, marks: Marks, level: str) -> str:
    """
    What stands in a message, put at a place of another or the same one. What does not fit there with its parts
    (a field with components into a component) goes as its value.
    """
    raw, source = thing.raw, thing.marks
    if thing.level == DATATYPE:
        raw = _made(raw, source, level)
        return raw if marks.text == source.text else translated(raw, source, marks)
    deeper = LEVELS[LEVELS.index(level) :]
    if level == "repetition" and thing.level == "field":
        raw = raw.partition(source.repetition)[0]
    elif thing.level not in deeper and not _is_single(raw, source, level):
        value = leaf(raw, source)
        return encoded(value, marks, level)
    same = marks.codec == source.codec or f"{source.escape_mark}X" not in raw
    if marks.text == source.text and same:
        return raw
    return translated(raw, source, marks)


def _made(raw: str, marks: Marks, level: str) -> str:
    """What was made of components, at a level; in a component they are its subcomponents (v2.5.1 ch. 2.5.3), each by its value."""
    if level in ("field", "repetition"):
        return raw
    parts = [part.partition(marks.subcomponent)[0] for part in raw.split(marks.component)]
    return parts[0] if level == "subcomponent" else marks.subcomponent.join(parts)


def _is_single(raw: str, marks: Marks, level: str) -> bool:
    """Whether it has no parts that the level cannot hold."""
    inner = [marks.repetition, marks.component]
    if level == "subcomponent":
        inner.append(marks.subcomponent)
    return not any(separator in raw for separator in inner)


def translated(raw: str, source: Marks, marks: Marks) -> str:
    """The same parts between other delimiters, or in another character set (`\\Xdd\\` are bytes of the message's own)."""
    separators = {
        source.repetition: marks.repetition,
        source.component: marks.component,
        source.subcomponent: marks.subcomponent,
    }
    pattern = re.compile("([" + re.escape("".join(separators)) + "])")
    written: Callable[[str], str] = lambda leaf_: marks.escape(source.unescape(leaf_))  # noqa: E731
    return "".join(separators.get(one) or written(one) for one in pattern.split(raw))
