"""Units of a pack hierarchy: 1 case of 10 boxes of 100 is 1000 pieces, and what nobody said is never taken for 1."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, DecimalException
from typing import Any

import msgspec

from engine.mapping.values import ARITHMETIC, Missed, Unreadable

#: `CS = 10 BX`.
_PACK = re.compile(r"\s*([^\s=]+)\s*=\s*(\d{1,12}(?:\.\d{1,6})?)\s*([^\s=]+)\s*")


def in_unit(quantity: Decimal, unit: str, wanted: str, packs: Any) -> Decimal:
    """
    A quantity in another unit of the same item; `packs` is text (`CS = 10 BX, BX = 100 EA`) or the packagings of an Item.

    A packaging without `of` holds so many of the unit that no packaging is named by. A unit that the packs do not lead
    to is a code that its table does not have, never 1.

    >>> in_unit(Decimal(1), "CS", "EA", "CS = 10 BX, BX = 100 EA")
    Decimal('1000')
    """
    if unit == wanted:
        return quantity
    holds = dict(_packs(packs))
    of_one, of_other = _factors(unit, holds), _factors(wanted, holds)
    try:
        for smaller, factor in of_one.items():
            if smaller in of_other:
                many = ARITHMETIC.multiply(quantity, factor)
                return _plain(ARITHMETIC.divide(many, of_other[smaller]))
    except DecimalException:
        raise Unreadable("too large, or a packaging that holds nothing") from None
    raise Missed("no packaging leads from the one unit to the other")


def _plain(number: Decimal) -> Decimal:
    """
    Without an exponent and without zeros at the end.

    >>> _plain(Decimal("1.0E+3")), _plain(Decimal("0.50"))
    (Decimal('1000'), Decimal('0.5'))
    """
    plain = number.normalize(ARITHMETIC)
    return (
        ARITHMETIC.quantize(plain, Decimal(1)) if plain == plain.to_integral_value() else plain
    )


def _factors(unit: str, holds: dict[str, tuple[Decimal, str]]) -> dict[str, Decimal]:
    """The unit itself and every smaller one it holds, with how many of them."""
    found = {unit: Decimal(1)}
    while unit in holds:
        factor, smaller = holds[unit]
        if smaller in found:
            raise Unreadable("a packaging holds itself")
        found[smaller] = ARITHMETIC.multiply(found[unit], factor)
        unit = smaller
    return found


def _packs(packs: Any) -> Iterator[tuple[str, tuple[Decimal, str]]]:
    """Each unit with how many it holds of which smaller one."""
    if isinstance(packs, str):
        for part in re.split(r"[,;]", packs):
            found = _PACK.fullmatch(part)
            if found is None:
                raise Unreadable("packs are written as `CS = 10 BX, BX = 100 EA`")
            yield found[1], (Decimal(found[2]), found[3])
    elif isinstance(packs, Iterable):
        for pack in packs:
            yield _pack(pack)
    else:
        raise Unreadable("packs are text or a list of packagings")


def _pack(pack: Any) -> tuple[str, tuple[Decimal, str]]:
    said = msgspec.structs.asdict(pack) if isinstance(pack, msgspec.Struct) else pack
    if not isinstance(said, dict) or not isinstance(said.get("unit"), str):
        raise Unreadable("a packaging names its unit")
    smaller = said.get("of")
    many = said.get("contains") if smaller else said.get("holds")
    if not isinstance(many, Decimal | int):
        raise Unreadable("a packaging says how many it holds, as a number")
    return said["unit"], (Decimal(many), smaller or "")
