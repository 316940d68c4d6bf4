"""What a compiled expression can touch: the message at hand, what planning was given, and functions of this folder. Nothing else."""

from __future__ import annotations

import ast
import functools
import sys
import types
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats import NULL
from engine.mapping import Expression, functions
from engine.mapping.language import NOWHERE
from engine.mapping.values import Moment
from tests.mapping.fuzz import grammar  # type: ignore[import-not-found]
from tests.mapping.fuzz.test_compiler import FORMATS, place  # type: ignore[import-not-found]

ENGINE = Path(__file__).parents[3] / "engine"
#: What the functions and forms of the language may import.
MODULES = {
    "__future__", "base64", "binascii", "builtins", "collections", "dataclasses", "datetime", "decimal", "functools", "hashlib", "importlib", "inspect",
    "msgspec", "pkgutil", "re", "typing", "unicodedata", "uuid", "zoneinfo", "engine",
}  # fmt: skip
#: Of the engine itself.
INSIDE = (
    "engine.effects",
    "engine.formats",
    "engine.ids",
    "engine.mapping",
    "engine.message",
    "engine.paths",
)
#: Words with which code reaches further than it says.
WORDS = {"open", "eval", "exec", "compile", "__import__", "globals", "vars", "setattr", "delattr", "input", "breakpoint", "memoryview"}  # fmt: skip
SOURCES = sorted([*(ENGINE / "mapping/functions").glob("*.py"), *(ENGINE / "mapping/forms").glob("*.py")])  # fmt: skip


# -- the functions themselves -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_functions_import_nothing_that_reaches_out(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] in MODULES, name
            assert not name.startswith("engine") or name.startswith(INSIDE), name
        if isinstance(node, ast.Name):
            assert node.id not in WORDS, f"{path.name}:{node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            computed = node.func.id == "getattr" and not isinstance(node.args[1], ast.Constant)
            assert not computed, f"{path.name}:{node.lineno}"


def test_every_function_is_one_of_these_files() -> None:
    for name, signature in functions.signed().items():
        assert signature.run.__module__.startswith("engine.mapping.functions."), name


# -- what a closure holds ---------------------------------------------------------------------------------------

#: Code that compiled expressions may be made of.
CODE = (
    "engine.mapping.",
    "engine.formats.",
    "engine.rows.",
    "engine.edi.",
    "engine.records.",
    "engine.fhir.",
)
#: Functions of C that they may hold.
BUILT_IN = {
    "_operator.lt", "_operator.le", "_operator.gt", "_operator.ge", "decimal.add", "decimal.subtract", "decimal.multiply", "decimal.divide",
}  # fmt: skip
PLAIN = (str, int, float, bool, bytes, Decimal, Moment, type(None), type(NULL), type)
#: Besides these: what is known at load (structs of these modules, looked into as well), compiled patterns, zones.
STRUCTS = ("engine.mapping.", "engine.formats.", "engine.rows.", "engine.edi.", "engine.paths")
NAMED = {"_Regexp", "ZoneInfo", "Scope"}


