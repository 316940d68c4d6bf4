"""`validate:` of channels: on by default, further by a word, or by profiles of a folder."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from engine.channel import load_all
from engine.errors import ConfigError, MessageError
from engine.formats import fhir
from engine.message import Context, Inbound, Verdict
from engine.pipeline import plan
from engine.reading import Reading

CHANNEL = """description: patients
owner: registry
source: {{file: {{folder: in, pattern: "*.json"}}}}
format: fhir
{validate}
destinations:
  out: {{file: {{folder: out, name: "{{meta.id}}.json"}}}}
"""
PROFILE = {
    "resourceType": "StructureDefinition",
    "id": "registered-patient",
    "url": "http://example.org/StructureDefinition/registered-patient",
    "name": "RegisteredPatient",
    "status": "active",
    "kind": "resource",
    "abstract": False,
    "type": "Patient",
    "derivation": "constraint",
    "snapshot": {
        "element": [
            {"id": "Patient", "path": "Patient", "min": 0, "max": "*"},
            {"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1, "max": "1", "type": [{"code": "date"}]},
        ]
    },
}  # fmt: skip


def planned(home: Path, validate: str, resource: dict[str, Any]) -> Any:
    (home / "channels").mkdir(exist_ok=True)
    (home / "channels/patients.yaml").write_text(CHANNEL.format(validate=validate))
    channel = load_all(home).channels["patients"]
    inbound = Inbound(raw=json.dumps(resource).encode(), received_at=0)
    return plan(channel, inbound, Context(now=0, id=1))


PATIENT = {"resourceType": "Patient", "contact": [{"gender": "female"}]}


@pytest.mark.parametrize(
    ("validate", "resource", "said"),
    [
        ("", PATIENT, ""),
        ("", {"resourceType": "Patient", "gendre": "x"}, "Patient.gendre"),
        ("validate: none", {"resourceType": "Patient", "gendre": "x"}, ""),
        ("validate: invariants", PATIENT, "Patient.contact[0]"),
        ("validate: {profile: registered-patient, package: ours}", {"resourceType": "Patient"}, "Patient.birthDate"),
        ("validate: {profile: registered-patient, package: ours}", {"resourceType": "Group", "type": "person", "actual": True}, ""),
    ],
)  # fmt: skip
def test_a_message_keeps_what_its_channel_asks(
    tmp_path: Path, validate: str, resource: dict[str, Any], said: str
) -> None:
    folder = tmp_path / "mappings/profiles/ours"
    folder.mkdir(parents=True)
    (folder / "patient.json").write_text(json.dumps(PROFILE))
    made = planned(tmp_path, validate, resource)
    assert (made.verdict is Verdict.QUARANTINED) == bool(said)
    assert said in made.detail
    assert made.reason == ("invalid" if said else "")


@pytest.mark.parametrize(
    ("validate", "said"),
    [
        ("validate: structur", "did you mean 'structure'?"),
        ("validate: {profil: x}", "did you mean 'profile'?"),
        ("validate: {profile: x, package: our}", "did you mean 'ours'?"),
        ("validate: {profile: registered-patien, package: ours}", "did you mean 'registered-patient'?"),
    ],
)  # fmt: skip
def test_what_is_written_wrong_is_a_mistake(tmp_path: Path, validate: str, said: str) -> None:
    folder = tmp_path / "mappings/profiles/ours"
    folder.mkdir(parents=True)
    (folder / "patient.json").write_text(json.dumps(PROFILE))
    with pytest.raises(ConfigError) as error:
        planned(tmp_path, validate, PATIENT)
    assert said in str(error.value)


def test_a_level_goes_from_process_to_process(tmp_path: Path) -> None:
    folder = tmp_path / "mappings/profiles/ours"
    folder.mkdir(parents=True)
    (folder / "patient.json").write_text(json.dumps(PROFILE))
    planned(tmp_path, "validate: {profile: registered-patient, package: ours}", PATIENT)
    level = load_all(tmp_path).channels["patients"].validate
    assert [name for name, _ in level.files] == ["mappings/profiles/ours/patient.json"]
    with pytest.raises(MessageError):
        fhir.validate(
            fhir.parse(b'{"resourceType":"Patient"}', Reading()),
            pickle.loads(pickle.dumps(level)),
        )
