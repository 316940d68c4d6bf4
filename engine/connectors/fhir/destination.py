"""Deliveries to a FHIR server: one interaction each, or entries of batches that travel together."""

from __future__ import annotations

import asyncio
import re

from engine.connectors import Answer, Site
from engine.connectors.fhir.destination_answers import answer_of
from engine.connectors.fhir.destination_batches import Batches
from engine.connectors.fhir.destination_kept import kept
from engine.connectors.fhir.destination_requests import Asked, asked
from engine.connectors.fhir.destination_settings import DestinationSettings
from engine.errors import MessageError, Refused
from engine.http.caller import Caller
from engine.http.endpoint import endpoint
from engine.message import Delivery, short_id

#: Seconds between two tries of what met another write of the same resource (409): the server has not acted on it.
AGAIN = (0.05, 0.2, 0.8)
#: What a search may hold once its holes are filled (RFC 3986 section 2).
_SEARCH = re.compile(r"[!-~]*")
_ACCEPT = "Accept: application/fhir+json\r\n"


class Destination:
    """Sends over kept-alive connections; one token serves all of them."""

    def __init__(self, settings: DestinationSettings, site: Site) -> None:
        self._settings, self._site = settings, site
        self._server = endpoint(settings.url, settings.plaintext)
        self._base = self._server.path.rstrip("/")
        self._caller = Caller(settings, site.home)
        self._batches = Batches(self._post, settings.entries, site.now)
        self._prefer = f"Prefer: return={settings.prefer}\r\n"

    async def send(self, delivery: Delivery, payload: bytes) -> Answer:
        """
        One interaction and its answer; an entry of a batch travels with others that are under way. What meets another
        write of the same resource is tried again at once, a few times. DeliveryError as Caller.ask.
        """
        match = (delivery.options or {}).get("match", self._settings.match)
        if not _SEARCH.fullmatch(match):
            raise Refused("not sent", "match holds what a URL cannot carry")
        try:
            what = self._asked(delivery, payload, match)
        except MessageError as error:
            raise Refused("not sent", str(error)) from None
        if what.entry:
            return await self._batches.send(delivery.key, what.entry)
        trail = f"X-Correlation-Id: {short_id(delivery.message)}\r\n"
        answer = await self._exchange(what, delivery.key, trail)
        for wait in AGAIN:
            if answer.status != "409" or "If-Match" in what.headers:
                break
            await asyncio.sleep(wait)
            answer = await self._exchange(what, delivery.key, trail)
        return answer

    def _asked(self, delivery: Delivery, payload: bytes, match: str) -> Asked:
        """The request: the one that the message came with, where it keeps that, else what the settings say."""
        own = kept(self._settings, payload, delivery.options or {})
        return own if own is not None else asked(self._settings, payload, match)

    async def close(self) -> None:
        """Let go of idle connections."""
        await self._batches.close()
        await self._caller.close()

    async def _post(self, body: bytes, key: str) -> Answer:
        return await self._exchange(Asked(interaction="batch", body=body), key, "")

    async def _exchange(self, what: Asked, key: str, trail: str) -> Answer:
        path = f"{self._base}{what.path}" or "/"
        fixed = f"{self._prefer}Content-Type: {what.kind}\r\n" if what.kind else ""
        headers = f"{_ACCEPT}{fixed}{what.headers}Idempotency-Key: {key}\r\n{trail}"
        response = await self._caller.ask(
            self._server, f"{what.method} {path}", headers, what.body
        )
        if response.cut:
            self._site.notice("warning", "reply_cut", limit=self._settings.max_reply)
        named = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in response.headers
        }
        return answer_of(what, response.status, response.body, named, self._site.now())


def answered(body: bytes, status: str = "") -> Answer:
    """What an answer means where the channel has no `reply:` rules, for tests of channels; without a status it is 200."""
    return answer_of(Asked(interaction="create"), int(status or 200), body, {}, 0.0)
