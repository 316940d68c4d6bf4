"""Codes, codings and quantities: required bindings (FHIR R4, 4.1.5), and what the types themselves ask."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from engine.fhir import definitions
from engine.fhir.definitions import Element, Type
from engine.findings import Finding

#: An address that is complete in itself.
ABSOLUTE = r"[A-Za-z][A-Za-z0-9+.\-]*:[^ \t\r\n]+"
_ABSOLUTE = re.compile(ABSOLUTE)
_LISTED = 8


def is_absolute(text: str) -> bool:
    """Whether an address is complete in itself."""
    return _ABSOLUTE.fullmatch(text) is not None


def rule(element: Element) -> str:
    """
    What is said of a code that a required binding does not have.

    >>> rule(definitions.of("Patient").elements["gender"])
    'the code must be one of female, male, other, unknown'
    """
    codes = sorted(element.codes)
    if len(codes) <= _LISTED:
        return f"the code must be one of {', '.join(codes)}"
    return f"the code must be one of {len(codes)} of the value set {element.system}"


def element(value: Any, element_: Element, owner: Type, place: str) -> Iterator[Finding]:
    """A Coding or CodeableConcept against a required binding, a Quantity against its profile, an extension's address."""
    if not isinstance(value, dict):
        return
    if element_.type == "Extension" and owner.name != "Extension":
        url = value.get("url")
        if isinstance(url, str) and _ABSOLUTE.fullmatch(url) is None:
            yield (
                f"{place}.url",
                "the url of an extension is an absolute address, but in another extension",
            )
    if element_.profile == "SimpleQuantity" and "comparator" in value:
        yield f"{place}.comparator", "a quantity has no comparator here [sqty-1]"
    if not element_.codes:
        return
    known = definitions.codings(element_.system)
    if element_.type == "Coding" and not _among(value, known):
        yield place, f"the coding must be of the value set {element_.system}"
    if element_.type == "CodeableConcept":
        codings = value.get("coding")
        every = codings if isinstance(codings, list) else []
        if not any(_among(each, known) for each in every) and "extension" not in value:
            yield place, f"one of the codings must be of the value set {element_.system}"


def _among(coding: Any, known: Mapping[str, frozenset[str]]) -> bool:
    code = coding.get("code") if isinstance(coding, dict) else None
    return isinstance(code, str) and code in known.get(str(coding.get("system")), ())


def record(value: Mapping[str, Any], type_: Type, place: str) -> Iterator[Finding]:
    """What a data type asks for beyond its elements."""
    check = _CHECKS.get(type_.name) or _CHECKS.get(type_.base)
    if check is not None:
        yield from check(value, place)


def _coding(value: Mapping[str, Any], place: str) -> Iterator[Finding]:
    system = value.get("system")
    if isinstance(system, str) and _ABSOLUTE.fullmatch(system) is None:
        yield f"{place}.system", "the system of a code is an absolute address"


def _quantity(value: Mapping[str, Any], place: str) -> Iterator[Finding]:
    if "code" in value and not ({"system", "_system"} & value.keys()):
        yield place, "a unit that has a code must have a system [qty-3]"


def _extension(value: Mapping[str, Any], place: str) -> Iterator[Finding]:
    valued = any(name.startswith(("value", "_value")) for name in value)
    if valued == ("extension" in value):
        yield place, "an extension has a value or extensions of its own, one of both [ext-1]"


def _attachment(value: Mapping[str, Any], place: str) -> Iterator[Finding]:
    data, size = value.get("data"), value.get("size")
    if isinstance(data, str) and isinstance(size, int):
        try:
            length = len(b64decode("".join(data.split()), validate=True))
        except ValueError:
            return
        if length != size:
            yield f"{place}.size", "the size is not that of the data"


_CHECKS = {
    "Coding": _coding,
    "Quantity": _quantity,
    "Extension": _extension,
    "Attachment": _attachment,
}
