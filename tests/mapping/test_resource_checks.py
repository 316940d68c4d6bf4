"""What breaks the structure of FHIR whatever message comes is told when a mapping is loaded, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from engine import mapping
from engine.placed import Mistakes

PATIENT = "from: hl7v2/PID\nto: fhir/Patient\nfields: {identifier.value: PID-3.1}\n"
VISIT = "from: hl7v2/PV1\nto: fhir/Encounter\nfields: {status: 'unknown', class.code: PV1-2}\n"
WHO = "from: hl7v2/PID\nto: fhir/Practitioner\nfields: {name.family: PID-5.1}\n"


@pytest.fixture
def problems(home: Any) -> Any:
    for name, text in (("patient", PATIENT), ("visit", VISIT), ("who", WHO)):
        (home / "mappings" / f"{name}.yaml").write_text(text.replace("'", '"'))

    def problems(text: str) -> list[str]:
        (home / "mappings" / "made.yaml").write_text(text)
        mistakes = Mistakes()
        found = mapping.load("made", home, mistakes)
        assert (found is None) == bool(mistakes.found)
        return [each.problem for each in mistakes]

    return problems


def bundle(*resources: str) -> str:
    said = "".join(f"  {each}\n" for each in resources)
    return f'from: hl7v2\nto: fhir/Bundle\nresources:\n{said}fields: {{type: "collection"}}\n'


BOTH = ("patient: {use: patient, of: PID}", "visits: {use: visit, each: PV1}")


def seen(field: str, more: str = "") -> str:
    """An Observation with one more field, below a Patient and Encounters."""
    fields = f'status: "final", code.text: "x"{", " if field else ""}{field}'
    return bundle(*BOTH, f"seen: {{type: Observation, {more}fields: {{{fields}}}}}")


NOBODY = "subject: {use: who, of: PID}"


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("subject: patient", ""),
        ("subject: PID-3.1", ""),
        ("performer: patient", ""),
        ("focus: visits", ""),
        ("performer: visits", "Patient, Practitioner, PractitionerRole or RelatedPerson, and this is an Encounter"),
        ("subject: first(visits)", "and this is an Encounter"),
        ("encounter: patient ?? nothing", "a Reference to Encounter, and this is a Patient"),
        ("encounter: patient ?? first(visits)", ""),
        ("encounter: [{value: patient, when: exists(PV1-2)}]", "and this is a Patient"),
        ("method: patient", "the field is a CodeableConcept, and this is a resource: a Patient"),
        ("issued: patient", "the field is a moment, and this is a resource: a Patient"),
        (NOBODY, "makes fhir/Practitioner, and the field is a Reference to Patient"),
    ],
)  # fmt: skip
def test_a_reference_takes_what_it_may_point_at(problems: Any, field: str, said: str) -> None:
    found = problems(seen(field))
    assert len(found) == bool(said) and all(said in each for each in found), found


def test_a_let_stands_for_what_it_names(problems: Any) -> None:
    found = problems(seen("encounter: who", "let: {who: patient}, "))
    assert len(found) == 1 and "and this is a Patient" in found[0]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("valueString: OBX-5, valueQuantity.value: OBX-5 | decimal", True),
        ("valueString: OBX-5, valueQuantity: {fields: {value: OBX-5 | decimal}}", True),
        ("valueString: OBX-5, valueQuantity: {when: OBX-2 == \"NM\", fields: {value: OBX-5 | decimal}}", True),
        ("valueString: \"x\", valueQuantity.value: OBX-6 | decimal", True),
        ("valueQuantity.unit: \"mg\", valueString: OBX-6", True),
        ("valueBoolean: not exists(OBX-5), valueString: OBX-5", True),
        ("valueString: OBX-5, valueQuantity.value: OBX-5.1 | decimal", False),
        ("valueString: OBX-5, valueQuantity.value: OBX-5 | decimal ?? 0", False),
        ("valueString: OBX-5, valueCodeableConcept.text: OBX-5 | default(\"x\")", False),
        ("valueString: OBX-5, valueCodeableConcept.text: OBX-6", False),
        ("valueString: null, valueCodeableConcept.text: OBX-6", False),
        ("valueString: nothing, valueCodeableConcept.text: OBX-6", False),
        ("valueBoolean: OBX-5 | matches(\"Y\"), valueString: OBX-6", False),
        ("valueString: [{when: OBX-2 == \"ST\", value: OBX-5}], valueQuantity.value: OBX-5 | decimal", False),
        ("valueString: OBX-5, effectiveDateTime: OBX-5 | datetime", False),
        ("valueString: OBX-5, component: {fields: {code.text: \"x\", valueQuantity.value: OBX-5 | decimal}}", False),
        ("component.code.text: \"x\", component.valueString: \"x\", component.valueBoolean: true", True),
    ],
)  # fmt: skip
def test_of_a_choice_one_form_may_stand(problems: Any, fields: str, told: bool) -> None:
    found = problems(seen(fields))
    assert len(found) == told and all("only one form of value[x]" in each for each in found), (
        found
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from: hl7v2\nto: fhir/List\nfields: {mode: 'working'}\n", "List needs 'status', and no rule gives it; it takes one of: current, "),
        ("from: hl7v2\nto: fhir/List\nfields: {status: 'current', mode: 'working', note.time: MSH-7 | datetime}\n", "Annotation needs 'text'"),
        ("from: hl7v2\nto: fhir/List\nfields: {_status.id: 'x', mode: 'working'}\n", ""),
        ("from: hl7v2/PID\nto: fhir/List\nfields: {mode: 'working'}\n", ""),
        ("from: hl7v2\nto: fhir/Patient\nfields: {link.other: {use: patient, of: PID}}\n", "Patient.link needs 'type'"),
        ("from: hl7v2\nto: fhir/Patient\nfields: {extension: {fields: {valueString: PID-23}}}\n", "Extension needs 'url'"),
        (bundle("list: {type: List, fields: {mode: 'working'}}"), "List needs 'status'"),
        (bundle("list: {each: PID, type: List, fields: {mode: 'working'}}"), "List needs 'status'"),
        (bundle("list: {type: List, fields: {id: PID-3.1, mode: 'working'}}"), ""),
        (bundle("list: [{type: List, fields: {mode: 'working'}}, {fields: {status: 'current'}}]"), ""),
        (bundle("visit: {use: visit, of: PV1, fields: {type.text: PV1-4}}"), ""),
    ],
)  # fmt: skip
def test_what_the_standard_requires_is_given(problems: Any, text: str, said: str) -> None:
    """Where something more may be laid over a resource, nothing is told."""
    found = [each for each in problems(text.replace("'", '"')) if "no rule gives it" in each]
    assert len(found) == bool(said) and all(said in each for each in found), found


def test_a_resource_that_others_use_may_lack_what_they_give(problems: Any, home: Any) -> None:
    text = 'from: hl7v2\nto: fhir/List\nfields: {mode: "working"}\n'
    assert len(problems(text)) == 1
    (home / "mappings" / "other.yaml").write_text(bundle("all: {use: made}"))
    assert not problems(text)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("encounter: {type: Encounter, use: visit, of: PV1}", "a mapping that is used makes it"),
        ("identifier: [{type: Identifier, fields: {value: PID-3.1}}]", "a field of that name stands under 'fields'"),
        ("method: {type: CodeableConcept, fields: {text: PID-3.1}}", "which resource is made"),
        ("contained: {type: Patient, fields: {resourceType: \"Patient\"}}", "here a field says it"),
    ],
)  # fmt: skip
def test_type_says_nothing_of_a_field(problems: Any, field: str, said: str) -> None:
    found = problems(seen(field))
    assert len(found) == 1 and said in found[0], found


def test_the_parts_of_a_resource_are_of_one_type(problems: Any) -> None:
    said = "patient: [{use: patient, of: PID}, {type: Person, fields: {active: true}}]"
    assert problems(bundle(said)) == [
        "the parts of one resource are of one type, and the first makes a Patient"
    ]
    assert not problems(bundle(said.replace("Person", "Patient")))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("visit", "made inside the group 'groups'"),
        ("groups", "is a group of resources"),
        ("late", "is made in line 6"),
        ("basic", "is made in line 5"),
    ],
)
def test_names_of_resources_say_where_they_are_known(
    problems: Any, name: str, said: str
) -> None:
    text = bundle(
        "groups: {each: PV1, resources: {visit: {use: visit, of: PV1}}}",
        f'basic: {{type: Basic, fields: {{code.text: "x", subject: {name}}}}}',
        "late: {use: patient, of: PID}",
    )
    found = problems(text)
    assert len(found) == 1 and said in found[0], found
