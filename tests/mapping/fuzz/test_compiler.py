"""Every input compiles or is a placed mistake; every evaluation ends with a value or a MessageError."""

from __future__ import annotations

import os
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import canonical
from engine.effects import Remembered
from engine.errors import MessageError
from engine.formats import NULL, Reading, Scope, Shape, load
from engine.mapping import Expression
from engine.mapping.language import Term
from engine.mapping.values import Moment
from engine.message import Context, Facts
from engine.placed import Mistakes, read
from tests.mapping.conftest import FACTS, HL7, Said  # type: ignore[import-not-found]
from tests.mapping.forms.conftest import Memory, Numbers, Tables  # type: ignore[import-not-found]
from tests.mapping.fuzz import grammar  # type: ignore[import-not-found]

JSON = b"""{"number": 7, "text": "x", "flag": true, "empty": "", "x y": [1, 2.5], "deep": {"er": {"est": null}}, "big": 1e300,
 "lines": [{"q": 2, "code": "CG", "parts": [{"n": 1}, {"n": null}]}, {"q": "9", "code": "", "parts": []}, {"q": 1.50}]}"""
CHARGE = {
    "entity": "ChargeEvent/1", "source_id": "S1", "patient_account": {"number": "9", "mrn": "100234"}, "status": "charge",
    "occurred_at": "2026-11-21", "item": {"code": "B7"}, "quantity": "2", "diagnoses": [{"code": "CG", "system": "urn:x"}],
}  # fmt: skip
LAYOUT = 'columns: [number, unit, quantity, "Unit Price"]\nheader: true\n'
ROWS = b"number,unit,quantity,Unit Price\nA,CS,2,1.50\nA,EA,10,0.2\nB,CG,,3\n"
ORDER = (
    b"ISA*00*          *00*          *ZZ*GENHOSP        *ZZ*MEDSUP         *261121*1030*^*00501*000000007*0*P*>~"
    b"GS*PO*GENHOSP*MEDSUP*20261121*1030*7*X*005010~ST*850*0001~BEG*00*SA*4500017**20261121~REF*CO*C-77~"
    b"N1*BY*GENERAL HOSPITAL~N3*1 MAIN ST~N1*SE*MEDSUP~PO1*1*5*EA*12.50**VN*V-1*UP*012345678905~PO1*2*2*CS*100**VN*V-2~"
    b"CTT*2~SE*10*0001~GE*1*7~IEA*1*000000007~"
)
CDM = "owner: x\nkeys: [code]\ncolumns: [price, column]\neffective: {from: since}\n"


def place(home: Path, format: str) -> tuple[Said, Scope]:
    """Where expressions stand: a language, and a scope to run them in, with everything the store would bring."""
    if format == "canonical":
        entity = canonical.load("ChargeEvent")
        node: Any = msgspec.convert(CHARGE, entity, strict=False)
        shape = Shape(format="canonical", kind="record", name="ChargeEvent", type=entity)
        said = Said(home, "json", node, shape)
    elif format == "delimited":
        code, mistakes = load(format), Mistakes()
        layout = code.layout("items", read(LAYOUT, "items.yaml", mistakes), mistakes)
        node = code.parse(ROWS, Reading(layout=layout))
        said = Said(home, format, node, Shape(format=format, name="items", type=layout))
    elif format == "x12":
        node = load(format).parse(ORDER, Reading())
        said = Said(home, format, node)
    else:
        node = load(format).parse(HL7 if format == "hl7v2" else JSON, Reading())
        said = Said(home, format, node)
    number = Expression(run=lambda scope: Decimal(5), text="", line=1, kind="number")
    said.language.lets = {"mine": 0, "many": 1}
    said.language.known = {"mine": number}
    said.language.memories = {"visit": ("class", "code")}
    (home / "mappings/tables/cdm.yaml").write_text(CDM)
    context = Context(
        now=1_795_239_000.25,
        id=7,
        lookups=Tables({("cdm", ("CG",), "2026-11-21"): ("1.50", "")}),
        memory=Memory({("visit", "x"): {"class": "I", "code": 3}}),
        numbers=Numbers(),
    )
    facts = Facts(inbound=FACTS.inbound, context=context)
    facts.notes.remembers["visit"] = Remembered(name="visit", key="x", value=b"{}", until=0.0)
    return said, Scope(node, facts, values=[Decimal(5), ["a", "b"]])


