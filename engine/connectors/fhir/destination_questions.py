"""A question that came in over a `fhir` source, asked of the partner: read, vread, search, delete. Pure."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from engine.errors import MessageError

#: Questions that are asked; a search travels in a body, where nobody logs it (R4 3.1.0.9).
QUESTIONS = frozenset({"read", "vread", "search", "delete"})
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
#: `.` and `..` lead somewhere else in a URL (RFC 3986 5.2.4).
_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9\-.]{1,64}")
_COMPARTMENT = re.compile(r"[A-Z][A-Za-z]{1,63}/(?!\.{1,2}\Z)[A-Za-z0-9\-.]{1,64}")
_FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


class Parameter(msgspec.Struct, frozen=True, omit_defaults=True):
    """One parameter of the question."""

    name: str
    valueCode: str = ""
    valueId: str = ""
    valueString: str = ""
    part: list[Any] = []


class Question(msgspec.Struct, frozen=True):
    """What the source made of a request without a resource."""

    parameter: list[Parameter] = []


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the partner."""

    method: str
    path: str
    headers: str = ""
    body: bytes = b""


def question(payload: bytes) -> Request:
    """MessageError where the Parameters are no question of ours."""
    try:
        found = msgspec.json.decode(payload, type=Question).parameter
    except msgspec.DecodeError:
        raise _bad("Parameters as a question have a list of parameters", "parameter") from None
    said = {one.name: one.valueCode or one.valueId or one.valueString for one in found}
    kind, type_ = said.get("interaction", ""), said.get("type", "")
    if kind not in QUESTIONS:
        raise _bad("Parameters are sent as a question alone: read, vread, search or delete", "parameter")  # fmt: skip
    if type_ and type_ != "*" and not _TYPE.fullmatch(type_):
        raise _bad("this names no type of resource", "parameter.type")
    if kind == "search":
        return _search(type_, said.get("compartment", ""), _criteria(found))
    if kind == "delete" and not said.get("id"):
        return _conditional_delete(type_, _criteria(found))
    path = f"/{type_}/{_id(said, 'id')}"
    if kind == "vread":
        path += f"/_history/{_id(said, 'version')}"
    return Request(method="DELETE" if kind == "delete" else "GET", path=path)


def _search(type_: str, compartment: str, criteria: list[tuple[str, str]]) -> Request:
    if compartment and not _COMPARTMENT.fullmatch(compartment):
        raise _bad("a compartment is a type and an id", "parameter.compartment")
    steps = [step for step in (compartment, type_, "_search") if step]
    path = "/" + "/".join(steps)
    return Request(method="POST", path=path, headers=_FORM, body=urlencode(criteria).encode())


def _conditional_delete(type_: str, criteria: list[tuple[str, str]]) -> Request:
    """One that names nothing would mean every resource of the type (R4 3.1.0.7.1)."""
    if not type_ or not criteria:
        raise _bad("a delete has an id, or a search that says which resource is meant", "parameter.search")  # fmt: skip
    return Request(method="DELETE", path=f"/{type_}?{urlencode(criteria, quote_via=quote)}")


def _criteria(found: list[Parameter]) -> list[tuple[str, str]]:
    parts = [part for one in found if one.name == "search" for part in one.part]
    return [
        (str(part["name"]), str(part.get("valueString", "")))
        for part in parts
        if isinstance(part, dict) and part.get("name")
    ]


def _id(said: dict[str, str], name: str) -> str:
    found = said.get(name, "")
    if not _ID.fullmatch(found):
        raise _bad("an id has letters, digits, hyphens and dots, 64 at most", f"parameter.{name}")  # fmt: skip
    return found


def _bad(rule: str, path: str) -> MessageError:
    return MessageError("not_sendable", rule, path)
