"""What a mistake offers to write: the word that was probably meant, the value as it stands, a value of a type."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any, Literal

import msgspec

from engine.placed import Items, Node, Record, Scalar
from engine.shapes import bare, choices_of, fields_of

_SECRET = re.compile(
    r"pass?w|phrase|secr|token$|bea?r|baer|credential|^api.?key|^key$", re.IGNORECASE
)

_EXAMPLES = {
    "port": "2575",
    "host": "10.0.0.5",
    "url": "https://erp.example.org/postings",
    "folder": "data/out",
    "format": "hl7v2",
    "encoding": "iso-8859-1",
}


#: Words among which one that is near is looked for, and that are listed: more would take long, and nobody reads them.
MOST = 500


#: Words of other tools, and what they are called here.
_CALLED = {"delimiter": "separator"}


def nearest(word: str, words: Iterable[str]) -> str:
    """The known word that was probably meant; empty where none is near."""
    known = list(words)
    if len(known) > MOST:
        return ""
    lower = {name.lower(): name for name in known}
    if (called := _CALLED.get(word.lower())) in lower:
        return lower[called]
    found = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    begun = [name for name in lower if len(word) > 2 and name.startswith(word.lower())]
    return lower[(found or begun)[0]] if found or begun else ""


def meant(word: str, words: Collection[str]) -> str:
    """
    The end of a sentence about an unknown word.

    >>> meant("atempts", ["attempts", "jitter"]), meant("foo", ["b", "a"]), meant("foo", [])
    ("; did you mean 'attempts'?", '; there is a, b', '')
    """
    if near := nearest(word, words):
        return f"; did you mean '{near}'?"
    if len(words) > MOST:
        return f"; there are {len(words)} others"
    only = "only " if len(words) == 1 else ""
    return f"; there is {only}{', '.join(sorted(words))}" if words else ""


def written(node: Node, key: str = "") -> str:
    """
    A value on one line as it may be written; empty where it is too long for that. What stands under a key that
    sounds like a secret's is not shown: mistakes are printed and logged.
    """
    if not isinstance(node, Record) and _SECRET.search(key):
        return "{env: NAME}"
    if isinstance(node, Scalar):
        text = f'"{node.text}"' if node.style == "quoted" else node.text
        return text if "\n" not in text and len(text) < 60 else ""
    if isinstance(node, Items):
        parts = [written(item) for item in node.items]
        return f"[{', '.join(parts)}]" if all(parts) and len(parts) < 5 else ""
    pairs = [(name, written(value, name)) for name, value in node.entries.items()]
    inner = ", ".join(f"{name}: {value}" for name, value in pairs)
    return f"{{{inner}}}" if all(value for _, value in pairs) and len(inner) < 70 else ""


def example(kind: Any, name: str = "") -> str:
    """A value of a type, for people."""
    if name in _EXAMPLES:
        return _EXAMPLES[name]
    kind = bare((choices_of(kind) or [kind])[0])
    if isinstance(kind, type):
        return _example_of(kind)
    origin = typing.get_origin(kind)
    if origin is Literal:
        return str(typing.get_args(kind)[0])
    return "{name: value}" if origin is dict else f"[{example(typing.get_args(kind)[0])}]"


def _example_of(kind: type) -> str:
    if hasattr(kind, "example"):
        return str(kind.example)
    if kind is Record:
        return "{name: value}"
    if issubclass(kind, msgspec.Struct):
        fields = list(fields_of(kind).values())
        shown = [field for field in fields if field.required] or fields[:1]
        pairs = [f"{field.encode_name}: {example(field.type, field.name)}" for field in shown]
        return f"{{{', '.join(pairs)}}}"
    if kind is bool:
        return "true"
    return "10" if kind in (int, float, Decimal) else "text"
