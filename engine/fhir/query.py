"""
FHIRPath (HL7 FHIRPath Normative Release, as R4 2.9 uses it), the whole of it by fhirpathpy, read and checked once at load.

What a name of a function means is known at load, so that a misspelt one is a mistake there. `now()` and `today()` are the
moment of planning, `resolve()` follows References inside the document, `trace()` writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from antlr4 import CommonTokenStream, InputStream
from antlr4.error.ErrorListener import ErrorListener
from antlr4.tree.Tree import ParseTreeWalker
from fhirpathpy.engine import do_eval
from fhirpathpy.engine.invocations import invocation_registry
from fhirpathpy.engine.invocations.constants import constants, systemtime
from fhirpathpy.engine.nodes import FP_Quantity, ResourceNode
from fhirpathpy.engine.util import get_data
from fhirpathpy.models import models
from fhirpathpy.parser.ASTPathListener import ASTPathListener
from fhirpathpy.parser.generated.FHIRPathLexer import FHIRPathLexer
from fhirpathpy.parser.generated.FHIRPathParser import FHIRPathParser

from engine.errors import MessageError
from engine.paths import PathProblem

#: Most characters of an expression.
LENGTH = 2000
#: What R4 and its use here name besides (2.9.3): the constants of the environment.
_KNOWN = ("resource", "rootResource", "context", "ucum", "sct", "loinc")
Follow = Callable[[Any], Any]


class Query:
    """One expression, compiled."""

    def __init__(self, text: str) -> None:
        """PathProblem, with an offset into the text, where it is no FHIRPath."""
        if len(text) > LENGTH:
            raise PathProblem(LENGTH, f"a FHIRPath has at most {LENGTH} characters")
        if not text.strip():
            raise PathProblem(0, "a FHIRPath is empty", 'fhirpath("name.given.first()")')
        self.text = text
        self._tree = _parsed(text)
        for name, at in _functions(self._tree, text):
            _check(name, at)

    def run(
        self, thing: Any, resource: Any, root: Any, follow: Follow, now: float
    ) -> list[Any]:
        """
        What it gives of a thing: texts, numbers, truths and records; times and quantities as FHIR's JSON has them.

        `resource` is the one around the thing, `root` the document, `follow` gives what a Reference points at, `now` are
        seconds since 1970. MessageError `bad_value` where it cannot be evaluated.
        """
        constants.reset()
        systemtime.expressionExecutionDateTime = datetime.fromtimestamp(now, UTC)
        data = [thing]
        context = {
            "dataRoot": data,
            "vars": {
                "context": thing,
                "resource": resource,
                "rootResource": root,
                "ucum": "http://unitsofmeasure.org",
                "sct": "http://snomed.info/sct",
                "loinc": "http://loinc.org",
            },
            "model": models["r4"],
            "userInvocationTable": {"resolve": {"fn": _resolving(follow), "arity": {0: []}}},
            "traceFn": _silent,
        }
        try:
            found = do_eval(context, data, self._tree["children"][0])
            return [said for node in found for said in _values(node)]
        except MessageError:
            raise
        except Exception:  # what fhirpathpy raises has no types, and holds values
            raise MessageError("bad_value", "the FHIRPath cannot be evaluated here", self.text) from None  # fmt: skip


def _silent(label: str, values: Any) -> None:
    """`trace()`: values of messages reach no log."""


def _resolving(follow: Follow) -> Callable[..., list[Any]]:
    def resolve(context: Any, nodes: Any) -> list[Any]:
        found = (follow(get_data(node)) for node in nodes)
        return [ResourceNode.create_node(each) for each in found if each is not None]

    return resolve


def _values(node: Any) -> Iterator[Any]:
    """A result as expressions know it; a primitive that has extensions only is nothing."""
    data = node.data if isinstance(node, ResourceNode) else node
    if data is None:
        return
    if isinstance(data, bool | str | dict):
        if isinstance(data, dict) and data.keys() <= _BESIDE:
            return
        if (
            isinstance(data, dict) and "$error" in data
        ):  # how `single()` says that there are several
            raise ValueError
        yield data or None if isinstance(data, str) else data
    elif isinstance(data, int | Decimal):
        yield Decimal(data)
    elif isinstance(data, float):
        yield Decimal(repr(data))
    elif isinstance(data, FP_Quantity):
        unit = str(data.unit).strip("'")
        yield {"value": Decimal(str(data.value)), "unit": unit}
    else:
        yield str(data)


_BESIDE = frozenset({"id", "extension"})


class _Strict(ErrorListener):  # type: ignore[misc]
    """What fhirpathpy passes over in silence is a mistake here."""

    def syntaxError(
        self, recognizer: Any, symbol: Any, line: int, column: int, said: str, error: Any
    ) -> None:
        raise PathProblem(column, _WRONG, certain=True)


_WRONG = "this is no FHIRPath from here on"


def _parsed(text: str) -> Any:
    flat = re.sub(r"\s", " ", text)
    lexer = FHIRPathLexer(InputStream(flat))
    parser = FHIRPathParser(CommonTokenStream(lexer))
    for each in (lexer, parser):
        each.removeErrorListeners()
        each.addErrorListener(_Strict())
    walked = ASTPathListener()
    try:
        tree = parser.expression()
        if (left := parser.getCurrentToken()).type != -1:
            raise PathProblem(left.column, _WRONG, certain=True)
        ParseTreeWalker().walk(walked, tree)
    except RecursionError:
        raise PathProblem(0, "this FHIRPath is nested too deep", certain=True) from None
    return walked.parentStack[0]


def _functions(node: Any, text: str) -> Iterator[tuple[str, int]]:
    """The functions and constants that are named, with where each may stand."""
    if node.get("type") == "Functn":
        name = node["children"][0]["text"].strip("`")
        yield name, max(_place(name, text), 0)
    if node.get("type") == "ExternalConstant":
        said = "".join(each.get("text", "") for each in node.get("children", ()))
        name = f"%{said.strip('`')}"
        yield name, max(text.find(name), 0)
    for child in node.get("children", ()):
        yield from _functions(child, text)


def _place(name: str, text: str) -> int:
    found = re.search(rf"\b{re.escape(name)}\s*\(", text)
    return found.start() if found else 0


def _check(name: str, at: int) -> None:
    """PathProblem where there is no such function or constant."""
    if name.startswith("%"):
        if name[1:] in _KNOWN:
            return
        problem = f"there is no constant '{name}' in a FHIRPath here"
        raise PathProblem(at, problem, f"%{_KNOWN[0]}", certain=True)
    if name in invocation_registry or name == "resolve":
        return
    near = get_close_matches(name, [*invocation_registry, "resolve"], n=1, cutoff=0.6)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    raise PathProblem(
        at, f"there is no function '{name}' in a FHIRPath here{hint}", certain=True
    )