def is_group(value: Any) -> bool:
    """Whether it is a part of a message, which rules walk and no expression gives."""
    return any(hasattr(value, name) for name in ("line", "segment", "inner"))


def is_value(value: Any) -> bool:
    """Whether it is one of the language's values, and nothing else."""
    if isinstance(value, list | tuple):
        return all(is_value(each) or is_group(each) for each in value)
    if isinstance(value, Decimal):
        return value.is_finite()
    plain = str | bool | int | Moment | bytes | dict | msgspec.Struct
    return value is None or value is NULL or isinstance(value, plain)


def attempt(home: Path, format: str, text: str, style: str) -> Expression | None:
    """Compile and run; whatever else comes out of it is a finding."""
    said, scope = place(home, format)
    found = said.compile(text, style)
    if found is None:
        assert said.mistakes.found, text
        for mistake in said.mistakes.found:
            assert mistake.line >= 1 and mistake.column >= 1 and mistake.problem
        return None
    assert not said.mistakes.found, text
    try:
        value = found.run(scope)
    except MessageError as error:
        assert error.code and error.rule
        return found
    assert is_value(value), text
    assert not isinstance(value, list) or found.many or found.kind in ("any", "list"), text
    return found


FORMATS = ["hl7v2", "json", "canonical", "x12", "delimited"]
STYLES = st.sampled_from(["plain", "plain", "block", "quoted"])
BOUNDED = settings(max_examples=int(os.environ.get("FUZZ", "30")), deadline=None, suppress_health_check=list(HealthCheck))  # fmt: skip
LONGER = settings(max_examples=int(os.environ.get("FUZZ", "3000")), deadline=None, suppress_health_check=list(HealthCheck))  # fmt: skip


@cache
def texts(format: str) -> st.SearchStrategy[str]:
    right = grammar.expressions(format)
    sound = st.sampled_from(["text", "number", "truth", "moment"]).flatmap(
        lambda kind: grammar.sound(format, kind)
    )
    return st.one_of(
        sound,
        sound,
        grammar.damaged(sound),
        right,
        grammar.damaged(right),
        right.map(lambda said: f"a {{{said}}} b"),
    )


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
@BOUNDED
@given(st.data())
def test_it_compiles_or_is_a_mistake_and_ends(
    home: Path, format: str, data: st.DataObject
) -> None:
    attempt(home, format, data.draw(texts(format)), data.draw(STYLES))


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
@LONGER
@given(st.data())
def test_it_compiles_or_is_a_mistake_and_ends_longer(
    home: Path, format: str, data: st.DataObject
) -> None:
    attempt(home, format, data.draw(texts(format)), data.draw(STYLES))


@pytest.mark.slow
@LONGER
@given(st.text(max_size=80), STYLES)
def test_any_text_at_all(home: Path, text: str, style: str) -> None:
    for format in FORMATS:
        attempt(home, format, text, style)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("text", grammar.DEEP, ids=lambda text: f"{text[:12]}*{len(text)}")
def test_what_is_too_deep_or_too_long_is_a_mistake(home: Path, format: str, text: str) -> None:
    attempt(home, format, text, "plain")
    attempt(home, format, f"{{{text}}}", "quoted")


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_the_grammar_writes_expressions_that_compile(home: Path, format: str) -> None:
    """A fuzzer whose inputs are all refused at the first word would find nothing."""
    compiled, ran = [], []

    @settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(grammar.sound(format))
    def draw(text: str) -> None:
        found = attempt(home, format, text, "plain")
        ran.append(text)
        if found is not None:
            compiled.append(text)

    draw()
    assert len(compiled) > len(ran) / 3


def test_a_term_that_breaks_is_found(home: Path, monkeypatch: Any) -> None:
    """The fuzzer itself can fail: an exception of another kind is not swallowed."""
    from engine.mapping import operators

    def broken(term: Term, offset: int) -> Term:
        raise ZeroDivisionError

    monkeypatch.setattr(operators, "negation", broken)
    with pytest.raises(ZeroDivisionError):
        attempt(home, "hl7v2", "not true", "plain")
