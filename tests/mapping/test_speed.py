"""The quick ways give what the plain ways give: the same values, the same errors."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats import NULL, Reading, Scope, Shape, load
from engine.mapping.functions import signed
from tests.mapping.conftest import FACTS, Said  # type: ignore[import-not-found]

_FIELDS = st.sampled_from(
    ["", "ADT", "ADT^A08", "ADT~ORU", "ADT&x^y", "ADTX", "AD", "A", "ORU^ADT", '""', r"\X41\DT", r"ADT\H\^x", r"ADT\T\ ", "ADT-1", "^ADT", "~ADT",
     "0", "7", "007", "10", "11", "999", "1000", "10.0", "10.01", "-3", "+11", " 11 ", "1e3", "x", "１１", "9" * 34, "9" * 35, "11^x", "11~x"]
) | st.text("ADT^~&\\10. ", max_size=6)  # fmt: skip
_TEXTS = ["ADT", "A", "11", "AD", "ADT-1", "ADT^A08", "ß"]


def outcome(run: Any, scope: Scope) -> Any:
    try:
        return run(scope)
    except MessageError as error:
        return (error.code, error.path, error.rule)


@settings(max_examples=200, deadline=None)
@given(_FIELDS, st.sampled_from(_TEXTS), st.sampled_from(["==", "!="]))
@example(r"\X41\DT", "ADT", "==")
@example(r"ADT\H\^x", "ADT", "==")
@example("ADTX", "ADT", "==")
@example("ADT~ORU", "ADT", "!=")
def test_a_field_equals_a_text(field: str, text: str, sign: str) -> None:
    raw = f"MSH|^~\\&|{field}|x\rPID|1||{field}\r".encode()
    document = load("hl7v2").parse(raw, Reading())
    said = Said(None, "hl7v2", document)
    for path in ("MSH-3", "MSH-3.1", "PID-3", "PID-3.1", "PID-9", "PV1-2"):
        value = said(path)
        assert said(f'{path} {sign} "{text}"') is ((value == text) is (sign == "=="))
        assert said(f'(({path}) {sign} "{text}")') is ((value == text) is (sign == "=="))


@settings(max_examples=200, deadline=None)
@given(_FIELDS, st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from(["10", "10.5", "-3", "999", "100000"]))  # fmt: skip
def test_a_number_in_a_text_is_compared_with_a_number(
    field: str, sign: str, limit: str
) -> None:
    document = load("hl7v2").parse(f"MSH|^~\\&|{field}|{limit}\r".encode(), Reading())
    said = Said(None, "hl7v2", document)
    scope = Scope(document, FACTS)
    quick = said.compile(f"MSH-3 | decimal {sign} {limit}")
    plain = said.compile(f"MSH-3 | decimal {sign} (MSH-4 | decimal)")
    assert quick is not None and plain is not None
    found, wanted = outcome(quick.run, scope), outcome(plain.run, scope)
    if isinstance(wanted, tuple):
        assert found == wanted
        assert field not in found[2] or len(field.strip()) < 3
    else:
        assert found is wanted


def test_small_whole_numbers_are_what_they_were() -> None:
    run = signed()["decimal"].run
    for text in ("0", "7", "999", "1000", "007", "10.0"):
        assert str(run(text)) == str(Decimal(text))


@pytest.mark.parametrize("count", [2, 3, 4, 7, 24])
@pytest.mark.parametrize("word", ["and", "or"])
def test_a_chain_asks_from_left_to_right_until_it_is_decided(
    hl7: Any, word: str, count: int
) -> None:
    decides, goes_on = ('"B"', '"A"') if word == "and" else ('"A"', '"B"')
    wrong = "(MSH-10 | decimal) > 1"
    for at in range(count - 1):
        parts = [f'"A" == {goes_on}'] * at + [f'"A" == {decides}'] + [wrong] * (count - at - 1)
        assert hl7(f" {word} ".join(parts)) is (word == "or")
    with pytest.raises(MessageError):
        hl7(f" {word} ".join([f'"A" == {goes_on}'] * (count - 1) + [wrong]))


def test_a_group_sees_its_own_segment(hl7: Any) -> None:
    hl7.language.shape = Shape(
        format="hl7v2", kind="group", name="FT1", outer=Shape(format="hl7v2")
    )
    groups = hl7.node.groups
    second = groups.of(hl7.node.find("FT1")[1])
    found = hl7.compile('FT1-6 == "CR" and FT1-1 | decimal == 2 and PID-8 == "F"')
    assert found is not None
    assert found.run(Scope(second, FACTS)) is True


def test_null_is_no_text_and_no_number(hl7: Any) -> None:
    assert hl7("PV1-8") is NULL
    assert hl7('PV1-8 == "A"') is False
    assert hl7('PV1-8 != "A"') is True
    assert hl7("PV1-8 | decimal > 3") is False
