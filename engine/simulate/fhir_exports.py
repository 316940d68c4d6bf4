"""Bulk exports of a simulated FHIR server (FHIR Bulk Data Access 2.0.0)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from engine.simulate.fhir_resources import Resource, Resources, Trouble

#: Resources in one file.
PER_FILE = 1000


class Job:
    """One export: what it will say, and how often it is asked before it is done."""

    def __init__(self, number: int, polls: int) -> None:
        self.number, self.polls = number, polls
        self.files: dict[str, bytes] = {}
        self.output: list[dict[str, Any]] = []
        self.deleted: list[dict[str, Any]] = []
        self.error: list[dict[str, Any]] = []
        self.at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Exports:
    """The jobs there are."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self.jobs: dict[str, Job] = {}
        self.polls = 1
        """How often a new job says that it is not done."""
        self.per_file = PER_FILE
        self.asked: list[dict[str, str]] = []
        """The parameters of every export that was asked for."""

    def begin(self, query: str, base: str) -> Job:
        """A new job. Trouble 400 for types that are none."""
        said = dict(parse_qsl(query))
        self.asked.append(said)
        job = Job(len(self.asked), self.polls)
        types = [each for each in said.get("_type", "").split(",") if each]
        if any(not each.isalpha() for each in types):
            raise Trouble(400)
        since = said.get("_since", "")
        by_type: dict[str, list[Resource]] = {}
        for one in list(self._resources.kept.values()):
            if (not types or one["resourceType"] in types) and one["meta"][
                "lastUpdated"
            ] > since:
                by_type.setdefault(one["resourceType"], []).append(one)
        for type_, found in sorted(by_type.items()):
            for at in range(0, len(found), self.per_file):
                part = found[at : at + self.per_file]
                self._file(job, job.output, type_, part, base)
        gone = [name for name, at in self._resources.deleted.items() if since and at > since]
        if gone:
            entries = [{"request": {"method": "DELETE", "url": name}} for name in gone]
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
            self._file(job, job.deleted, "Bundle", [bundle], base)
        self.jobs[str(job.number)] = job
        return job

    def warn(self, job: Job, base: str) -> None:
        """Something could not be exported: an error file says so."""
        outcome = Trouble(422, "Patient.name").outcome()
        self._file(job, job.error, "OperationOutcome", [outcome], base)

    def _file(
        self,
        job: Job,
        among: list[dict[str, Any]],
        type_: str,
        found: list[Resource],
        base: str,
    ) -> None:
        name = f"{type_}.{len(job.files) + 1}.ndjson"
        job.files[name] = b"".join(msgspec.json.encode(one) + b"\n" for one in found)
        url = f"{base}/_files/{job.number}/{name}"
        among.append({"type": type_, "url": url, "count": len(found)})


def manifest(job: Job, url: str, requires_token: bool) -> Resource:
    """What a finished job says."""
    return {
        "transactionTime": job.at,
        "request": url,
        "requiresAccessToken": requires_token,
        "output": job.output,
        "deleted": job.deleted,
        "error": job.error,
    }
