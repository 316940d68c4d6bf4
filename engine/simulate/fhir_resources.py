"""The resources of a simulated FHIR server: created, updated, found, deleted, each with its versions. In memory."""

from __future__ import annotations

import copy
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec

#: Issue codes of what a server refuses, by status (FHIR R4, 4.3.14).
ISSUES = {400: "invalid", 401: "login", 404: "not-found", 409: "conflict", 410: "deleted", 412: "conflict", 422: "value", 429: "throttled", 500: "exception", 503: "transient"}  # fmt: skip
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_PARTS, _BAR, _ESCAPED = re.compile(r"(?<!\\),"), re.compile(r"(?<!\\)\|"), re.compile(r"\\(.)")

Resource = dict[str, Any]


class Trouble(Exception):
    """Why something was not done: a status, and where."""

    def __init__(self, status: int, expression: str = "", code: str = "") -> None:
        self.status, self.expression = status, expression
        self.code = code or ISSUES.get(status, "processing")
        super().__init__(f"{status} {self.code}")

    def outcome(self) -> Resource:
        """As an OperationOutcome; diagnostics hold what servers write there, and nobody should repeat."""
        issue: Resource = {
            "severity": "error",
            "code": self.code,
            "diagnostics": "Doe, Jane: not accepted",
        }
        if self.expression:
            issue["expression"] = [self.expression]
        return {"resourceType": "OperationOutcome", "issue": [issue]}


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    status: int
    resource: Resource | None = None

    @property
    def location(self) -> str:
        """`Patient/7/_history/2`."""
        if self.resource is None:
            return ""
        return f"{self.resource['resourceType']}/{self.resource['id']}/_history/{self.version}"

    @property
    def version(self) -> str:
        """The version's number."""
        return str(self.resource["meta"]["versionId"]) if self.resource else ""


class Resources:
    """By type and id. Every change is a new version."""

    def __init__(self) -> None:
        self.kept: dict[str, Resource] = {}
        """`Patient/7` -> the resource as it stands."""
        self.deleted: dict[str, str] = {}
        """`Patient/7` -> when."""
        self._number = 0

    def copied(self) -> tuple[dict[str, Resource], dict[str, str]]:
        """As it stands, for a transaction that fails."""
        return dict(self.kept), dict(self.deleted)

    def restore(self, before: tuple[dict[str, Resource], dict[str, str]]) -> None:
        """As it stood."""
        self.kept, self.deleted = before

    def next_id(self) -> str:
        """An id that nobody has."""
        self._number += 1
        return str(self._number)

    def create(self, resource: Resource, match: str = "", id: str = "") -> Done:
        """POST; with `match` only where nothing is found. Trouble 412 where several are."""
        if match:
            found = self.search(resource["resourceType"], match)
            if len(found) > 1:
                raise Trouble(412, code="multiple-matches")
            if found:
                return Done(status=200, resource=found[0])
        return self._keep({**resource, "id": id or self.next_id()}, 201)

    def update(self, resource: Resource, id: str, version: str = "") -> Done:
        """PUT to an id; with `version` only of that one."""
        name = f"{resource['resourceType']}/{id}"
        before = self.kept.get(name)
        if version and (before is None or before["meta"]["versionId"] != version):
            raise Trouble(412)
        if resource.get("id", id) != id:
            raise Trouble(400, f"{resource['resourceType']}.id")
        return self._keep({**resource, "id": id}, 200 if before else 201)

    def update_found(self, resource: Resource, match: str, version: str = "") -> Done:
        """PUT to what a search finds; with `version` only of that one."""
        found = self.search(resource["resourceType"], match)
        if len(found) > 1:
            raise Trouble(412, code="multiple-matches")
        if found:
            return self.update({**resource, "id": found[0]["id"]}, found[0]["id"], version)
        return self.create(resource, id=str(resource.get("id", "")))

    def only(self, type_: str, match: str) -> str:
        """The one that a search finds: `Patient/7`. Trouble 404 where none is, 412 where several are."""
        found = self.search(type_, match)
        if len(found) != 1:
            raise Trouble(412, code="multiple-matches") if found else Trouble(404)
        return f"{type_}/{found[0]['id']}"

    def delete(self, name: str, version: str = "") -> Done:
        """DELETE; with `version` only of that one."""
        if version and self.read(name)["meta"]["versionId"] != version:
            raise Trouble(412)
        if self.kept.pop(name, None) is not None:
            self.deleted[name] = _now()
        return Done(status=204)

    def read(self, name: str, version: str = "") -> Resource:
        """GET. Trouble 404, 410."""
        if name in self.deleted and name not in self.kept:
            raise Trouble(410)
        found = self.kept.get(name)
        if found is None or (version and found["meta"]["versionId"] != version):
            raise Trouble(404)
        return found

    def search(self, type_: str, query: str) -> list[Resource]:
        """Those of a type that every parameter fits: `identifier`, `_id`, references and plain codes."""
        wanted = parse_qsl(query, keep_blank_values=True)
        return [
            one
            for one in self.kept.values()
            if one["resourceType"] == type_ and all(_fits(one, *each) for each in wanted)
        ]

    def _keep(self, resource: Resource, status: int) -> Done:
        check(resource)
        name = f"{resource['resourceType']}/{resource['id']}"
        before = self.kept.get(name)
        version = int(before["meta"]["versionId"]) + 1 if before else 1
        meta = {**resource.get("meta", {}), "versionId": str(version), "lastUpdated": _now()}
        self.kept[name] = made = {**copy.deepcopy(resource), "meta": meta}
        self.deleted.pop(name, None)
        return Done(status=status, resource=made)


def check(resource: Resource) -> None:
    """The little that this server demands: Trouble 422 for a birth date that is none."""
    born = resource.get("birthDate")
    if born is not None and (not isinstance(born, str) or not _DATE.fullmatch(born)):
        raise Trouble(422, f"{resource['resourceType']}.birthDate")


def _fits(resource: Resource, name: str, said: str) -> bool:
    wanted = _PARTS.split(said)
    if name in ("_format", "_count"):
        return True
    if name == "_id":
        return resource["id"] in wanted
    values = resource.get(name, [])
    values = values if isinstance(values, list) else [values]
    return any(_is(value, each) for value in values for each in wanted)


def _is(value: Any, wanted: str) -> bool:
    """Whether a value is what is looked for: `code`, `system|code`; what separates is escaped in a value."""
    *system, code = [_ESCAPED.sub(r"\1", part) for part in _BAR.split(wanted)]
    if not isinstance(value, dict):
        return str(value).lower() == code
    found = value.get("value", value.get("code", value.get("reference")))
    return found == code and (not system or value.get("system", "") == system[0])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
