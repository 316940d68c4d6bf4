"""One export as the server has it: begun, asked after, let go (FHIR Bulk Data Access 2.0.0, sections 4.1 to 4.5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode, urljoin

import msgspec

from engine.connectors.fhir_export.settings import SourceSettings
from engine.errors import DeliveryError, Misconfigured, Refused, Unavailable, Uncertain
from engine.fhir.refusals import is_transient, outcome_of, words
from engine.http.caller import Caller
from engine.http.connection import Response, Sink
from engine.http.endpoint import Endpoint, endpoint
from engine.wire.http_status import judge, wait

_PATHS = {"system": "/$export", "patients": "/Patient/$export", "group": "/Group/{}/$export"}
_JSON = "Accept: application/json\r\n"
_ASYNC = "Accept: application/fhir+json\r\nPrefer: respond-async\r\n"
_PERCENT = re.compile(r"\d{1,3}(?:\.\d{1,2})? ?%")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")


class File(msgspec.Struct, frozen=True):
    """One file of an export."""

    url: str
    type: str = ""
    count: int | None = None
    """Resources in it, where the server says so."""

    def name(self, number: int) -> str:
        """What it is called here; its address may hold a signature."""
        kind = self.type if _TYPE.fullmatch(self.type) else "file"
        return f"{kind}.{number}.ndjson"


class Manifest(msgspec.Struct, frozen=True):
    """What a finished export consists of."""

    transactionTime: str
    requiresAccessToken: bool = True
    output: list[File] = []
    deleted: list[File] = []
    error: list[File] = []

    def files(self, kinds: tuple[str, ...]) -> list[tuple[str, File]]:
        """Those that become messages, each with its kind, in an order that stays."""
        return [(kind, file) for kind in ("output", "deleted", "error") if kind in kinds for file in getattr(self, kind)]  # fmt: skip


class Working(msgspec.Struct, frozen=True):
    """It is not done yet."""

    wait: float | None = None
    """Seconds that the server asks us to wait."""
    progress: str = ""
    """`40%`, where the server says so."""


class Jobs:
    """What is asked of one server."""

    def __init__(self, settings: SourceSettings, home: Path, now: Callable[[], float]) -> None:
        self._settings, self._now = settings, now
        self._server = endpoint(settings.url, settings.plaintext)
        self._caller = Caller(settings, home)

    async def begin(self, since: str) -> str:
        """The address under which the export is asked after. DeliveryError where it was not begun, or nobody knows."""
        settings = self._settings
        path = self._server.path.rstrip("/") + _PATHS[settings.level].format(settings.group)
        said = {"_outputFormat": "application/fhir+ndjson"}
        if settings.types:
            said["_type"] = ",".join(settings.types)
        if since:
            said["_since"] = since
        if settings.filters:
            said["_typeFilter"] = ",".join(
                text.replace(",", "%2C") for text in settings.filters
            )
        line = f"GET {path}?{urlencode(said, safe=',:')}"
        response = await self._caller.ask(_origin(self._server), line, _ASYNC)
        where = _header(response, b"content-location")
        if response.status == 202 and where:
            url = urljoin(settings.url, where)
            self._checked(url)
            return url
        if response.status < 300:
            why = "the server does not answer an export with 202 and a Content-Location"
            raise Misconfigured(str(response.status), why)
        raise _failure(response, self._now())

    async def look(self, url: str) -> Manifest | Working:
        """Whether it is done. Refused where it failed or is no longer known; other DeliveryErrors pass."""
        response = await self._get(url, _JSON)
        if response.status == 202:
            found = _PERCENT.search(_header(response, b"x-progress"))
            later = _header(response, b"retry-after")
            seconds = wait(later, self._now()) if later else None
            return Working(seconds, found.group() if found else "")
        if response.status != 200:
            failure = _failure(response, self._now(), made=True)
            lost = response.status in (404, 410)
            raise Refused(failure.status, "the server no longer knows it") if lost else failure
        if response.cut:
            raise Misconfigured("200", "the list of files is longer than max_reply")
        try:
            return msgspec.json.decode(response.body, type=Manifest)
        except msgspec.DecodeError:
            raise Refused("200", "the server's list of files cannot be read") from None

    async def download(self, file: File, named: bool, sink: Sink) -> None:
        """A whole file into `sink`. Refused where it is not there; other DeliveryErrors pass."""
        accept = "Accept: application/fhir+ndjson\r\n"
        response = await self._get(file.url, accept, named, sink)
        if response.status != 200:
            raise _failure(response, self._now(), gone=(403, 404, 410))

    async def end(self, url: str) -> bool:
        """Whether the server let go of it."""
        try:
            server = self._checked(url)
            line = f"DELETE {_target(server)}"
            response = await self._caller.ask(_origin(server), line, _JSON)
        except DeliveryError:
            return False
        return response.status < 300

    async def close(self) -> None:
        """Let go of connections."""
        await self._caller.close()

    async def _get(
        self, url: str, headers: str, named: bool = True, sink: Sink | None = None
    ) -> Response:
        server = self._checked(url)
        line = f"GET {_target(server)}"
        return await self._caller.ask(_origin(server), line, headers, named=named, sink=sink)

    def _checked(self, url: str) -> Endpoint:
        """An address that the server gave; Misconfigured where content or token would travel in clear text."""
        try:
            found = endpoint(url, self._settings.plaintext)
        except ValueError:
            raise Misconfigured("not asked", "the server names an address that cannot be used") from None  # fmt: skip
        if self._server.encrypted and not found.encrypted:
            raise Misconfigured("not asked", "the server names an address in clear text")
        return found


def _origin(server: Endpoint) -> Endpoint:
    return msgspec.structs.replace(server, path="/", query="")


def _target(server: Endpoint) -> str:
    return f"{server.path}?{server.query}" if server.query else server.path


def _header(response: Response, wanted: bytes) -> str:
    return next((v.decode("latin-1") for n, v in response.headers if n.lower() == wanted), "")


def _failure(
    response: Response, now: float, gone: tuple[int, ...] = (), made: bool = False
) -> DeliveryError:
    """
    What an answer that is none means, with the issue codes of its OperationOutcome. `made`: it says how the making of the
    files ended, so that an error of the server is final unless it says that it passes.
    """
    status = response.status
    failure = judge(status, _header(response, b"retry-after"), now) or Uncertain(str(status))
    outcome = outcome_of(response.body)
    kind, detail = type(failure), failure.detail
    if status in gone:
        kind = Refused
    elif outcome is not None and (kind is Refused or (made and kind is Uncertain)):
        kind = Unavailable if is_transient(outcome) else Refused
    if outcome is not None:
        detail = f"{detail}: {words(outcome)}"
    return kind(failure.status, detail, failure.retry_after)
