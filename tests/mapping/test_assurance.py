"""What is made is validated where it may be wrong, and only there; nothing wrong leaves the house, whatever was kept before."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import MessageError
from engine.fhir import checking, lifting, names, sealing, together
from engine.fhir.doubts import DOUBTS
from engine.formats import Reading, load
from engine.mapping import frames

HEAD = """
from: hl7v2
to: fhir/Bundle
fields: {type: "collection", identifier.value: MSH-10}
resources:
  made:
"""
#: What is made, fields of PID of which the first are right for certain, the others not.
CASES: dict[str, tuple[str, list[str], list[str]]] = {
    "address": (
        "{type: Patient, fields: {identifier: {fields: {system: PID-3.4, value: PID-3.1}}}}",
        ["||1^^^urn:a"],
        ["||1^^^urn:a b"],
    ),
    "system": (
        "{type: Patient, fields: {maritalStatus.coding: {fields: {system: PID-3.3, code: PID-3.1}}}}",
        ["||M^^urn:a"],
        ["||M^^local"],
    ),
    "id": ("{type: Patient, fields: {id: PID-1}}", ["a-1"], ["a_1", "a b"]),
    "offset": (
        "{type: Patient, fields: {deceasedDateTime: PID-29 | datetime}}",
        ["|" * 28 + "20260101120000+1400", "|" * 28 + "2026010112", "|" * 28 + "2026"],
        ["|" * 28 + "20260101120000+1500", "|" * 28 + "20260101120000-2300"],
    ),
    "left_out": (
        "{type: Patient, fields: {communication: {fields: {preferred: true, language.text: PID-15}}}}",
        ["|" * 14 + "de"],
        ["1"],
    ),
    "resource_lacks": (
        "{type: Observation, fields: {status: PID-1, code.text: PID-2}}",
        ["final|a"],
        ["final"],
    ),
    "two_forms": (
        '{type: Patient, fields: {deceasedDateTime: PID-29 | datetime, deceasedBoolean: [{when: PID-1 == "Y", value: true}]}}',
        ["Y", "N" + "|" * 28 + "20260101"],
        ["Y" + "|" * 28 + "20260101"],
    ),
    "two_forms_inside": (
        '{type: Patient, fields: {extension: {fields: {url: "urn:x", valueString: PID-1, valueCode: PID-2}}}}',
        ["a", "|b"],
        ["a|b"],
    ),
    "address_of_extension": (
        "{type: Patient, fields: {extension: {fields: {url: PID-2, valueString: PID-1}}}}",
        ["a|urn:x"],
        ["a|local"],
    ),
    "binding": (
        '{type: Condition, fields: {subject.display: PID-5, clinicalStatus.coding: {fields: {system: "http://terminology.hl7.org/CodeSystem/condition-clinical", code: PID-1}}}}',
        ["active||||a"],
        ["odd||||a"],
    ),
    "unit": (
        '{type: Observation, fields: {status: "final", code.text: PID-5, valueQuantity: {fields: {value: PID-1 | decimal, code: PID-2, system: PID-3}}}}',
        ["1.50||||a", "1|g|urn:u||a"],
        ["1|g|||a"],
    ),
    "laid_over": (
        '[{type: Observation, fields: {status: "final", code.text: PID-5, valueQuantity.value: PID-1 | decimal}}, {fields: {valueQuantity.code: PID-2}}]',
        ["1||||a"],
        ["1|g|||a"],
    ),
    "beside": (
        '{type: Patient, fields: {name: {fields: {given: PID-5(*).1, _given: {fields: {extension: {fields: {url: "urn:x", valueString: PID-1}}}}}}}}',
        ["|" * 4 + "a", "1||||a", "1"],
        ["1||||a~b"],
    ),
    "reference": (
        "{type: Patient, fields: {managingOrganization: PID-3}}",
        ["||Organization/1"],
        ["||Nowhere/1", "||a b"],
    ),
    "narrative": (
        """{type: Patient, fields: {text: {fields: {status: "generated", div: '<div xmlns="http://www.w3.org/1999/xhtml">{PID-5}</div>'}}}}""",
        ["||||a"],
        ["||||<b>a</b>", "||||<script>a</script>", "||||<b>a"],
    ),
    "constant": (
        '{type: Patient, fields: {name: {when: exists(PID-2), fields: {text: "a"}}, link: {when: exists(PID-1), fields: {type: "refer", other.reference: "nowhere"}}}}',
        ["|a"],
        ["1"],
    ),
    "constant_address": (
        '{type: Patient, fields: {identifier: {when: exists(PID-1), fields: {system: "urn:a b", value: PID-1}}}}',
        ["|a"],
        ["1"],
    ),
    "used": (
        "{type: Patient, fields: {identifier: {use: cx, each: PID-3(*)}}}",
        ["||1^^^urn:a~2^^^urn:b"],
        ["||1^^^urn:a~2^^^urn:b c", "||2^^^urn:b c", "||2^^^urn:b c~2^^^urn:b c"],
    ),
    "each_alone_right": (
        '[{type: MedicationRequest, fields: {status: "active", intent: "order", subject.display: PID-5, medicationCodeableConcept.text: PID-5, substitution.allowedBoolean: [{when: PID-1 == "Y", value: true}]}}, {fields: {substitution.allowedCodeableConcept.text: PID-2}}]',
        ["Y||||a", "|b|||a", "||||a"],
        ["Y|b|||a"],
    ),
    "each_alone_right_inside": (
        '{type: ServiceRequest, fields: {status: "active", intent: "order", subject.display: PID-5, occurrenceTiming: [{fields: {repeat.boundsPeriod.start: PID-7 | date}}, {fields: {repeat.boundsDuration.value: PID-2 | decimal}}]}}',
        ["||||a||20260101", "|1|||a", "||||a"],
        ["|1|||a||20260101"],
    ),
    "made_by_two": (
        '[{type: MessageHeader, fields: {eventCoding.code: "A01", source.endpoint: PID-2}}, {fields: {source.software: PID-1}}]',
        ["a|urn:x", "|urn:x"],
        ["a"],
    ),
    "beside_laid_over": (
        '[{type: AllergyIntolerance, fields: {patient.display: PID-5, category: "food", _category: {fields: {extension: {fields: {url: "urn:x", valueString: PID-2}}}}}}, {fields: {category: [{when: PID-1 == "Y", value: "medication"}]}}]',
        ["|b|||a", "||||a"],
        ["Y|b|||a"],
    ),
    "text": (
        "{type: Patient, fields: {name.text: PID-5}}",
        ["||||ann", "||||Ännchen", "||||\\T\\"],
        ["||||a\xa0b", "||||a\u2028b"],
    ),
}


@pytest.fixture
def outcome(make: Any, home: Any, facts: Any, monkeypatch: Any) -> Any:
    """What comes of fields of PID, and whether something was validated."""
    cx = "from: hl7v2/CX\nto: fhir/Identifier\nfields: {system: .4, value: .1}\n"
    (home / "mappings/cx.yaml").write_text(cx)
    looked: list[int] = []
    surely, valid = together.surely, checking.valid

    def seen(found: Any) -> bool:
        looked.append(1)
        return surely(found)

    def asked(found: Any) -> bool:
        looked.append(1)
        return valid(found)

    monkeypatch.setattr(together, "surely", seen)
    monkeypatch.setattr(checking, "valid", asked)

    def loaded(resource: str, head: str = HEAD) -> Any:
        mapping = make(f"{head}    {resource}\n")

        def of(line: str) -> tuple[Any, bool]:
            looked.clear()
            raw = f"MSH|^~\\&|A|B|||20260101||ADT|1|P|2.5.1||||||UNICODE UTF-8\rPID|{line}\r"
            try:
                (product,) = mapping.apply(load("hl7v2").parse(raw.encode(), Reading()), facts)
            except MessageError as error:
                return (error.code, error.rule), bool(looked)
            return product.payload, bool(looked)

        return of

    return loaded


@pytest.fixture
def validated(outcome: Any, monkeypatch: Any) -> Any:
    """The same, where everything is."""

    def loaded(*said: str) -> Any:
        of = outcome(*said)

        def whole(line: str) -> Any:
            with monkeypatch.context() as patched:
                sealed = sealing.sealed
                patched.setattr(
                    sealing, "sealed", lambda made: sealed(made._replace(assured=False))
                )
                return of(line)[0]

        return whole

    return loaded


@pytest.mark.parametrize("case", CASES)
def test_what_may_be_wrong_is_validated_each_time(
    case: str, outcome: Any, validated: Any
) -> None:
    resource, right, doubtful = CASES[case]
    lines = [*right, *doubtful, *right, *doubtful]
    of, whole = outcome(resource), validated(resource)
    for line in lines:
        made, was_validated = of(line)
        assert made == whole(line)
        assert was_validated is (line in doubtful), line
        assert isinstance(made, bytes) or line in doubtful, (line, made)


def test_what_hardly_differs_is_doubted_as_often(
    outcome: Any, validated: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(frames, "_RIPE", 6)
    monkeypatch.setattr(frames, "_WATCHED", 5)
    resource = "{type: Patient, fields: {id: PID-1, language: PID-15, identifier: {fields: {system: PID-8, value: PID-2}}, name.text: PID-16}}"
    of, whole = outcome(resource), validated(resource)
    for at in range(60):
        line = f"{at}|1||||||{'urn:a b' if at % 3 else 'urn:a'}|||||||de|x"
        made, was_validated = of(line)
        assert (made, was_validated) == (whole(line), bool(at % 3))


def test_a_resource_in_the_head_of_a_bundle_is_no_reference(
    outcome: Any, validated: Any
) -> None:
    head = HEAD.replace("identifier.value: MSH-10", "identifier.assigner: made")
    resource = "{type: Organization, fields: {name: PID-5}}"
    assert outcome(resource, head)("||||a") == (validated(resource, head)("||||a"), True)
    assert validated(resource, head)("||||a")[0] == "invalid"


def test_two_of_one_address_and_a_message_without_its_header_are_refused(
    outcome: Any, validated: Any
) -> None:
    same = 'id: "85085e9a-4d33-8ea2-a17c-2a4eca94ab13"'
    group = f'{HEAD}    {{type: Group, fields: {{{same}, type: "person", actual: true}}}}\n  other:\n'
    headless = HEAD.replace("collection", "message")
    for head in (group, headless):
        resource = f"{{type: Patient, fields: {{{same}}}}}"
        made, _ = outcome(resource, head)("1")
        assert made == validated(resource, head)("1")
        assert made[0] == "invalid"


def test_what_others_wrote_is_validated(make: Any, facts: Any) -> None:
    """Of another format nothing is known for certain."""
    mapping = make(
        'from: json\nto: fhir/Bundle\nfields: {type: "collection"}\n'
        "resources: {made: {type: Patient, fields: {name.text: name, maritalStatus: status}}}\n"
    )
    document = load("json").parse(b'{"name":"a","status":{"odd":1}}', Reading())
    with pytest.raises(MessageError, match="no such element"):
        mapping.apply(document, facts)


def test_of_what_is_no_resource_nothing_is_certain() -> None:
    for kind in ("Pation", ["Patient"], None):
        doubts = DOUBTS.count
        below, above = ({"resourceType": kind, "inner": {each: 1}} for each in "ab")
        assert lifting.laid_over(below, above)["inner"] == {"a": 1, "b": 1}
        assert DOUBTS.count != doubts


def test_names_tell_what_the_shape_tells() -> None:
    """Elements with the same names are right or wrong together, where all their values are right."""
    coverage = ("resourceType", "status", "beneficiary", "payor")
    known = names.of("Coverage")
    assert known[coverage] and known[(*coverage, "type", "period")]
    assert not any(known[coverage[:at] + coverage[at + 1 :]] for at in range(4))
    assert not known[(*coverage, "odd")] and not known[(*coverage, "contained")]
    assert known["resourceType", "_status", "beneficiary", "payor"]
    extension = names.of("Extension")
    assert extension["url", "valueString"] and extension["extension", "url"]
    assert not any(
        extension[each]
        for each in [("url",), ("valueString",), ("url", "valueString", "valueCode"), ()]
    )
    assert not names.of("Coding")[()] and not names.of("Coding")["id", "code"]
    assert names.of("HumanName")["given", "_given"] and not names.of("HumanName")[("_given",)]
    assert not names.of("Attachment")["data", "size"]
    assert names.tell("Quantity") and not names.tell("CodeableConcept")
