"""What `new channel` writes: small, whole, and right as it stands."""

from __future__ import annotations

from typing import NamedTuple

SOURCES = ("mllp", "http", "file")
FORMATS = ("hl7v2", "json")
DESTINATIONS = ("http", "file", "mllp")


class Choice(NamedTuple):
    """What was asked for."""

    name: str
    source: str
    format: str
    to: str
    port: int
    address: str


def files(choice: Choice) -> dict[str, str]:
    """Path and text of every file of a new channel."""
    sample = "message.hl7" if choice.format == "hl7v2" else "message.json"
    return {
        f"channels/{choice.name}.yaml": _channel(choice, sample),
        f"mappings/{choice.name}.yaml": _mapping(choice),
        f"samples/{choice.name}/{sample}": HL7 if choice.format == "hl7v2" else JSON,
    }


def _channel(choice: Choice, sample: str) -> str:
    mrn = "PID-3.1" if choice.format == "hl7v2" else "patient.mrn"
    parts = [
        f"description: What {choice.name} is for, in one line",
        "owner: who-looks-after-it",
        "",
        "source:",
        _source(choice),
        f"format: {choice.format}",
        "",
        _accept(choice),
        "keys:                             # searchable: corridor messages --key mrn=...",
        f"  mrn: {mrn}",
        "",
        f"transform: {choice.name}        # mappings/{choice.name}.yaml",
        "",
        "destinations:",
        "  partner:",
        _destination(choice),
        f"    order_by: {mrn}                # messages of one patient stay in order",
        "",
        "alerts: {queue_age: 10m}",
        "",
        "tests:",
        "  - name: an update reaches the partner",
        f"    given: samples/{choice.name}/{sample}",
        "    expect:",
        "      verdict: accepted",
        *(["      acknowledgement: AA"] if choice.format == "hl7v2" else []),
        '      keys: {mrn: "1000123"}',
        "      partner:",
        _expected(choice),
    ]
    return "\n".join(part for part in parts if part is not None) + "\n"


def _source(choice: Choice) -> str:
    return {
        "mllp": f"  mllp: {{port: {choice.port}}}",
        "http": f"  http: {{port: {choice.port}, path: /{choice.name}}}",
        "file": f"  file: {{folder: in/{choice.name}}}",
    }[choice.source]


def _accept(choice: Choice) -> str:
    if choice.format == "hl7v2":
        rule = '  - when: MSH-9.2 in ["A04", "A08"]'
        return f"accept:\n{rule}\n    because: only registrations and updates are wanted\n"
    return "accept:\n  - when: exists(patient.mrn)\n    because: it names no patient\n"


def _destination(choice: Choice) -> str:
    if choice.to == "http":
        return f'    http: {{url: "{choice.address or "http://127.0.0.1:9301"}", path: "/patients"}}'
    if choice.to == "mllp":
        from engine.settings import is_loopback

        host, _, port = (choice.address or "127.0.0.1:9304").rpartition(":")
        tls = "" if is_loopback(host) else ", tls: {}"
        return f"    mllp: {{host: {host}, port: {port}{tls}}}"
    number = "MSH-10" if choice.format == "hl7v2" else "number"
    suffix = _suffix(choice)
    return (
        f"    file:\n      folder: {choice.address or f'out/{choice.name}'}\n"
        f"      name: '{{{number}}}.{suffix}'"
    )


def _edits(choice: Choice) -> bool:
    """Whether the message is edited as it is, rather than made into JSON."""
    return choice.to == "mllp" and choice.format == "hl7v2"


def _suffix(choice: Choice) -> str:
    return "hl7" if _edits(choice) else "json"


def _mapping(choice: Choice) -> str:
    if _edits(choice):
        return HL7_EDITED
    return HL7_TO_JSON if choice.format == "hl7v2" else JSON_TO_JSON


def _expected(choice: Choice) -> str:
    if choice.to == "mllp":
        return (
            '        MSH-5: "PARTNER"\n        PID-3.1: "1000123"\n        PID-5.1.1: "Sample"'
        )
    return '        mrn: "1000123"\n        family: "Sample"\n        born_on: "1975-04-12"'


HL7 = """MSH|^~\\&|REGISTRATION|GENHOSP|CORRIDOR|GENHOSP|20260102080000||ADT^A08|MSG00001|P|2.5.1
EVN|A08|20260102080000
PID|1||1000123^^^GENHOSP^MR||Sample^Sally||19750412|F|||1 Test Street^^Springfield^IL^62701
PV1|1|O|CLINIC^1^A
"""

JSON = """{
  "number": "MSG00001",
  "patient": {"mrn": "1000123", "family": "Sample", "given": "Sally", "born_on": "1975-04-12"}
}
"""

HL7_TO_JSON = """# What the partner gets, from the patient's segments. `corridor try` shows each field with its value.
from: hl7v2
to: json
fields:
  number: MSH-10
  mrn: PID-3[.5 == "MR"].1 ?? PID-3.1
  family: PID-5.1.1
  given: PID-5.2
  born_on: PID-7.1 | date | format("%Y-%m-%d")
"""

JSON_TO_JSON = """# What the partner gets. `corridor try` shows each field with its value.
from: json
to: json
fields:
  number: number
  mrn: patient.mrn
  family: patient.family
  given: patient.given
  born_on: patient.born_on | date | format("%Y-%m-%d")
"""

HL7_EDITED = """# The same message for the partner: every byte that no rule names stays as it came.
from: hl7v2
to: hl7v2
set:
  MSH-5: "PARTNER"
"""
