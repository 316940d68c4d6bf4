"""Reads what stands in the code: the string below each field is the field's documentation."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

import msgspec


@cache
def docstrings(struct: type) -> dict[str, str]:
    """
    The string below each field of a struct, those it inherits included.

    >>> from engine.retry import Retry
    >>> docstrings(Retry)["longest_wait"]
    'Longest wait between two attempts.'
    """
    found: dict[str, str] = {}
    for each in reversed(struct.__mro__):
        if issubclass(each, msgspec.Struct) and each is not msgspec.Struct:
            found.update(_own(each))
    return found


def _own(struct: type) -> Iterator[tuple[str, str]]:
    body = _bodies(struct.__module__)[struct.__name__]
    for here, after in pairwise(body):
        match here, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(text.split())


@lru_cache(maxsize=8)
def _bodies(module: str) -> dict[str, list[ast.stmt]]:
    """What stands in each class of a module."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node.body for node in tree.body if isinstance(node, ast.ClassDef)}


def classes_in(struct: type) -> list[type]:
    """The struct and every struct that its fields hold, each once, in the order they are met."""
    found: dict[type, None] = {}
    _collect(msgspec.inspect.type_info(struct), found)
    return list(found)


def _collect(type_: Any, found: dict[type, None]) -> None:
    match type_:
        case msgspec.inspect.StructType(cls=struct, fields=fields):
            if struct not in found:
                found[struct] = None
                for field in fields:
                    _collect(field.type, found)
        case msgspec.inspect.Metadata(type=inner):
            _collect(inner, found)
        case msgspec.inspect.UnionType(types=types):
            for inner in types:
                _collect(inner, found)
        case (
            msgspec.inspect.VarTupleType(item_type=inner)
            | msgspec.inspect.ListType(item_type=inner)
        ):
            _collect(inner, found)


def member_comments(enumeration: type) -> Iterator[tuple[str, str]]:
    """The value of each member of an enumeration with the `#:` comment beside it."""
    for line in inspect.getsource(enumeration).splitlines():
        head, mark, text = line.partition("#:")
        if mark and "=" in head:
            yield head.partition("=")[2].strip().strip('"'), text.strip()
