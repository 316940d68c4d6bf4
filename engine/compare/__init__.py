"""
What differs between what was made and what was expected, in words that name the field. For synthetic samples only: it
shows values.

    flat      a payload as fields, each under the name by which people know it
    outputs   two outputs of many messages, compared field by field, for moving from another engine
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.placed import Items, Node, Record, Scalar

#: Differences told of one payload; more would not help anybody.
MOST = 20
#: A field that is not there.
ABSENT = object()

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


def payload(made: bytes, expected: bytes) -> list[str]:
    """
    Differences between two payloads: JSON by field, HL7 and X12 by segment and field, anything else by line.

    White space between JSON's values, kinds of line ends and the last line end do not count.

    >>> payload(b'{"a": 1}', b'{"a": 2, "b": 3}')
    ['a is 1, expected 2', 'b is missing, expected 3']
    """
    if made == expected:
        return []
    objects = as_json(made), as_json(expected)
    if ABSENT not in objects:
        return list(_objects("", *objects))[:MOST]
    if is_x12(made) and is_x12(expected):
        return list(_segments(x12_segments(made), x12_segments(expected), _element))[:MOST]
    ours, theirs = lines(made), lines(expected)
    if ours[:1] and theirs[:1] and ours[0][:3] == theirs[0][:3] == "MSH":
        return list(_segments(_fields_of(ours), _fields_of(theirs), _field))[:MOST]
    return list(_lines(ours, theirs))[:MOST]


def is_x12(content: bytes) -> bool:
    """Whether the bytes are an interchange of X12: ISA has a fixed length, and says what ends a segment."""
    return content.startswith(b"ISA") and len(content) > 106


def x12_segments(content: bytes) -> list[list[str]]:
    """The segments of an interchange, each as its name and elements (X12.5: the separators stand in ISA)."""
    text = content.decode("utf-8", "replace")
    separator, end = text[3], text[105]
    return [
        segment.strip("\r\n").split(separator) for segment in text.split(end) if segment.strip()
    ]


def as_json(content: bytes) -> Any:
    """The object or list in the bytes, numbers as Decimal; ABSENT where it is neither."""
    if not content.lstrip().startswith((b"{", b"[")):
        return ABSENT
    try:
        return json.loads(content, parse_float=Decimal, parse_int=Decimal)
    except ValueError:
        return ABSENT


def lines(content: bytes) -> list[str]:
    """The lines of a text, whatever ends them; bytes that are not UTF-8 are read one by one."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return re.split(r"\r\n|\r|\n", text.rstrip("\r\n")) if text else []


def fields(made: Any, expected: Record, path: str = "") -> Iterator[tuple[Node, str]]:
    """Differences between a JSON value and some expected fields of it, each with the node that expects it. Keys are paths."""
    for key, node in expected.entries.items():
        inner = f"{path}.{key}" if path else key
        yield from value(_at(made, key), node, inner)


def value(made: Any, node: Node, path: str) -> Iterator[tuple[Node, str]]:
    """Differences between one JSON value and what is expected of it."""
    if isinstance(node, Record):
        if isinstance(made, dict):
            yield from fields(made, node, path)
        else:
            yield node, f"{path} is {shown(made)}, expected fields"
    elif isinstance(node, Items):
        if not isinstance(made, list):
            yield node, f"{path} is {shown(made)}, expected a list"
        elif len(made) != len(node.items):
            yield node, f"{path} has {len(made)} items, expected {len(node.items)}"
        else:
            for at, (ours, theirs) in enumerate(zip(made, node.items, strict=True)):
                yield from value(ours, theirs, f"{path}[{at}]")
    elif not _equal(made, node):
        yield node, f"{path} is {shown(made)}, expected {_wanted(made, node)}"


def texts(read: Callable[[Scalar], str | None], expected: Record) -> Iterator[tuple[Node, str]]:
    """Differences between the fields of a message, all of them text, and some expected ones. `read` gives a path's value, or LookupError."""
    for key, node in expected.entries.items():
        if not isinstance(node, Scalar):
            yield node, f"{key}: one value stands here"
            continue
        path = Scalar(text=key, style="plain", place=expected.keys[key])
        try:
            made = read(path)
        except LookupError as error:
            yield node, f"{key} cannot be read: {error.args[0]}"
            continue
        wanted = None if _is_nothing(node) else node.text
        if (made or None) != wanted:
            yield node, f"{key} is {shown(made)}, expected {shown(wanted)}"


def shown(made: Any) -> str:
    """A value as one would write it."""
    if made is ABSENT:
        return "missing"
    if made is None:
        return "nothing"
    if isinstance(made, Decimal):
        return str(made)
    return json.dumps(made, ensure_ascii=False, default=str)


