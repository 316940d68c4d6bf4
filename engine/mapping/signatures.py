"""
What a function takes and gives, read once from its annotations; so that a wrong call fails at load.

`str Decimal bool Moment bytes list[Any] Any` are the kinds. Besides:

    Whole      a whole number
    Pattern    a regular expression, written as a constant and compiled at load
    Zone       a time zone by name; the place's own zone where it is not given
    Each       evaluated for each item of the first argument, with the item at hand
    Same       of the kind of the first argument's items
    Now        a moment; the moment of planning where it is not given
    Form       how a moment is written, checked at load
    Least      how much of a moment must be known: hour, day, checked at load
    Reason     a reason code, written as a constant
    Words      a sentence, written as a constant, so that it can hold no value of a message
    Codes      a code table

`otherwise=` is what a conversion gives in place of an error. A parameter with `| None` takes nothing as it is; a call
with nothing for any other gives nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgspec

from engine.mapping.values import DAY, HOUR, MINUTE, MONTH, SECOND, YEAR, Moment

Whole = Annotated[int, "whole"]
Pattern = Annotated[Any, "pattern"]
Zone = Annotated[ZoneInfo, "zone"]
Each = Annotated[list[Any] | None, "each"]
Same = Annotated[Any, "same"]
Now = Annotated[Moment, "now"]
Form = Annotated[str, "form"]
Least = Annotated[str, "least"]
Reason = Annotated[str, "reason"]
Words = Annotated[str, "words"]
Codes = Annotated[Mapping[str, str], "codes"]

#: How much of a moment is known, by the words for it.
PRECISIONS = {
    "year": YEAR,
    "month": MONTH,
    "day": DAY,
    "hour": HOUR,
    "minute": MINUTE,
    "second": SECOND,
}
_KINDS: dict[Any, str] = {
    str: "text",
    Decimal: "number",
    bool: "truth",
    Moment: "moment",
    bytes: "bytes",
    list: "list",
}


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One argument."""

    name: str
    kind: str
    """text, number, truth, moment, bytes, list, any, or one of the special ones above."""
    required: bool
    default: Any = None
    named: bool = False
    """Whether it is given by name only."""
    variadic: bool = False
    nothing: bool = False
    """Whether nothing is handed over instead of deciding the call."""


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One function."""

    name: str
    run: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    gives: str
    """Kind of the result, or of its items: `same` = as the first argument's."""
    many: bool
    """Whether the result is a list."""
    otherwise: bool
    """Whether `otherwise=` may be given."""

    def shown(self) -> str:
        """How it is called, for people."""
        said = []
        for parameter in self.parameters:
            text = f"{parameter.name}=" if parameter.named else parameter.name
            text = f"{text}..." if parameter.variadic or parameter.named else text
            said.append(text if parameter.required else f"[{text}]")
        if self.otherwise:
            said.append("[otherwise=...]")
        return f"{self.name}({', '.join(said)})"


def read(name: str, function: Callable[..., Any]) -> Signature:
    """The signature of a function, from its annotations."""
    hints = get_type_hints(function, include_extras=True)
    parameters = []
    otherwise = False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "otherwise":
            otherwise = True
            continue
        kind, many, nothing = _kind(hints[parameter.name])
        kind = "list" if many else kind
        variadic = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        empty = parameter.default is inspect.Parameter.empty
        parameters.append(
            Parameter(
                name=parameter.name.rstrip("_"),
                kind=kind,
                required=empty and not variadic and kind != "now",
                default=None if empty else parameter.default,
                named=parameter.kind is inspect.Parameter.KEYWORD_ONLY,
                variadic=variadic,
                nothing=nothing,
            )
        )
    gives, many, _ = _kind(hints["return"])
    return Signature(
        name=name,
        run=function,
        parameters=tuple(parameters),
        gives=gives,
        many=many,
        otherwise=otherwise,
    )


def _kind(hint: Any) -> tuple[str, bool, bool]:
    """Kind, whether it is a list, whether nothing is taken."""
    if get_origin(hint) is Annotated:
        base, tag = get_args(hint)[:2]
        return str(tag), False, tag == "each" or base is NoneType
    if get_origin(hint) in (Union, UnionType):
        inner = [each for each in get_args(hint) if each is not NoneType]
        kind, many, _ = _kind(inner[0])
        return kind, many, True
    if get_origin(hint) is list:
        return _kind(get_args(hint)[0])[0], True, False
    return _KINDS.get(hint, "any"), hint is list, False
