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
    settings: SourceSettings,
    channel: str,
    base: str,
    since: float,
    kept: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """
    What the endpoint can do. `since`: wall clock seconds since when it does; `kept`: the interactions whose conditions reach a
    server that decides them.
    """
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": moment(int(since)),
        "kind": "instance",
        "software": {"name": "Corridor", "version": __version__},
        "implementation": {"description": f"The channel {channel}", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", "xml", JSON, XML],
        **({"patchFormat": [*PATCHES, JSON]} if "patch" in _able(settings, kept) else {}),
        "rest": [_rest(settings, base, kept)],
        **(_messaging() if "process-message" in settings.interactions else {}),
    }


def _able(settings: SourceSettings, kept: frozenset[str]) -> list[str]:
    """What is done with resources; not what a destination, which keeps Bundles as they came, could never send."""
    never = {"patch", "delete"} - kept if "entries" in kept else set()
    names = [name for name in _OF_TYPE if name in settings.interactions]
    return [_OF_TYPE[name] for name in names if name not in never]


def _messaging() -> dict[str, Any]:
    said = "Messages are sent to $process-message; each is kept before it is answered"
    return {"messaging": [{"documentation": said}]}


def _rest(settings: SourceSettings, base: str, kept: frozenset[str]) -> dict[str, Any]:
    types = settings.resources or definitions.resources()
    able = _able(settings, kept)
    system = [
        {"code": name} for name in ("transaction", "batch") if name in settings.interactions
    ]
    return {
        "mode": "server",
        "documentation": "What is written here becomes messages of the channel; each answer names its message in X-Message-Id",
        "security": _security(settings, base),
        "resource": [_resource(name, able, kept) for name in types],
        **({"interaction": system} if system else {}),
        "operation": [*_operations(settings)],
    }


def _resource(name: str, able: Sequence[str], kept: frozenset[str]) -> dict[str, Any]:
    """What can be done with a type; a condition is promised only where somebody decides it."""
    said: dict[str, Any] = {"type": name, "interaction": [{"code": code} for code in able]}
    if not able:
        del said["interaction"]
    if not kept & {"update", "patch"}:
        said["versioning"] = "no-version"  # else it is that of the server behind
    if "read" in able:
        said["conditionalRead"] = "not-supported"
    said["updateCreate"] = "update" in able
    said["conditionalCreate"] = "create" in kept and "create" in able
    said["conditionalUpdate"] = "update" in kept and "update" in able
    # Whether the server behind deletes several is its own affair: who expects one must not be told so.
    deletes = "delete" in kept and "delete" in able
    said["conditionalDelete"] = "multiple" if deletes else "not-supported"
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