def _at(made: Any, path: str) -> Any:
    """The value under a path such as `lines[0].code`; a key that is written like a path comes first."""
    if isinstance(made, dict) and path in made:
        return made[path]
    for name, index in _STEP.findall(path):
        if index:
            inside = isinstance(made, list) and int(index) < len(made)
            made = made[int(index)] if inside else ABSENT
        else:
            made = made.get(name, ABSENT) if isinstance(made, dict) else ABSENT
    return made


def _is_nothing(node: Scalar) -> bool:
    return node.style == "plain" and node.text in ("", "~", "null", "nothing")


def _equal(made: Any, node: Scalar) -> bool:
    if node.style == "plain":
        if _is_nothing(node):
            return made is None or made is ABSENT
        if node.text in ("true", "false"):
            return made is (node.text == "true")
        if (number := _number(node.text)) is not None:
            return isinstance(made, Decimal) and made == number
    return bool(made == node.text)


def _wanted(made: Any, node: Scalar) -> str:
    """What was expected, and how to write it where only the kind of value is another."""
    if node.style == "plain" and _number(node.text) is not None:
        hint = f' (text stands in quotes: "{node.text}")' if made == node.text else ""
        return f"the number {node.text}{hint}" if hint else node.text
    if node.style == "plain" and (_is_nothing(node) or node.text in ("true", "false")):
        return node.text or "nothing"
    return shown(node.text)


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None
    except InvalidOperation:
        return None


def _objects(path: str, made: Any, expected: Any) -> Iterator[str]:
    if isinstance(made, dict) and isinstance(expected, dict):
        for key in dict.fromkeys((*expected, *made)):
            inner = f"{path}.{key}" if path else str(key)
            yield from _objects(inner, made.get(key, ABSENT), expected.get(key, ABSENT))
    elif isinstance(made, list) and isinstance(expected, list):
        if len(made) != len(expected):
            yield f"{path or 'the list'} has {len(made)} items, expected {len(expected)}"
        for at, (ours, theirs) in enumerate(zip(made, expected, strict=False)):
            yield from _objects(f"{path}[{at}]", ours, theirs)
    elif made is ABSENT:
        yield f"{path} is missing, expected {shown(expected)}"
    elif expected is ABSENT:
        yield f"{path} is {shown(made)}, expected no such field"
    elif made != expected or isinstance(made, bool) is not isinstance(expected, bool):
        yield f"{path} is {shown(made)}, expected {shown(expected)}"


def _lines(made: list[str], expected: list[str]) -> Iterator[str]:
    for number in range(1, max(len(made), len(expected)) + 1):
        ours = made[number - 1] if number <= len(made) else None
        theirs = expected[number - 1] if number <= len(expected) else None
        if ours is None:
            yield f"line {number} is missing, expected {shown(theirs)}"
        elif theirs is None:
            yield f"line {number} is {shown(ours)}, expected no such line"
        elif ours != theirs:
            yield f"line {number} is {shown(ours)}, expected {shown(theirs)}"


def _fields_of(segments: list[str]) -> list[list[str]]:
    """Segments of HL7 as their names and fields; MSH-1 is the separator itself (HL7 v2.5.1 ch. 2.5)."""
    found = []
    for line in segments:
        separator = line[3:4] or "|"
        name, *rest = line.split(separator)
        found.append([name, separator, *rest] if name == "MSH" else [name, *rest])
    return found


def _field(segment: str, number: int) -> str:
    return f"{segment}-{number}"


def _element(segment: str, number: int) -> str:
    return f"{segment}{number:02}"


def _segments(
    made: list[list[str]], expected: list[list[str]], name: Callable[[str, int], str]
) -> Iterator[str]:
    names = [line[0] for line in made], [line[0] for line in expected]
    matcher = difflib.SequenceMatcher(None, *names, autojunk=False)
    for what, ours, ours_end, theirs, theirs_end in matcher.get_opcodes():
        if what == "equal":
            for line, wanted in zip(
                made[ours:ours_end], expected[theirs:theirs_end], strict=True
            ):
                yield from _segment(line, wanted, name)
            continue
        for at in range(ours, ours_end):
            yield f"segment {at + 1} is {made[at][0]}, which is not expected there"
        for at in range(theirs, theirs_end):
            yield f"the segment {expected[at][0]} is missing: {shown(_said(expected[at], name))}"


def _said(segment: list[str], name: Callable[[str, int], str]) -> str:
    separator = "|" if name is _field else "*"
    return separator.join([segment[0], *segment[2 if segment[0] == "MSH" else 1 :]])


def _segment(
    made: list[str], expected: list[str], name: Callable[[str, int], str]
) -> Iterator[str]:
    for number in range(1, max(len(made), len(expected))):
        mine = made[number] if number < len(made) else ""
        wanted = expected[number] if number < len(expected) else ""
        if mine != wanted:
            yield f"{name(made[0], number)} is {shown(mine)}, expected {shown(wanted)}"
