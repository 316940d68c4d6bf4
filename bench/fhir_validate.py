"""
How long the validation of FHIR R4 takes: a Patient and a Bundle of 50 entries, all right, and the same with a fault in them.

    python bench/fhir_validate.py [FOLDER]

FOLDER holds official examples as JSON (Patient-example.json and others); without it resources of our own are taken. Printed:
microseconds of one validation, the best of five rounds, in one thread.
"""

from __future__ import annotations

import copy
import sys
import timeit
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from engine.fhir import checking

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
NAMES = (
    "Patient-example",
    "Observation-example",
    "Encounter-example",
    "ServiceRequest-example",
)

_PATIENT = b"""{"resourceType": "Patient", "id": "1", "text": {"status": "generated", "div":
 "<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>Jo <b>Doe</b></p></div>"},
 "identifier": [{"use": "usual", "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
 "system": "urn:oid:1.2.36.146.595.217.0.1", "value": "12345", "period": {"start": "2001-05-06"}}], "active": true,
 "name": [{"use": "official", "family": "Doe", "given": ["Jo", "Ann"]}, {"use": "usual", "given": ["Jo"]}],
 "telecom": [{"system": "phone", "value": "(03) 5555 6473", "use": "work", "rank": 1}], "gender": "female",
 "birthDate": "1974-12-25", "address": [{"use": "home", "line": ["1 High Street"], "city": "Springfield", "postalCode": "3999"}],
 "contact": [{"name": {"family": "Doe"}, "gender": "male"}], "managingOrganization": {"reference": "Organization/1"}}"""
_OBSERVATION = b"""{"resourceType": "Observation", "id": "2", "status": "final",
 "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7", "display": "Body weight"}]},
 "subject": {"reference": "Patient/1"}, "effectiveDateTime": "2016-03-28T10:30:00+01:00",
 "valueQuantity": {"value": 101.50, "unit": "lbs", "system": "http://unitsofmeasure.org", "code": "[lb_av]"}}"""


def resources(folder: Path | None) -> list[Any]:
    """What is validated."""
    if folder is None:
        return [_DECODER.decode(_PATIENT), _DECODER.decode(_OBSERVATION)]
    return [_DECODER.decode((folder / f"{name}.json").read_bytes()) for name in NAMES]


def bundle(every: list[Any], count: int = 50) -> dict[str, Any]:
    """A transaction of so many entries."""
    entries = []
    for number in range(count):
        resource = copy.deepcopy(every[number % len(every)])
        full = f"urn:uuid:00000000-0000-4000-8000-{number:012d}"
        request = {"method": "POST", "url": resource["resourceType"]}
        entries.append({"fullUrl": full, "resource": resource, "request": request})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def took(resource: Any) -> float:
    """Microseconds of a validation."""
    checking.valid(resource)
    count, seconds = timeit.Timer(lambda: checking.valid(resource)).autorange()
    rounds = timeit.Timer(lambda: checking.valid(resource)).repeat(5, count)
    return min(seconds, *rounds) / count * 1e6


def main() -> None:
    """Print a line for each."""
    every = resources(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    broken = copy.deepcopy(every[0])
    broken["gender"] = "m"
    whole = bundle(every)
    faulty = copy.deepcopy(whole)
    faulty["entry"][-1]["resource"]["nobody"] = 1
    for name, each in (
        *((f"{one['resourceType']}", one) for one in every),
        ("Patient with a wrong code", broken),
        ("Bundle of 50 entries", whole),
        ("Bundle of 50 entries, one unknown element", faulty),
    ):
        size = len(msgspec.json.encode(each))
        print(f"{took(each):8.1f} us  {size:>7} bytes  {name}: {checking.valid(each)}")


if __name__ == "__main__":
    main()
