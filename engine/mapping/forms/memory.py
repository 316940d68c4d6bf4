"""`recall("visit", ORC-4.1).class` and `changed("visit")`: what earlier messages left (`remember:` of a channel)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from engine.effects import Memory, Remembered
from engine.formats import NULL, Scope
from engine.mapping import operators
from engine.mapping.forms import Call, facts_of
from engine.mapping.forms.keys import SEPARATOR, part
from engine.mapping.language import Language, Term, Wrong, nearest, refuse, suggestion

_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def recall(call: Call, language: Language) -> Term:
    """
    The record remembered under a key, or nothing; its fields stand behind a dot.

    Nothing too where a part of the key is nothing. MessageError where nothing can be recalled at all.
    """
    call.in_brackets()
    call.only(())
    name = _name(call, language.memories, "no channel here remembers")
    terms = call.given.positional[1:]
    if not terms:
        raise call.wrong("'recall' takes the memory's name and the key")
    parts = tuple(part(term, "a part of the key") for term in terms)
    language.tables.recalls.add(name)

    def run(scope: Scope) -> Any:
        said = [read(scope) for read in parts]
        if None in said or NULL in said:
            return None
        return _memory(scope, name).recall(name, SEPARATOR.join(said))

    found = operators.combined(run, "record", call.start, terms)
    found.constant, found.reads = False, None
    if isinstance(language.memories, Mapping):
        found.names = tuple(language.memories[name])
    return found


def changed(call: Call, language: Language) -> Term:
    """
    Whether what this message would remember differs from what is known; true the first time.

    False where it would remember nothing (its `when` does not hold, or its key is nothing).
    """
    call.in_brackets()
    call.only(())
    if len(call.given.positional) != 1:
        raise call.wrong("'changed' takes the memory's name")
    known = language.memories if language.remembers is None else language.remembers
    name = _name(call, known, "this channel does not remember")
    language.tables.changes.add(name)

    def run(scope: Scope) -> bool:
        remembered = facts_of(scope).notes.remembers.get(name)
        if remembered is None:
            return False
        return differs(remembered, _memory(scope, name).recall(name, remembered.key))

    return Term(run=run, kind="truth", offset=call.start)


def differs(remembered: Remembered, known: dict[str, Any] | None) -> bool:
    """
    Whether a record to remember says something else than the one that is known.

    >>> visit = Remembered(name="visit", key="V1", value=b'{"class":"I","days":2}', until=0.0)
    >>> differs(visit, None), differs(visit, {"class": "I", "days": Decimal(2)}), differs(visit, {"class": "O"})
    (True, False, True)
    """
    new = None if remembered.value is None else _DECODER.decode(remembered.value)
    return bool(new != known)


def _name(call: Call, known: Collection[str] | None, problem: str) -> str:
    if not call.given.positional:
        raise call.wrong(f"'{call.name}' takes the memory's name")
    term = call.given.positional[0]
    name = call.fixed(term, "the name of a memory")
    if known is None:
        raise Wrong(
            call.start,
            f"'{call.name}' cannot be used here: nothing is remembered at this place",
        )
    if name not in known:
        near = suggestion(name, list(known))
        write = f"remember: {{{name}: {{key: ..., fields: {{...}}, for: 400d}}}}"
        if near:
            write = f'{call.name}("{nearest(name, list(known))}"' + (
                ", ...)" if call.name == "recall" else ")"
            )
        says = near or "; write it into 'remember:' of a channel"
        raise Wrong(term.offset, f"{problem} '{name}'{says}", write)
    return name


def _memory(scope: Scope, name: str) -> Memory:
    memory = facts_of(scope).context.memory
    if memory is None:
        refuse("bad_value", f"there is no memory here, so '{name}' cannot be asked")
    return memory
