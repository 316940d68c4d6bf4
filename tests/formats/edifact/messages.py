"""Synthetic interchanges, and paths as the mapping language compiles them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from engine.formats import Reading, Scope, Shape, edifact

READING = Reading()
SHAPE = Shape(format="edifact")
#: An order in the usual characters of a French partner: decimal comma, line breaks, released characters.
ORDER = (
    "UNA:+,? '\r\n"
    "UNB+UNOC:3+5412345000013:14+4012345000094:14+261121:1130+REF1++ORDERS++1++1'\r\n"
    "UNH+ME001+ORDERS:D:96A:UN:EAN008'\r\n"
    "BGM+220+PO4711+9'\r\n"
    "DTM+137:20261121:102'\r\n"
    "RFF+CT:C-99'\r\n"
    "NAD+BY+5412345000013::9++St. Mary?'s Hôpital'\r\n"
    "RFF+VA:BE123'\r\n"
    "NAD+SU+4012345000009::9'\r\n"
    "CUX+2:EUR:9'\r\n"
    "LIN+1++4000862141404:SRV'\r\n"
    "PIA+5+ABC5343:SA+B-77:IN'\r\n"
    "IMD+F++:::Gloves 5?+5 ?: which??'\r\n"
    "QTY+21:48'\r\n"
    "PRI+AAA:12,50'\r\n"
    "RFF+ON:X1'\r\n"
    "LIN+2++4000862141411:SRV'\r\n"
    "QTY+21:2,5'\r\n"
    "UNS+S'\r\n"
    "MOA+79:605,00'\r\n"
    "CNT+2:2'\r\n"
    "UNT+20+ME001'\r\n"
    "UNZ+1+REF1'\r\n"
).encode("iso8859-1")
#: Syntax version 4: no UNA, repetitions, four digits of the year, two messages in a group.
GROUPED = (
    b"UNB+UNOW:4+A+B+20261121:1130+77'UNG+INVOIC+US+THEM+261121:1130+5+UN+D:01B'"
    b"UNH+1+INVOIC:D:01B:UN'BGM+380+R-1'DTM+137:20261121:102'NAD+SU+S1::91'CTA+IC'"
    b"COM+a@b.example:EM*123:TE'LIN+1++X:SA'UNS+S'MOA+77:5'UNT+10+1'"
    b"UNH+2+INVOIC:D:01B:UN'BGM+380+R-2'DTM+137:20261121:102'UNS+S'MOA+77:6'UNT+6+2'"
    b"UNE+2+5'UNZ+1+77'"
)


def condition(text: str, at: int, shape: Shape) -> tuple[Callable[[Scope], bool], int]:
    """Conditions of the form `.01-1 == "ON"`."""
    found = re.compile(r'\s*(\.\d\d(?:-\d)?)\s*==\s*"([^"]*)"\s*').match(text, at)
    assert found is not None, text
    match = edifact.paths.match(found[1], 0, shape, condition)
    assert match is not None
    return lambda scope: match.read(scope) == found[2], found.end()


def read(path: str, node: Any) -> Any:
    """What a path gives."""
    match = edifact.paths.match(path, 0, SHAPE, condition)
    assert match is not None and match.end == len(path), path
    return match.read(Scope(node, None, node))


def edited(raw: bytes, *steps: tuple[Any, ...]) -> bytes:
    """A message with places set, or removed where a step has no value."""
    document = edifact.parse(raw, READING)
    editor, scope = document.edit(), Scope(document, None)
    for place, *value in steps:
        target = edifact.paths.target(place, SHAPE, condition)
        if value:
            target.set(editor, scope, value[0])
        else:
            target.remove(editor, scope)
    rendered: bytes = editor.render()
    return rendered
