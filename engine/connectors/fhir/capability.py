"""CapabilityStatement at [base]/metadata, made of what the endpoint's settings say (HL7 FHIR R4 3.1.0.9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine import __version__
from engine.connectors.fhir.media import JSON, PATCHES, XML
from engine.connectors.fhir.peek import moment
from engine.connectors.fhir.source_settings import SourceSettings
from engine.fhir import definitions

_OF_TYPE = {
    "create": "create", "update": "update", "patch": "patch", "delete": "delete", "read": "read", "vread": "vread",
    "search": "search-type",
}  # fmt: skip
_SECURITY = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_DEFINITIONS = "http://hl7.org/fhir/OperationDefinition"


def statement(
    settings: SourceSettings, channel: str, base: str, since: float
) -> dict[str, Any]:
    """What the endpoint can do. `since`: wall clock seconds since when it does."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": moment(int(since)),
        "kind": "instance",
        "software": {"name": "Corridor", "version": __version__},
        "implementation": {"description": f"The channel {channel}", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", "xml", JSON, XML],
        **({"patchFormat": [*PATCHES, JSON]} if "patch" in settings.interactions else {}),
        "rest": [_rest(settings, base)],
        **(_messaging() if "process-message" in settings.interactions else {}),
    }


def _messaging() -> dict[str, Any]:
    said = "Messages are sent to $process-message; each is kept before it is answered"
    return {"messaging": [{"documentation": said}]}


def _rest(settings: SourceSettings, base: str) -> dict[str, Any]:
    types = settings.resources or definitions.resources()
    able = [code for name, code in _OF_TYPE.items() if name in settings.interactions]
    system = [
        {"code": name} for name in ("transaction", "batch") if name in settings.interactions
    ]
    return {
        "mode": "server",
        "documentation": "What is written here becomes messages of the channel; each answer names its message in X-Message-Id",
        "security": _security(settings, base),
        "resource": [_resource(name, able) for name in types],
        **({"interaction": system} if system else {}),
        "operation": [*_operations(settings)],
    }


def _resource(name: str, able: Sequence[str]) -> dict[str, Any]:
    said: dict[str, Any] = {"type": name, "interaction": [{"code": code} for code in able]}
    if not able:
        del said["interaction"]
    said["versioning"] = "no-version"
    said["updateCreate"] = "update" in able
    said["conditionalCreate"] = "create" in able
    said["conditionalUpdate"] = "update" in able
    said["conditionalDelete"] = "single" if "delete" in able else "not-supported"
    return said


def _operations(settings: SourceSettings) -> list[dict[str, str]]:
    found = {"validate": f"{_DEFINITIONS}/Resource-validate"}
    found["convert"] = f"{_DEFINITIONS}/Resource-convert"
    if "process-message" in settings.interactions:
        found["process-message"] = f"{_DEFINITIONS}/MessageHeader-process-message"
    return [{"name": name, "definition": url} for name, url in found.items()]


def _security(settings: SourceSettings, base: str) -> dict[str, Any]:
    auth, said = settings.auth, dict[str, Any]()
    said["cors"] = False
    if auth is None:
        return said
    if auth.smart is not None:
        said["extension"] = [
            {
                "url": _OAUTH_URIS,
                "extension": [{"url": "token", "valueUri": f"{base}/auth/token"}],
            }
        ]
    code = "SMART-on-FHIR" if auth.smart else "Basic" if auth.basic else "OAuth"
    if auth.api_key is None:
        said["service"] = [{"coding": [{"system": _SECURITY, "code": code}]}]
    said["description"] = f"Callers show {auth.words()}"
    return said
