"""Several partners at once, and an address at which their faults are switched: what `corridor simulate` runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from engine.errors import CommandError
from engine.simulate.drops import Drop, keep_dropping, listed
from engine.simulate.eligibility import eligibility_partner
from engine.simulate.fault import Fault
from engine.simulate.fhir import fhir_partner
from engine.simulate.http import HttpPartner, http_partner, response
from engine.simulate.index import index_partner
from engine.simulate.mllp import mllp_partner
from engine.simulate.partner import Partner, Received
from engine.simulate.sftp import SftpPartner, sftp_partner
from engine.simulate.trading import TRADES, trading_partner

_KINDS: dict[str, Callable[..., Partner]] = {
    "http": http_partner,
    "mllp": mllp_partner,
    "sftp": sftp_partner,
    "fhir": fhir_partner,
    "eligibility": eligibility_partner,
    "index": index_partner,
    **{trade: trading_partner(trade) for trade in TRADES},
}
#: Partners that are more than their connector: by name, the connector that they are reached by.
_PLAYED = {"eligibility": "http", "index": "mllp", **dict.fromkeys(TRADES, "sftp")}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One partner as ordered: `billing=http:9301`."""

    name: str
    kind: str
    port: int
    fault: str = Fault.NONE


class Control(HttpPartner):
    """`GET /_stats` shows all partners, `GET /_files` what lies in their drop boxes, `POST /_fault?name=erp&fault=down` switches one."""

    kind = "control"

    def __init__(self, partners: dict[str, Partner], port: int, host: str) -> None:
        super().__init__("control", port, host=host)
        self._partners = partners

    def respond(self, method: str, request: Received) -> bytes | None:
        """One order."""
        url = urlsplit(request.path)
        if method == "GET" and url.path == "/_stats":
            stats = {name: partner.stats() for name, partner in self._partners.items()}
            return response(200, stats)
        if method == "GET" and url.path == "/_files":
            return response(200, self._files())
        if method != "POST" or url.path != "/_fault":
            return response(
                404,
                {"error": "there is GET /_stats, GET /_files and POST /_fault?name=&fault="},
            )
        return self._switch({name: values[-1] for name, values in parse_qs(url.query).items()})

    def _files(self) -> dict[str, list[str]]:
        boxes = {n: one for n, one in self._partners.items() if isinstance(one, SftpPartner)}
        return {name: listed(partner.folder) for name, partner in boxes.items()}

    def _switch(self, order: dict[str, str]) -> bytes:
        partner = self._partners.get(order.get("name", ""))
        if partner is None:
            return response(404, {"error": f"the partners are {', '.join(self._partners)}"})
        try:
            partner.fault = Fault(order.get("fault", ""))
        except ValueError:
            return response(400, {"error": f"the faults are {', '.join(Fault)}"})
        except OSError as error:
            return response(503, {"error": f"cannot listen again: {error.strerror}"})
        return response(200, partner.stats())


def played(name: str, kind: str) -> str:
    """
    What a partner of that name is, who is reached by that connector.

    >>> played("payer", "sftp"), played("payer", "http"), played("index", "mllp")
    ('payer', 'http', 'index')
    """
    return name if _PLAYED.get(name) == kind else kind


def wanted(partners: Sequence[str], faults: Sequence[str] = ()) -> list[Wanted]:
    """
    `billing=http:9301` and `erp=503` as orders; CommandError, saying what to write, for what is none.

    >>> wanted(["erp=http:9303"], ["erp=503"])
    [Wanted(name='erp', kind='http', port=9303, fault=<Fault.BUSY: '503'>)]
    """
    wrong = dict(_pair(text, "erp=503") for text in faults)
    found = []
    for text in partners:
        name, address = _pair(text, "billing=http:9301")
        kind, _, port = address.partition(":")
        if kind not in _KINDS or not port.isdigit() or int(port) > 65535:
            raise CommandError(
                f"'{text}' is no partner; write billing=http:9301, lab=mllp:9304, dropbox=sftp:9305, ehr=fhir:9308, medline=supplier:9306, plan=payer:9307, cover=eligibility:9309 or patients=index:9310"
            )
        fault = wrong.pop(name, Fault.NONE)
        if fault not in list(Fault):
            raise CommandError(f"there is no fault '{fault}'; there are {', '.join(Fault)}")
        found.append(Wanted(name=name, kind=kind, port=int(port), fault=Fault(fault)))
    if wrong:
        raise CommandError(f"there is no partner '{next(iter(wrong))}' to give a fault to")
    if len({partner.name for partner in found}) < len(found):
        raise CommandError("two partners have the same name")
    return found


async def run(
    partners: Sequence[Wanted],
    *,
    control: int = 9300,
    host: str = "127.0.0.1",
    drops: Sequence[Drop] = (),
    ready: Callable[[dict[str, Partner], int], None] | None = None,
    **options: Any,
) -> None:
    """
    Run partners until cancelled, who leave the files of `drops` in their boxes. `ready` is told the partners by name and the control port once all listen;
    options (`delay`, `late`, `retry_after`) are Partner's. CommandError where a port is taken.
    """
    async with AsyncExitStack() as stack:
        running: dict[str, Partner] = {}
        for order in partners:
            make = _KINDS[order.kind]
            partner = make(order.name, order.port, order.fault, host=host, **options)
            running[order.name] = await _start(stack, partner)
        endpoint = await _start(stack, Control(running, control, host))
        dropping = [keep_dropping(_box(running, drop.partner), drop) for drop in drops]
        if ready is not None:
            ready(running, endpoint.port)
        try:
            await asyncio.gather(asyncio.get_running_loop().create_future(), *dropping)
        except OSError as error:
            raise CommandError(f"a file cannot be dropped: {error.strerror}") from error


def _box(running: dict[str, Partner], name: str) -> SftpPartner:
    partner = running.get(name)
    if not isinstance(partner, SftpPartner):
        raise CommandError(f"files are dropped by a partner over SFTP; '{name}' is none")
    return partner


async def _start(stack: AsyncExitStack, partner: Partner) -> Partner:
    try:
        return await stack.enter_async_context(partner)
    except OSError as error:
        why = error.strerror or str(error)
        raise CommandError(f"{partner.name} cannot listen on {partner.port}: {why}") from error


def _pair(text: str, example: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise CommandError(f"'{text}' is not NAME=VALUE; write for example {example}")
    return name, value
