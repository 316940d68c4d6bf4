"""`sequence("po_file", by=partner, width=4, reset="daily")`: numbers without gaps, each given out once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.effects import Numbered
from engine.formats import NULL, Scope
from engine.mapping import operators
from engine.mapping.forms import Call
from engine.mapping.forms.keys import SEPARATOR, part
from engine.mapping.language import Language, Term, Wrong, refuse, suggestion
from engine.message import Facts

#: Periods, and how much of the ISO date names one.
PERIODS = {"never": 0, "daily": 10, "monthly": 7, "yearly": 4}
#: Widest number.
WIDEST = 18


def sequence(call: Call, language: Language) -> Term:
    """
    The next number of a sequence as text, filled up with zeros to a width; a longer number stays as it is.

    `by` counts each value on its own, `reset` begins at 1 again each day, month or year of the zone. Where `by` is
    nothing there is no number. MessageError where no numbers can be had.
    """
    call.in_brackets()
    call.only(("by", "width", "reset"))
    if len(call.given.positional) != 1:
        raise call.wrong("'sequence' takes its name; everything else is given by name")
    (term,) = call.given.positional
    name = call.fixed(term, "the name of a sequence")
    if SEPARATOR in name:
        raise Wrong(term.offset, "the name of a sequence has letters, digits and _")
    given = call.given.named
    by = part(given["by"], "'by='") if "by" in given else None
    language.tables.sequences.add(name)
    width = _width(given.get("width"))
    run = _numbering(name, by, width, _period(call), ZoneInfo(language.zone))
    terms = [given["by"]] if "by" in given else []
    found = operators.combined(run, "text", call.start, terms)
    found.constant, found.reads = False, None
    return found


def _width(term: Term | None) -> int:
    if term is None:
        return 0
    value = term.value() if term.constant else None
    if not isinstance(value, Decimal) or value not in range(1, WIDEST + 1):
        raise Wrong(term.offset, f"'width=' is a number from 1 to {WIDEST}", "width=4")
    return int(value)


def _period(call: Call) -> int:
    term = call.given.named.get("reset")
    if term is None:
        return 0
    said = call.fixed(term, "'reset='")
    if said not in PERIODS:
        near = suggestion(said, list(PERIODS)) or f"; it is {', '.join(PERIODS)}"
        raise Wrong(term.offset, f"a sequence is not reset '{said}'{near}", 'reset="daily"')
    return PERIODS[said]


def _numbering(name: str, by: Any, width: int, period: int, zone: ZoneInfo) -> Any:
    def run(scope: Scope) -> str | None:
        facts: Facts = scope.context
        whose = "" if by is None else by(scope)
        if whose is None or whose is NULL:
            return None
        numbers = facts.context.numbers
        if numbers is None:
            refuse(
                "bad_value", f"no numbers are given out here, so the sequence '{name}' has none"
            )
        day = datetime.fromtimestamp(facts.context.now, zone).date().isoformat()
        counter = SEPARATOR.join((name, whose, day[:period]))
        number = numbers.next(counter)
        facts.notes.numbers.append(Numbered(sequence=counter, value=number))
        return str(number).zfill(width)

    return run
