"""From placed values to settings: every setting is read by its type, every mistake names its value's place."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any, Literal

import msgspec
from msgspec.structs import FieldInfo

from engine.hints import example, meant, nearest, written
from engine.placed import Items, Mistakes, Node, Place, Record, Scalar
from engine.shapes import bare, choices_of, fields_of, fits, hole_of, required

#: Compiles a text with holes: (text, how a hole is made safe, name of the setting) -> the text where it is constant,
#: None where it is filled for every message (or has mistakes).
Holes = Callable[[Scalar, str, str], str | None]

#: What no value is: distinct from None, which some settings allow.
WRONG: Any = object()

_NUMBERS = {
    int: re.compile(r"-?([0-9]{1,18})"),
    float: re.compile(r"-?([0-9]{1,18})(\.[0-9]+)?"),
    Decimal: re.compile(r"-?([0-9]{1,18})(\.[0-9]+)?"),
}
_BOOLEANS = {
    "yes": "true",
    "on": "true",
    "y": "true",
    "no": "false",
    "off": "false",
    "n": "false",
}


class Converter:
    """Reads settings. `holes` is called for texts that are filled for every message."""

    def __init__(self, mistakes: Mistakes, holes: Holes | None = None) -> None:
        self.mistakes, self.holes = mistakes, holes

    def read(self, node: Node, kind: Any, name: str = "") -> Any:
        """The value, or WRONG where mistakes were noted. `name` is the setting's, dotted below the root."""
        if kind in (Record, Items, Scalar, Node):
            return self._node(node, kind)
        if kind is Any:
            return node
        if isinstance(kind, type):
            return self._read(node, kind, kind, name)
        if choices := choices_of(kind):
            return self._choice(node, kind, choices, name)
        inner = bare(kind)
        value = self._read(node, kind, inner, name)
        return (
            value if value is WRONG or inner is kind else self._bounds(node, value, kind, name)
        )

    def _read(self, node: Node, kind: Any, inner: Any, name: str) -> Any:
        origin = typing.get_origin(inner)
        if origin in (list, tuple, frozenset, set):
            return self._list(node, inner, origin, name)
        if origin is dict:
            return self._dict(node, inner, name)
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            return self.struct(node, inner, name)
        return self._scalar(node, kind, inner, name)

    def _node(self, node: Node, kind: Any) -> Any:
        if kind is Node or isinstance(node, kind):
            return node
        said = {Record: "keys and values", Items: "a list", Scalar: "one value"}[kind]
        return self.wrong(
            node, f"{said} stand here" if kind is Record else f"{said} stands here"
        )

    def wrong(self, at: Node | Place, problem: str, write: str = "", path: str = "") -> Any:
        """Note a mistake; WRONG."""
        self.mistakes.add(at, problem, write, path=path)
        return WRONG

    # -- groups -----------------------------------------------------------------------------------------

    def struct(self, node: Node, kind: type[msgspec.Struct], name: str = "") -> Any:
        """A struct from a record, field by field; what __post_init__ refuses becomes a mistake."""
        if isinstance(node, Scalar) and hasattr(kind, "read"):
            return self._typed(node, kind, name)
        fields = fields_of(kind)
        last = name.rpartition(".")[2]
        if isinstance(node, Scalar) and node.text == "" and not required(kind):
            return kind()
        if not isinstance(node, Record):
            return self.wrong(
                node,
                "settings stand here, each with its name, a colon and a value",
                f"{last}: {example(kind)}" if last else "",
            )
        values = self._values(node, fields, name)
        if values is None:
            return WRONG
        try:
            return kind(**values)
        except ValueError as error:
            return self._refused(node, fields, str(error))

    def _values(
        self, node: Record, fields: dict[str, FieldInfo], name: str
    ) -> dict[str, Any] | None:
        """The fields that are given; None where one is wrong, unknown or missing."""
        values: dict[str, Any] = {}
        sound = self.unknown(node, fields)
        for key, value in node.entries.items():
            if (field := fields.get(key)) is not None:
                inner = f"{name}.{key}" if name else key
                values[field.name] = self.read(value, field.type, inner)
        misspelt = {nearest(key, fields) for key in node.entries if key not in fields}
        for key, field in fields.items():
            if field.required and key not in node.entries:
                sound = False
                if key not in misspelt:
                    self.missing(node, key, example(field.type, field.name))
        return values if sound and not any(v is WRONG for v in values.values()) else None

    def _refused(self, node: Record, fields: dict[str, FieldInfo], problem: str) -> Any:
        """Place what a struct said about its values: on the value, where the sentence begins with its name or quotes it."""
        words = [
            problem.split(" ", 1)[0].strip("'\"`:,"),
            *re.findall(r"['`](\w+)['`]", problem),
        ]
        first = next((word for word in words if word in fields and word in node.entries), "")
        at: Node = node.entries.get(first, node)
        return self.wrong(at, problem.removeprefix(f"{first}: ").rstrip("."))

    def missing(self, record: Record, key: str, write: str) -> None:
        """Note that a required key is not there."""
        last = record.place.path.rpartition(".")[2]
        inside = f" in '{last}'" if last else ""
        self.mistakes.add(record, f"'{key}' is missing{inside}", f"{key}: {write}")

    def unknown(self, record: Record, known: Collection[str], what: str = "setting") -> bool:
        """Note every key that is not known, with the one that was probably meant; whether all are known."""
        sound = True
        for key, place in record.keys.items():
            if key in known:
                continue
            sound = False
            near = nearest(key, known)
            shown = written(record.entries[key], key)
            write = f"{near}: {shown}" if near and shown else ""
            self.mistakes.add(
                place, f"there is no {what} '{key}' here{meant(key, known)}", write
            )
        return sound

    def _list(self, node: Node, kind: Any, origin: Any, name: str) -> Any:
        inner = typing.get_args(kind)[0]
        if not isinstance(node, Items):
            shown = written(node) or example(inner)
            return self.wrong(
                node, "a list stands here", f"{name.rpartition('.')[2]}: [{shown}]"
            )
        values = [self.read(item, inner, f"{name}.{at}") for at, item in enumerate(node.items)]
        return WRONG if any(value is WRONG for value in values) else origin(values)

    def _dict(self, node: Node, kind: Any, name: str) -> Any:
        names, inner = typing.get_args(kind)
        if not isinstance(node, Record):
            last = name.rpartition(".")[2]
            problem = "names and values stand here"
            return self.wrong(node, problem, f"{last}: {{name: {example(inner)}}}")
        sound = names is str or self.unknown(
            node, [str(word) for word in typing.get_args(names)]
        )
        values = {
            key: self.read(value, inner, f"{name}.{key}") for key, value in node.entries.items()
        }
        return values if sound and WRONG not in values.values() else WRONG

    def _choice(self, node: Node, kind: Any, choices: list[Any], name: str) -> Any:
        """A value of one of several types: the first whose shape the written value has."""
        nothing = type(None) in typing.get_args(bare(kind))
        empty = isinstance(node, Scalar) and node.style == "plain"
        if (
            nothing
            and empty
            and isinstance(node, Scalar)
            and node.text in ("", "~", "null", "none")
        ):
            return None
        return self.read(node, next((c for c in choices if fits(node, c)), choices[0]), name)

    # -- single values ----------------------------------------------------------------------------------

    def _scalar(self, node: Node, kind: Any, inner: Any, name: str) -> Any:
        last = name.rpartition(".")[2]
        if not isinstance(node, Scalar) or _empty(node):
            empty = isinstance(node, Scalar)
            problem = f"'{last}' has no value" if empty else "one value stands here"
            return self.wrong(node, problem, _right(last, kind))
        if inner is str:
            return self._text(node, kind, name)
        if inner in (int, float, Decimal):
            return self._number(node, inner, last)
        if inner is bool:
            return self._truth(node, last)
        if typing.get_origin(inner) is Literal:
            return self._word(node, [str(word) for word in typing.get_args(inner)], last)
        return self._typed(node, inner, name)

    def _text(self, node: Scalar, kind: Any, name: str) -> Any:
        how = hole_of(kind)
        if how and self.holes is not None:
            filled = self.holes(node, how, name)
            return node.text if filled is None else filled
        return node.text

    def _word(self, node: Scalar, words: list[str], last: str) -> Any:
        if node.text in words:
            return node.text
        near = nearest(node.text, words)
        problem = f"'{node.text}' is none of {', '.join(words)}"
        return self.wrong(
            node,
            problem + (f"; did you mean '{near}'?" if near else ""),
            _said(last, near or words[0]),
        )

    def _truth(self, node: Scalar, last: str) -> Any:
        if node.style == "plain" and node.text in ("true", "false"):
            return node.text == "true"
        lower = node.text.lower()
        value = _BOOLEANS.get(lower, lower if lower in ("true", "false") else "true")
        shown = written(node) if _in_quotes(node) else f"'{node.text}'"
        problem = f"{shown} is not a truth value, which is written true or false"
        return self.wrong(node, problem, f"{last}: {value}")

    def _number(self, node: Scalar, kind: Any, last: str) -> Any:
        text, what = node.text, "a whole number" if kind is int else "a number"
        right = _NUMBERS[kind].fullmatch(text)
        if _in_quotes(node):
            problem = f"{written(node)} is text; {what} stands without quotes"
            return self.wrong(node, problem, f"{last}: {text}" if right else _right(last, kind))
        if right is None:
            return self.wrong(node, f"'{text}' is not {what}", _right(last, kind))
        if right[1] != "0" and right[1].startswith("0"):
            problem = (
                f"'{text}' begins with a zero, which some readers take for an octal number"
            )
            return self.wrong(node, problem, f"{last}: {text.lstrip('0') or '0'}")
        if last == "port" and not 0 <= int(text) <= 65535:
            problem = f"{text} is no TCP port; they go from 1 to 65535"
            return self.wrong(node, problem, _right(last, kind))
        return kind(text)

    def _typed(self, node: Scalar, kind: Any, name: str) -> Any:
        """A type that reads itself: its ValueError says what was expected."""
        last = name.rpartition(".")[2]
        try:
            return kind.read(node.text)
        except ValueError as error:
            expected = str(error)
        shown = "" if getattr(kind, "hides", False) else f"'{node.text}' is not "
        write = kind.mend(node.text) if hasattr(kind, "mend") else example(kind)
        return self.wrong(node, f"{shown}{expected}", _said(last, write))

    def _bounds(self, node: Node, value: Any, kind: Any, name: str) -> Any:
        """What `msgspec.Meta` demands of a value."""
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            said = str(error).replace("Expected `", "`").replace("`", "")
            last = name.rpartition(".")[2]
            return self.wrong(
                node,
                f"{written(node)} is out of range; expected {said}",
                f"{last}: {example(kind, last)}",
            )
        return value


def _in_quotes(node: Scalar) -> bool:
    """Whether it is written in quotes; a word that a template's parameter gives is a text without them."""
    return node.style == "quoted" and not node.filled


def _empty(node: Scalar) -> bool:
    return node.style == "plain" and node.text in ("", "~", "null")


def _said(name: str, value: str) -> str:
    """A setting with its value; of an item of a list the value alone."""
    return value if name.isdigit() else f"{name}: {value}"


def _right(name: str, kind: Any) -> str:
    """A setting with a value of its type."""
    return f"{name}: {example(kind, name)}" if name and not name.isdigit() else ""
