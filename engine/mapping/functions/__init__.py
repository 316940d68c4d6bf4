"""
The functions of the language: one small pure function each, with its example.

The folder is the registry: every public function of the modules here is a function of the language, under its own
name. Annotations say what it takes (engine/mapping/signatures.py); an argument it cannot read is Unreadable, with
words that hold no value.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache

from engine.mapping import signatures
from engine.mapping.signatures import Signature

#: Modules that functions are made of, not functions of the language.
_PARTS = ("strftime",)
#: Not called by people.
_INNER = ("iso",)
#: Written like functions, but made by the compiler (engine/mapping/forms/) or by a format (`qualified`).
FORMS = {
    "if": (
        "if(condition, a, b)",
        "One of two values.",
        'if(exists(PID-7), "known", "unknown")',
    ),
    "exists": (
        "exists(path)",
        "Whether something is there; null is something. Of a field of HL7 that has components, the first is asked for.",
        "exists(PV1-19)",
    ),
    "now": ("now()", "The moment of planning, frozen in tests.", 'now() | format("%Y%m%d")'),
    "lookup": (
        "lookup(table, column, key=..., [at=...], [otherwise=...])",
        "What a lookup table, whose rows are data in the store, says for its keys; `at` is the day that counts.",
        'lookup("cdm", "charge_code", facility=MSH-4, code=FT1-7.1, at=FT1-4)',
    ),
    "sequence": (
        'sequence(name, [by=...], [width=...], [reset="never"])',
        "The next number of a sequence as text; `by` counts each value on its own, `reset` is never, daily, monthly or yearly.",
        'sequence("po_file", by=MSH-5, width=4, reset="daily")',
    ),
    "recall": (
        "recall(memory, key...)",
        "The record that an earlier message left under a key (`remember:`), or nothing; its fields stand behind a dot.",
        'recall("visit", ORC-4.1).class',
    ),
    "changed": (
        "changed(memory)",
        "Whether what this message would remember differs from what is known; true the first time.",
        'changed("visit")',
    ),
    "qualified": (
        "qualified(first, qualifier)",
        "In X12: the value that stands behind its qualifier, in pairs that begin at an element.",
        'qualified(PO106, "VN")',
    ),
    "repeated": (
        "repeated(first, elements)",
        "In X12: what a segment says several times over, from an element on, so many elements at a time; each is read like the first.",
        "sum(repeated(CAS02, 3), CAS03 | decimal)",
    ),
}
#: Known, and part of a later release.
LATER = ("fhirpath", "xpath")


@cache
def signed() -> dict[str, Signature]:
    """All functions, by name."""
    found: dict[str, Signature] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name in _PARTS:
            continue
        code = importlib.import_module(f"{__name__}.{module.name}")
        for name, function in inspect.getmembers(code, inspect.isfunction):
            own = function.__module__ == code.__name__ and not name.startswith("_")
            if own and name not in _INNER:
                found[name] = signatures.read(name, function)
    return found


def reference() -> list[tuple[str, str, str, str]]:
    """For the documentation: name, signature, what it does in one line, an example; by name."""
    rows = [(name, *form) for name, form in FORMS.items()]
    for name, signature in signed().items():
        text = inspect.getdoc(signature.run) or ""
        lines = text.splitlines()
        at = next(
            (
                at
                for at, line in enumerate(lines)
                if line.startswith(">>> ") and "import" not in line
            ),
            -1,
        )
        example = f"{lines[at][4:]}  gives  {lines[at + 1]}" if at >= 0 else ""
        rows.append((name, _shown(signature), lines[0] if lines else "", example))
    return sorted(rows)


def _shown(signature: Signature) -> str:
    if signature.name == "table":
        return "table(value, name, [from=...], [to=...], [otherwise=...])"
    return signature.shown()
