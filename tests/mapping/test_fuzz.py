"""Every text compiles or is a placed mistake; what runs gives a value or a MessageError."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import mapping
from engine.errors import MessageError
from engine.formats import Reading, Scope, load
from engine.placed import Mistakes
from tests.mapping.conftest import FACTS, HL7, Said  # type: ignore[import-not-found]

_PIECES = st.sampled_from(
    [
        "MSH-9.1", "PID-3(*).1", 'PID-3[.5 == "MR"].1', "FT1[*]", "FT1[2]-10", "OBX", "PV1-8", "ERP", "a.b", "lines[*]",
        "lines[.q > 1].p", '["x y"]', ".1", ".q", "it", "index", "null", "nothing", "true", "meta.id", 'meta.header("x")',
        "now()", "exists(", "if(", "count(", "sum(", "first(", "sort(", "upper(", "| decimal", "| datetime", "| date", "| table(\"sex\")",
        "| round(2)", '| format("%Y%m%d")', "| mask", "| left(2)", "| add_days(99999999)", "| matches(\"a*\")", "| split(\"\")",
        "| join(\",\")", "| unbase64", "| check_digit(\"M11\")", "?? ", "== ", "!= ", "< ", ">= ", "in ", "not in ", "not ", "and ", "or ",
        "+ ", " - ", "* ", "/ ", "(", ")", "[", "]", ",", ", ", "\"x\"", "\"", "1", "0", "-3", "1.50", "{", "}", "|", "=", "otherwise=0", "\\", "\n", "é",
    ]
)  # fmt: skip
_TEXTS = st.one_of(
    st.lists(_PIECES, max_size=12).map(" ".join),
    st.lists(_PIECES, max_size=8).map("".join),
    st.text(max_size=40),
)
_JSON = b'{"a": {"b": "x"}, "lines": [{"q": 2, "p": 1.50}, {"q": null}], "x y": true, "q": "7"}'
_QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
_FEW, _MANY = (
    settings(
        max_examples=int(os.environ.get("FUZZ", count)),
        deadline=None,
        suppress_health_check=_QUIET,
    )
    for count in (40, 300)
)


_EXPRESSION = given(
    _TEXTS, st.sampled_from(["plain", "quoted", "block"]), st.sampled_from(["hl7v2", "json"])
)


def expression(home: Path, text: str, style: str, format: str) -> None:
    raw = HL7 if format == "hl7v2" else _JSON
    said = Said(home, format, load(format).parse(raw, Reading()))
    found = said.compile(text, style)
    if found is None:
        assert said.mistakes.found
        return
    assert not said.mistakes.found
    with suppress(MessageError):
        found.run(Scope(said.node, FACTS))


@_FEW
@_EXPRESSION
def test_expressions(home: Path, text: str, style: str, format: str) -> None:
    expression(home, text, style, format)


@pytest.mark.slow
@_MANY
@_EXPRESSION
def test_expressions_at_length(home: Path, text: str, style: str, format: str) -> None:
    expression(home, text, style, format)


_KEYS = st.sampled_from(
    ["from", "to", "each", "when", "let", "fields", "set", "remove", "value", "source_id", "item.code", "item", "MSH-5", "x", "add", "quantity"]
)  # fmt: skip
_VALUES: Any = st.recursive(
    st.one_of(_TEXTS, st.sampled_from(["hl7v2", "json", "ChargeEvent", "Item", "delimited/x", "FT1", "FT1-19(*)"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


_MAPPING = given(st.dictionaries(_KEYS, _VALUES, max_size=6), st.sampled_from(["hl7v2", "json", "ChargeEvent"]), st.sampled_from(["hl7v2", "json", "Item"]))  # fmt: skip


def made(home: Path, root: dict[str, Any], from_: str, to: str) -> None:
    root |= {"from": from_, "to": to}
    (home / "mappings" / "fuzz.yaml").write_text(yaml.safe_dump(root, allow_unicode=True))
    mistakes = Mistakes()
    found = mapping.load("fuzz", home, mistakes)
    assert (found is None) == bool(mistakes.found)
    if found is None or from_ == "ChargeEvent":
        return
    raw = HL7 if from_ == "hl7v2" else _JSON
    node = load(from_).parse(raw, Reading())
    with suppress(MessageError):
        found.apply(node, FACTS)
        found.trace(node, FACTS)


@_FEW
@_MAPPING
def test_mappings(home: Path, root: dict[str, Any], from_: str, to: str) -> None:
    made(home, root, from_, to)


@pytest.mark.slow
@_MANY
@_MAPPING
def test_mappings_at_length(home: Path, root: dict[str, Any], from_: str, to: str) -> None:
    made(home, root, from_, to)