def held(thing: Any, seen: set[int]) -> Iterator[Any]:
    """Everything that is reachable from a closure without running it."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    yield thing
    inner: list[Any] = []
    if isinstance(thing, types.FunctionType):
        inner = [cell.cell_contents for cell in thing.__closure__ or ()]
        inner += [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
        if hasattr(thing, "__wrapped__"):
            inner.append(thing.__wrapped__)
    elif isinstance(thing, functools.partial):
        inner = [thing.func, *thing.args, *thing.keywords.values()]
    elif isinstance(thing, types.MethodType):
        inner = [thing.__func__]
    elif isinstance(thing, tuple | list | frozenset | set):
        inner = list(thing)
    elif isinstance(thing, dict):
        inner = [*thing, *thing.values()]
    elif isinstance(thing, msgspec.Struct):
        inner = [getattr(thing, name) for name in thing.__struct_fields__]
    for each in inner:
        yield from held(each, seen)


def stranger(thing: Any) -> str:
    """What a closure has no business to hold; empty where it may."""
    if isinstance(thing, types.FunctionType | types.MethodType):
        return (
            "" if thing.__module__.startswith(CODE) else f"{thing.__module__}.{thing.__name__}"
        )
    if isinstance(thing, types.BuiltinFunctionType | types.BuiltinMethodType):
        owner = thing.__self__
        if isinstance(owner, dict | str):
            return ""
        home = "decimal" if type(owner).__module__ == "decimal" else getattr(thing, "__module__", "")  # fmt: skip
        name = f"{home}.{thing.__name__}"
        return "" if name in BUILT_IN else name
    if isinstance(thing, (*PLAIN, tuple, list, frozenset, set, dict, functools.partial)):
        return ""
    if type(thing).__name__ in NAMED:
        return ""
    known = isinstance(thing, msgspec.Struct) and type(thing).__module__.startswith(STRUCTS)
    return (
        ""
        if known or type(thing).__module__ == "engine.formats.hl7v2.groups"
        else repr(type(thing))
    )


def strangers(run: Any) -> set[str]:
    return {found for thing in held(run, set()) if (found := stranger(thing))}


EXAMPLES = {
    "hl7v2": [
        'MSH-9.1 == "ADT" and FT1-10 | decimal > 10', 'PID-3[.5 == "MR"].1 ?? PID-3.1', 'FT1-4 | datetime | format("%Y")', 'lookup("cdm", "price", code=FT1-6) ?? "0"',
        'sequence("x", by=MSH-4, reset="daily")', 'recall("visit", MSH-4).class', 'changed("visit")', 'PID-8 | table("sex")', 'PID-8 | table("sex", otherwise="U")',
        'capture(PID-5, "(a+)")', 'sort(FT1[*]-10 | unique)', "sum(FT1[*], .10 | decimal(otherwise=0))", "now()", 'meta.header("x")', "meta.id", "mine + 1", "1 - 2 / 3",
        "if(exists(PID-7), PID-7 | date | age, nothing)", "stable_id(MSH-10, 1)", 'base64(PID-5) | unbase64', 'check_digit(MSH-10, "NPI")', 'FT1-6 in ["CG", "CR"]', "count(FT1[*])",
    ],
    "json": ["number * 2", "lines[.q == 2].code", "sum(lines, .q)", "first(lines).code", '["x y"]', "count(lines[*].parts[*].n)", "deep.er.est ?? text", "number in lines[*].q"],
    "x12": ["BEG03", 'qualified(PO106, "VN")', "sum(PO1[*], (PO102 | decimal) * (PO104 | decimal))", 'N1[.01 == "SE"]02', "N1[*]/N301"],
    "delimited": ["unit", "sum(rows[*], quantity | decimal)", 'rows[.unit == "EA"].number', "max(rows[*], .quantity | decimal(otherwise=0)).number"],
    "canonical": ["quantity * 2", "first(diagnoses).code", "item.code", "occurred_at | add_days(1)", 'diagnoses[.code == "CG"].system'],
}  # fmt: skip


@pytest.mark.parametrize(("format", "text"), [(format, text) for format in FORMATS for text in EXAMPLES[format]])  # fmt: skip
def test_a_closure_holds_nothing_strange(home: Path, format: str, text: str) -> None:
    said, _ = place(home, format)
    found = said.compile(text)
    assert found is not None, said.mistakes.found
    assert strangers(found.run) == set()


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_closure_holds_anything_strange(
    home: Path, format: str, data: st.DataObject
) -> None:
    said, _ = place(home, format)
    found = said.compile(data.draw(grammar.expressions(format)))
    if found is not None:
        assert strangers(found.run) == set()


def test_a_stranger_is_found() -> None:
    """The test itself can fail."""
    assert strangers(lambda scope, reach=open: reach) == {"io.open"} or strangers(lambda scope, reach=open: reach)  # fmt: skip
    folder = Path()
    assert strangers(lambda scope: folder)
    assert strangers(functools.partial(sys.exit, 1))


# -- attributes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "lines.__class__", "(number).__class__", "first(lines).__class__.__mro__", "text.upper", 'first(lines)["__class__"]', "it.__class__", "meta.__class__",
        "lines.append", "number.as_tuple", 'recall("visit", "x").__class__', 'recall("visit", "x")["keys"]', "now().at", "deep.__dict__", "true.real", "mine.__class__", "__builtins__",
        "lines[*].__class__", "deep.keys", "deep.er.items",
    ],
)  # fmt: skip
def test_names_are_fields_and_never_attributes(home: Path, text: str) -> None:
    said, scope = place(home, "json")
    found = said.compile(text)
    if found is None:
        assert said.mistakes.found
        return
    try:
        value = found.run(scope)
    except MessageError:
        return
    assert value is None or value == []


@pytest.mark.parametrize("text", ["item.__class__", "item.__struct_fields__", "(item).__struct_config__", "diagnoses.count", "first(diagnoses).__class__", "quantity.as_tuple"])  # fmt: skip
def test_entities_have_their_fields_and_nothing_else(home: Path, text: str) -> None:
    said, _ = place(home, "canonical")
    assert said.compile(text) is None
    assert said.mistakes.found


# -- while it runs ----------------------------------------------------------------------------------------------

#: What the interpreter tells before anything is opened, run or sent.
REFUSED = ("open", "socket.", "subprocess.", "os.", "exec", "compile", "import", "ctypes.", "shutil.", "urllib.", "sqlite3.")  # fmt: skip
_TOLD: list[str] = []
_LISTENING = [False]


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _LISTENING[0] and event.startswith(REFUSED):
        _TOLD.append(f"{event} {arguments!r}")


@pytest.fixture(scope="module")
def listening() -> None:
    """Hooks of the interpreter cannot be taken away again; this one listens only while an expression runs."""
    sys.addaudithook(_hook)


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_while_it_runs_nothing_is_opened(
    listening: None, home: Path, format: str, data: st.DataObject
) -> None:
    said, scope = place(home, format)
    found = said.compile(data.draw(grammar.expressions(format)))
    if found is None:
        return
    with suppress(MessageError):
        found.run(scope)  # maps of a standard are read when they are first needed
    _TOLD.clear()
    quietly(found, scope)
    assert _TOLD == []


def quietly(found: Expression, scope: Any) -> None:
    _LISTENING[0] = True
    try:
        found.run(scope)
    except MessageError:
        pass
    finally:
        _LISTENING[0] = False


def test_an_opened_file_is_told(listening: None, tmp_path: Path) -> None:
    """The test itself can fail."""

    def reads(scope: Any) -> str:
        return (tmp_path / "x").read_text() if (tmp_path / "x").exists() else ""

    (tmp_path / "x").write_text("x")
    quietly(Expression(run=reads, text="", line=1), NOWHERE)
    assert any(event.startswith("open") for event in _TOLD)
    _TOLD.clear()
