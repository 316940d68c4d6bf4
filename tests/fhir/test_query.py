"""FHIRPath by fhirpathpy, as mappings and the rules of R4 ask it: frozen, silent, and wrong at load where it is wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.errors import MessageError
from engine.fhir.query import Query
from engine.paths import PathProblem

PATIENT = {
    "resourceType": "Patient",
    "birthDate": "1980-04-17",
    "name": [{"given": ["Ada", "B"], "_given": [None, {"id": "x"}]}],
    "multipleBirthInteger": 2,
    "managingOrganization": {"reference": "#o"},
}


def asked(text: str, follow: Any = lambda one: None) -> list[Any]:
    return Query(text).run(PATIENT, PATIENT, PATIENT, follow, 1_795_262_400.0)


def test_values_are_those_of_expressions_and_time_stands_still(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert asked("name.given.trace('secret')") == ["Ada", "B"]
    assert asked("today()") == ["2026-11-21"]
    assert asked("now()")[0].startswith("2026-11-21T12:00:00")
    assert asked("multipleBirth + 0.50") == [Decimal("2.50")]
    assert asked("4.50 'mg'") == [{"value": Decimal("4.50"), "unit": "mg"}]
    assert asked("birthDate + 1 year") == ["1981-04-17"]
    assert asked("name.exists() and %resource.name.count() = 1") == [True]
    followed = {"resourceType": "Organization", "name": "Lab"}
    assert asked("managingOrganization.resolve().name", lambda one: followed) == ["Lab"]
    assert asked("photo") == []
    assert capsys.readouterr().out == ""


def test_what_cannot_be_evaluated_is_told_without_values() -> None:
    for text in ("name.given.first() - 1", "name.given.single()"):
        with pytest.raises(MessageError) as error:
            asked(text)
        assert error.value.path == text
        assert "Ada" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "offset", "said"),
    [
        ("name.where(", 11, "no FHIRPath"),
        ("a b", 2, "no FHIRPath"),
        ("'x", 0, "no FHIRPath"),
        ("name..given", 5, "no FHIRPath"),
        ("name.frist()", 5, "did you mean 'first'?"),
        ("%foo.x", 0, "there is no constant '%foo'"),
        (" ", 0, "empty"),
        ("a" * 3000, 2000, "at most 2000"),
        ("(" * 900 + "1" + ")" * 900, 0, "nested too deep"),
    ],
)
def test_what_is_no_fhirpath_is_a_mistake_at_its_place(
    text: str, offset: int, said: str
) -> None:
    with pytest.raises(PathProblem) as error:
        Query(text)
    assert error.value.offset == offset
    assert said in error.value.problem
