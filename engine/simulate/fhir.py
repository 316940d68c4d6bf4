"""A partner that speaks FHIR R4: resources, conditional requests, batches, transactions, bulk exports, SMART tokens."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.simulate.fault import Fault
from engine.simulate.fhir_bundles import carried_out
from engine.simulate.fhir_exports import Exports, manifest
from engine.simulate.fhir_patches import patched
from engine.simulate.fhir_resources import Done, Resource, Resources, Trouble
from engine.simulate.fhir_tokens import TokenServer
from engine.simulate.http import HttpConnection, HttpPartner, response
from engine.simulate.partner import Connection, Received

#: Where its FHIR begins; the token server stands beside it.
BASE, TOKEN = "/fhir", "/token"
_TYPE = {"Content-Type": "application/fhir+json"}
_WELL_KNOWN = f"{BASE}/.well-known/smart-configuration"


class Cut(bytes):
    """An answer that breaks off: the connection closes behind it."""


class FhirPartner(HttpPartner):
    """A small FHIR server. Faults are answered with OperationOutcomes; where `clients` are known, a token is wanted."""

    kind = "fhir"

    def __init__(
        self, *arguments: Any, clients: dict[str, dict[str, Any]] | None = None, life: float = 300.0, **options: Any
    ) -> None:  # fmt: skip
        super().__init__(*arguments, **options)
        self.resources = Resources()
        self.exports = Exports(self.resources)
        self.tokens = TokenServer(clients or {}, life)
        self.cut_files = 0
        """Downloads that break off half-way, from now on."""
        self.asked: list[str] = []
        """Method and address of every request."""

    def stats(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {**super().stats(), "resources": len(self.resources.kept)}

    def ways(self) -> dict[str, str]:
        """Where its FHIR begins."""
        return {"url": f"http://{self.host}:{self.port}{BASE}"}

    def connection(self) -> Connection:
        """The protocol of one connection."""
        return FhirConnection(self)

    def respond(self, method: str, request: Received) -> bytes | None:
        """The response to one request; None = close without one."""
        path, _, query = request.path.partition("?")
        self.asked.append(f"{method} {request.path}")
        if path == "/_stats":
            return response(200, self.stats())
        if path == _WELL_KNOWN:
            return response(200, self._configuration(request))
        if path == TOKEN:
            return response(*self.tokens.grant(request.body, self._origin(request) + TOKEN))
        try:
            self._admit(request)
            answer = self._fhir(method, path, query, request)
        except Trouble as why:
            self.refused += 1
            wait = {"Retry-After": str(self.retry_after)} if why.status in (429, 503) else {}
            answer = response(why.status, why.outcome(), _TYPE | wait)
        return None if self.fault is Fault.DROPS else answer

    def _admit(self, request: Received) -> None:
        if status := self.fault.status:
            raise Trouble(status)
        if not self.tokens.admits(request.headers.get("authorization", "")):
            raise Trouble(401)

    def _origin(self, request: Received) -> str:
        return f"http://{request.headers.get('host', f'{self.host}:{self.port}')}"

    def _configuration(self, request: Received) -> dict[str, Any]:
        return {
            "token_endpoint": self._origin(request) + TOKEN,
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
            "grant_types_supported": ["client_credentials"],
            "capabilities": ["client-confidential-asymmetric"],
        }

    # -- what is asked of its FHIR ----------------------------------------------------------------------------

    def _fhir(self, method: str, path: str, query: str, request: Received) -> bytes:
        if not path.startswith(BASE):
            raise Trouble(404)
        steps = [step for step in path.removeprefix(BASE).split("/") if step]
        if steps[:1] in (["_jobs"], ["_files"]):
            return self._job(method, steps, request)
        if steps and steps[-1] == "$export":
            return self._export(query, request)
        if method in ("POST", "PUT") and "_search" not in steps:
            return self._write(method, steps, query, request)
        if method in ("PATCH", "DELETE"):
            return self._change(method, steps, query, request)
        return self._ask(method, steps, query, request)

    def _write(self, method: str, steps: list[str], query: str, request: Received) -> bytes:
        resource = _read(request.body)
        known = {"If-None-Exist": request.headers.get("if-none-exist", "")}
        version = _version(request)
        self.take(request)
        if method == "POST" and (not steps or steps == ["$process-message"]):
            return response(200, carried_out(resource, self.resources), _TYPE)
        if not steps or resource["resourceType"] != steps[0]:
            raise Trouble(400, "resourceType")
        if method == "POST":
            return self._done(self.resources.create(resource, known["If-None-Exist"]), request)
        if query:
            return self._done(self.resources.update_found(resource, query, version), request)
        if len(steps) != 2:
            raise Trouble(404)
        if request.headers.get("if-none-match") and "/".join(steps) in self.resources.kept:
            raise Trouble(412)
        return self._done(self.resources.update(resource, steps[1], version), request)

    def _change(self, method: str, steps: list[str], query: str, request: Received) -> bytes:
        """What is there already is patched or deleted, by its id or by a search that finds one."""
        self.take(request)
        if len(steps) == 1 and query:
            name = self.resources.only(steps[0], query)
        elif len(steps) == 2:
            name = "/".join(steps)
        else:
            raise Trouble(405)
        version = _version(request)
        if method == "DELETE":
            self.resources.delete(name, version)
            return response(200, {"resourceType": "OperationOutcome", "issue": []}, _TYPE)
        before = self.resources.read(name)
        made = patched(before, request.body, request.headers.get("content-type", ""))
        return self._done(self.resources.update(made, before["id"], version), request)

    def _done(self, done: Done, request: Received) -> bytes:
        where = f"{self._origin(request)}{BASE}/{done.location}"
        headers = _TYPE | {"Location": where, "ETag": f'W/"{done.version}"'}
        whole = "representation" in request.headers.get("prefer", "")
        shown = done.resource if whole else {"resourceType": "OperationOutcome", "issue": []}
        return response(done.status, shown, headers)

    def _ask(self, method: str, steps: list[str], query: str, request: Received) -> bytes:
        if steps == ["metadata"]:
            return response(200, {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}, _TYPE)  # fmt: skip
        if len(steps) in (2, 4) and steps[1] != "_search":
            version = steps[3] if len(steps) == 4 else ""
            found = self.resources.read("/".join(steps[:2]), version)
            return response(200, found, _TYPE | {"ETag": f'W/"{found["meta"]["versionId"]}"'})
        if not steps:
            raise Trouble(404)
        wanted = "&".join(part for part in (query, request.body.decode()) if part)
        matches = [{"resource": one} for one in self.resources.search(steps[0], wanted)]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(matches), "entry": matches}  # fmt: skip
        return response(200, bundle, _TYPE)

    # -- bulk export ------------------------------------------------------------------------------------------

    def _export(self, query: str, request: Received) -> bytes:
        if "respond-async" not in request.headers.get("prefer", ""):
            raise Trouble(400)
        base = self._origin(request) + BASE
        job = self.exports.begin(query, base)
        return response(202, {}, {"Content-Location": f"{base}/_jobs/{job.number}"})

    def _job(self, method: str, steps: list[str], request: Received) -> bytes:
        job = self.exports.jobs.get(steps[1])
        if job is None:
            raise Trouble(404)
        if steps[0] == "_files":
            return self._file(job.files.get(steps[2]))
        if method == "DELETE":
            del self.exports.jobs[steps[1]]
            return response(202, {})
        if job.polls > 0:
            job.polls -= 1
            waits = {"X-Progress": "in progress", "Retry-After": str(self.retry_after)}
            return response(202, {}, waits)
        url = f"{self._origin(request)}{BASE}/$export"
        return response(200, manifest(job, url, bool(self.tokens.clients)))

    def _file(self, content: bytes | None) -> bytes:
        if content is None:
            raise Trouble(404)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+ndjson\r\nContent-Length: {len(content)}\r\n\r\n"
        if self.cut_files:
            self.cut_files -= 1
            return Cut(head.encode() + content[: len(content) // 2])
        return head.encode() + content


class FhirConnection(HttpConnection):
    """Closes behind an answer that breaks off."""

    def answer(self, data: bytes, last: bool = False) -> None:
        """See Connection.answer."""
        super().answer(data, last or isinstance(data, Cut))


def _version(request: Received) -> str:
    """The version that If-Match names."""
    return request.headers.get("if-match", "").removeprefix("W/").strip('"')


def _read(body: bytes) -> Resource:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise Trouble(400) from None
    if not isinstance(found, dict) or not isinstance(found.get("resourceType"), str):
        raise Trouble(400, "resourceType")
    return found


def fhir_partner(
    name: str = "ehr", port: int = 0, fault: str = Fault.NONE, **options: Any
) -> FhirPartner:
    """A FHIR server, started by `async with`; port 0 = any free one. Options are Partner's, `clients` and `life`."""
    return FhirPartner(name, port, fault, **options)
