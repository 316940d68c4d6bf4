"""POST to the base: a batch, a transaction, or a notification of a subscription (HL7 FHIR R4 3.1.0.11)."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import msgspec

from engine.connectors.fhir import entries, notifications, pages, questions, scopes
from engine.connectors.fhir.entries import Wanted
from engine.connectors.fhir.interactions import QUESTIONS, Asked, Refusal
from engine.connectors.fhir.notifications import Watch
from engine.connectors.fhir.resources import as_json
from engine.connectors.fhir.told import mark, passed_on, quarantined
from engine.connectors.fhir.visits import House, Visit
from engine.connectors.fhir.writing import Written, facts_of, keep
from engine.fhir.outcome import render
from engine.http.answers import Page
from engine.message import LARGE, Body, Inbound, Receipt, Verdict

#: What a Bundle that is sent to the base may be.
_TYPES = ("batch", "transaction")
#: Questions that one Bundle may ask, and how many of them are under way at a time.
MOST_ASKED, AT_A_TIME = 200, 16
#: Entries that are told what became of them in one go where the event loop does it.
AT_ONCE = 200
#: Nobody can say what such a Bundle would do, so it is never taken on.
_UNREADABLE = ("not_fhir", "what is sent here is a Bundle in UTF-8 that can be read")
_UNREAD = Refusal(400, "invalid", "the entry's request cannot be read")
_UNKEPT = Refusal(
    422, "not-supported", "this endpoint takes resources without their conditions only"
)
_NO_RESOURCE = Refusal(422, "not-supported", "this endpoint takes entries with a resource only")


async def take(house: House, watch: Watch, visit: Visit, body: bytes, hidden: str) -> Page:
    """Keep a Bundle as a message, or its questions as messages of their own, and answer with a Bundle."""
    large = len(body) > LARGE
    raw = body
    if visit.sent != "json":
        raw = await asyncio.to_thread(_json, body) if large else _json(body)
    bundle = (
        await asyncio.to_thread(entries.bundle_of, raw) if large else entries.bundle_of(raw)
    )
    if bundle is None:
        facts = facts_of(visit, Asked(interaction="batch"), hidden)
        return await keep(house, visit, Written(body, fault=_UNREADABLE), facts)
    if bundle.type in notifications.TYPES:
        house.permit(Asked(interaction="notification", type="Bundle"), visit.scopes)
        return await watch.take(house, visit, raw, hidden)
    if bundle.type not in _TYPES:
        why = "Bundle.type: a Bundle is sent here as batch or transaction; others are created at /Bundle"
        fault = ("invalid", why)
        asked = Asked(interaction="batch")
        facts = facts_of(visit, asked, hidden)
        return await keep(house, visit, Written(body, fault=fault), facts)
    house.permit(Asked(interaction=bundle.type), visit.scopes)
    wanted = entries.wanted
    if large:
        found = await asyncio.to_thread(wanted, house, visit, bundle)
    else:
        found = wanted(house, visit, bundle)
    return await _Exchange(house, visit, raw, bundle, found, hidden).run(body)


def _json(body: bytes) -> bytes:
    """What is XML as JSON; as it is where it cannot be read, which the channel's format will say."""
    try:
        return render(as_json(body, "xml"), "json")
    except Refusal:
        return body


