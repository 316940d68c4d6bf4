"""Fields of fixed width: what stands in them, read and written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec

from engine.errors import MessageError
from engine.formats.fixed import cobol, dates

Type = Literal["text", "number", "packed", "zoned", "binary", "date", "filler"]
Sign = Literal["none", "leading", "trailing", "overpunch"]


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of a record."""

    length: int
    """How many characters it has; bytes where records are found by their length."""
    at: int = 0
    """Where it begins, from 1; without it right behind the field before."""
    type: Type = "text"
    """`text`, `number` (digits), `packed` (COMP-3), `zoned` (the sign in the last digit), `binary` (COMP), `date`, or `filler`: nothing that anybody reads."""
    decimals: int = 0
    """How many of the digits stand behind a decimal point that is not written."""
    sign: Sign = "none"
    """Where a number has its sign: `none`, `leading`, `trailing`, `overpunch` (in the last digit)."""
    format: str = ""
    """What a date looks like: `"%Y%m%d"`. All zeros or blanks are nothing."""
    align: Literal["", "left", "right"] = ""
    """Where a shorter value stands when it is written; without it text stands left and a number right."""
    fill: str = ""
    """What fills the rest when it is written: one character; without it a blank, in front of a number a zero."""

    @property
    def numeric(self) -> bool:
        """Whether its value is a number."""
        return self.type in ("number", "packed", "zoned", "binary")

    @property
    def raw(self) -> bool:
        """Whether its bytes are no text."""
        return self.type in ("packed", "binary")

    @property
    def overpunched(self) -> bool:
        """Whether its last digit carries the sign."""
        return self.type == "zoned" or self.sign == "overpunch"


def problem(field: Field) -> tuple[str, str] | None:
    """The key of a field that cannot work, and why."""
    if not 1 <= field.length <= 100_000:
        return "length", "a field has at least one character"
    if field.at < 0:
        return "at", "the first character of a record is number 1"
    if (field.decimals or field.sign != "none") and not field.numeric:
        key = "decimals" if field.decimals else "sign"
        return key, "only a number has it; write   type: number"
    if not 0 <= field.decimals <= 30:
        return "decimals", "a number has 0 to 30 decimals"
    if len(field.fill) > 1:
        return "fill", "one character fills the rest"
    return _date_problem(field)


def _date_problem(field: Field) -> tuple[str, str] | None:
    if field.type == "date":
        if problem := dates.problem(field.format):
            return "format", f'{problem}: format: "%Y%m%d"'
    elif field.format:
        return "format", "only a date has it; write   type: date"
    if field.type == "binary" and field.length > 8:
        return "length", "a binary number has at most 8 bytes"
    return None


def kind(field: Field) -> str:
    """The static type of its value. A date with a time has no zone: it is text until `| datetime` gives it one."""
    if field.numeric:
        return "number"
    return "moment" if field.type == "date" and not dates.timed(field.format) else "text"


def reads(name: str, field: Field, blank: bytes, trim: bool) -> Callable[[Any], Any] | None:
    """What makes its value of what stands there; None where that is the text itself."""
    if field.type == "packed":
        return lambda raw: cobol.packed(raw, field.decimals, blank, name)
    if field.type == "binary":
        return lambda raw: cobol.binary(raw, field.decimals)
    if field.numeric:
        return lambda text: cobol.digits(text, field.decimals, field.overpunched, name)
    if field.type == "date":
        return lambda text: _date(text, field, name)
    return (lambda text: text.strip() or None) if trim else None


def _date(text: str, field: Field, name: str) -> str | None:
    said = text.strip()
    if not said.strip("0"):
        return None
    try:
        found = dates.read(said, field.format)
    except ValueError:
        raise MessageError("bad_value", f"it is not of the form {field.format}", name) from None
    return found.isoformat() if dates.timed(field.format) else found.date().isoformat()


def write(value: str, name: str, field: Field) -> str | bytes:
    """A value as it stands in its field: text of the field's length, or bytes; MessageError names the field."""
    if field.type == "date" and value:
        value = _dated(value, field, name)
    if field.numeric:
        amount = _amount(value, name) if value else None
        if field.type == "packed":
            return cobol.pack(amount, field.length, field.decimals, name)
        if field.type == "binary":
            return cobol.to_binary(amount, field.length, field.decimals, name)
        if amount is not None:
            sign, fill = _sign(field), field.fill or "0"
            return cobol.written(amount, field.length, field.decimals, sign, name, fill)
    if len(value) > field.length:
        rule = f"it has more than {field.length} characters"
        raise MessageError("bad_value", rule, name)
    if "\n" in value or "\r" in value:
        raise MessageError("bad_value", "a line break stands in it", name)
    fill = (field.fill or " ") if value else " "
    right = field.align == "right"
    return value.rjust(field.length, fill) if right else value.ljust(field.length, fill)


def _sign(field: Field) -> str:
    return "overpunch" if field.overpunched else field.sign


def _amount(value: str, name: str) -> Decimal:
    try:
        found = Decimal(value)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise MessageError("bad_value", "it is not a number", name)
    return found


def _dated(value: str, field: Field, name: str) -> str:
    """A date as its field has it: given in ISO 8601, or as it is written."""
    try:
        return dates.write(datetime.fromisoformat(value), field.format)
    except ValueError:
        pass
    try:
        dates.read(value, field.format)
    except ValueError:
        rule = f"it is neither a date nor of the form {field.format}"
        raise MessageError("bad_value", rule, name) from None
    return value