class _Exchange:
    """One batch or transaction."""

    def __init__(
        self,
        house: House,
        visit: Visit,
        raw: bytes,
        bundle: entries.Bundle,
        wanted: list[Wanted],
        hidden: str,
    ) -> None:
        self._house, self._visit, self._raw = house, visit, raw
        self._bundle, self._hidden = bundle, hidden
        self._wanted = wanted
        self._said: list[Any] = [None] * len(wanted)

    async def run(self, body: bytes) -> Page:
        wanted = self._wanted
        asking = [at for at, one in enumerate(wanted) if _asks(one)]
        self._refuse_unread()
        self._refuse_unkept()
        refused = [at for at, one in enumerate(wanted) if one.refusal is not None]
        if refused and self._bundle.type == "transaction":
            one = cast(Refusal, wanted[refused[0]].refusal)
            why = f"Bundle.entry[{refused[0]}]: {one.why}; nothing of the transaction was done"
            raise Refusal(one.status, one.code, why)
        for at in refused:
            self._said[at] = entries.refused(cast(Refusal, wanted[at].refusal))
        if len(asking) > MOST_ASKED:
            raise Refusal(413, "too-costly", f"a Bundle asks {MOST_ASKED} questions at most")
        aside = {*asking, *refused}
        writing = [at for at in range(len(wanted)) if at not in aside]
        headers = ""
        if writing or not wanted:
            raw = await self._left(writing) if aside else body
            page = await self._write(raw, writing)
            if isinstance(page, Page):
                return page
            headers = page
        for first in range(0, len(asking), AT_A_TIME):
            some = asking[first : first + AT_A_TIME]
            found = await asyncio.gather(*(self._ask(wanted[at]) for at in some))
            for at, one in zip(some, found, strict=True):
                self._said[at] = one
        answer = {"resourceType": "Bundle", "type": f"{self._bundle.type}-response"}
        return self._page({**answer, "entry": self._said} if self._said else answer, headers)

    async def _left(self, writing: list[int]) -> bytes:
        if len(self._raw) <= LARGE:
            return entries.without(self._raw, self._bundle, writing)
        return await asyncio.to_thread(entries.without, self._raw, self._bundle, writing)

    def _refuse_unread(self) -> None:
        """An entry of a batch that says nothing readable is refused alone (FHIR R4 3.1.0.11.1); where none can be read all are kept."""
        unread = [at for at, one in enumerate(self._wanted) if one.is_unread]
        if self._bundle.type == "batch" and len(unread) < len(self._wanted):
            for at in unread:
                self._wanted[at] = Wanted(refusal=_UNREAD)

    def _refuse_unkept(self) -> None:
        """Where a server behind gets the resources without their requests, what needs its request is not taken on."""
        kept = self._house.site.keeps()
        if kept and "entries" not in kept:
            for at, one in enumerate(self._wanted):
                if one.needs_its_request:
                    self._wanted[at] = Wanted(refusal=_UNKEPT)

    async def _write(self, raw: bytes, writing: list[int]) -> Page | str:
        """Keep the entries that write, and note what each is told; the answer, where all of them have the same one."""
        house, visit = self._house, self._visit
        site, at = house.site, house.site.now()
        facts = facts_of(visit, Asked(interaction=self._bundle.type), self._hidden)
        content: Body = raw if len(raw) <= LARGE else await site.spool([raw])
        unread = [each for each in writing if self._wanted[each].is_unread]
        fault = None
        if unread:
            fault = (
                "invalid",
                f"Bundle.entry[{unread[0]}].request: what is asked cannot be read",
            )
        inbound = Inbound(
            raw=content, received_at=at, peer=visit.head.peer, facts=facts, fault=fault
        )
        reply = await house.hand_over(inbound)
        receipt = reply.receipt
        assert receipt is not None
        if reply.status:
            return passed_on(visit, reply, receipt)
        if receipt.verdict is Verdict.QUARANTINED:
            return quarantined(visit, reply, receipt)
        if len(writing) > AT_ONCE:
            await asyncio.to_thread(self._tell, writing, receipt, at)
        else:
            self._tell(writing, receipt, at)
        return mark(receipt)

    def _tell(self, writing: list[int], receipt: Receipt, at: float) -> None:
        """Note for each entry that was kept what its sender is told."""
        asked = [self._wanted[each] for each in writing]
        for place, one, kept in zip(
            writing, asked, entries.receipts(receipt, asked), strict=True
        ):
            if kept is None:
                self._said[place] = entries.refused(_NO_RESOURCE)
            else:
                self._said[place] = entries.response(self._visit, one, *kept, at)

    async def _ask(self, one: Wanted) -> Any:
        """A question among the entries: a message of its own."""
        assert one.asked is not None
        try:
            query = questions.read_query(one.query)
            visit = msgspec.structs.replace(
                self._visit, asked=one.asked, query=query, sent="json", kind="json"
            )
            scopes.check_reach(query, visit.scopes)
            raw = questions.question(one.asked, query)
            facts = facts_of(visit, one.asked, self._hidden)
            page = await keep(self._house, visit, Written(raw), facts)
        except Refusal as refusal:  # what the Bundle writes is kept by now: that must be told
            return entries.refused(refusal)
        return entries.of_page(page)

    def _page(self, answer: dict[str, Any], headers: str) -> Page:
        if self._visit.kind == "json":
            return pages.page(200, answer, "json", headers)
        whole = as_json(msgspec.json.encode(answer), "json")
        return pages.page(200, whole, self._visit.kind, headers)


def _asks(one: Wanted) -> bool:
    return one.asked is not None and one.asked.interaction in QUESTIONS
